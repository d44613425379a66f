"""The cinema's app as `mainstay serve served:app` finds it; the environment names its database."""

from cinema.app import cinema

app = cinema()

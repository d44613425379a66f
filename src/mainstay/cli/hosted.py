"""What the server imports in each worker: the app that `hosting.announce` named, always under this name."""

from mainstay.cli.hosting import load_hosted

app = load_hosted()

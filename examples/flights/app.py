"""Who may do what with the flights: the whole of what Mainstay needs to be told.

mainstay dev examples/flights/app.py
"""

from examples.flights.models import Airline, Airport, Base, Flight, Plane, Weather
from mainstay import Mainstay, claim, excluding

app = Mainstay(Base)

anonymous = app.role("anonymous")
dispatcher = app.role("dispatcher", inherits=[anonymous])
admin = app.role("admin")

# Everyone sees the flights and what they lead to, but for what a competitor would like to know.
anonymous.may("read", Flight, columns=excluding("air_time"), rows_max=1000)
anonymous.may("read", Plane, columns=excluding("seats", "speed"), rows_max=1000)
for model in (Airline, Airport, Weather):
    anonymous.may("read", model, columns="*", rows_max=1000)

# A dispatcher works on the flights of its own carrier, named by a claim of its token, and sees all of them.
own = Flight.carrier == claim.carrier
dispatcher.may("read", Flight, rows=own, columns="*", rows_max=1000)
dispatcher.may("create", Flight, columns=excluding("id"), check=own)
dispatcher.may(
    "update",
    Flight,
    rows=own,
    columns=["tailnum", "dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"],
    check=own,
)

for table in (Airline, Airport, Plane, Weather, Flight):
    admin.may("all", table, columns="*")

"""The flights as Mainstay serves them to the benchmark: everyone reads all, and a carrier's users read their own.

Apart from the example, whose anonymous callers don't see all columns, so that each server answers with the same ones.
"""

from examples.flights.models import Airline, Airport, Base, Flight, Plane
from mainstay import Mainstay, claim, excluding

app = Mainstay(Base)

anonymous = app.role("anonymous")
for model in (Airline, Airport, Plane):
    anonymous.may("read", model, columns="*")
anonymous.may("read", Flight, columns=excluding("gained"))

carrier = app.role("carrier")
carrier.may("read", Flight, columns=excluding("gained"), rows=Flight.carrier == claim.carrier)
carrier.may("create", Flight, columns=excluding("id"))

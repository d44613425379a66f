"""Which of the forms of an answer a client takes (RFC 9110, 12.5.1): JSON, JSON whose status tells, or a stream."""

from collections.abc import Iterator
from functools import lru_cache

from mainstay.core.exchange import Request

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"


def wants_status(request: Request) -> bool:
    """Whether the client asks for an answer whose status says what is wrong: by the new media type, before the old."""
    accept = request.headers.get("accept")
    return accept is not None and _first(accept, (JSON, GRAPHQL)) == GRAPHQL


def wants_events(request: Request) -> bool:
    """Whether it asks for a stream of answers before one alone."""
    accept = request.headers.get("accept")
    return accept is not None and EVENTS in accept.lower() and _first(accept, (JSON, GRAPHQL, EVENTS)) == EVENTS


# A client says the same each time, and to read it takes as long as all else that a small query does to the request.
@lru_cache(maxsize=256)
def _first(accept: str, known: tuple[str, ...]) -> str | None:
    """The one that is preferred; of equals, the one that comes first."""
    ranked = [(weight, media) for media, weight in _ranges(accept) if media in known and weight > 0]
    return max(ranked, key=lambda each: each[0])[1] if ranked else None


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        media, *parameters = (each.strip() for each in part.split(";"))
        weights = [value for name, _, value in (each.partition("=") for each in parameters) if name.strip() == "q"]
        yield media, _weight(weights[0]) if weights else 1.0


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0

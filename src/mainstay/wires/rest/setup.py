"""What every request of this wire is read with, whatever it asks for: settings, methods, profile headers."""

from collections.abc import Collection

import msgspec

from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.nesting import Nesting
from mainstay.core.operation import Ending
from mainstay.core.problem import Problem
from mainstay.core.rule import Action
from mainstay.wires.rest.accept import Media
from mainstay.wires.rest.call import Headers
from mainstay.wires.rest.cors import Cors

READS = frozenset({"GET", "HEAD"})
PAYLOADS = frozenset({"POST", "PATCH", "PUT"})
METHODS = READS | PAYLOADS | {"DELETE"}


class Setup(msgspec.Struct, frozen=True):
    """What a wire was set up with. `schemas` are those a profile may name, the first the default; none: any.

    `nesting` has the words by which a body may nest related rows. `root_function` answers at the prefix itself.
    """

    prefix: str = "/rest/v1"
    limits: Limits = Limits()
    cors: Cors = Cors()
    schemas: tuple[str, ...] = ()
    plan_enabled: bool = False
    aggregates_enabled: bool = True
    written: frozenset[str] = frozenset()
    ending: Ending = Ending.COMMIT
    ending_chosen: bool = False
    nesting: Nesting = Nesting()
    why_told: bool = False
    root_function: str | None = None


def methods_of(actions: Collection[Action], *, keyed: bool) -> tuple[str, ...]:
    """The methods by which rows of a table can be acted upon, in PostgREST's order; PUT takes a table with a key."""
    methods = {
        "GET": Action.READ in actions,
        "HEAD": Action.READ in actions,
        "POST": Action.CREATE in actions,
        "PUT": keyed and Action.CREATE in actions and Action.UPDATE in actions,
        "PATCH": Action.UPDATE in actions,
        "DELETE": Action.DELETE in actions,
    }
    return ("OPTIONS", *(method for method, there in methods.items() if there))


def profile(request: Request, setup: Setup) -> str | None:
    """The schema that the request names: reads by Accept-Profile, writes by Content-Profile.

    Where there are several, a request that names none is told the first one's name, too.

    Raises PGRST106 where it is not one of `setup.schemas`.
    """
    header = "accept-profile" if request.method not in PAYLOADS and request.method != "DELETE" else "content-profile"
    schema = request.headers.get(header)
    if schema is None:
        return setup.schemas[0] if len(setup.schemas) > 1 else None
    if setup.schemas and schema not in setup.schemas:
        raise Problem(
            "PGRST106",
            f"Invalid schema: {schema}",
            hint=f"Only the following schemas are exposed: {', '.join(setup.schemas)}",
            where=header,
        )
    return schema


def media_headers(media: Media, schema: str | None) -> Headers:
    headers: Headers = (("content-type", media.content_type),)
    return headers if schema is None else (*headers, ("content-profile", schema))


def out_of_place(what: str, method: str, where: str, code: str) -> Problem:
    return Problem(code, f"{what} not apply to {method}", hint=f"Leave out {where}.", where=where)

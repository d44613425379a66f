"""Maps problems to HTTP: a status by a table, a body `{code, message, details, hint}`, and the headers that it takes.

Codes are PostgREST's, PostgreSQL's SQLSTATEs, and Mainstay's own; docs/reference/problems.md has a row for each.
"""

import re

import msgspec

from mainstay.core.exchange import Response
from mainstay.core.problem import Problem
from mainstay.wires.rest.raised import Raised, raised

STATUSES: dict[str, int] = {
    # PostgREST's: the connection
    "PGRST000": 503,
    "PGRST001": 503,
    "PGRST002": 503,
    "PGRST003": 504,
    # PostgREST's: the request
    "PGRST100": 400,
    "PGRST101": 405,
    "PGRST102": 400,
    "PGRST103": 416,
    "PGRST105": 405,
    "PGRST106": 406,
    "PGRST107": 406,
    "PGRST108": 400,
    "PGRST111": 500,
    "PGRST112": 500,
    "PGRST114": 400,
    "PGRST115": 400,
    "PGRST116": 406,
    "PGRST117": 405,
    "PGRST118": 400,
    "PGRST120": 400,
    "PGRST121": 500,
    "PGRST122": 400,
    "PGRST123": 400,
    "PGRST124": 400,
    "PGRST125": 404,
    "PGRST126": 404,
    "PGRST127": 400,
    "PGRST128": 400,
    # PostgREST's: what exists
    "PGRST200": 400,
    "PGRST201": 300,
    "PGRST202": 404,
    "PGRST203": 300,
    "PGRST204": 400,
    "PGRST205": 404,
    # PostgREST's: tokens
    "PGRST300": 500,
    "PGRST301": 401,
    "PGRST302": 401,
    "PGRST303": 401,
    # ours: writes under a condition
    "MS475": 412,
    "MS476": 400,
    "MS477": 400,
    # ours: requests that are to be done once
    "MS478": 400,
    "MS480": 422,
    "MS481": 409,
    "MS482": 501,
    # ours: several operations in one request
    "MS483": 400,
    "MS484": 400,
    "MS485": 400,
    # ours: asking why
    "MS487": 400,
    "MS488": 400,
    # ours: live answers
    "MS489": 400,
    # ours: a GraphQL document that is too much
    "MS490": 400,
    "MS491": 400,
    "MS492": 400,
    "MS495": 400,
    # ours: a request that is none, or too much of one; the number is the status
    "MS400": 400,
    "MS408": 408,
    "MS413": 413,
    "MS414": 414,
    "MS426": 426,
    "MS431": 431,
    # ours: a request past a limit, or with something out of place
    "MS403": 400,
    "MS441": 400,
    "MS442": 400,
    "MS443": 400,
    "MS444": 400,
    "MS445": 400,
    "MS446": 400,
    "MS447": 400,
    "MS448": 400,
    "MS450": 400,
    # ours: nested rows that have no place, or no one meaning
    "MS455": 400,
    "MS456": 400,
    "MS457": 400,
    "MS458": 400,
    "MS459": 400,
    "MS460": 400,
    "MS461": 400,
    "MS462": 400,
    "MS465": 400,
    "MS466": 415,
    "MS467": 400,
    "MS468": 400,
    "MS469": 400,
    "MS470": 400,
    # ours: a server that can't, or can't now
    "MS500": 500,
    "MS501": 501,
    "MS503": 503,
    "MS504": 503,
}

SQLSTATES: dict[str, int] = {
    "21000": 400,  # PATCH or DELETE without a filter, an upsert that names a row twice: the caller's to mend
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57014": 504,  # PostgREST says 500; a statement that ran out of its time is a gateway's timeout
    "57P01": 503,
    "P0001": 400,
}

SQLSTATE_CLASSES: dict[str, int] = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 400,  # PostgREST says 500; but what is too much is in the request: a nesting, an array's dimensions
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}

RAISED_STATUS = re.compile(r"PT([2-5][0-9]{2})")
"""`RAISE SQLSTATE 'PT402'` chooses its status, as in PostgREST, where one that is no status is 500."""

INVALID_TOKEN = frozenset({"PGRST301", "PGRST303"})
RETRY_AFTER_S = 1
JSON = ("content-type", "application/json; charset=utf-8")

encode = msgspec.json.Encoder().encode


class Body(msgspec.Struct):
    code: str
    message: str
    details: object
    hint: str | None


class BodyOfOne(Body):
    """Of one of a batch's operations."""

    operation: int


class Brief(msgspec.Struct):
    code: str
    message: str


def brief(response: Response) -> Response:
    """A problem's response without details and hint; any other as it is."""
    if response.status < 400 or response.body is None:
        return response
    said = msgspec.json.decode(response.body, type=Brief)
    return Response(response.status, response.headers, encode(said), response.role)


def status_of(code: str, *, anonymous: bool) -> int:
    """The status of a code; 401 rather than 403 where a token could help. A code without a row is 400, or 500."""
    if code == "42501":
        return 401 if anonymous else 403
    found = STATUSES.get(code) or SQLSTATES.get(code)
    if found is not None:
        return found
    if code.startswith("PT"):
        chosen = RAISED_STATUS.fullmatch(code)
        return 500 if chosen is None else int(chosen.group(1))
    if code.startswith("MS5"):
        return 500
    return SQLSTATE_CLASSES.get(code[:2], 400)


def respond(
    problem: Problem, *, anonymous: bool, headers: tuple[tuple[str, str], ...] = (), body: bool = True
) -> Response:
    """The response that says a problem. `headers` are added; without `body` (HEAD) only headers say it.

    Code in the database may have raised a whole answer, with its own status and headers.
    """
    said = raised(problem)
    if isinstance(said, Raised):
        lines = [JSON, *said.headers, *headers]
        return Response(said.status, lines, _encoded(said.problem) if body else None)
    problem = said
    # A role that the database does not have is the token's fault, as in PostgREST.
    status = 401 if problem.where == "role" else status_of(problem.code, anonymous=anonymous)
    lines = [JSON, ("proxy-status", f"PostgREST; error={problem.code}"), *headers]
    if status == 401:
        lines.append(("www-authenticate", _challenge(problem)))
    retry_after_s = problem.retry_after_s or (RETRY_AFTER_S if status == 503 else None)
    if retry_after_s is not None:
        lines.append(("retry-after", str(retry_after_s)))
    return Response(status, lines, _encoded(problem) if body else None)


def _encoded(problem: Problem) -> bytes:
    said = (problem.code, problem.message, problem.details, problem.hint)
    return encode(Body(*said) if problem.operation is None else BodyOfOne(*said, problem.operation))


def _challenge(problem: Problem) -> str:
    """RFC 6750, section 3: why a token was refused, or that one is asked for."""
    if problem.code not in INVALID_TOKEN:
        return "Bearer"
    described = re.sub(r"[^ !#-\[\]-~]", "", problem.message)
    return f'Bearer error="invalid_token", error_description="{described}"'

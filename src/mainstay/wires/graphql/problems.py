"""Maps problems to Hasura's form: `{"errors": [{"message", "extensions": {"path", "code"}}]}`, and to HTTP statuses.

Every problem of the corridor has a code here by one table. A client that asks for `application/json` gets 200 with
errors, as Hasura answers; one that asks for `application/graphql-response+json` gets the status that says what is
wrong (https://graphql.github.io/graphql-over-http/draft/).
"""

import msgspec

from mainstay.core.problem import Problem, Violation

VALIDATION = "validation-failed"
PARSE = "parse-failed"
NOT_KNOWN = "PERSISTED_QUERY_NOT_FOUND"
DENIED = "permission-error"
DATABASE = "postgres-error"
UNEXPECTED = "unexpected"

UNEXPECTED_PAYLOAD = "unexpected-payload"

OWN = frozenset(
    {
        NOT_KNOWN,
        VALIDATION,
        PARSE,
        UNEXPECTED_PAYLOAD,
        DENIED,
        "bad-request",
        "not-supported",
        "method-not-allowed",
        "unsupported-media-type",
    }
)
"""Codes that this wire's own problems have already."""

CODES: dict[str, str] = {
    "42501": DENIED,
    "PGRST301": "invalid-jwt",
    "PGRST303": "invalid-jwt",
    "PGRST302": "access-denied",
    "MS403": VALIDATION,
    "MS441": VALIDATION,
    "MS442": VALIDATION,
    "MS443": VALIDATION,
    "MS444": VALIDATION,
    "MS455": "not-supported",
    "MS456": VALIDATION,
    "MS457": "not-supported",
    "MS458": VALIDATION,
    "MS459": VALIDATION,
    "MS460": VALIDATION,
    "MS461": VALIDATION,
    "MS462": "not-supported",
    "MS465": VALIDATION,
    "MS467": VALIDATION,
    "MS468": VALIDATION,
    "MS478": "bad-request",
    "MS480": "bad-request",
    "MS481": "conflict",
    "MS482": "not-supported",
    "MS490": VALIDATION,
    "MS491": VALIDATION,
    "MS492": VALIDATION,
    "MS495": "not-supported",
    "21000": VALIDATION,
    "23514": DENIED,
    "428C9": VALIDATION,
    "42703": VALIDATION,
    "42P10": VALIDATION,
    "PGRST102": VALIDATION,
    "PGRST108": VALIDATION,
    "PGRST118": VALIDATION,
    "PGRST200": VALIDATION,
    "PGRST201": VALIDATION,
    "PGRST204": VALIDATION,
    "PGRST205": VALIDATION,
    "22025": "bad-request",
    "2201B": "bad-request",
    "57014": "time-limit-exceeded",
}
CLASSES: dict[str, str] = {
    "22": "data-exception",
    "23": "constraint-violation",
    "40": DATABASE,
    "P0": DATABASE,
    "PT": DATABASE,
}
"""Of SQLSTATEs; those that code in the database raises by itself are the database's to tell of."""

EXPIRED = "Could not verify JWT: JWTExpired"
"""In Hasura's words, which clients look for; ours are `JWT expired`."""
VIOLATED = "check constraint of an insert/update permission has failed"
VIOLATIONS: dict[str, str] = {
    "23001": "Restrict violation",
    "23502": "Not-NULL violation",
    "23503": "Foreign key violation",
    "23505": "Uniqueness violation",
    "23514": "Check constraint violation",
    "23P01": "Exclusion violation",
}
STATUSES: dict[str, int] = {
    NOT_KNOWN: 400,
    VALIDATION: 400,
    PARSE: 400,
    "bad-request": 400,
    "not-supported": 400,
    UNEXPECTED_PAYLOAD: 400,
    "data-exception": 400,
    "constraint-violation": 400,
    "conflict": 409,
    DATABASE: 400,
    DENIED: 403,
    "access-denied": 401,
    "invalid-jwt": 401,
    "method-not-allowed": 405,
    "unsupported-media-type": 415,
    "time-limit-exceeded": 504,
    UNEXPECTED: 500,
}
ALWAYS = frozenset({"method-not-allowed", "unsupported-media-type"})
"""Told by the status to every client: the request was no GraphQL request at all."""
BUSY = frozenset({"MS503", "MS504", "PGRST000", "PGRST001", "PGRST002", "PGRST003"})
NO_REQUEST = "request"
"""`where` of a problem with the HTTP request rather than with its document."""
RETRY_AFTER_S = 1
TEXT_MAX = 500
"""Characters of a message, and of a path."""


class Extensions(msgspec.Struct):
    path: str
    code: str


class Error(msgspec.Struct):
    message: str
    extensions: Extensions


class Errors(msgspec.Struct):
    errors: list[Error]


encode = msgspec.json.Encoder().encode


def invalid(message: str, place: str) -> Problem:
    """What does not fit what the role sees. `place` is Hasura's path: `$.selectionSet.films.args.where`."""
    return Problem(VALIDATION, message, where=place)


def unknown(name: str, type_name: str, place: str) -> Problem:
    return invalid(f"field '{name}' not found in type: '{type_name}'", place)


def unserved(what: str, place: str) -> Problem:
    return Problem("not-supported", f"{what} not served yet", where=place)


def live_elsewhere() -> Problem:
    """A subscription where one answer is all that can be given."""
    message = "subscriptions are not supported over HTTP, use websockets instead"
    return Problem(UNEXPECTED_PAYLOAD, message, where="$")


def code_of(problem: Problem) -> str:
    if problem.code in OWN:
        return problem.code
    return CODES.get(problem.code) or CLASSES.get(problem.code[:2], UNEXPECTED)


def message_of(problem: Problem) -> str:
    """What Hasura calls it, in front of what the database says, so far as the role may be told that."""
    if isinstance(problem, Violation):
        return VIOLATED
    if problem.message == "JWT expired":
        return EXPIRED
    kind = VIOLATIONS.get(problem.code)
    return problem.message if kind is None else f"{kind}. {problem.message}"


def status_of(problem: Problem, *, told: bool, anonymous: bool) -> int:
    """`told`: the client wants the status to say what is wrong."""
    code = code_of(problem)
    if problem.code in BUSY:
        return 503
    if code in ALWAYS or problem.where == NO_REQUEST:
        return STATUSES[code]
    if not told:
        return 200
    return 401 if code == DENIED and anonymous else STATUSES[code]


def body_of(problem: Problem) -> bytes:
    where = problem.where or "$"
    path = where if where.startswith("$") else "$"
    return encode(Errors([Error(_short(message_of(problem)), Extensions(_short(path), code_of(problem)))]))


def _short(text: str) -> str:
    """An answer that repeats what was sent is no longer for it."""
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"

"""Status and headers that code in the database chose: `set_config('response.status', '418', true)`.

The forms are PostgREST's (https://docs.postgrest.org/en/v14/references/transactions.html#response-headers).
"""

import re

import msgspec

from mainstay.core.exchange import Response
from mainstay.core.problem import Problem
from mainstay.core.result import Result

HEADERS = msgspec.json.Decoder(list[dict[str, str]])
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
STATUSES = range(100, 600)


def as_the_database_says(response: Response, result: Result) -> Response:
    """The response with them in the place of its own. Raises PGRST111 and PGRST112 for what is neither."""
    chosen = _headers(result.headers)
    names = {name for name, _ in chosen}
    kept = [line for line in response.headers if line[0] not in names]
    return Response(_status(result.status, response.status), [*chosen, *kept], response.body)


def _status(text: str | None, status: int) -> int:
    if text is None:
        return status
    if not text.isdecimal() or int(text) not in STATUSES:
        raise Problem("PGRST112", "response.status guc must be a valid status code")
    return int(text)


def _headers(text: str | None) -> list[tuple[str, str]]:
    if text is None:
        return []
    try:
        objects = HEADERS.decode(text)
    except msgspec.DecodeError:
        objects = [{}]
    if any(len(each) != 1 or not all(map(NAME.fullmatch, each)) for each in objects):
        raise Problem(
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects with a single key and a string value",
        )
    return [(name.lower(), one_line(value)) for each in objects for name, value in each.items()]


def one_line(value: str) -> str:
    """A header's value is one line (RFC 9110, 5.5)."""
    return " ".join(value.splitlines())

"""Status and headers that code in the database chose: `set_config('response.status', '418', true)`.

The forms are PostgREST's (https://docs.postgrest.org/en/v14/references/transactions.html#response-headers).
"""

import re
from collections.abc import Mapping

import msgspec

from mainstay.core.exchange import Response
from mainstay.core.problem import Problem
from mainstay.core.result import Result

HEADERS = msgspec.json.Decoder(list[dict[str, str]])
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
STATUSES = range(200, 600)
"""Those of answers: after one below, another would have to follow (RFC 9110, 15.2)."""

BODILESS = frozenset({204, 205, 304})
OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Of how an answer is sent, which is the server's: with another length than its body has, the next one is misread."""

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]+")


def as_the_database_says(response: Response, result: Result) -> Response:
    """The response with them in the place of its own. Raises PGRST111 and PGRST112 for what is neither."""
    chosen = _headers(result.headers)
    names = {name for name, _ in chosen}
    kept = [line for line in response.headers if line[0] not in names]
    status = _status(result.status, response.status)
    return Response(status, [*chosen, *kept], None if status in BODILESS else response.body)


def _status(text: str | None, status: int) -> int:
    if text is None:
        return status
    if not (text.isascii() and text.isdecimal()) or int(text[:4]) not in STATUSES:
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
    return [line for each in objects for line in lines(each)]


def lines(chosen: Mapping[str, str]) -> list[tuple[str, str]]:
    """Headers as they can be sent: none of the connection's, each value one line of visible text (RFC 9110, 5.5).

    What is not Latin-1 goes out as UTF-8, whose bytes a header may hold, as PostgREST's does.
    """
    named = ((name.lower(), CONTROL.sub(" ", value).strip()) for name, value in chosen.items() if NAME.fullmatch(name))
    return [(name, value.encode().decode("latin-1")) for name, value in named if name not in OF_THE_CONNECTION]

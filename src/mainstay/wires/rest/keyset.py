"""Pages by key in URLs: `after=()` asks for the first, `after=(cursor)` for one behind a row, `Link` names the next."""

from urllib.parse import quote

import msgspec

from mainstay.core.condition import Slot
from mainstay.core.cursor import read_cursor, write_cursor
from mainstay.core.operation import Order, Read, TableRef
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.rest.filter import Slots
from mainstay.wires.rest.query import decode

NAME = "after"
LINK_MAX = 4_096
"""Characters of a link's query; proxies hold an answer's whole head to 4 or 8 KiB."""


def read_after(text: str, table: TableRef, order: tuple[Order, ...], slots: Slots) -> tuple[Slot | None, ...]:
    """The slots of the cursor's values, None for NULL; none for `()`. Raises MS468."""
    if not text.endswith(")"):
        raise _no_cursor()
    if text == "()":
        return ()
    values = read_cursor(text[1:-1], table, order)
    if values is None:
        raise _no_cursor()
    return tuple(None if value is None else slots.add(value) for value in values)


def links(path: str, query: str, read: Read, result: Result) -> list[tuple[str, str]]:
    """The `Link` header (RFC 8288): where the next page is, if there may be one, and the first."""
    targets = [("first", "()")]
    if result.cursor is not None:
        values = msgspec.json.decode(result.cursor)
        targets.insert(0, ("next", f"({write_cursor(read.table, read.order, values)})"))
    rest = "&".join(part for part in query.split("&") if part and not _is_after(part))
    urls = [(rel, f"{rest}&{NAME}={value}".lstrip("&")) for rel, value in targets]
    shown = [f'<{path}?{_url(url)}>; rel="{rel}"' for rel, url in urls if len(url) <= LINK_MAX]
    return [("link", ", ".join(shown))] if shown else []


def _is_after(part: str) -> bool:
    name, _, value = part.partition("=")
    return decode(name) == NAME and decode(value).startswith("(")


def _url(query: str) -> str:
    """A query may come in a body, where it holds more than a URL may."""
    return quote(query, safe="%&=+!$'()*,;:@/?~", errors="replace")


def _no_cursor() -> Problem:
    return Problem(
        "MS468",
        "The cursor is not of this table and order",
        hint="Ask for the first page by after=(), and follow the Link headers from there.",
        where="after",
    )

"""Which of the database's own writers answers a request, by the media types that it accepts.

PostgREST's rules: https://docs.postgrest.org/en/v14/references/api/media_type_handlers.html. An aggregate over the rows
of one table takes them whole, so that it serves a request for all columns only, and a role that reads all of them.
"""

from collections.abc import Sequence

from mainstay.core.catalog import ANY_MEDIA, GEOJSON, FunctionKey, MediaHandler, Table
from mainstay.core.operation import Item, Star
from mainstay.core.plan import Handling
from mainstay.core.problem import Problem
from mainstay.plan.view import View

BYTES = "application/octet-stream"
UTF8 = frozenset({"text/plain", "text/xml", "text/csv", "application/json", "application/openapi+json", GEOJSON})


def content_type(media: str) -> str:
    """What an answer of the media type is called; of any, code in the database says what it is."""
    if media == ANY_MEDIA:
        return BYTES
    return f"{media}; charset=utf-8" if media in UTF8 else media


def handling(view: View, table: Table, select: Sequence[Item], accepts: Sequence[str]) -> Handling | None:
    """How the rows are written, the best liked way first; None where the database has no writer for them."""
    if not accepts:
        return None
    usable = [each for each in view.catalog.handlers if view.policy.may_call(view.role, each.function)]
    own = [each for each in usable if each.rows == table.key] if _is_whole(view, table, select) else []
    general = [each for each in usable if each.rows is None]
    for name in accepts:
        found = _of(own, ANY_MEDIA) or _of(own, name) or _of(general, name)
        if found is not None:
            return Handling(content_type(found.media), found.function, table if found.rows else None)
        if name == GEOJSON and view.catalog.postgis is not None:
            return Handling(content_type(name), FunctionKey(view.catalog.postgis, "st_asgeojson"), each=True)
    return None


def unavailable(accepts: Sequence[str]) -> Problem:
    return Problem("PGRST107", f"None of these media types are available: {', '.join(accepts)}", where="Accept")


def _of(handlers: Sequence[MediaHandler], media: str) -> MediaHandler | None:
    return next((each for each in handlers if each.media == media), None)


def _is_whole(view: View, table: Table, select: Sequence[Item]) -> bool:
    plain = [name for name, column in table.columns.items() if not column.computed]
    return tuple(select) == (Star(),) and view.star(table) == plain

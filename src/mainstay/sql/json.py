"""JSON as each dialect makes it: of values, and in PostgreSQL of whole rows.

Where a dialect has no type for JSON, text that is JSON is known by `JsonText`, which it keeps on its way through
subqueries: SQLite's own mark for it does not get through them.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import sqlalchemy as sa

from mainstay.core.catalog import ColumnType, Kind
from mainstay.sql.binds import Expression, Named, inline
from mainstay.sql.dialect import SQLITE
from mainstay.sql.spoken import JsonText, Spoken

Pair: TypeAlias = tuple[str, Expression]

# PostgreSQL's functions take a hundred arguments: https://www.postgresql.org/docs/current/runtime-config-preset.html
PAIRS_MAX = 50
EMPTY: Expression = sa.literal_column("'[]'")
INTEGER = ColumnType(Kind.INTEGER, "bigint")
JSON = ColumnType(Kind.JSON, "json")
TEXT = ColumnType(Kind.TEXT, "text")
BOOLEAN = ColumnType(Kind.BOOLEAN, "boolean")


def in_json(value: Expression, type_: ColumnType | None) -> Expression:
    """The value, of the type, as a member of a document; None: it is JSON already."""
    if type_ is None:
        return value
    written = JsonText() if type_.kind in WRITTEN or _places(type_) is not None else None
    return Spoken(value, written, sqlite=lambda: _in_sqlite(value, type_))


def _in_sqlite(value: Expression, type_: ColumnType) -> Expression:
    if type_.kind not in WORDS:
        raise SQLITE.lacking(f"values of type {type_.name}")
    return WORDS[type_.kind](value, type_)


def json_object(pairs: Sequence[Pair]) -> Spoken:
    """The members in their order. A name may be longer than a column's, so these are arguments and no columns."""
    return Spoken(_built(pairs), JsonText(), sqlite=lambda: _joined(pairs))


def json_array(of: Expression, where: Expression | None = None) -> Expression:
    """All rows' values, or those of the rows of which it holds, in the order of the rows."""

    def joined() -> Expression:
        items = sa.func.coalesce(_filtered(sa.func.group_concat(of, inline(",")), where), inline(""))
        return inline("[").op("||")(items).op("||")(inline("]"))

    return Spoken(sa.func.coalesce(_filtered(sa.func.json_agg(of), where), EMPTY), JsonText(), sqlite=joined)


def _filtered(aggregate: Any, where: Expression | None) -> Expression:
    return aggregate if where is None else aggregate.filter(where)  # type: ignore[no-any-return]


def _built(pairs: Sequence[Pair]) -> Expression:
    first, *others = [_object(pairs[start : start + PAIRS_MAX]) for start in range(0, len(pairs), PAIRS_MAX)] or [
        _object(())
    ]
    for other in others:  # `{…` and `…}`, with a comma between them
        head = sa.func.left(sa.cast(first, sa.Text()), sa.literal_column("-1"))
        rest = sa.func.substr(sa.cast(other, sa.Text()), sa.literal_column("2"))
        first = sa.cast(sa.func.concat(head, inline(","), rest), Named("json"))
    return first


def _object(pairs: Sequence[Pair]) -> Expression:
    return sa.func.json_build_object(*(part for name, value in pairs for part in (inline(name), value)))


# SQLite: what it keeps, as SQLAlchemy's own types write it there, and how PostgreSQL would write it in JSON.


def _joined(pairs: Sequence[Pair]) -> Expression:
    """Its functions take a hundred arguments, too: https://www.sqlite.org/limits.html"""
    first, *others = [_members(pairs[start : start + PAIRS_MAX]) for start in range(0, len(pairs), PAIRS_MAX)] or [
        _members(())
    ]
    for other in others:
        head = sa.func.substr(first, sa.literal_column("1"), sa.func.length(first) - sa.literal_column("1"))
        first = head.op("||")(inline(",")).op("||")(sa.func.substr(other, sa.literal_column("2")))
    return first


def _members(pairs: Sequence[Pair]) -> Expression:
    return sa.func.json_object(*(part for name, value in pairs for part in (inline(name), _marked(value))))


def _marked(value: Expression) -> Expression:
    return sa.func.json(value) if isinstance(value.type, JsonText) else value


def _same(value: Expression, _: ColumnType) -> Expression:
    return value


def _boolean(value: Expression, _: ColumnType) -> Expression:
    return sa.case((value.is_(sa.true()), inline("true")), (value.is_(sa.false()), inline("false")))


def _places(type_: ColumnType) -> int | None:
    """Of a number, how many it has behind its point, where its column says so."""
    _, _, places = type_.declared.rstrip(")").partition(",")
    return int(places) if type_.kind is Kind.NUMERIC and places.strip().isdigit() else None


def _number(value: Expression, type_: ColumnType) -> Expression:
    places = _places(type_)
    if places is None:
        return value
    return sa.case((value.is_not(sa.null()), sa.func.printf(inline(f"%.{places}f"), value)))


def _float(value: Expression, _: ColumnType) -> Expression:
    return sa.func.mainstay_float(value)


def _time(value: Expression, _: ColumnType) -> Expression:
    """Without noughts at the end of a fraction."""
    bare = sa.func.rtrim(sa.func.rtrim(value, inline("0")), inline("."))
    return sa.case((sa.func.instr(value, inline(".")) > sa.literal_column("0"), bare), else_=value)


def _timestamp(value: Expression, type_: ColumnType) -> Expression:
    text: Expression = sa.func.replace(_time(value, type_), inline(" "), inline("T"))
    return text.op("||")(inline("+00:00")) if "WITH TIME ZONE" in type_.name.upper() else text


def _uuid(value: Expression, _: ColumnType) -> Expression:
    """Of 32 digits without hyphens."""
    spans = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    parts: list[Any] = [sa.func.substr(value, *(sa.literal_column(str(n)) for n in span)) for span in spans]
    text: Expression = reduce(lambda left, right: left.op("||")(inline("-")).op("||")(right), parts)
    return text


def _binary(value: Expression, _: ColumnType) -> Expression:
    text = inline("\\x").op("||")(sa.func.lower(sa.func.hex(value)))
    return sa.case((value.is_not(sa.null()), text))  # or there would be no digits


WRITTEN = frozenset({Kind.BOOLEAN, Kind.FLOAT, Kind.JSON})
"""Kinds that the words write as JSON; others are values that SQLite writes so itself."""
WORDS: dict[Kind, Callable[[Any, ColumnType], Expression]] = {
    **dict.fromkeys((Kind.TEXT, Kind.ENUM, Kind.CHOICE, Kind.DATE, Kind.INTEGER, Kind.JSON), _same),
    Kind.BOOLEAN: _boolean,
    Kind.NUMERIC: _number,
    Kind.FLOAT: _float,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _timestamp,
    Kind.UUID: _uuid,
    Kind.BINARY: _binary,
}

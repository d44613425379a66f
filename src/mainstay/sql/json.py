"""JSON as each dialect makes it: PostgreSQL of values and whole rows, others as text of members that are JSON already.

In a dialect that joins text, every column of a page holds JSON: `in_json` makes it so, and NULL becomes `null`.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import msgspec
import sqlalchemy as sa

from mainstay.core.catalog import ColumnType, Kind
from mainstay.sql.binds import Expression, Named, inline
from mainstay.sql.dialect import SQLITE
from mainstay.sql.spoken import Spoken

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
    return Spoken(value, sqlite=lambda: _in_sqlite(value, type_))


def _in_sqlite(value: Expression, type_: ColumnType) -> Expression:
    if type_.kind not in WORDS:
        raise SQLITE.lacking(f"values of type {type_.name}")
    return WORDS[type_.kind](value, type_)


def json_object(pairs: Sequence[Pair]) -> Spoken:
    """The members in their order. A name may be longer than a column's, so these are arguments and no columns."""
    return Spoken(_built(pairs), sqlite=lambda: _joined(pairs))


def json_array(of: Expression, where: Expression | None = None) -> Expression:
    """All rows' values, or those of the rows of which it holds, in the order of the rows."""

    def joined() -> Expression:
        items = sa.func.coalesce(_filtered(sa.func.group_concat(of, inline(",")), where), inline(""))
        return inline("[").op("||")(items).op("||")(inline("]"))

    return Spoken(sa.func.coalesce(_filtered(sa.func.json_agg(of), where), EMPTY), sqlite=joined)


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


def _joined(pairs: Sequence[Pair]) -> Expression:
    """`{"a":` and a value, `,"b":` and the next, `}`."""
    parts: list[Expression] = []
    for number, (name, value) in enumerate(pairs):
        key = msgspec.json.encode(name).decode()
        parts += [inline(f"{',' if number else '{'}{key}:"), value]
    parts.append(inline("}" if parts else "{}"))
    return reduce(lambda left, right: left.op("||")(right), parts)


# What SQLite keeps, as SQLAlchemy's own types write it there, and how PostgreSQL would write it in JSON.


def _quoted(value: Expression, _: ColumnType) -> Expression:
    return sa.func.json_quote(value)


def _null_or(value: Expression, shown: Expression) -> Expression:
    return sa.func.coalesce(shown, inline("null"))


def _boolean(value: Expression, _: ColumnType) -> Expression:
    return sa.case(
        (value.is_(sa.true()), inline("true")), (value.is_(sa.false()), inline("false")), else_=inline("null")
    )


def _number(value: Expression, type_: ColumnType) -> Expression:
    """With as many places as the column has, where it says how many."""
    _, _, places = type_.declared.rstrip(")").partition(",")
    if not places.strip().isdigit():
        return _quoted(value, type_)
    form = inline(f"%.{int(places)}f")
    return _null_or(value, sa.case((value.is_not(sa.null()), sa.func.printf(form, value)), else_=sa.null()))


def _float(value: Expression, _: ColumnType) -> Expression:
    return _null_or(value, sa.func.mainstay_float(value))


def _time(value: Expression, _: ColumnType) -> Expression:
    return _null_or(value, inline('"').op("||")(_trimmed(value)).op("||")(inline('"')))


def _timestamp(value: Expression, type_: ColumnType) -> Expression:
    zone = '+00:00"' if "WITH TIME ZONE" in type_.name.upper() else '"'
    text = sa.func.replace(_trimmed(value), inline(" "), inline("T"))
    return _null_or(value, inline('"').op("||")(text).op("||")(inline(zone)))


def _trimmed(value: Expression) -> Expression:
    """Without noughts at the end of a fraction."""
    bare = sa.func.rtrim(sa.func.rtrim(value, inline("0")), inline("."))
    return sa.case((sa.func.instr(value, inline(".")) > sa.literal_column("0"), bare), else_=value)


def _uuid(value: Expression, _: ColumnType) -> Expression:
    """Of 32 digits without hyphens."""
    spans = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    parts: list[Any] = [sa.func.substr(value, *(sa.literal_column(str(n)) for n in span)) for span in spans]
    text: Any = reduce(lambda left, right: left.op("||")(inline("-")).op("||")(right), parts)
    return _null_or(value, inline('"').op("||")(text).op("||")(inline('"')))


def _json(value: Expression, _: ColumnType) -> Expression:
    return _null_or(value, value)


def _binary(value: Expression, _: ColumnType) -> Expression:
    text = inline('"\\\\x').op("||")(sa.func.lower(sa.func.hex(value))).op("||")(inline('"'))
    return sa.case((value.is_(sa.null()), inline("null")), else_=text)  # whose digits would be none


WORDS: dict[Kind, Callable[[Any, ColumnType], Expression]] = {
    **dict.fromkeys((Kind.TEXT, Kind.ENUM, Kind.CHOICE, Kind.DATE, Kind.INTEGER), _quoted),
    Kind.BOOLEAN: _boolean,
    Kind.NUMERIC: _number,
    Kind.FLOAT: _float,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _timestamp,
    Kind.UUID: _uuid,
    Kind.JSON: _json,
    Kind.BINARY: _binary,
}

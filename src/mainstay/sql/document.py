"""Documents: rows as one JSON or CSV text or as the database's own media type, and objects of members by name."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from mainstay.core.operation import Constant, Format, Laid, Placed
from mainstay.core.plan import Handling
from mainstay.core.statement import Column
from mainstay.sql.binds import Expression, Named, inline
from mainstay.sql.condition import row_type
from mainstay.sql.function import NamedCall
from mainstay.sql.json import Pair, json_array, json_object
from mainstay.sql.spoken import JsonText, Spoken

KEYSET = "keyset"
NAME_BYTES_MAX = 63
"""Of a column's name: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS"""
Layout: TypeAlias = Sequence[Laid | Placed | Constant]


class Answering(NamedTuple):
    """A SELECT of one row, and what each of its columns means."""

    select: sa.Select[Any]
    columns: tuple[Column, ...]

    def adding(self, column: Column, expression: Expression | None) -> "Answering":
        if expression is None:
            return self
        return Answering(self.select.add_columns(expression.label(column.value)), (*self.columns, column))


def label_of(name: str) -> str:
    """What a member's column is called: as the member, unless PostgreSQL would cut that off."""
    encoded = name.encode()
    return name if len(encoded) <= NAME_BYTES_MAX else f"member {blake2b(encoded, digest_size=16).hexdigest()}"


class WholeRow(Spoken):
    """A row as PostgreSQL has it; elsewhere the object that is made of its columns."""


def object_of(rows_of: Any, names: Sequence[str]) -> Expression:
    """Each row as an object of these members: a row's own, unless a member's name is longer than a column's."""
    if all(label_of(name) == name for name in names):
        made = lambda: json_object([*zip(names, rows_of.c, strict=False)])  # noqa: E731
        return WholeRow(rows_of.table_valued(), JsonText(), sqlite=made)
    return json_object([(name, rows_of.c[label_of(name)]) for name in names])


def document(  # noqa: PLR0913 - what a document is made of
    page: sa.Select[Any],
    format_: Format,
    *,
    strip_nulls: bool,
    keyed: int | None = None,
    names: Sequence[str] | None = None,
    layout: Layout = (),
) -> Answering:
    """The page's rows as one JSON or CSV document, and their number.

    `keyed`: so many rows are a full page by key, whose last row's keyset is told as well; 0: any page's last row's.
    `names` are the members', as the caller has them, and `layout` how they are laid out, where that is otherwise.
    """
    if keyed is not None:
        rows_of, shown, keyset = _apart(page)
        answer = _document(rows_of, shown, names or _names(page)[:-1], format_, strip_nulls=strip_nulls)
        last = sa.func.json_agg(keyset).op("->")(sa.literal_column(str(int(keyed) - 1)))
        return answer.adding(Column.CURSOR, last)
    rows_of = page.subquery("page")
    return _document(rows_of, rows_of, names or _names(page), format_, strip_nulls=strip_nulls, layout=layout)


def _names(page: sa.Select[Any]) -> list[str]:
    """What the page's columns are called, several of them perhaps alike: a subquery's columns could not tell."""
    return [column.name for column in page.inner_columns if isinstance(column, sa.Label)]


def _apart(page: sa.Select[Any]) -> tuple[sa.FromClause, Any, Expression]:
    """What to select from, the rows without their keysets, and these."""
    *columns, keyset = (column for column in page.inner_columns if isinstance(column, sa.Label))
    # Text rather than the page's columns, which would pull the page itself into the inner FROM clause; and under names
    # of their own, for what the caller calls one may be the keyset's.
    numbered = [column.element.label(f"c{number}") for number, column in enumerate(columns)]
    inner = page.with_only_columns(*numbered, keyset).subquery("page")
    names = zip(numbered, columns, strict=True)
    named: list[Any] = [sa.literal_column(f"page.{each.name}").label(column.name) for each, column in names]
    shown = sa.select(*named).lateral("shown")
    return inner.join(shown, sa.true()), shown, inner.c[KEYSET]


def _document(  # noqa: PLR0913 - what a document is made of
    rows_of: sa.FromClause,
    shown: Any,
    names: Sequence[str],
    format_: Format,
    *,
    strip_nulls: bool,
    layout: Layout = (),
) -> Answering:
    whole = _laid_out(rows_of, layout) if layout else object_of(shown, names)
    count = sa.select(sa.func.count().label(Column.ROWS.value)).select_from(rows_of)
    body: Expression
    match format_:
        case Format.NONE:
            return Answering(count, (Column.ROWS,))
        case Format.CSV:
            body = _csv(shown.table_valued(), names)
        case Format.FIRST:
            body = sa.func.coalesce(_first(whole), sa.literal_column("'null'"))
        case Format.OBJECT:
            body = _first(whole)
        case Format.ARRAY:
            body = json_array(whole)
    if strip_nulls and format_ is not Format.CSV:
        body = sa.func.json_strip_nulls(body)
    return Answering(count, (Column.ROWS,)).adding(Column.BODY, body)


def _laid_out(rows_of: sa.FromClause, layout: Layout) -> Expression:
    """Each row as an object, and objects in it, of its members."""
    pairs: list[Pair] = []
    for member in layout:
        match member:
            case Placed(name, source):
                pairs.append((name, rows_of.c[label_of(source)]))
            case Constant(name, value):
                pairs.append((name, inline(value)))
            case Laid(name, members):
                pairs.append((name, _laid_out(rows_of, members)))
    return json_object(pairs)


def as_json(whole: Any) -> Expression:
    """`object_of` by itself, which in an array is JSON anyway."""
    if not isinstance(whole, WholeRow):
        return whole  # type: ignore[no-any-return]
    return Spoken(sa.func.row_to_json(whole.postgresql), JsonText(), **whole.others)


def _first(whole: Any) -> Expression:
    """An array of documents rather than one document, which PostgreSQL would read again for its first element."""
    whole = as_json(whole)
    rows_of: Any = sa.func.array_agg(whole, type_=sa.ARRAY(Named("json")))
    return Spoken(rows_of[sa.literal_column("1")], JsonText(), sqlite=lambda: sa.func.max(whole))


def handled(page: sa.Select[Any], handling: Handling) -> Answering:
    """The page's rows as the database's own code writes them, and their number."""
    rows_of = page.subquery("page")
    whole: Any = rows_of.table_valued()
    if handling.each:
        feature = sa.cast(NamedCall(handling.function, [(None, whole)]), Named("json"))
        features = sa.func.coalesce(sa.func.json_agg(feature), sa.literal_column("'[]'"))
        names: list[Any] = [sa.literal_column(f"'{name}'") for name in ("type", "FeatureCollection", "features")]
        body: Expression = sa.func.json_build_object(*names, features)
    else:
        if handling.rows is not None:
            whole = sa.cast(whole, Named(row_type(handling.rows)))
        body = NamedCall(handling.function, [(None, whole)])
    count = sa.select(sa.func.count().label(Column.ROWS.value)).select_from(rows_of)
    return Answering(count, (Column.ROWS,)).adding(Column.BODY, body)


def _csv(whole: Any, names: Sequence[str]) -> Expression:
    """A header, then each row as PostgreSQL writes a composite value, which quotes as RFC 4180 does."""
    header = ",".join(f'"{name}"' if set(name) & set(',"\n\r') else name for name in names)
    line = sa.func.substring(sa.cast(whole, Named("text")), sa.literal_column("'^\\((.*)\\)$'"))
    lines = sa.func.string_agg(line, sa.literal_column("E'\\n'"))
    return sa.func.concat(inline(header), sa.literal_column("E'\\n'"), lines)

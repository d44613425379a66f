"""Where an expression is lowered: which table its columns may be of; and how one that can't be lowered is refused."""

from typing import Any, NoReturn

import msgspec
from sqlalchemy import Alias, BinaryExpression, ColumnClause, FromClause, TableClause
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ClauseElement, Grouping

from mainstay.core.catalog import Catalog, Table, TableKey
from mainstay.core.problem import DeclarationError


class Scope(msgspec.Struct, frozen=True, eq=False):
    """A table of the catalog, and the selectable whose columns stand for its own (None: the table itself).

    `where` names the rule for errors; `outer` is the scope around an EXISTS.
    """

    table: Table
    catalog: Catalog
    where: str
    selectable: FromClause | None = None
    outer: "Scope | None" = None

    def holds(self, selectable: FromClause) -> bool:
        """True where columns of the selectable are columns of this scope's row."""
        if self.selectable is not None:
            return bool(selectable == self.selectable)
        return isinstance(selectable, TableClause) and key_of(selectable, self.catalog) == self.table.key

    def inside(self, selectable: FromClause) -> "Scope | None":
        """The scope of a related table's row; None where the catalog does not hold the table."""
        plain = selectable.element if isinstance(selectable, Alias) else selectable
        if not isinstance(plain, TableClause):
            return None
        table = self.catalog.tables.get(key_of(plain, self.catalog))
        return None if table is None else Scope(table, self.catalog, self.where, selectable, self)


def key_of(table: TableClause, catalog: Catalog) -> TableKey:
    return TableKey(table.schema or catalog.schemas[0], table.name)


def column_of(element: ColumnClause[Any], scope: Scope) -> str | None:
    """The name of the scope's column that the element is; None where it is another table's, or no column at all."""
    if element.is_literal or element.name not in scope.table.columns:
        return None
    if element.table is None or scope.holds(element.table):
        return element.name
    return None


def hybrid_of(element: Any, scope: Scope) -> str | None:
    """The name of the scope's hybrid whose expression this is, term for term; None where it is none's.

    A hybrid leaves no mark on the expression that it becomes in a comparison, so the expression itself is its mark.
    """
    hybrids = [column for column in scope.table.columns.values() if column.expression is not None]
    if not hybrids or isinstance(element, ColumnClause):
        return None
    plain = _unaliased(element, scope)
    for column in hybrids:
        if plain.compare(ungroup(column.expression)):
            return column.name
    return None


def _unaliased(element: Any, scope: Scope) -> Any:
    """The expression with the table's own columns for its alias's."""
    alias = scope.selectable
    if not isinstance(alias, Alias):
        return element

    def replace(element: Any, **_: Any) -> Any:
        aliased = isinstance(element, ColumnClause) and element.table == alias
        return alias.element.c.get(element.key) if aliased else None

    return visitors.replacement_traverse(element, {}, replace)


def ungroup(element: Any) -> Any:
    while isinstance(element, Grouping):
        element = element.element
    return element


def refuse(element: object, scope: Scope, reason: str, hint: str) -> NoReturn:
    raise DeclarationError(f"{text_of(element)} can't be lowered: {reason}", where=scope.where, hint=hint)


def text_of(element: object) -> str:
    """The expression as SQL, with its constants where they can be written."""
    if not isinstance(element, ClauseElement):
        return repr(element)
    dialect = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
    try:
        compiled = element.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    except (SQLAlchemyError, NotImplementedError, AttributeError, TypeError):
        compiled = element.compile(dialect=dialect)
    return " ".join(str(compiled).split())


def is_equality_of_columns(element: Any) -> bool:
    return (
        isinstance(element, BinaryExpression)
        and isinstance(ungroup(element.left), ColumnClause)
        and isinstance(ungroup(element.right), ColumnClause)
    )

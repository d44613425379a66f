"""A table's columns: those that the database has, and the expressions that its classes compute over them.

An expression is carried as Core SQL over the table's own columns, free of the ORM's marks, so that `sql` can put it
on any alias of the table. Python-side defaults and conversions are not read: only the database writes rows.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from inspect import cleandoc, get_annotations
from typing import Any, TypeAlias, get_args
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import ColumnProperty, Mapper
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import Label, Over
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Selectable
from sqlalchemy.types import NullType, TypeEngine
from sqlalchemy.util import immutabledict

from mainstay.core.catalog import Column
from mainstay.core.problem import DeclarationError
from mainstay.reflect.keys import key_of
from mainstay.reflect.types import column_type

Origin: TypeAlias = ColumnProperty[Any] | hybrid_property[Any]

TYPES: dict[object, type[TypeEngine[Any]]] = {
    bool: sa.Boolean,
    int: sa.BigInteger,
    float: sa.Double,
    str: sa.Text,
    date: sa.Date,
    Decimal: sa.Numeric,
    UUID: sa.Uuid,
}
"""What a return annotation says where SQLAlchemy knows no better; a datetime's time zone can't be told from it."""

AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "array_agg", "string_agg", "json_agg", "jsonb_agg"})
"""Functions of many rows: SQLAlchemy knows few of them as such, so these are known by name."""


def columns_of(table: sa.Table, mappers: list[Mapper[Any]]) -> dict[str, Column]:
    """By the database's names, in order of declaration, computed ones last."""
    columns = {str(column.name): _stored(column) for column in table.columns}
    seen: set[object] = set()
    for mapper in mappers:
        for name, origin in _computed_attributes(mapper):
            if origin in seen:  # a mixin's, on two classes of one table
                continue
            seen.add(origin)
            where = f"{mapper.class_.__name__}.{name}"
            expression = _over_own_columns(_declared(mapper, name, where), table, where)
            if isinstance(expression, sa.Column) and expression.name == name:
                continue  # the hybrid is how the class spells this very column
            if name in columns:
                raise DeclarationError(
                    f"the table has a column '{name}' already",
                    where=where,
                    hint="rename the attribute, or keep it out with info={'mainstay': False}",
                )
            columns[name] = _computed(name, _typed(expression, origin), _comment(origin), where)
    return columns


def _stored(column: sa.Column[Any]) -> Column:
    return Column(
        name=str(column.name),
        type=column_type(column.type, where=f"{key_of(column.table)}.{column.name}"),
        nullable=bool(column.nullable),
        optional=bool(column.nullable) or _has_default(column),
        generated=column.computed is not None or (column.identity is not None and bool(column.identity.always)),
        comment=column.comment,
        default=_default(column),
    )


def _default(column: sa.Column[Any]) -> sa.ColumnElement[Any] | None:
    """The SQL of what the database fills in, where a statement can say it."""
    server = column.server_default
    if isinstance(server, sa.DefaultClause):
        return sa.text(server.arg) if isinstance(server.arg, str) else server.arg  # type: ignore[return-value]
    unsaid = server is not None and column.identity is None  # what a trigger fills in
    if unsaid or column.computed is not None or not _has_default(column):
        return None
    table = f'"{column.table.schema or "public"}"."{column.table.name}"'
    sequence = sa.func.pg_get_serial_sequence(sa.literal(table), sa.literal(str(column.name)))
    return sa.func.nextval(sequence)


def _has_default(column: sa.Column[Any]) -> bool:
    """True where the database fills the column in. A Python-side default never reaches it."""
    if column.server_default is not None or column.identity is not None or column.computed is not None:
        return True
    serial = column.default is None or (isinstance(column.default, sa.Sequence) and column.default.optional)
    return serial and column is column.table.autoincrement_column


def _computed(name: str, expression: sa.ColumnElement[Any], comment: str | None, where: str) -> Column:
    declared = column_type(expression.type, where=where)
    return Column(name, declared, optional=True, generated=True, comment=comment, expression=expression)


def _computed_attributes(mapper: Mapper[Any]) -> Iterator[tuple[str, Origin]]:
    """What the class itself computes (its parents' are their tables') and does not hide."""
    for name, prop in mapper.column_attrs.items():
        stored = isinstance(prop.expression, sa.Column)
        per_query = ("query_expression", True) in prop.strategy_key  # has a value only where a query gives it one
        if prop.parent is mapper and not stored and not per_query and prop.info.get("mainstay") is not False:
            yield str(name), prop
    for name, origin in mapper.all_orm_descriptors.items():
        inherited = mapper.inherits is not None and mapper.inherits.all_orm_descriptors.get(name) is origin
        if isinstance(origin, hybrid_property) and not inherited and origin.info.get("mainstay") is not False:
            yield str(name), origin


def _typed(expression: sa.ColumnElement[Any], origin: Origin) -> sa.ColumnElement[Any]:
    """SQLAlchemy doesn't know most functions' types; then a hybrid's return annotation tells."""
    if not isinstance(expression.type, NullType) or isinstance(origin, ColumnProperty):
        return expression
    try:
        told = get_annotations(origin.fget, eval_str=True).get("return")
    except NameError:  # imported for type checkers alone
        return expression
    kinds = [part for part in (get_args(told) or (told,)) if part is not type(None)]
    known = TYPES.get(kinds[0]) if len(kinds) == 1 else None
    return expression if known is None else sa.type_coerce(expression, known)


def _comment(origin: Origin) -> str | None:
    text = origin.doc if isinstance(origin, ColumnProperty) else origin.fget.__doc__
    return cleandoc(text) if text else None


def _declared(mapper: Mapper[Any], name: str, where: str) -> object:
    try:
        return getattr(mapper.class_, name).expression
    except Exception as error:  # the team's code runs here, and may raise anything
        raise DeclarationError(
            f"it gives no SQL expression: {error}",
            where=where,
            hint=f"add an expression for it (@{name}.inplace.expression), or make it a plain @property",
        ) from error


def _over_own_columns(declared: object, table: sa.Table, where: str) -> sa.ColumnElement[Any]:
    """The expression over `table.c`. Raises DeclarationError where it needs more than the row at hand."""
    expression = declared.element if isinstance(declared, Label) else declared
    if not isinstance(expression, sa.ColumnElement):
        raise _unfit(f"{type(expression).__name__} is no column expression", where)
    for part in visitors.iterate(expression):
        if isinstance(part, sa.Column) and part.table is not table:
            raise _unfit(f"it reads '{part}', which is not a column of '{table.name}'", where)
        if isinstance(part, Selectable) and not isinstance(part, FunctionElement):
            raise _unfit("it selects from a table of its own, which no policy would watch over", where)
        if isinstance(part, Over) or (isinstance(part, FunctionElement) and getattr(part, "name", "") in AGGREGATES):
            raise _unfit("it computes over many rows", where)
    return _plain(expression, table)


def _unfit(what: str, where: str) -> DeclarationError:
    return DeclarationError(
        what,
        where=where,
        hint="compute it from this table's columns alone, or keep it out with info={'mainstay': False}",
    )


def _plain(expression: sa.ColumnElement[Any], table: sa.Table) -> sa.ColumnElement[Any]:
    def unmarked(element: Any, **_: object) -> Any:
        return table.c[element.key] if isinstance(element, sa.Column) else None

    plain: sa.ColumnElement[Any] = visitors.replacement_traverse(expression, {}, unmarked)
    for part in visitors.iterate(plain):
        # Left in place, this makes every SELECT that holds the expression one of the ORM's.
        part._propagate_attrs = immutabledict()  # type: ignore[attr-defined]
    return plain

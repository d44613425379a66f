"""Values on their way into SQL: all travel as text and are cast where they are used.

Text is what requests hold, it needs no codec in the driver, and PostgreSQL's own input functions then decide what is
valid. The same condition compiles against two kinds of binds: parameters, or the columns of a batch's row.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.types import UserDefinedType

from mainstay.core.catalog import Kind
from mainstay.core.condition import Claim, Literal, Slot
from mainstay.core.kinds import kind_of
from mainstay.core.statement import Bind, Member, Source
from mainstay.sql.dialect import POSTGRESQL, Dialect

Expression = sa.ColumnElement[Any]

SHAPE = re.compile(r"(.*\.)?\"?(geometry|geography)\"?(\(.*\))?", re.IGNORECASE)
DIALECT = POSTGRESQL.core


class Named(UserDefinedType[Any]):
    """A type by the name that the catalog, or the list of casts, spells it with."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


# SQLAlchemy finds parameters in its finished text, by their names. No text of a caller's can hold a NUL, so nothing
# that a caller wrote, such as the alias `%(b0)s`, is ever taken for a parameter.
PREFIX = "\0"


class Inlined(sa.BindParameter[Any]):
    """A value that is written into the text at once.

    What SQLAlchemy writes only afterwards (`literal_execute`) it puts wherever the text names it: into an alias, too,
    which would then hold quotes that nothing doubled.
    """

    inherit_cache = False


@compiles(Inlined)
def _written_inlined(element: Inlined, compiler: Any, **options: Any) -> str:
    return str(compiler.visit_bindparam(element, **{**options, "literal_binds": True}))


class Binds:
    """The sources of a statement's parameters. One source is one parameter, however often it is used."""

    dialect = POSTGRESQL

    def __init__(self) -> None:
        self.by_name: dict[str, Bind] = {}

    def value(self, source: Slot | Claim | Literal, type_name: str, *, constant: bool = False) -> Expression:
        """The value as one of the type."""
        text = literal(source) if isinstance(source, Literal) else self.text(source, constant=constant)
        return cast(text, type_name)

    def text(self, source: Slot | Claim, *, constant: bool = False) -> Expression:
        """The value as an expression of type text (a list: an array literal's text)."""
        return parameter(self._name(source, constant))

    def in_order(self, names: Sequence[str]) -> tuple[Bind, ...]:
        return tuple(self.by_name[name] for name in names)

    def _name(self, source: Source, constant: bool) -> str:
        for name, bind in self.by_name.items():
            if bind.source == source and bind.constant == constant:
                return name
        name = f"b{len(self.by_name)}"
        self.by_name[name] = Bind(source, constant)
        return name


class Typed(Binds):
    """Binds of a dialect that does not cast: one for each kind that a value is read as. All are sent, by name."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect

    def value(self, source: Slot | Claim | Literal, type_name: str, *, constant: bool = False) -> Expression:
        if isinstance(source, Literal) and source.value is None:
            return sa.null()
        return self._parameter(Bind(source, kind=kind_of(type_name), type=type_name))

    def each(self, source: Slot | Claim | Literal, type_name: str) -> sa.Select[Any]:
        """The items of a list, as rows of one value."""
        array = self._parameter(Bind(source, kind=kind_of(type_name), many=True, type=type_name))
        items: Any = sa.func.json_each(array).table_valued("value")
        return sa.select(items.c.value)

    def record(self, source: Slot, members: tuple[Member, ...]) -> Expression:
        """A payload, as an array of what its objects have for the members."""
        return self._named(Bind(source, kind=Kind.JSON, record=members))

    def text(self, source: Slot | Claim, *, constant: bool = False) -> Expression:
        return self.value(source, "text")

    def in_order(self, names: Sequence[str]) -> tuple[Bind, ...]:
        return tuple(self.by_name.values())

    def _parameter(self, bind: Bind) -> Expression:
        if bind.kind not in self.dialect.kinds:
            raise self.dialect.lacking(f"comparisons of a {bind.kind.value if bind.kind else 'value'}")
        return self._named(bind)

    def _named(self, bind: Bind) -> Expression:
        for name, known in self.by_name.items():
            if known == bind:
                return sa.bindparam(name, required=False)
        name = f"b{len(self.by_name)}"
        self.by_name[name] = bind
        return sa.bindparam(name, required=False)


class RowBinds(Binds):
    """Binds of a batch: what varies is a column of `request`, the row that stands for one request."""

    def __init__(self, varying: Sequence[Bind]) -> None:
        super().__init__()
        # Text rather than a column object, which would pull `request` into the inner FROM clause.
        self.columns: dict[Source, Expression] = {
            bind.source: sa.literal_column(f"request.v{index}", sa.Text()) for index, bind in enumerate(varying)
        }

    def text(self, source: Slot | Claim, *, constant: bool = False) -> Expression:
        if constant or source not in self.columns:
            # A source that no bind is for is a part of a condition that came to nothing, such as `false AND …`.
            return super().text(source, constant=constant)
        return self.columns[source]


def render(statement: sa.ClauseElement, dialect: Dialect = POSTGRESQL) -> tuple[str, list[str]]:
    """The text, with constants written in, and the names of its parameters `$1`, `$2`, … in order.

    Raises Problem for what the dialect has no words for.
    """
    try:
        compiled: Any = statement.compile(dialect=dialect.core)
    except CompileError as error:
        if dialect is POSTGRESQL:
            raise
        raise dialect.lacking("words for a part of it") from error
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise TypeError("a constant is not written yet")
    return str(compiled), [name.removeprefix(PREFIX) for name in compiled.positiontup or ()]


def literal(value: Literal) -> Expression:
    """A policy's constant, written into the text: so partial indexes and the planner's statistics see it."""
    if isinstance(value.value, tuple):
        return inline(array_literal(value.value))
    return sa.null() if value.value is None else inline(value.value)


def inline(text: str) -> Expression:
    """Text as a quoted constant, by SQLAlchemy's own rules for literals."""
    return Inlined(None, text, sa.Text(), unique=True)


def inlined(expression: Any, replace: Callable[[Any], Any] = lambda _: None) -> Expression:
    """A model's own expression with its constants written in; `replace` may put something else for an element."""

    def written(element: Any, **_: object) -> Any:
        if isinstance(element, sa.BindParameter):
            return Inlined(None, element.value, element.type, unique=True, expanding=element.expanding)
        return replace(element)

    adapted: Expression = visitors.replacement_traverse(expression, {}, written)
    return adapted


def cast(expression: Expression, name: str) -> Expression:
    """The text as a value of the type: CAST(expression AS name), unless it is text that stays text."""
    if SHAPE.fullmatch(name):
        return _shape(expression, name)
    return expression if name.lower() == "text" else sa.cast(expression, Named(name))


def _shape(text: Expression, name: str) -> Expression:
    """GeoJSON, which is of the world's own coordinates (RFC 7946, 4), or any other form that PostGIS's type reads."""
    schema, dot, plain = name.partition("(")[0].rpartition(".")
    functions: Any = getattr(sa.func, schema.strip('"')) if dot else sa.func
    of_json = functions.st_geomfromgeojson(text)
    if plain.strip('"').lower() == "geography":
        of_json = sa.cast(of_json, Named(name))
    return sa.case((text.like(inline("{%")), of_json), else_=sa.cast(text, Named(name)))


def array_literal(items: Sequence[str | None]) -> str:
    """PostgreSQL's input form of a text array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO"""
    return "{" + ",".join("NULL" if item is None else f'"{_escaped(item)}"' for item in items) + "}"


def _escaped(item: str) -> str:
    return item.replace("\\", "\\\\").replace('"', '\\"')


def parameter(name: str) -> Expression:
    """A parameter of type text."""
    return sa.cast(sa.bindparam(PREFIX + name, required=False), sa.Text())

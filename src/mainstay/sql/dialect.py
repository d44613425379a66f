"""The dialects that statements are written in, and what each lacks.

A dialect that casts takes every value as text, and its own input functions say what is valid. Another is sent values of
their types, which its store makes of the text. What a dialect has no words for is refused while the statement is
written, never tried.
"""

from typing import Any

import msgspec
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import Text

from mainstay.core.catalog import Kind
from mainstay.core.condition import Operator
from mainstay.core.problem import Problem

COMPARISONS = frozenset(
    {
        Operator.EQ,
        Operator.NEQ,
        Operator.GT,
        Operator.GTE,
        Operator.LT,
        Operator.LTE,
        Operator.IN,
        Operator.IS,
        Operator.IS_DISTINCT,
        Operator.LIKE,
        Operator.ILIKE,
    }
)
KINDS = frozenset(
    {
        Kind.BOOLEAN,
        Kind.INTEGER,
        Kind.NUMERIC,
        Kind.FLOAT,
        Kind.TEXT,
        Kind.DATE,
        Kind.TIME,
        Kind.TIMESTAMP,
        Kind.UUID,
        Kind.BINARY,
        Kind.ENUM,
        Kind.CHOICE,
    }
)


class Dialect(msgspec.Struct, frozen=True, eq=False):
    """`core` is SQLAlchemy's. `casts`: values travel as text, and are cast. `schemas`: tables are in them.

    `kinds` are those that values can be compared as. `nulls_last`: NULL sorts behind every value unless it is said
    otherwise. `bare_rows`: rows may have no columns. `distinct_on`: of rows that are alike it can take the first.
    """

    name: str
    core: DefaultDialect
    operators: frozenset[Operator]
    kinds: frozenset[Kind]
    casts: bool = False
    schemas: bool = False
    nulls_last: bool = False
    bare_rows: bool = False
    distinct_on: bool = False

    def lacking(self, what: str) -> Problem:
        return Problem(
            "MS495",
            f"This request needs what {self.name} has not: {what}",
            hint="Ask in another way, or keep the data in PostgreSQL.",
        )


FUNCTIONS = frozenset(
    {"avg", "coalesce", "count", "length", "lower", "max", "min", "nullif", "sum", "upper"}
    | {"group_concat", "hex", "instr", "json", "json_each", "json_object", "printf", "replace", "rtrim", "substr"}
    | {"json_type", "row_number", "mainstay_float", "mainstay_ilike"}
)
"""Of SQLite: those that mean what other dialects mean by them, and what `sql.json` needs."""
OPERATORS = frozenset({"=", "<>", ">", ">=", "<", "<=", "IS", "IS NOT", "IS DISTINCT FROM", "||", "->", "->>"})


class _SQLite(SQLiteCompiler):
    """Writes what it knows that SQLite means as well; SQLAlchemy alone would write any function and operator."""

    def visit_function(self, func: Any, add_to_result_map: Any = None, **kwargs: Any) -> Any:
        if func.name not in FUNCTIONS:
            raise SQLITE.lacking(f"the function {func.name}")
        return super().visit_function(func, add_to_result_map, **kwargs)

    def visit_custom_op_binary(self, element: Any, operator: Any, **kwargs: Any) -> Any:
        if operator.opstring not in OPERATORS:
            raise SQLITE.lacking(f"the operator {operator.opstring}")
        return super().visit_custom_op_binary(element, operator, **kwargs)  # type: ignore[no-untyped-call]

    def visit_lateral(self, lateral_: Any, **kwargs: Any) -> Any:
        raise SQLITE.lacking("joins of rows with what is related to each")

    def visit_table_valued_column(self, element: Any, **kwargs: Any) -> Any:
        raise SQLITE.lacking("whole rows as values")

    def visit_cast(self, cast: Any, **kwargs: Any) -> Any:
        if isinstance(cast.type, Text):
            return super().visit_cast(cast, **kwargs)  # type: ignore[no-untyped-call]
        raise SQLITE.lacking(f"a cast to {cast.type}")

    def limit_clause(self, select: Any, **kwargs: Any) -> str:
        """Without the parameter that SQLAlchemy would make of an offset that is not there."""
        text = ""
        if select._limit_clause is not None or select._offset_clause is not None:
            limit = select._limit_clause
            text = f"\n LIMIT {'-1' if limit is None else self.process(limit, **kwargs)}"
        if select._offset_clause is not None:
            text += f" OFFSET {self.process(select._offset_clause, **kwargs)}"
        return text


class _SQLiteDialect(SQLiteDialect):
    statement_compiler = _SQLite


POSTGRESQL = Dialect(
    "PostgreSQL",
    postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
    operators=frozenset(Operator),
    kinds=frozenset(Kind),
    casts=True,
    schemas=True,
    nulls_last=True,
    bare_rows=True,
    distinct_on=True,
)
SQLITE = Dialect("SQLite", _SQLiteDialect(paramstyle="named"), operators=COMPARISONS, kinds=KINDS)

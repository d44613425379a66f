"""A call of one of the database's own functions, as an expression or as a table.

SQLAlchemy's `func` knows neither named notation nor names that must be quoted:
https://www.postgresql.org/docs/current/sql-syntax-calling-funcs.html
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from mainstay.core.catalog import Argument, FunctionKey
from mainstay.sql.binds import DIALECT, Expression


class NamedCall(FunctionElement[Any]):
    """`schema.f(a => value, VARIADIC b => value)`; an argument without a name goes by its position."""

    inherit_cache = False

    def __init__(self, key: FunctionKey, arguments: Sequence[tuple[Argument | None, Expression]]) -> None:
        self.function = key
        self.named = tuple(argument for argument, _ in arguments)
        super().__init__(*(value for _, value in arguments))


@compiles(NamedCall)
def _written(element: NamedCall, compiler: Any, *, render_postcompile: bool = False, **_: object) -> str:
    quote = DIALECT.identifier_preparer.quote
    name = f"{quote(element.function.schema)}.{quote(element.function.name)}"
    values = (compiler.process(value, render_postcompile=render_postcompile) for value in element.clauses)
    return f"{name}({', '.join(map(_argument, element.named, values))})"


def _argument(argument: Argument | None, value: str) -> str:
    if argument is None or not argument.name:
        return value
    # Quoted whatever it is: as a name of an argument, more words are reserved than SQLAlchemy has in its list.
    name = DIALECT.identifier_preparer.quote_identifier(argument.name)
    return f"{'VARIADIC ' if argument.variadic else ''}{name} => {value}"

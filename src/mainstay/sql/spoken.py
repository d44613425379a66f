"""An expression that each dialect says in its own words."""

from collections.abc import Callable
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine, UserDefinedType

Words: TypeAlias = Callable[[], sa.ColumnElement[Any]]


class JsonText(UserDefinedType[Any]):
    """Of text that is JSON, where a dialect has no type for it: as a part of a document it is that, and no string."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "json"


class Spoken(sa.ColumnElement[Any]):
    """`postgresql`, and by the names of SQLAlchemy's dialects how to say it there: made when it is wanted."""

    inherit_cache = False

    def __init__(
        self, postgresql: sa.ColumnElement[Any], type_: TypeEngine[Any] | None = None, **others: Words
    ) -> None:
        self.postgresql = postgresql
        self.others = others
        self.type = type_ or postgresql.type

    def self_group(self, against: Any = None) -> "Spoken":
        """In parentheses where its words bind less tightly than what is around them."""

        def grouped(words: Words) -> Words:
            return lambda: words().self_group(against)

        others = {name: grouped(words) for name, words in self.others.items()}
        return type(self)(self.postgresql.self_group(against), self.type, **others)

    @property
    def _from_objects(self) -> list[sa.FromClause]:
        return list(self.postgresql._from_objects)


@compiles(Spoken)
def _said(element: Spoken, compiler: Any, **options: Any) -> str:
    name = compiler.dialect.name
    if name == "postgresql":
        return str(compiler.process(element.postgresql, **options))
    if name not in element.others:
        raise CompileError(f"no words for it in {name}")
    return str(compiler.process(element.others[name](), **options))

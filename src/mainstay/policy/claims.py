"""`claim`: the caller's verified claims, as slots in SQLAlchemy expressions.

A slot names a claim and never holds one. Everything that is compared with one stays SQL text with a hole in it.
"""

from typing import Any, ClassVar, NoReturn

from sqlalchemy import ColumnClause, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.roles import InElementRole


class ClaimElement(InElementRole, ColumnClause[Any]):
    """A claim inside an expression tree. `path` leads to it through the token's objects."""

    inherit_cache = False

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(spell(path), is_literal=True)
        self.path = path


@compiles(ClaimElement)
def _text(element: ClaimElement, compiler: object, **options: object) -> str:
    """How a claim reads in the text of an error; no statement ever holds one."""
    return spell(element.path)


class ClaimSlot:
    """A claim by its path: `claim.sub`, `claim.org.id`, `claim["https://example.com/roles"]`.

    Any attribute is a claim's name, so a slot has no methods: write comparisons with the column on the left
    (`Order.customer_id == claim.sub`, `Order.store_id.in_(claim.stores)`) or with an operator
    (`claim.level >= Doc.level`).
    """

    __slots__ = ("__path",)
    __iter__: ClassVar[None] = None
    __contains__: ClassVar[None] = None

    is_clause_element: ClassVar[bool] = False
    """SQLAlchemy asks every object for this; a claim of the name is `claim["is_clause_element"]`."""

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        self.__path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "ClaimSlot":
        if not isinstance(name, str):
            raise TypeError(f"a claim is named by text, not by {name!r}; a list is compared with column.in_({self!r})")
        return ClaimSlot((*self.__path, name))

    def __clause_element__(self) -> ClaimElement:
        if not self.__path:
            raise TypeError("claim alone is no value: name one, such as claim.sub")
        return ClaimElement(self.__path)

    def __eq__(self, other: object) -> ColumnElement[bool]:  # type: ignore[override]
        return self.__clause_element__() == other

    def __ne__(self, other: object) -> ColumnElement[bool]:  # type: ignore[override]
        return self.__clause_element__() != other

    def __lt__(self, other: object) -> ColumnElement[bool]:
        return self.__clause_element__() < other

    def __le__(self, other: object) -> ColumnElement[bool]:
        return self.__clause_element__() <= other

    def __gt__(self, other: object) -> ColumnElement[bool]:
        return self.__clause_element__() > other

    def __ge__(self, other: object) -> ColumnElement[bool]:
        return self.__clause_element__() >= other

    def __hash__(self) -> int:
        return hash(self.__path)

    def __repr__(self) -> str:
        return spell(self.__path)

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} has no value while policies are declared; compare a column with it")

    def __call__(self, *arguments: object, **options: object) -> NoReturn:
        raise TypeError(f"{self!r} is a claim's name, not a method; write the column first: column.in_(claim.name)")


def spell(path: tuple[str, ...]) -> str:
    """The path as a team writes it."""
    return "claim" + "".join(f".{name}" if name.isidentifier() else f'["{name}"]' for name in path)


claim = ClaimSlot()

"""What every selection has: fields of a type, `__typename`, leaves, and arguments that are known."""

from mainstay.core.operation import Constant
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.problems import invalid
from mainstay.wires.graphql.translation import Translation

TYPENAME = "__typename"


def subfields(translation: Translation, asked: Asked, type_name: str) -> list[Asked]:
    if not asked.selections:
        raise invalid(f"missing selection set for '{type_name}'", asked.place)
    return translation.document.fields(asked.selections, type_name, translation.variables)


def typename(asked: Asked, type_name: str) -> Constant:
    require_arguments(asked, frozenset(), type_name)
    require_leaf(asked)
    return Constant(asked.key, type_name)


def require_leaf(asked: Asked) -> None:
    if asked.selections:
        raise invalid("unexpected subselection set for non-object field", asked.place)


def require_arguments(asked: Asked, known: frozenset[str], owner: str) -> None:
    for name in asked.arguments:
        if name not in known:
            raise invalid(f"'{asked.name}' has no argument named '{name}'", asked.place)

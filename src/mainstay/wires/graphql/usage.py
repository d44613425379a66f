"""Where a document's variables stand, and whether they may: by their declared types alone (GraphQL, 5.8.5).

A variable that stands nowhere is let be, as Hasura does.
"""

from collections.abc import Iterator

from graphql.language import ast, print_ast

from mainstay.wires.graphql.problems import invalid
from mainstay.wires.graphql.types import COLUMN_NAME, bare

ARRAYS = {"String": ("_text", "_varchar"), "Int": ("_int4",), "Boolean": ("_bool",)}
"""What Hasura called types of arrays, where it is not their items' name."""


class Usages:
    """The variables that one operation declares."""

    def __init__(self, operation: ast.OperationDefinitionNode) -> None:
        """Raises Problem where one is declared twice."""
        self._declared: dict[str, ast.VariableDefinitionNode] = {}
        for definition in operation.variable_definitions:
            name = definition.variable.name.value
            if name in self._declared:
                raise invalid(f'multiple definitions for variable "{name}"', "$.variableValues")
            self._declared[name] = definition

    def defaults(self) -> Iterator[tuple[str, str, ast.ValueNode]]:
        """(name, type, default)"""
        for name, definition in self._declared.items():
            if definition.default_value is not None:
                yield name, print_ast(definition.type), definition.default_value

    def use(self, name: str, wanted: str | None, place: str, *, default: bool = False) -> None:
        """It stands where a value of the type `wanted` may, anything where that is None. Raises Problem.

        `default`: where nothing is given there, there is a default.
        """
        definition = self._declared.get(name)
        if definition is None:
            raise invalid(f'unbound variable "{name}"', place)
        if wanted is None:
            return
        declared = print_ast(definition.type)
        given = definition.default_value is not None and not isinstance(definition.default_value, ast.NullValueNode)
        accepted = wanted.removesuffix("!") if given or default else wanted
        if not _fits(declared, accepted):
            raise invalid(
                f"variable '{name}' is declared as '{declared}', but used where '{wanted}' is expected", place
            )


def _fits(declared: str, wanted: str) -> bool:
    """Whether a value of the one type is always one of the other."""
    if wanted.endswith("!"):
        return declared.endswith("!") and _fits(declared[:-1], wanted[:-1])
    declared = declared.removesuffix("!")
    if wanted.startswith("["):
        if declared.startswith("_"):
            return declared in ARRAYS.get(bare(wanted), (f"_{bare(wanted)}",))
        return declared.startswith("[") and _fits(declared[1:-1], wanted[1:-1])
    return declared == wanted or (wanted == COLUMN_NAME and declared == "String")

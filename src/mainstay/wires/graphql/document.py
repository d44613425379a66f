"""Reads a document: which operation is meant, and which fields a selection comes to.

Fragments are opened and fields of one response key joined, within limits. Never looks a name up in any table.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphql import GraphQLSyntaxError
from graphql.language import OperationType, ast, parse, print_ast

from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.wires.graphql.given import Given, Variables
from mainstay.wires.graphql.naming import HASURA, Names
from mainstay.wires.graphql.problems import invalid

SERVED = frozenset({"skip", "include"})


class Asked(NamedTuple):
    """One field of a selection, with all selections under its response key. `place` is its path."""

    key: str
    name: str
    arguments: dict[str, Given]
    selections: tuple[tuple[ast.SelectionSetNode, str], ...]
    place: str
    written: tuple[tuple[str, str], ...]


class Document:
    """One parsed document, of which one operation is asked for."""

    def __init__(self, text: str, name: str | None, limits: Limits, names: Names = HASURA) -> None:
        """Raises Problem for a text that is no document, or has no such query."""
        self.limits = limits
        self.names = names
        self.count = 0
        parsed = self.parsed = _parsed(text, limits)
        self.fragments: dict[str, ast.FragmentDefinitionNode] = {}
        self.operations: list[ast.OperationDefinitionNode] = []
        for definition in parsed.definitions:
            if isinstance(definition, ast.FragmentDefinitionNode):
                if definition.name.value in self.fragments:
                    raise invalid(f'multiple definitions for fragment "{definition.name.value}"', "$.query")
                self.fragments[definition.name.value] = definition
            elif isinstance(definition, ast.OperationDefinitionNode):
                self.operations.append(definition)
            else:
                raise invalid("unexpected type system definition", "$.query")
        self.operation = _chosen(self.operations, name)
        if self.operation.directives:
            raise _unknown_directive(self.operation.directives[0], "$")

    @property
    def writes(self) -> bool:
        return self.operation.operation is OperationType.MUTATION

    @property
    def live(self) -> bool:
        return self.operation.operation is OperationType.SUBSCRIPTION

    def fields(
        self, selections: Sequence[tuple[ast.SelectionSetNode, str]], type_name: str, variables: Variables
    ) -> list[Asked]:
        """The fields of the selections, joined by response key, in order.

        Raises Problem for fragments that form a cycle, are not of the type, or are not there, for fields that can't be
        joined, and past `select_max`.
        """
        found: dict[str, Asked] = {}
        for selection, place in selections:
            for asked in self._opened(selection, place, type_name, variables, ()):
                known = found.get(asked.key)
                found[asked.key] = asked if known is None else _joined(known, asked)
        return list(found.values())

    def _opened(
        self,
        selection: ast.SelectionSetNode,
        place: str,
        type_name: str,
        variables: Variables,
        within: tuple[str, ...],
    ) -> Iterator[Asked]:
        for node, counts in counted(selection):
            if counts:
                self._count(place)
            if not _included(node.directives, variables, place):
                continue
            match node:
                case ast.FieldNode():
                    yield self._asked(node, place, variables)
                case ast.InlineFragmentNode():
                    self.require_type(node.type_condition, type_name, place)
                    yield from self._opened(node.selection_set, place, type_name, variables, within)
                case ast.FragmentSpreadNode():
                    name = node.name.value
                    fragment = self.fragment(name, within, place)
                    self.require_type(fragment.type_condition, type_name, place)
                    inside = f"{place}.{name}.selectionSet"
                    yield from self._opened(fragment.selection_set, inside, type_name, variables, (*within, name))

    def fragment(self, name: str, within: tuple[str, ...], place: str) -> ast.FragmentDefinitionNode:
        fragment = self.fragments.get(name)
        if fragment is None:
            raise invalid(f'reference to undefined fragment "{name}"', place)
        if name in within:
            raise _cycle(within[within.index(name) :], place)
        return fragment

    def check_cycles(self) -> None:
        """Raises Problem where fragments form a cycle, by whatever fields it leads."""
        for definition in (self.operation, *self.fragments.values()):
            self._walk(definition.selection_set, "$.selectionSet", (), set())

    def _walk(self, selection: ast.SelectionSetNode, place: str, within: tuple[str, ...], done: set[str]) -> None:
        for node in selection.selections:
            match node:
                case ast.FragmentSpreadNode():
                    name = node.name.value
                    fragment = self.fragment(name, within, place)
                    if name not in done:
                        self._walk(fragment.selection_set, f"{place}.{name}.selectionSet", (*within, name), done)
                        done.add(name)
                case ast.FieldNode() if node.selection_set is not None:
                    self._walk(node.selection_set, f"{place}.{node.name.value}.selectionSet", within, done)
                case ast.InlineFragmentNode():
                    self._walk(node.selection_set, place, within, done)

    def _count(self, place: str) -> None:
        self.count += 1
        if self.count > self.limits.select_max:
            message = f"The document selects too many fields: at most {self.limits.select_max} are allowed"
            raise Problem("MS443", message, where=place)

    def _asked(self, node: ast.FieldNode, place: str, variables: Variables) -> Asked:
        name = node.name.value
        inside = f"{place}.{name}"
        arguments: dict[str, Given] = {}
        for argument in node.arguments:
            said, place = argument.name.value, f"{inside}.args.{argument.name.value}"
            if self.names.read(said) in arguments:
                raise invalid(f"argument '{said}' is given twice", inside)
            arguments[self.names.read(said)] = variables.read(argument.value, place)
        selections = () if node.selection_set is None else ((node.selection_set, f"{inside}.selectionSet"),)
        written = tuple(sorted((each.name.value, print_ast(each.value)) for each in node.arguments))
        key = node.alias.value if node.alias else name
        return Asked(key, self.names.read(name), arguments, selections, inside, written)

    @staticmethod
    def require_type(condition: ast.NamedTypeNode | None, type_name: str, place: str) -> None:
        if condition is not None and condition.name.value != type_name:
            raise invalid(f"a fragment on '{condition.name.value}' can't be spread in '{type_name}'", place)


def _parsed(text: str, limits: Limits) -> ast.DocumentNode:
    """What is nested deeper than the parser's own limit, far above any of a role's, is no query either."""
    if len(text.encode(errors="replace")) > limits.document_bytes_max:
        message = f"The document is too long: at most {limits.document_bytes_max} bytes are allowed"
        raise Problem("MS490", message, where="$.query")
    try:
        return parse(text, no_location=True)
    except GraphQLSyntaxError as error:
        raise invalid("not a valid graphql query", "$.query") from error


def _chosen(operations: list[ast.OperationDefinitionNode], name: str | None) -> ast.OperationDefinitionNode:
    if name is not None:
        found = [each for each in operations if each.name is not None and each.name.value == name]
        if len(found) != 1:
            raise invalid(f'no such operation found in the document: "{name}"', "$")
        return found[0]
    if len(operations) != 1:
        message = "exactly one operation has to be present in the document when operationName is not specified"
        raise invalid(message, "$")
    return operations[0]


def _joined(one: Asked, other: Asked) -> Asked:
    """GraphQL, 5.3.2: fields of one response key are one field."""
    if (one.name, one.written) != (other.name, other.written):
        raise invalid(f"'{one.key}' is asked for as different fields, or with different arguments", other.place)
    return one._replace(selections=(*one.selections, *other.selections))


def _included(directives: Sequence[ast.DirectiveNode], variables: Variables, place: str) -> bool:
    included = True
    seen: set[str] = set()
    for directive in directives:
        name = directive.name.value
        if name not in SERVED:
            raise _unknown_directive(directive, place)
        if name in seen:
            raise invalid(f"the directive '{name}' is used more than once", place)
        seen.add(name)
        included = (_condition(directive, variables, place) is (name == "include")) and included
    return included


def _condition(directive: ast.DirectiveNode, variables: Variables, place: str) -> bool:
    arguments = {each.name.value: each.value for each in directive.arguments}
    given = variables.pin(variables.read(arguments["if"], place)) if arguments.keys() == {"if"} else None
    if not isinstance(given, bool):
        raise invalid(f"the directive '{directive.name.value}' takes 'if', a boolean, and nothing else", place)
    return given


def _unknown_directive(directive: ast.DirectiveNode, place: str) -> Problem:
    return invalid(f"directive '{directive.name.value}' is not defined in the schema", place)


def _cycle(names: tuple[str, ...], place: str) -> Problem:
    return invalid(f"the fragment definition(s) {_listed(names)} form a cycle", place)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def counted(selection: ast.SelectionSetNode) -> Iterator[tuple[ast.SelectionNode, bool]]:
    """What is selected, and whether it counts: the one `__typename` that clients add to each selection does not."""
    free = True
    for node in selection.selections:
        if free and isinstance(node, ast.FieldNode) and node.name.value == "__typename" and node.alias is None:
            free = False
            yield node, False
        else:
            yield node, True

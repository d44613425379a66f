"""What GraphQL wants of a document whatever its variables' values are (GraphQL, 5), so far as reading it did not ask.

Reading looks at what is included and at the operation that is meant; this looks at all of it: fields that are skipped,
other operations, and where variables stand. It is done once, when a document is first seen.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphql.language import ast, print_ast

from mainstay.core.problem import Problem
from mainstay.wires.graphql.document import SERVED, Document, counted
from mainstay.wires.graphql.fields import TYPENAME
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.schema import Schema
from mainstay.wires.graphql.types import Member, Type, TypeKind, bare
from mainstay.wires.graphql.usage import Usages

Selections = Sequence[tuple[ast.SelectionSetNode, str]]


class Field(NamedTuple):
    """All fields of one response key."""

    node: ast.FieldNode
    place: str
    selections: list[tuple[ast.SelectionSetNode, str]]


def validate(document: Document, schema: Schema) -> None:
    """Raises Problem."""
    names = [None if each.name is None else each.name.value for each in document.operations]
    for name in names:
        if name is None and len(names) > 1:
            raise invalid("an operation without a name has to be the only one", "$")
        if names.count(name) > 1:
            raise invalid(f'multiple definitions for operation "{name}"', "$")
    for fragment in document.fragments.values():
        _refuse_directives(fragment.directives)
    for operation in document.operations:
        _refuse_directives(operation.directives)
        for variable in operation.variable_definitions:
            _refuse_directives(variable.directives)
        _Operation(document, schema, operation).check()


def _refuse_directives(directives: Sequence[ast.DirectiveNode]) -> None:
    for directive in directives:
        name = directive.name.value
        if name in SERVED:
            raise invalid(f"directive '{name}' is not allowed here", "$")
        raise invalid(f"directive '{name}' is not defined in the schema", "$")


class _Operation:
    """Walks one operation, with all fragments that it spreads."""

    def __init__(self, document: Document, schema: Schema, operation: ast.OperationDefinitionNode) -> None:
        self.document = document
        self.schema = schema
        self.operation = operation
        self.usages = Usages(operation)
        self.count = 0

    def check(self) -> None:
        query, mutation, subscription = self.schema.roots
        roots = {"query": query, "mutation": mutation, "subscription": subscription}
        root = roots[self.operation.operation.value]
        if root is None:
            raise invalid(f"no {self.operation.operation.value}s exist", "$")
        for name, type_, default in self.usages.defaults():
            self._value(default, type_, f"$.variableValues.{name}", strict=True)
        self._fields([(self.operation.selection_set, "$.selectionSet")], root)

    def _fields(self, selections: Selections, type_name: str) -> None:
        for field in self._collected(selections, type_name).values():
            member = self._member(type_name, field)
            self._arguments(field, member)
            composite = bare(member.type) if self.schema.is_object(bare(member.type)) else None
            if composite is None and field.selections:
                raise invalid("unexpected subselection set for non-object field", field.place)
            if composite is not None:
                if not field.selections:
                    raise invalid(f"missing selection set for '{composite}'", field.place)
                self._fields(field.selections, composite)

    def _collected(self, selections: Selections, type_name: str) -> dict[str, Field]:
        """Fields by their response key; those of one key must be one field (GraphQL, 5.3.2)."""
        found: dict[str, Field] = {}
        for selection, place in selections:
            for node, outside in self._opened(selection, place, type_name):
                key = (node.alias or node.name).value
                inside = f"{outside}.{node.name.value}"
                known = found.setdefault(key, Field(node, inside, []))
                if not _same(known.node, node):
                    raise invalid(f"'{key}' is asked for as different fields, or with different arguments", inside)
                if node.selection_set is not None:
                    known.selections.append((node.selection_set, f"{inside}.selectionSet"))
        return found

    def _opened(
        self, selection: ast.SelectionSetNode, place: str, type_name: str
    ) -> Iterator[tuple[ast.FieldNode, str]]:
        for node, counts in counted(selection):
            if counts:
                self._count(place)
            self._directives(node.directives, place)
            match node:
                case ast.FieldNode():
                    yield node, place
                case ast.InlineFragmentNode():
                    self.document.require_type(node.type_condition, type_name, place)
                    yield from self._opened(node.selection_set, place, type_name)
                case ast.FragmentSpreadNode():
                    fragment = self.document.fragment(node.name.value, (), place)
                    self.document.require_type(fragment.type_condition, type_name, place)
                    inside = f"{place}.{node.name.value}.selectionSet"
                    yield from self._opened(fragment.selection_set, inside, type_name)

    def _count(self, place: str) -> None:
        self.count += 1
        select_max = self.document.limits.select_max
        if self.count > select_max:
            message = f"The document selects too many fields: at most {select_max} are allowed"
            raise Problem("MS443", message, where=place)

    def _directives(self, directives: Sequence[ast.DirectiveNode], place: str) -> None:
        seen: set[str] = set()
        for directive in directives:
            name = directive.name.value
            if name not in SERVED:
                raise invalid(f"directive '{name}' is not defined in the schema", place)
            if name in seen:
                raise invalid(f"the directive '{name}' is used more than once", place)
            seen.add(name)
            arguments = {each.name.value: each.value for each in directive.arguments}
            if arguments.keys() != {"if"} or len(directive.arguments) != 1:
                raise invalid(f"the directive '{name}' takes 'if', a boolean, and nothing else", place)
            self._value(arguments["if"], "Boolean!", place, strict=True)

    def _member(self, type_name: str, field: Field) -> Member:
        name = field.node.name.value
        member = Member(TYPENAME, "String!") if name == TYPENAME else self.schema.member(type_name, name)
        if member is None:
            raise unknown(name, type_name, field.place)
        return member

    def _arguments(self, field: Field, member: Member) -> None:
        known = {each.name: each for each in member.arguments}
        given = {each.name.value: each.value for each in field.node.arguments}
        if len(given) < len(field.node.arguments):
            raise invalid("an argument is given twice", field.place)
        for name, value in given.items():
            if name not in known:
                raise invalid(f"'{member.name}' has no argument named '{name}'", field.place)
            self._typed(value, known[name], f"{field.place}.args.{name}")
        _require(known, given, f"{field.place}.args")

    def _typed(self, node: ast.ValueNode, member: Member, place: str) -> None:
        self._value(node, member.type, place, type_=self.schema.input(member), default=member.default is not None)

    def _value(  # noqa: PLR0913 - where it stands, and of what it is
        self,
        node: ast.ValueNode,
        reference: str,
        place: str,
        *,
        type_: Type | None = None,
        default: bool = False,
        strict: bool = False,
    ) -> None:
        """`strict`: the kinds of plain values are looked at, too, which reading does where a column takes them."""
        if isinstance(node, ast.VariableNode):
            self.usages.use(node.name.value, reference, place, default=default)
            return
        if isinstance(node, ast.NullValueNode):
            if reference.endswith("!"):
                raise invalid(f"unexpected null value for type '{reference[:-1]}'", place)
            return
        reference = reference.removesuffix("!")
        if reference.startswith("["):
            for each in node.values if isinstance(node, ast.ListValueNode) else (node,):
                self._value(each, reference[1:-1], place, type_=type_, strict=strict)
        elif type_ is None or type_.kind is TypeKind.SCALAR:
            self._scalar(node, reference, place, strict=strict)
        elif type_.kind is TypeKind.ENUM:
            _require_value(node, type_, place)
        else:
            self._object(node, type_, place)

    def _object(self, node: ast.ValueNode, type_: Type, place: str) -> None:
        if not isinstance(node, ast.ObjectValueNode):
            raise invalid(f"expected an object for type '{type_.name}'", place)
        known = {each.name: each for each in type_.members}
        given = {each.name.value: each.value for each in node.fields}
        if len(given) < len(node.fields):
            raise invalid("a field is given twice", place)
        for name, value in given.items():
            if name not in known:
                raise unknown(name, type_.name, f"{place}.{name}")
            self._typed(value, known[name], f"{place}.{name}")
        _require(known, given, place)

    def _scalar(self, node: ast.ValueNode, name: str, place: str, *, strict: bool) -> None:
        """What stands in a scalar that is no plain one may hold variables of any type."""
        if strict and name in LITERALS and not isinstance(node, LITERALS[name]):
            raise invalid(f"expected a value for type '{name}'", place)
        match node:
            case ast.VariableNode():
                self.usages.use(node.name.value, None, place)
            case ast.ListValueNode():
                for each in node.values:
                    self._scalar(each, "", place, strict=False)
            case ast.ObjectValueNode():
                for field in node.fields:
                    self._scalar(field.value, "", place, strict=False)


LITERALS: dict[str, tuple[type[ast.ValueNode], ...]] = {
    "Int": (ast.IntValueNode,),
    "Float": (ast.IntValueNode, ast.FloatValueNode),
    "String": (ast.StringValueNode,),
    "Boolean": (ast.BooleanValueNode,),
}


def _require(known: dict[str, Member], given: dict[str, ast.ValueNode], place: str) -> None:
    for name, member in known.items():
        if name not in given and member.type.endswith("!") and member.default is None:
            raise invalid(f"missing required field '{name}'", place)


def _require_value(node: ast.ValueNode, type_: Type, place: str) -> None:
    values = [each.name for each in type_.values]
    if not isinstance(node, ast.EnumValueNode) or node.value not in values:
        listed = ", ".join(f"'{value}'" for value in values)
        found = print_ast(node)
        raise invalid(f"expected one of the values [{listed}] for type '{type_.name}', but found {found}", place)


def _same(one: ast.FieldNode, other: ast.FieldNode) -> bool:
    return one is other or (one.name.value == other.name.value and _written(one) == _written(other))


def _written(node: ast.FieldNode) -> list[tuple[str, str]]:
    return sorted((each.name.value, print_ast(each.value)) for each in node.arguments)

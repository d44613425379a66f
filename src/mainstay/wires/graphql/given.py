"""What a document gives to its fields: values written in it, and its variables.

A value that came from a variable keeps its way back to it, so that the next request of the same document fills only its
values. Whatever of a variable changes more than a value is pinned: such a request is another one.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias, cast

import msgspec
from graphql.language import ast

from mainstay.core.operation import Value
from mainstay.wires.graphql.problems import invalid

Path: TypeAlias = tuple[str | int | Callable[[Any], Any], ...]
"""Where in the variables a value is; a function at its end says what of that is meant."""

VARIABLES_DEPTH_MAX = 64
FORM_BYTES_MAX = 4_096


class Word(str):
    """A bare word in the document: an enum's value."""

    __slots__ = ()


class Numeral(str):
    """A number with a point, as it was spelt: what its digits mean is for the database to say."""

    __slots__ = ()


KINDS: dict[type, str] = {str: "string", int: "integer", Numeral: "number", bool: "boolean", type(None): "null"}


class Given(NamedTuple):
    """One value: a text, a number, a list or a dictionary of `Given`. `origin` is where in the variables it is."""

    value: Any
    origin: Path | None = None


class Taken(NamedTuple):
    """A value of the operation that each request's variables fill: what is at `path`, spelt for the database."""

    path: Path
    spell: Callable[[Any], Value]


class Composed(NamedTuple):
    """A value that the document puts together of its own values and the variables'."""

    given: Given
    spell: Callable[[Any], Value]


Source: TypeAlias = Value | Taken | Composed

decode = msgspec.json.Decoder(dict[str, Any] | None, float_hook=Numeral).decode
encode = msgspec.json.Encoder(enc_hook=str).encode


def skeleton(value: Any, depth: int = 0) -> Any:
    """Everything of a variable but its values: keys, kinds, and of a list of scalars the kinds that are in it.

    Raises RecursionError past a depth that no request needs.
    """
    if depth > VARIABLES_DEPTH_MAX:
        raise RecursionError
    if type(value) is dict:
        return ("{", *((key, skeleton(each, depth + 1)) for key, each in value.items()))
    if type(value) is list:
        if any(type(each) in (dict, list) for each in value):
            return ("[", *(skeleton(each, depth + 1) for each in value))
        return tuple(sorted({KINDS[type(each)] for each in value}))
    return KINDS[type(value)]


def form_of(variables: Mapping[str, Any], size: int) -> object:
    """What requests of one form have alike. `size` is the request's, in bytes: of a long one a digest is kept."""
    kinds = [KINDS.get(type(each)) for each in variables.values()]
    form = skeleton(variables) if None in kinds else (*variables, *kinds)
    return form if size < FORM_BYTES_MAX else blake2b(repr(form).encode(), digest_size=16).digest()


def at(variables: Mapping[str, Any], path: Path) -> Any:
    found: Any = variables
    for step in path:
        found = step(found) if callable(step) else found[step]
    return found


def pinned(variables: Mapping[str, Any], paths: tuple[Path, ...]) -> tuple[object, ...]:
    """The values there, as a key."""
    values = (at(variables, path) for path in paths)
    return tuple(encode(value) if type(value) in (dict, list) else value for value in values)


class Variables:
    """The variables of one request, as its document declares them; `pins` grows as they are read."""

    def __init__(self, declared: ast.OperationDefinitionNode, sent: Mapping[str, Any]) -> None:
        """Raises Problem for a variable that is missing, null where it may not be, or declared nowhere."""
        self.pins: dict[Path, None] = {}
        self._known: dict[str, Given] = {}
        for definition in declared.variable_definitions or ():
            name = definition.variable.name.value
            if name in self._known:
                raise invalid(f'multiple definitions for variable "{name}"', "$.variableValues")
            self._known[name] = self._declared(name, definition, sent)
        if unexpected := [name for name in sent if name not in self._known]:
            raise invalid(f"unexpected variables in variableValues: {', '.join(unexpected)}", "$.variableValues")

    def _declared(self, name: str, definition: ast.VariableDefinitionNode, sent: Mapping[str, Any]) -> Given:
        default = definition.default_value
        if name not in sent and default is not None:
            return self.read(default, "$.variableValues")
        found = _from_json(sent[name], (name,)) if name in sent else Given(None)
        if found.value is None and isinstance(definition.type, ast.NonNullTypeNode):
            raise invalid(f'expecting a value for non-nullable variable: "{name}"', "$.variableValues")
        if found.value is not None:
            _check(definition.type, found, name)
        return found

    def read(self, node: ast.ValueNode, place: str) -> Given:
        """The value that stands in the document."""
        match node:
            case ast.VariableNode():
                name = node.name.value
                if name not in self._known:
                    raise invalid(f'unbound variable "{name}"', place)
                return self._known[name]
            case ast.ObjectValueNode():
                members: dict[str, Given] = {}
                for field in node.fields:
                    if field.name.value in members:
                        raise invalid(f"field '{field.name.value}' is given twice", place)
                    members[field.name.value] = self.read(field.value, place)
                return Given(members)
            case ast.ListValueNode():
                return Given([self.read(each, place) for each in node.values])
            case ast.IntValueNode():
                return Given(_integer(node.value))
            case ast.FloatValueNode():
                return Given(Numeral(node.value))
            case ast.BooleanValueNode():
                return Given(node.value)
            case ast.StringValueNode():
                return Given(node.value)
            case ast.EnumValueNode():
                return Given(Word(node.value))
            case _:
                return Given(None)

    def pin(self, given: Given) -> Any:
        """The plain value, which from now on is a part of what the request is known by."""
        if given.origin is not None:
            self.pins[given.origin] = None
            return plain(given)
        if isinstance(given.value, dict):
            return {key: self.pin(each) for key, each in given.value.items()}
        if isinstance(given.value, list):
            return [self.pin(each) for each in given.value]
        return given.value

    def source(self, given: Given, spell: Callable[[Any], Value]) -> Source:
        """Where an operation's value comes from: a variable, or the document."""
        if given.origin is not None:
            return Taken(given.origin, spell)
        return Composed(_without_values(given), spell) if _varies(given) else spell(plain(given))


def _without_values(given: Given) -> Given:
    """The same, of which nothing is kept that the next request's variables fill."""
    if given.origin is not None:
        return Given(None, given.origin)
    if isinstance(given.value, dict):
        return Given({key: _without_values(each) for key, each in given.value.items()})
    if isinstance(given.value, list):
        return Given([_without_values(each) for each in given.value])
    return given


def _varies(given: Given) -> bool:
    """Whether a variable is anywhere in it."""
    if given.origin is not None:
        return True
    if isinstance(given.value, dict):
        return any(_varies(each) for each in given.value.values())
    return isinstance(given.value, list) and any(_varies(each) for each in given.value)


def _composed(given: Given, variables: Mapping[str, Any]) -> Any:
    if given.origin is not None:
        return at(variables, given.origin)
    if isinstance(given.value, dict):
        return {key: _composed(each, variables) for key, each in given.value.items()}
    if isinstance(given.value, list):
        return [_composed(each, variables) for each in given.value]
    return given.value


def plain(given: Given) -> Any:
    if isinstance(given.value, dict):
        return {key: plain(each) for key, each in given.value.items()}
    if isinstance(given.value, list):
        return [plain(each) for each in given.value]
    return given.value


def fill(sources: tuple[Source, ...], variables: Mapping[str, Any]) -> tuple[Value, ...]:
    """The operation's values. This is all that a request of a known document takes."""
    return tuple(_filled(each, variables) for each in sources)


def _filled(source: Source, variables: Mapping[str, Any]) -> Value:
    if type(source) is Taken:
        return source.spell(at(variables, source.path))
    if type(source) is Composed:
        return source.spell(_composed(source.given, variables))
    return cast("Value", source)


def kind_of(given: Given) -> str:
    """What a value is called in problems."""
    match given.value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case Word():
            return "an enum value"
        case Numeral() | int():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def _integer(digits: str) -> int | Numeral:
    return int(digits) if len(digits) < 40 else Numeral(digits)


def _from_json(value: Any, path: Path) -> Given:
    if type(value) is dict:
        return Given({key: _from_json(each, (*path, key)) for key, each in value.items()}, path)
    if type(value) is list:
        return Given([_from_json(each, (*path, index)) for index, each in enumerate(value)], path)
    return Given(value, path)


EXPECTED: dict[str, tuple[type, ...]] = {"Int": (int,), "Float": (int, Numeral), "String": (str,), "Boolean": (bool,)}


def _check(type_: ast.TypeNode, given: Given, name: str) -> None:
    """That a value is of its declared type, where GraphQL itself says what that takes."""
    if isinstance(type_, ast.NonNullTypeNode):
        type_ = type_.type
    elif given.value is None:
        return
    if isinstance(type_, ast.ListTypeNode):
        for each in given.value if isinstance(given.value, list) else [given]:
            _check(type_.type, each, name)
        return
    declared = cast("ast.NamedTypeNode", type_).name.value
    if declared in EXPECTED and type(given.value) not in EXPECTED[declared]:
        raise invalid(f"expected a value for type '{declared}', but found {kind_of(given)}", f"$.variableValues.{name}")

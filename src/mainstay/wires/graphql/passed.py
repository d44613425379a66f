"""Reads `args`: what a function of the database is passed, whether it is a field of its own or of a row."""

from collections.abc import Iterator, Mapping

from mainstay.core.catalog import Argument, ColumnType
from mainstay.core.condition import Slot
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.spelling import check, spelling
from mainstay.wires.graphql.translation import Translation

ARGUMENTS = "args"


def read_passed(
    translation: Translation, asked: Asked, arguments: Mapping[str, Argument], type_name: str
) -> Iterator[tuple[str, Slot]]:
    """The arguments that are given, in their order. Raises Problem for a name that is none, or one that is missing."""
    place = f"{asked.place}.args.{ARGUMENTS}"
    members = translation.members(asked.arguments.get(ARGUMENTS, Given({})), type_name, place)
    for name in members:
        if name not in arguments:
            raise unknown(name, type_name, f"{place}.{name}")
    for name, argument in arguments.items():
        each = members.get(name)
        if each is not None:
            if each.value is not None:
                check(argument.type, each, f"{place}.{name}")
            yield argument.name, _slot(translation, each, argument.type)
        elif argument.required:
            raise invalid(f"missing required field '{name}'", place)


def without_passed(asked: Asked) -> Asked:
    return asked._replace(arguments={name: each for name, each in asked.arguments.items() if name != ARGUMENTS})


def _slot(translation: Translation, given: Given, type_: ColumnType) -> Slot:
    spell = spelling(type_)
    return translation.slot(given, lambda value: None if value is None else spell(value))

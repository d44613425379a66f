"""Reads fields that are functions of the database: what they are passed, and what is asked of the rows they return."""

from collections.abc import Iterator

from mainstay.core.catalog import ColumnType
from mainstay.core.operation import Given as Passed
from mainstay.core.operation import Invoke, Read
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import require_arguments
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.select import read_aggregate, read_items, read_rows
from mainstay.wires.graphql.spelling import check, spelling
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import FunctionField

ARGUMENTS = "args"


def read_call(translation: Translation, function: FunctionField, asked: Asked, owner: str) -> Invoke:
    """`f(args: {…}, where: …, order_by: …, limit: …) {…}`: rows of a table, or of one that returns a row, that row."""
    given = tuple(_given(translation, function, asked))
    if not function.many:
        require_arguments(asked, frozenset({ARGUMENTS}), owner)
        return Invoke(function.ref, given, select=read_items(translation, function.table, asked, 0))
    rest = {name: each for name, each in asked.arguments.items() if name != ARGUMENTS}
    reading = read_aggregate if function.aggregate else read_rows
    read = reading(translation, function.table, asked._replace(arguments=rest), owner)
    return _invoke(function, given, read)


def _invoke(function: FunctionField, given: tuple[Passed, ...], read: Read) -> Invoke:
    """The call whose rows are read as a table's."""
    return Invoke(
        function.ref,
        given,
        select=read.select,
        where=read.where,
        order=read.order,
        limit=read.limit,
        offset=read.offset,
        summary=read.summary,
        distinct=read.distinct or (),
    )


def _given(translation: Translation, function: FunctionField, asked: Asked) -> Iterator[Passed]:
    """What the function is passed. Raises Problem for a name that it lacks, and where one is missing that it needs."""
    type_name, place = function.table.names.type(f"{function.name}_args"), f"{asked.place}.args.{ARGUMENTS}"
    members = translation.members(asked.arguments.get(ARGUMENTS, Given({})), type_name, place)
    for name in members:
        if name not in function.arguments:
            raise unknown(name, type_name, f"{place}.{name}")
    for name, argument in function.arguments.items():
        each = members.get(name)
        if each is not None:
            if each.value is not None:
                check(argument.type, each, f"{place}.{name}")
            yield Passed(argument.name, _slot(translation, each, argument.type))
        elif argument.required:
            raise invalid(f"missing required field '{name}'", place)


def _slot(translation: Translation, given: Given, type_: ColumnType) -> int:
    spell = spelling(type_)
    return translation.slot(given, lambda value: None if value is None else spell(value)).index

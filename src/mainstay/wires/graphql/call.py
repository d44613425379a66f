"""Reads fields that are functions of the database: what they are passed, and what is asked of the rows they return."""

from mainstay.core.operation import Given as Passed
from mainstay.core.operation import Invoke, Read
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import require_arguments
from mainstay.wires.graphql.passed import ARGUMENTS, read_passed, without_passed
from mainstay.wires.graphql.select import read_aggregate, read_items, read_rows
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import FunctionField


def read_call(translation: Translation, function: FunctionField, asked: Asked, owner: str) -> Invoke:
    """`f(args: {…}, where: …, order_by: …, limit: …) {…}`: rows of a table, or of one that returns a row, that row."""
    type_name = function.table.names.type(f"{function.name}_args")
    passed = read_passed(translation, asked, function.arguments, type_name)
    given = tuple(Passed(name, slot.index) for name, slot in passed)
    if not function.many:
        require_arguments(asked, frozenset({ARGUMENTS}), owner)
        return Invoke(function.ref, given, select=read_items(translation, function.table, asked, 0))
    reading = read_aggregate if function.aggregate else read_rows
    read = reading(translation, function.table, without_passed(asked), owner)
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

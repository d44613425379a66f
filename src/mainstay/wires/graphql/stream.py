"""Reads a stream's root field: rows behind a cursor, a batch at a time, each once and in order."""

from mainstay.core.condition import Compare, Field, Operator, both
from mainstay.core.operation import Order, Read
from mainstay.core.problem import Problem
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import require_arguments
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.select import read_items
from mainstay.wires.graphql.spelling import check, is_whole, spelling
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import TableType
from mainstay.wires.graphql.where import read_where

ARGUMENTS = frozenset({"batch_size", "cursor", "where"})
ORDERINGS = ("ASC", "DESC")


def read_stream(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    """The first batch; those to come are behind the last row of the one before."""
    require_arguments(asked, ARGUMENTS, owner)
    place = f"{asked.place}.args"
    for name in ("batch_size", "cursor"):
        if name not in asked.arguments:
            raise invalid(f"missing required field '{name}'", place)
    size = _batch_size(translation, asked.arguments["batch_size"], f"{place}.batch_size")
    where = read_where(translation, table, asked.arguments.get("where"), f"{place}.where", 0)
    behind, order = _cursor(translation, table, asked.arguments["cursor"], f"{place}.cursor")
    items = read_items(translation, table, asked, 0)
    return Read(table.ref, items, both(where, behind), (order,), size, after=(), resumable=True)


def _batch_size(translation: Translation, given: Given, place: str) -> int:
    """A larger one than `rows_max` becomes that."""
    size = translation.variables.pin(given)
    if not is_whole(size) or not size:
        raise invalid("expected a positive 32-bit integer for type 'Int'", place)
    return int(size)


def _cursor(translation: Translation, table: TableType, given: Given, place: str) -> tuple[Compare, Order]:
    """`[{initial_value: {id: 0}, ordering: ASC}]`: one column, and its rows behind the value."""
    cursors = [each for each in items_of(given) if each.value is not None]
    if len(cursors) > 1:
        raise _several(place)
    type_name = table.type("stream_cursor_input")
    members = translation.members(cursors[0], type_name, place) if cursors else {}
    for name in members:
        if name not in ("initial_value", "ordering"):
            raise unknown(name, type_name, f"{place}.{name}")
    inside = f"{place}.initial_value"
    initial = members.get("initial_value", Given({}))
    values = translation.members(initial, table.type("stream_cursor_value_input"), inside)
    for name in values:
        if name not in table.columns:
            raise unknown(name, table.type("stream_cursor_value_input"), f"{inside}.{name}")
    if not values:
        raise invalid("one streaming column field is expected", place)
    if len(values) > 1:
        raise _several(place)
    [(name, value)] = values.items()
    if value.value is None:
        raise invalid("unexpected null value for the cursor's column", f"{inside}.{name}")
    column, descending = table.columns[name], _descending(translation, members.get("ordering"), f"{place}.ordering")
    check(column.type, value, f"{inside}.{name}")
    translation.count_term(inside)
    slot = translation.slot(value, spelling(column.type))
    field = Field(column.name)
    return Compare(field, Operator.LT if descending else Operator.GT, slot), Order(field, descending)


def _descending(translation: Translation, given: Given | None, place: str) -> bool:
    ordering = "ASC" if given is None else translation.variables.pin(given)
    if ordering is not None and ordering not in ORDERINGS:
        names = ", ".join(f"'{name}'" for name in ORDERINGS)
        raise invalid(f"expected one of the values [{names}] for type 'cursor_ordering', but found '{ordering}'", place)
    return ordering == "DESC"


def _several(place: str) -> Problem:
    return Problem("not-supported", "multiple column cursors are not supported yet", where=place)

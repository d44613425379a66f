"""The caller's conditions, with all that the policy says about what they look at woven in.

What comes out sees no row and no column, of the table or of any table that it leads to, that the role does not.
"""

from collections.abc import Iterable, Sequence
from typing import cast

import msgspec

from mainstay.core.catalog import Table
from mainstay.core.condition import (
    SHAPED,
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Call,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Measured,
    Not,
    Operand,
    Or,
    Present,
    Related,
    Through,
    Truth,
    both,
)
from mainstay.core.operation import TableRef
from mainstay.core.plan import Nested, Select
from mainstay.core.problem import Problem
from mainstay.plan.casts import cast_name
from mainstay.plan.join import exists, nest
from mainstay.plan.relation import find_passed
from mainstay.plan.view import View

FUNCTIONS = frozenset({"lower", "upper", "length", "coalesce", "now", "current_date"})


def resolve_filter(
    view: View, table: Table, where: Condition, nested: Sequence[Nested] = (), outer: tuple[Table, ...] = ()
) -> Condition:
    """The caller's condition with each column's mask. `nested` are the embeds that it may name.

    `outer` are whose rows are around the row that it is about, the innermost last.

    A null test on an embed becomes a test for related rows, and so does a condition on them. Raises Problem for names
    that the role can't see, MS465 for a condition that only a policy may hold, because nothing would be woven into it.
    """
    match where:
        case And(of):
            return both(*(resolve_filter(view, table, part, nested, outer) for part in of))
        case Or(of):
            return Or(tuple(resolve_filter(view, table, part, nested, outer) for part in of))
        case Not(of):
            return Not(resolve_filter(view, table, of, nested, outer))
        case Compare(left=left, operator=operator, right=right):
            resolved = _measured(view, table, left, nested, outer, fails=operator in SHAPED)
            return msgspec.structs.replace(where, left=resolved, right=_resolved(view, table, right, outer))
        case Is(Field() as left, truth) if (embed := _named(nested, left)) is not None:
            return _null_test(table, embed, truth)
        case Is(left, truth):
            return Is(_measured(view, table, left, nested, outer), truth)
        case Through():
            return _through(view, table, where, nested, outer)
        case Exists():
            return _exists(view, table, where, outer)
        case Related() | Present():
            raise not_for_callers()


def _exists(view: View, table: Table, asked: Exists, outer: tuple[Table, ...]) -> Condition:
    """Of the table's rows, those that the role sees."""
    target = view.table(TableRef(asked.table.name, asked.table.schema))
    where = resolve_filter(view, target, asked.where, (), (*outer, table))
    return Exists(target.key, both(view.reading(target).rows, where))


def _through(
    view: View, table: Table, through: Through, nested: Sequence[Nested], outer: tuple[Table, ...]
) -> Condition:
    """An embed's rows are those that its own filter admits; a relation's, all that the role sees."""
    found = _related(view, table, through, nested)
    return exists(table, found, _on_related(view, found, through.where, (*outer, table)))


def resolve_aggregation(
    view: View,
    table: Table,
    asked: Aggregation,
    nested: Sequence[Nested] = (),
    outer: tuple[Table, ...] = (),
) -> Aggregation:
    """An aggregate over related rows: of those, and of what in them, that the role sees."""
    if not isinstance(asked.of, Through):
        raise not_for_callers()
    found = _related(view, table, asked.of, nested)
    if asked.function is not Aggregate.ONLY:
        view.require_aggregates(found.target)
    elif not found.relation.to_one:
        raise not_for_callers()
    around = (*outer, table)
    where = _on_related(view, found, both(asked.of.where, asked.where), around)
    label = f"{asked.of.name}.{asked.function.value}()"
    return Aggregation(
        asked.function,
        _aggregated(view, found.target, asked, label, around),
        of=Related(table.relations.index(found.relation), both(found.select.where, where), found.through),
        guard=found.guard,
        more=tuple(resolve_field(view, found.target, field, label) for field in asked.more),
        distinct=asked.distinct,
    )


def _aggregated(
    view: View, target: Table, asked: Aggregation, label: str, outer: tuple[Table, ...]
) -> Field | Aggregation | None:
    match asked.field:
        case Aggregation() if asked.function is Aggregate.ONLY:
            return resolve_aggregation(view, target, asked.field, (), outer)
        case Field():
            return resolve_field(view, target, asked.field, label)
        case None:
            return None
    raise not_for_callers()


def _on_related(view: View, nested: Nested, where: Condition, outer: tuple[Table, ...]) -> Condition:
    inner = [output for output in nested.select.outputs if isinstance(output, Nested)]
    return resolve_filter(view, nested.target, where, inner, outer)


def _related(view: View, table: Table, through: Through, nested: Sequence[Nested]) -> Nested:
    if through.hint is None:
        for embed in nested:
            if embed.name == through.name:
                return embed
    relation = find_passed(view, table, through.name, through.hint, (), where=f"filter {through.name}")
    target = view.target(relation)
    return nest(view, table, relation, through.name, Select(target, (), where=view.reading(target).rows))


def _measured(  # noqa: PLR0913 - where it stands
    view: View,
    table: Table,
    left: Measured,
    nested: Sequence[Nested],
    outer: tuple[Table, ...],
    *,
    fails: bool = False,
) -> Measured:
    """`fails`: the comparison itself does, of some data."""
    if isinstance(left, Aggregation):
        return resolve_aggregation(view, table, left, nested, outer)
    if isinstance(left, Field) and fails:
        return shielded(view, table, resolve_field(view, table, left, f"filter {left.column}"), fails=True)
    return cast("Field | Call", _resolved(view, table, left, outer))


def _resolved(view: View, table: Table, operand: Operand, outer: tuple[Table, ...]) -> Operand:
    match operand:
        case Field():
            if operand.outer > len(outer):
                raise not_for_callers()
            table = outer[-operand.outer] if operand.outer else table
            field = resolve_field(view, table, operand, f"filter {operand.column}")
            return shielded(view, table, field)
        case Call(function, arguments):
            if function not in FUNCTIONS:
                raise not_for_callers()
            return Call(function, tuple(_resolved(view, table, argument, outer) for argument in arguments))
        case Aggregation():
            raise not_for_callers()
        case _:
            return operand


def resolve_field(view: View, table: Table, field: Field, where: str) -> Field:
    """The caller's field with the column's mask, and a cast that is on the list."""
    found = view.field(table, field, where)
    if found.cast is None:
        return found
    return msgspec.structs.replace(found, cast=cast_name(found.cast, view, where))


def shielded(view: View, table: Table, field: Field, *, fails: bool = False) -> Field:
    """A cast fails on some data and then quotes it, so in a filter it is only tried on rows that the role sees.

    A computed column may fail as well. SQL does not promise to test the policy before the filter; CASE, which a mask
    becomes, does.
    """
    rows = view.reading(table).rows
    total = not fails and field.cast is None and not table.columns[field.column].computed
    if total or rows == TRUE:
        return field
    return msgspec.structs.replace(field, mask=both(rows, field.mask or TRUE))


def _null_test(table: Table, nested: Nested, truth: Truth) -> Condition:
    match truth:
        case Truth.NULL:
            return Not(exists(table, nested))
        case Truth.NOT_NULL:
            return exists(table, nested)
        case _:
            raise Problem(
                "PGRST120",
                f"Bad operator on the '{nested.name}' embedded resource",
                details="Only is null or not is null filters are allowed on embedded resources",
                where=f"filter {nested.name}",
            )


def _named(nested: Iterable[Nested], field: Field) -> Nested | None:
    if field.path:
        return None
    return next((embed for embed in nested if embed.name == field.column), None)


def not_for_callers() -> Problem:
    return Problem("MS465", "The request holds a condition that only a policy may", where="filter")

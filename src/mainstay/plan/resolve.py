"""Names to catalog entries, for reads: select items, embeds, filters and orders of one table, then of the next.

Every lookup goes through the role's `View`, so that what comes out holds only what the role may see, with the masks
and row conditions of each table already in place.
"""

from collections.abc import Iterable, Sequence

import msgspec

from mainstay.core.catalog import Relation, Table
from mainstay.core.condition import (
    TRUE,
    And,
    Call,
    Compare,
    Condition,
    Field,
    Is,
    Not,
    Operand,
    Or,
    Present,
    Related,
    Truth,
    both,
)
from mainstay.core.operation import Aggregate, Embed, Item, Join, Order, Pick, Star
from mainstay.core.plan import Nested, Output, Select, Sort
from mainstay.core.problem import Problem
from mainstay.core.rule import Reading
from mainstay.plan.casts import cast_name
from mainstay.plan.relation import find_relation
from mainstay.plan.view import View


def resolve_select(  # noqa: PLR0913, PLR0917 - the parts of a query, in its order
    view: View,
    table: Table,
    items: Sequence[Item],
    where: Condition,
    order: Sequence[Order],
    path: str = "select",
) -> Select:
    """One table's part of a read, without its limit. Raises Problem for a name that the role can't see."""
    reading = view.reading(table)
    outputs = _outputs(view, table, items, path)
    nested = [output for output in outputs if isinstance(output, Nested)]
    inner = [_exists(table, output) for output in nested if output.join is Join.INNER]
    filters = resolve_filter(view, table, where, nested)
    sorts = tuple(_sort(view, table, key, nested) for key in order)
    grouped = _is_grouped(outputs)
    if grouped:
        _require_grouped(table, sorts, outputs)
    return Select(
        table=table,
        outputs=tuple(output for output in outputs if not (isinstance(output, Nested) and output.hidden)),
        where=both(reading.rows, filters, *inner),
        order=sorts,
        grouped=grouped,
    )


def resolve_filter(view: View, table: Table, where: Condition, nested: Sequence[Nested] = ()) -> Condition:
    """The caller's condition with each column's mask; a null test on an embed becomes a test for related rows."""
    match where:
        case And(of):
            return both(*(resolve_filter(view, table, part, nested) for part in of))
        case Or(of):
            return Or(tuple(resolve_filter(view, table, part, nested) for part in of))
        case Not(of):
            return Not(resolve_filter(view, table, of, nested))
        case Compare():
            return msgspec.structs.replace(where, left=_operand(view, table, where.left))
        case Is(Field() as left, truth) if (embed := _named(nested, left)) is not None:
            return _null_test(table, embed, truth)
        case Is():
            return Is(_operand(view, table, where.left), where.truth)
        case Related() | Present():
            return where


def _operand(view: View, table: Table, operand: Field | Call) -> Field | Call:
    if isinstance(operand, Call):
        arguments: tuple[Operand, ...] = tuple(
            _operand(view, table, argument) if isinstance(argument, Field | Call) else argument
            for argument in operand.arguments
        )
        return Call(operand.function, arguments)
    field = view.field(table, operand, f"filter {operand.column}")
    return _shielded(view, table, _cast(view, field, f"filter {operand.column}"))


def _shielded(view: View, table: Table, field: Field) -> Field:
    """A cast fails on some data and then quotes it, so in a filter it is only tried on rows that the role sees.

    A computed column may fail as well. SQL does not promise to test the policy before the filter; CASE, which a mask
    becomes, does.
    """
    rows = view.reading(table).rows
    total = field.cast is None and not table.columns[field.column].computed
    if total or rows == TRUE:
        return field
    return Field(field.column, field.path, field.cast, both(rows, field.mask or TRUE))


def _cast(view: View, field: Field, where: str) -> Field:
    if field.cast is None:
        return field
    return Field(field.column, field.path, cast_name(field.cast, view.catalog, where), field.mask)


def _outputs(view: View, table: Table, items: Sequence[Item], path: str) -> list[Output | Nested]:
    outputs: list[Output | Nested] = []
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        match item:
            case Star():
                reading = view.reading(table)
                outputs += [Output(name, Field(name, mask=reading.masks[name])) for name in view.star(table)]
            case Pick():
                outputs.append(_pick(view, table, item, where))
            case Embed():
                outputs.append(_nested(view, table, item, where))
    return outputs


def _pick(view: View, table: Table, pick: Pick, where: str) -> Output:
    cast = cast_name(pick.cast, view.catalog, where) if pick.cast else None
    if pick.field is None or _is_bare_count(view, table, pick):
        return Output(pick.alias or "count", None, Aggregate.COUNT, cast)
    field = _cast(view, view.field(table, pick.field, where), where)
    return Output(pick.alias or _default_name(pick), field, pick.aggregate, cast)


def _is_bare_count(view: View, table: Table, pick: Pick) -> bool:
    """`select=count` counts rows where no column is called so: what PostgREST had before aggregates."""
    if pick.aggregate is not None or pick.field != Field("count"):
        return False
    return "count" not in view.reading(table).masks


def _default_name(pick: Pick) -> str:
    """PostgREST names a JSON path by its last key, and an aggregate by its function."""
    if pick.aggregate is not None:
        return pick.aggregate.value
    if pick.field is None:
        return "count"
    keys = [step.key for step in pick.field.path if isinstance(step.key, str)]
    return keys[-1] if keys else pick.field.column


def _nested(view: View, table: Table, embed: Embed, where: str) -> Nested:
    relation = find_relation(view, table, embed.target, embed.hint, where)
    target = view.target(relation)
    select = resolve_select(view, target, embed.select, embed.where, embed.order, f"{where}.select")
    joined = join_conditions(view, table, relation)
    select = msgspec.structs.replace(
        select, where=both(select.where, joined.target), limit=embed.limit, skip=embed.offset
    )
    return Nested(
        name=embed.name,
        relation=relation,
        target=target,
        select=select,
        join=embed.join,
        spread=embed.spread,
        guard=joined.source,
        through=joined.through,
        hidden=_is_empty(embed),
    )


def _is_empty(embed: Embed) -> bool:
    """An embed that picks nothing, or nothing but such embeds, is there for its filter and does not show."""
    return all(isinstance(item, Embed) and _is_empty(item) for item in embed.select)


class Joined(msgspec.Struct, frozen=True):
    """What must hold of each row that a relation joins: the source's, the junction's, the target's."""

    source: Condition
    through: Condition
    target: Condition


def join_conditions(view: View, table: Table, relation: Relation) -> Joined:
    """Where the join's columns show. A masked column reads as NULL, and NULL joins nothing."""
    source, target = view.reading(table), view.reading(view.target(relation))
    junction = relation.junction
    if junction is None:
        return Joined(
            source=_shows(source, (left for left, _ in relation.pairs)),
            through=TRUE,
            target=_shown(target, (right for _, right in relation.pairs)),
        )
    middle = view.reading(view.catalog.tables[junction.table])
    pairs = (*junction.source_pairs, *junction.target_pairs)
    return Joined(
        source=_shows(source, (left for left, _ in junction.source_pairs)),
        through=both(middle.rows, _shown(middle, (column for _, column in pairs))),
        target=_shown(target, (right for right, _ in junction.target_pairs)),
    )


def _shown(reading: Reading, columns: Iterable[str]) -> Condition:
    return both(*(mask for column in columns if (mask := reading.masks[column]) is not None))


def _shows(reading: Reading, columns: Iterable[str]) -> Condition:
    """As `_shown`, but never unknown: a test for no related rows negates it."""
    masked = ((column, reading.masks[column]) for column in columns)
    return both(*(Is(Field(column, mask=mask), Truth.NOT_NULL) for column, mask in masked if mask is not None))


def _exists(table: Table, nested: Nested) -> Condition:
    index = table.relations.index(nested.relation)
    return both(nested.guard, Related(index, nested.select.where, nested.through))


def _null_test(table: Table, nested: Nested, truth: Truth) -> Condition:
    match truth:
        case Truth.NULL:
            return Not(_exists(table, nested))
        case Truth.NOT_NULL:
            return _exists(table, nested)
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


def _sort(view: View, table: Table, key: Order, nested: Sequence[Nested]) -> Sort:
    if key.relation is None:
        field = _cast(view, view.field(table, key.field, f"order {key.field.column}"), "order")
        return Sort(field, key.descending, key.nulls)
    through = next((embed for embed in nested if embed.name == key.relation), None)
    if through is None:
        raise Problem(
            "PGRST108",
            f"'{key.relation}' is not an embedded resource in this request",
            hint=f"Verify that '{key.relation}' is included in the 'select' query parameter.",
            where="order",
        )
    if not through.relation.to_one:
        raise Problem(
            "PGRST118",
            f"A related order on '{key.relation}' is not possible",
            details=f"'{table.name}' and '{key.relation}' do not form a many-to-one or one-to-one relationship",
            where="order",
        )
    aliased = next((each for each in through.select.outputs if each.name == key.field.column), None)
    if isinstance(aliased, Output) and aliased.field is not None and aliased.aggregate is None:
        return Sort(aliased.field, key.descending, key.nulls, through)
    field = _cast(view, view.field(through.target, key.field, f"order {key.relation}({key.field.column})"), "order")
    return Sort(field, key.descending, key.nulls, through)


def _require_grouped(table: Table, sorts: Sequence[Sort], outputs: Sequence[Output | Nested]) -> None:
    """Raises 42803, as PostgreSQL would; but it would name the first column in a mask, which may be a hidden one."""
    for sort in sorts:
        spread = sort.through is not None and sort.through.spread
        members = sort.through.select.outputs if sort.through is not None and spread else outputs
        plain = [each.field for each in members if isinstance(each, Output) and each.aggregate is None]
        if sort.field not in plain or (sort.through is not None and not spread):
            owner = table if sort.through is None else sort.through.target
            raise Problem(
                "42803",
                f'column "{owner.name}.{sort.field.column}" must appear in the GROUP BY clause or be used in an '
                "aggregate function",
                where="order",
            )


def _is_grouped(outputs: Sequence[Output | Nested]) -> bool:
    return any(
        output.aggregate is not None
        if isinstance(output, Output)
        else output.spread and output.relation.to_one and _is_grouped(output.select.outputs)
        for output in outputs
    )

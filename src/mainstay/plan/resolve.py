"""Names to catalog entries, for reads: select items, embeds, filters and orders of one table, then of the next.

Every lookup goes through the role's `View`, so that what comes out holds only what the role may see, with the masks
and row conditions of each table already in place.
"""

from collections.abc import Sequence
from functools import partial

import msgspec

from mainstay.core.catalog import Table
from mainstay.core.condition import TRUE, Aggregate, Aggregation, Condition, Field, both
from mainstay.core.operation import (
    Bound,
    Constant,
    Cursor,
    Edges,
    Embed,
    Flag,
    Item,
    Join,
    Member,
    More,
    Nodes,
    Order,
    Part,
    Pick,
    Star,
    Tally,
)
from mainstay.core.plan import Edged, Held, Listed, Nested, Output, Select, Sort, Summed
from mainstay.core.problem import Problem
from mainstay.plan.casts import cast_name
from mainstay.plan.filter import resolve_aggregation, resolve_field, resolve_filter
from mainstay.plan.group import distinct, is_grouped, require_grouped, resolve_having, resolve_total, sorts_groups
from mainstay.plan.join import exists, nest
from mainstay.plan.relation import find_passed
from mainstay.plan.view import View


def resolve_select(  # noqa: PLR0913, PLR0917 - the parts of a query, in its order
    view: View,
    table: Table,
    items: Sequence[Item],
    where: Condition,
    order: Sequence[Order],
    path: str = "select",
    *,
    having: Condition = TRUE,
    groups: bool = False,
) -> Select:
    """One table's part of a read, without its limit. Raises Problem for a name that the role can't see.

    Rows are grouped by what is selected of them where anything is said of a group, or with `groups`.
    """
    reading = view.reading(table)
    outputs = resolve_outputs(view, table, items, path)
    nested = [output for output in outputs if isinstance(output, Nested)]
    inner = [exists(table, output) for output in nested if output.join is Join.INNER]
    filters = resolve_filter(view, table, where, nested)
    grouped = groups or having != TRUE or is_grouped(outputs) or sorts_groups(order)
    sorts = tuple(_sort(view, table, key, nested, grouped=grouped) for key in order)
    if grouped:
        require_grouped(table, sorts, outputs)
    return Select(
        table=table,
        outputs=tuple(outputs),
        where=both(reading.rows, filters, *inner),
        order=sorts,
        grouped=grouped,
        having=TRUE if having == TRUE else resolve_having(view, table, having),
    )


def resolve_outputs(view: View, table: Table, items: Sequence[Item], path: str) -> list[Output | Nested]:
    """In the items' order. Embeds are looked up first: a relation that is not there is told of before a column."""
    places = [f"{path}[{index}]" for index in range(len(items))]
    embeds = {
        where: _nested(view, table, item, where)
        for item, where in zip(items, places, strict=True)
        if isinstance(item, Embed)
    }
    outputs: list[Output | Nested] = []
    for item, where in zip(items, places, strict=True):
        match item:
            case Star():
                reading = view.reading(table)
                outputs += [Output(name, Field(name, mask=reading.masks[name])) for name in view.star(table)]
            case Pick():
                outputs.append(_pick(view, table, item, where))
            case Embed():
                outputs.append(embeds[where])
            case Constant():
                outputs.append(Output(item.name, None, constant=item.value))
            case Tally():
                view.require_aggregates(table)
                fields = tuple(resolve_field(view, table, field, where) for field in item.fields)
                tally = msgspec.structs.replace(item, fields=fields)
                outputs.append(Output(item.name, None, item.aggregate, tally=tally))
    return outputs


def _pick(view: View, table: Table, pick: Pick, where: str) -> Output:
    cast = cast_name(pick.cast, view, where) if pick.cast else None
    rows_of = TRUE if pick.where == TRUE else resolve_filter(view, table, pick.where)
    if pick.field is None or pick.aggregate is not None or _is_bare_count(view, table, pick):
        view.require_aggregates(table)
    if pick.field is None or _is_bare_count(view, table, pick):
        return Output(pick.alias or "count", None, Aggregate.COUNT, cast, where=rows_of)
    field = resolve_field(view, table, pick.field, where)
    return Output(pick.alias or _default_name(pick), field, pick.aggregate, cast, where=rows_of)


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
    given = (name for name, _ in embed.arguments)
    relation = find_passed(view, table, embed.target, embed.hint, given, where=where)
    target = view.target(relation)
    inside = f"{where}.select"
    select = resolve_select(view, target, embed.select, embed.where, embed.order, inside, having=embed.having)
    if embed.spread and relation.to_one and (embed.having != TRUE or sorts_groups(embed.order)):
        raise Problem("MS470", "Rows that are spread are not grouped by themselves", where=where)
    if embed.summary is not None:
        select = msgspec.structs.replace(select, summary=resolve_summary(view, target, embed.summary, where))
    if embed.distinct:
        select = distinct(view, select, embed.distinct)
    select = msgspec.structs.replace(select, limit=embed.limit, skip=embed.offset)
    nested = nest(view, table, relation, embed.name, select)
    hidden = _is_empty(embed)
    return msgspec.structs.replace(
        nested, join=embed.join, spread=embed.spread, hidden=hidden, arguments=embed.arguments
    )


def resolve_summary(view: View, table: Table, members: Sequence[Member], path: str) -> tuple[Summed, ...]:
    """What rows of the table are to come to. Raises Problem for a name that the role can't see."""
    return tuple(_summed(view, table, member, f"{path}.{member.name}") for member in members)


def _summed(view: View, table: Table, member: Member, path: str) -> Summed:
    match member:
        case Tally():
            view.require_aggregates(table)
            fields = tuple(resolve_field(view, table, field, path) for field in member.fields)
            return msgspec.structs.replace(member, fields=fields)
        case Part():
            return Held(member.name, resolve_summary(view, table, member.members, path))
        case Nodes():
            return Listed(member.name, tuple(resolve_outputs(view, table, member.select, path)))
        case Edges():
            return Edged(member.name, tuple(_edge(view, table, each, path) for each in member.members))
        case Constant() | Bound() | More() | Flag():
            return member


def _edge(view: View, table: Table, member: Cursor | Nodes | Constant, path: str) -> Cursor | Listed | Constant:
    if not isinstance(member, Nodes):
        return member
    return Listed(member.name, tuple(resolve_outputs(view, table, member.select, path)))


def _is_empty(embed: Embed) -> bool:
    """An embed that picks nothing, or nothing but such embeds, is there for its filter and does not show."""
    return embed.summary is None and all(isinstance(item, Embed) and _is_empty(item) for item in embed.select)


def _sort(view: View, table: Table, key: Order, nested: Sequence[Nested], *, grouped: bool) -> Sort:
    if isinstance(key.field, Aggregation):
        resolved = resolve_total if grouped else partial(resolve_aggregation, nested=nested)
        aggregation = resolved(view, table, key.field)
        return Sort(aggregation, key.descending, key.nulls)
    if key.relation is None:
        field = resolve_field(view, table, key.field, f"order {key.field.column}")
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
    field = resolve_field(view, through.target, key.field, f"order {key.relation}({key.field.column})")
    return Sort(field, key.descending, key.nulls, through)

"""Writes: which rule lets the role do it, what it presets, and what must hold of each row before the commit.

Several rules may apply (a role inherits). A write is allowed under one rule at a time: the rule whose columns cover
all that the payload names. Rules that cover it with the same presets join by OR, each row condition tied to its own
check; the first such rule, own before inherited, decides the presets.
"""

from collections.abc import Iterable, Sequence

import msgspec

from mainstay.core.catalog import Table
from mainstay.core.condition import (
    FALSE,
    TRUE,
    And,
    Claim,
    Compare,
    Condition,
    Field,
    Operand,
    Operator,
    both,
    either,
)
from mainstay.core.operation import Affected, Conflict, Constant, Delete, Format, Insert, Nodes, Put, Returning, Update
from mainstay.core.plan import Answer, DeletePlan, Guard, InsertPlan, Returned, UpdatePlan
from mainstay.core.problem import Problem
from mainstay.core.rule import Action, Rule
from mainstay.plan.filter import resolve_filter
from mainstay.plan.handle import handling, unavailable
from mainstay.plan.limit import limit_select
from mainstay.plan.resolve import resolve_select
from mainstay.plan.view import View, denied, nearest


def plan_insert(view: View, insert: Insert) -> InsertPlan:
    return insert_into(view, view.table(insert.table), insert)


def insert_into(view: View, table: Table, insert: Insert) -> InsertPlan:
    """Raises PGRST204, 42501 or 428C9 for columns that the role may not write there.

    Where there is no key that rows could be found by, a merge inserts, as in PostgREST.
    """
    rules = _covering(view, table, Action.CREATE, insert.columns)
    columns = _unpreset(insert.columns, rules)
    target = _conflict_target(view, table, insert) if insert.conflict else ()
    conflict = None if insert.conflict is Conflict.MERGE and not target else insert.conflict
    merged = insert.columns if insert.merge is None else insert.merge
    merge = _merge(view, table, merged, target) if conflict is Conflict.MERGE else None
    check = both(either(*(rule.check for rule in rules)), merge.check if merge else TRUE)
    presets = (*rules[0].presets, *(merge.presets if merge else ()))
    return InsertPlan(
        table=table,
        columns=columns,
        payload=insert.payload,
        single=insert.single,
        defaults=insert.defaults,
        presets=rules[0].presets,
        conflict=conflict,
        target=target,
        update=merge.columns if merge else (),
        update_presets=merge.presets if merge else (),
        update_where=both(merge.rows, _filtered(view, table, insert.merge_where or TRUE)) if merge else TRUE,
        lenient=insert.merge_where is not None,
        check=check,
        answer=_answer(view, table, insert.returning),
        guard=_guard(table, presets, check != TRUE or merge is not None, insert.returning, insert.affected_max),
    )


def plan_put(view: View, put: Put) -> InsertPlan:
    """Raises PGRST105 unless the filters are the whole primary key, by `eq`, PGRST115 where the payload lacks it."""
    table = view.table(put.table)
    keyed = bool(table.primary_key) and view.known(table).issuperset(table.primary_key)
    if not keyed or _keyed_by(put.where) != sorted(table.primary_key):
        raise Problem(
            "PGRST105",
            "Filters must include all and only primary key columns with 'eq' operators",
            where="filter",
        )
    insert = Insert(
        table=put.table,
        columns=put.columns,
        payload=put.payload,
        single=True,
        conflict=Conflict.MERGE,
        returning=put.returning,
    )
    plan = plan_insert(view, insert)
    if not {*plan.columns, *(name for name, _ in plan.presets)}.issuperset(table.primary_key):
        raise Problem("PGRST115", "Payload values do not match URL in primary key column(s)", where="body")
    guard = msgspec.structs.replace(plan.guard, checked=True, keyed=True)
    return msgspec.structs.replace(plan, payload_where=put.where, guard=guard)


def plan_update(view: View, update: Update) -> UpdatePlan:
    table = view.table(update.table)
    altered = tuple(each.column for each in update.alterations)
    covering = _covering(view, table, Action.UPDATE, (*update.columns, *altered))
    rules = _filtering(view, update.where, covering, table)
    unpreset = _unpreset(altered, rules)
    checked = any(rule.check != TRUE for rule in rules)
    return UpdatePlan(
        table=table,
        columns=_unpreset(update.columns, rules),
        payload=update.payload,
        defaults=update.defaults,
        where=_filtered(view, table, update.where),
        presets=rules[0].presets,
        choices=_choices(rules),
        alterations=tuple(each for each in update.alterations if each.column in unpreset),
        answer=_answer(view, table, update.returning),
        guard=_guard(table, rules[0].presets, checked, update.returning, update.affected_max),
    )


def plan_delete(view: View, delete: Delete) -> DeletePlan:
    table = view.table(delete.table)
    rules = _filtering(view, delete.where, view.writable(table, Action.DELETE), table)
    return DeletePlan(
        table=table,
        where=both(_filtered(view, table, delete.where), either(*(rule.rows for rule in rules))),
        answer=_answer(view, table, delete.returning),
        guard=_guard(table, (), False, delete.returning, delete.affected_max),
    )


def _covering(view: View, table: Table, action: Action, columns: Sequence[str]) -> tuple[Rule, ...]:
    """The rules under which the payload's columns may be written. Raises PGRST204 or 42501."""
    rules = view.writable(table, action)
    _refuse_unknown(view, table, columns)
    covering = [rule for rule in rules if rule.columns.issuperset(columns)]
    if not covering:
        _refuse_generated(table, columns)
        raise denied(table)
    return tuple(rule for rule in covering if rule.presets == covering[0].presets)


def _refuse_unknown(view: View, table: Table, columns: Iterable[str]) -> None:
    known = view.known(table)
    for column in columns:
        if column not in known:
            near = nearest(column, known)
            raise Problem(
                "PGRST204",
                f"Could not find the '{column}' column of '{table.name}' in the schema cache",
                hint=f"Perhaps you meant '{near}'" if near else None,
                where="body",
            )


def _refuse_generated(table: Table, columns: Iterable[str]) -> None:
    for column in columns:
        if table.columns[column].generated:
            raise Problem(
                "428C9",
                f'cannot insert a non-DEFAULT value into column "{column}"',
                details=f'Column "{column}" is a generated column.',
                where="body",
            )


def _unpreset(columns: Sequence[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    preset = {name for name, _ in rules[0].presets}
    return tuple(column for column in columns if column not in preset)


class Merge:
    """What the update side of an upsert, or of a nested write, may do."""

    def __init__(self, columns: tuple[str, ...], rules: tuple[Rule, ...]) -> None:
        self.columns = columns
        self.presets = rules[0].presets
        self.rows = either(*(rule.rows for rule in rules))
        self.check = either(*(rule.check for rule in rules))


def _merge(view: View, table: Table, columns: Sequence[str], target: Sequence[str]) -> Merge:
    """A merge updates, so the role must be allowed to; the key's own columns do not change."""
    return merge_of(view, table, tuple(column for column in columns if column not in target))


def merge_of(view: View, table: Table, changed: tuple[str, ...]) -> Merge:
    """What may be done to the rows that are there. Raises PGRST204 or 42501."""
    rules = _covering(view, table, Action.UPDATE, changed)
    if len(rules) > 1 and any(rule.rows != rules[0].rows for rule in rules):
        rules = rules[:1]  # an upsert can't say which of its rows met which rule: the first one decides
    return Merge(_unpreset(changed, rules), rules)


def _conflict_target(view: View, table: Table, insert: Insert) -> tuple[str, ...]:
    """The columns of a key of the table. One that is made of columns which the role can't see is none."""
    target = insert.on_conflict or table.primary_key
    if not insert.on_conflict:
        return target
    known = view.known(table).issuperset(target)
    if known and (
        sorted(target) == sorted(table.primary_key) or any(sorted(target) == sorted(each) for each in table.unique)
    ):
        return tuple(target)
    raise Problem(
        "42P10",
        "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        where="on_conflict",
    )


def _choices(rules: Sequence[Rule]) -> tuple[tuple[Condition, Condition], ...]:
    """Pairs of (rows, check), those with one check joined, so that the usual policy is one pair."""
    checks: dict[Condition, list[Condition]] = {}
    for rule in rules:
        checks.setdefault(rule.check, []).append(rule.rows)
    return tuple((either(*rows), check) for check, rows in checks.items())


def _filtered(view: View, table: Table, where: Condition) -> Condition:
    """The caller's filter sees what the caller may read: rows and masked columns, nothing else.

    Otherwise the number of affected rows would answer questions about what is hidden.
    """
    if where == TRUE:
        return TRUE
    return both(view.reading(table).rows, resolve_filter(view, table, where))


def _filtering(view: View, where: Condition, rules: tuple[Rule, ...], table: Table) -> tuple[Rule, ...]:
    """The rules that apply; without a filter those alone that allow it. Raises 21000 where none does."""
    if where != TRUE:
        return rules
    allowing = tuple(rule for rule in rules if rule.unfiltered)
    if not allowing:
        allowing_all = "unfiltered_allowed for the server" if view.policy.defers else "unfiltered=True on the rule"
        raise Problem(
            "21000",
            "A filter is required here: without one, every row would be written",
            details=f"The policy of '{table.name}' does not allow an update or delete of all rows",
            hint=f"Add a filter such as id=eq.1, or set {allowing_all}",
            where="query",
        )
    return allowing


def _answer(view: View, table: Table, returning: Returning) -> Answer:
    key = table.primary_key if returning.key and _reads_key(view, table) else ()
    if returning.summary is not None:
        return Answer(summary=tuple(_member(view, table, member) for member in returning.summary), key=key)
    if returning.format is Format.NONE:
        return Answer(key=key)
    written = handling(view, table, returning.select, returning.accepts)
    if written is None and returning.format is None:
        raise unavailable(returning.accepts)
    if not returning.body:
        return Answer(key=key)
    select = resolve_select(view, table, returning.select, TRUE, returning.order)
    select = limit_select(view, select)
    return Answer(
        select=msgspec.structs.replace(select, limit=returning.limit),
        format=returning.format or Format.ARRAY,
        strip_nulls=returning.strip_nulls,
        key=key,
        handling=written,
    )


def _member(view: View, table: Table, member: Nodes | Constant | Affected) -> Returned | Constant | Affected:
    if not isinstance(member, Nodes):
        return member
    select = limit_select(view, resolve_select(view, table, member.select, TRUE, ()))
    return Returned(member.name, msgspec.structs.replace(select, limit=None))


def _reads_key(view: View, table: Table) -> bool:
    reading = view.policy.reading(view.role, table.key)
    return reading is not None and all(reading.masks.get(name, FALSE) is None for name in table.primary_key)


def _guard(
    table: Table,
    presets: Sequence[tuple[str, Operand]],
    checked: bool,
    returning: Returning,
    affected_max: int | None = None,
) -> Guard:
    return Guard(
        claims=tuple(operand for _, operand in presets if isinstance(operand, Claim)),
        checked=checked,
        affected_max=affected_max,
        single=returning.format is Format.OBJECT,
        table=table.name,
    )


def _keyed_by(where: Condition) -> list[str] | None:
    """The columns that a conjunction of plain equalities names, sorted; None for any other condition."""
    parts = where.of if isinstance(where, And) else (where,)
    names = []
    for part in parts:
        match part:
            case Compare(Field(column, ()), Operator.EQ, _, None):
                names.append(column)
            case _:
                return None
    return sorted(names)

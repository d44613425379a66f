"""Nested writes as SQL: one statement, whose CTEs follow the payload's levels.

For each level, `objects` numbers the payload's objects, `payload` has their columns with the keys of related rows
beside them, and `written` are the rows. Rows find each other by the object's number, for INSERT … RETURNING promises no
order: a key that other rows name is in `payload` before it is in the table, taken from the column's own default if need
be. What checks and embeds read of the written tables is laid over them (`overlay`), level by level, as if each had been
a statement of its own: rows to one first, then the row itself, then those below it.
"""

import functools
import itertools
import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from mainstay.core.catalog import Relation, Table
from mainstay.core.condition import TRUE, either
from mainstay.core.operation import Conflict
from mainstay.core.plan import Branch, Change, InsertPlan, Level, NestedPlan, UpdatePlan
from mainstay.core.statement import Column
from mainstay.sql.binds import Expression, Named, cast
from mainstay.sql.condition import Scope, plain_table
from mainstay.sql.document import Answering
from mainstay.sql.objects import ABOVE, NUMBER, OBJECT, ONE, Overriding, has_key, objects_of, root_objects
from mainstay.sql.overlay import Layer, Overlay
from mainstay.sql.represent import received_value, sent_type
from mainstay.sql.write import (
    already_there,
    answer_of,
    count_of,
    default_of,
    on_conflict,
    or_default,
    payload_of,
    presets_of,
    update_rows,
    violations_of,
)


class Keys(NamedTuple):
    """Where other levels take a level's keys from: `rows` has them by number, `presets` are the same in all rows."""

    rows: sa.FromClause
    presets: Mapping[str, Expression] = {}

    @property
    def number(self) -> Expression:
        return self.rows.c[NUMBER]

    def column(self, name: str) -> Expression:
        return self.presets[name] if name in self.presets else self.rows.c[name]

    def column_or_null(self, name: str) -> Expression:
        """As `column`, where the rows are joined by LEFT JOIN."""
        if name not in self.presets:
            return self.rows.c[name]
        return sa.case((self.number.is_not(None), self.presets[name]))


Linked = list[tuple[Branch, Keys]]
Parent = tuple[Relation, Keys]


def nested_answer(conditions: Overlay, plan: NestedPlan) -> Answering:
    """The rows of all levels, and the answer from those of the root."""
    levels = _Levels(conditions, whole=bool(plan.answer.selects) or _is_checked(plan.level, plan.update))
    objects = levels.part(root_objects(conditions, plan), "objects")
    inserted = None
    if plan.update is not None:
        written = _updated_root(levels, plan.level, plan.update, objects)
    else:
        written, inserted = _inserted_root(levels, plan, objects)
    answer = answer_of(conditions, written, plan.answer, plan.level.table, levels.affected())
    answer = answer.adding(Column.INSERTED, inserted).adding(Column.VIOLATIONS, levels.violations)
    return Answering(answer.select.add_cte(*levels.parts), answer.columns)


def _inserted_root(levels: "_Levels", plan: NestedPlan, objects: sa.CTE) -> tuple[sa.CTE, Expression | None]:
    """The rows, and for a merge how many of them are new."""
    level, insert = plan.level, _insert_of(plan.level)
    payload = levels.payload(level, objects, levels.above(level, objects), None, "")
    merging = insert.conflict is Conflict.MERGE
    there = already_there(levels.conditions, insert, payload) if merging else None
    written, keys = levels.insert(level, payload, "", also=plan.answer.key)
    levels.below(level, objects, keys)
    return written, None if there is None else count_of(written) - there


def _updated_root(levels: "_Levels", level: Level, update: UpdatePlan, objects: sa.CTE) -> sa.CTE:
    """The one row. Where nothing of itself changes, it is only found."""
    conditions = levels.conditions
    linked = levels.above(level, objects)
    if update.columns or update.presets or update.alterations:
        # The body may repeat the key: it says which row is meant, and does not change.
        key = [name for name in level.table.primary_key if name in update.columns]
        back = levels.back(plain_table(level.table), level.needed)
        given = _changes(conditions, level, update, linked)
        written, broken = update_rows(conditions, update, given, key, columns=back)
        levels.parts.append(written)
        levels.written.append(written)
        levels.count(broken)
        levels.layer(level.table, written, level.table.primary_key or level.needed)
    else:
        written = levels.part(_found(levels, level, update), "written")
    alone = count_of(written) == ONE
    row = sa.select(ONE.label(NUMBER), *(written.c[name] for name in level.needed)).where(alone)
    levels.below(level, objects, Keys(levels.part(row, "keys")))
    return written


def _changes(conditions: Overlay, level: Level, update: UpdatePlan, linked: Linked) -> dict[str, Any]:
    """What the root's columns become."""
    given: dict[str, Any] = dict.fromkeys(level.linked, sa.null())
    for branch, keys in linked:
        for name, right in branch.relation.pairs:
            given[name] = sa.select(keys.column(right)).select_from(keys.rows).scalar_subquery()
    columns = tuple(name for name in update.columns if name not in level.linked)
    if columns:
        payload = payload_of(conditions, msgspec.structs.replace(update, columns=columns))
        given |= {name: or_default(update, payload, name) for name in columns}
    return given


def _found(levels: "_Levels", level: Level, update: UpdatePlan) -> sa.Select[Any]:
    conditions = levels.conditions
    scope = conditions.scope(update.table.key)
    names = [column.name for column in scope.source.c] if levels.whole else level.needed
    where = (update.where, either(*(rows for rows, _ in update.choices)))
    tests = (conditions.condition(scope, each) for each in where if each != TRUE)
    return sa.select(*(scope.source.c[name] for name in names)).where(*tests)


def _is_checked(level: Level, update: UpdatePlan | None = None) -> bool:
    """Whether the policy looks at rows that are written, or that others are written beside."""
    if update is not None and update.choices != ((TRUE, TRUE),):
        return True
    plans = [level.insert, *(branch.through for branch in level.branches)]
    inserting = any(plan and (plan.check != TRUE or plan.update_where != TRUE) for plan in plans)
    changing = level.change is not None and (level.change.check != TRUE or level.change.rows != TRUE)
    return inserting or changing or any(_is_checked(branch.level) for branch in level.branches)


def _insert_of(level: Level) -> InsertPlan:
    if level.insert is None:
        raise TypeError("rows of this level are not inserted")
    return level.insert


class _Levels:
    """The statement while it grows: its CTEs in order, and how many rows break the policy.

    `whole`: checks or the answer read the rows written. Otherwise only what ties rows is read back, because the
    database's own grants may allow no more.
    """

    def __init__(self, conditions: Overlay, *, whole: bool) -> None:
        self.conditions = conditions
        self.whole = whole
        self.parts: list[sa.CTE] = []
        self.written: list[sa.CTE] = []
        self.violations: Expression | None = None
        self._numbers = itertools.count(1)

    def part(self, statement: Any, name: str) -> sa.CTE:
        cte: sa.CTE = statement.cte(name)
        self.parts.append(cte)
        return cte

    def affected(self) -> Expression | None:
        """How many rows of all levels were written."""
        counts = [count_of(cte) for cte in self.written]
        return functools.reduce(operator.add, counts) if counts else None

    def count(self, broken: Expression | None) -> None:
        if broken is not None:
            self.violations = broken if self.violations is None else self.violations + broken

    def above(self, level: Level, objects: sa.FromClause) -> Linked:
        """The rows to one whose keys this level's rows hold: they come first."""
        return [(branch, self._branch(branch, objects, None)[1]) for branch in level.branches if _is_above(branch)]

    def below(self, level: Level, objects: sa.FromClause, keys: Keys) -> None:
        """The rows that hold this level's keys, and those that a junction relates to it."""
        for branch in level.branches:
            if _is_above(branch):
                continue
            if branch.through is None:
                self._branch(branch, objects, (branch.relation, keys))
            else:
                inner, related = self._branch(branch, objects, None)
                self._link(branch, branch.through, inner, keys, related)

    def _branch(self, branch: Branch, above: sa.FromClause, parent: Parent | None) -> tuple[sa.CTE, Keys]:
        suffix = f"_{next(self._numbers)}"
        objects = self.part(objects_of(branch, above), f"objects{suffix}")
        level = branch.level
        payload = self.payload(level, objects, self.above(level, objects), parent, suffix)
        if level.change is None:
            _, keys = self.insert(level, payload, suffix)
        else:
            keys = self._change(level, level.change, payload, suffix)
        self.below(level, objects, keys)
        return objects, keys

    def payload(self, level: Level, objects: sa.CTE, linked: Linked, parent: Parent | None, suffix: str) -> sa.CTE:
        """A level's rows before they are written: what the objects hold, what related rows and defaults give."""
        source: sa.FromClause = objects
        columns: dict[str, Expression] = {}
        if level.columns:
            typed = [sa.column(name, Named(sent_type(level.table.columns[name]))) for name in level.columns]
            function: Any = sa.func.json_to_record(objects.c[OBJECT])
            record = function.table_valued(*typed).render_derived("record", with_types=True)
            source = source.join(record, sa.true())
            columns |= {name: self._given(level, objects, record, name) for name in level.columns}
        columns |= {name: _null(level.table, name) for name in level.linked}
        if parent is not None:
            relation, keys = parent
            source = source.join(keys.rows, keys.number == objects.c[ABOVE])
            columns |= {right: keys.column(left) for left, right in relation.pairs}
        for branch, keys in linked:
            source = source.outerjoin(keys.rows, keys.number == objects.c[NUMBER])
            columns |= {left: keys.column_or_null(right) for left, right in branch.relation.pairs}
        columns |= {name: _drawn(level.table, name) for name in level.drawn}
        whole = [objects.c[OBJECT]] if level.change and level.partial else []
        labelled = (value.label(name) for name, value in columns.items())
        return self.part(sa.select(objects.c[NUMBER], *whole, *labelled).select_from(source), f"payload{suffix}")

    def _given(self, level: Level, objects: sa.CTE, record: Any, name: str) -> Expression:
        column = level.table.columns[name]
        value = received_value(column, record.c[name])
        return sa.case((has_key(objects, name), value), else_=default_of(column)) if level.defaults else value

    def layer(self, table: Table, rows: sa.FromClause, replaced: Sequence[str] = ()) -> None:
        """From here on, the table is read with these rows in it."""
        if self.whole:
            self.conditions.add(table.key, Layer(rows, tuple(replaced)))

    def back(self, target: sa.TableClause, names: Sequence[str]) -> list[Any]:
        """What a write returns of its rows."""
        if self.whole:
            return list(target.c)
        return [target.c[name] for name in dict.fromkeys(names)] or [ONE.label("row")]

    def insert(
        self,
        level: Level,
        payload: sa.CTE,
        suffix: str,
        where: Expression | None = None,
        *,
        also: Sequence[str] = (),
    ) -> tuple[sa.CTE, Keys]:
        """The rows written, and their keys. `where`: which rows of the payload are inserted; `also`: read back."""
        conditions, plan, table = self.conditions, _insert_of(level), level.table
        scope = Scope(table, plain_table(table))
        presets = presets_of(conditions, scope, plan.presets)
        keys = Keys(payload, presets)
        back = (*also, *level.tie, *(level.needed if level.tie else ()))
        written = self._insert_rows(plan, payload, (*plan.columns, *level.drawn), suffix, back, where)
        kept_out = None
        if level.tie:
            same = (keys.column(name) == written.c[name] for name in level.tie)
            tied = sa.select(payload.c[NUMBER], *(written.c[name] for name in level.needed))
            keys = Keys(self.part(tied.select_from(payload.join(written, sa.and_(*same))), f"keys{suffix}"))
            kept_out = count_of(payload) - count_of(keys.rows)
        elif plan.conflict is Conflict.MERGE and plan.update_where != TRUE and (level.needed or not plan.lenient):
            # A row that stays as it is has no place for those below it.
            kept_out = count_of(payload) - count_of(written)
        self.count(kept_out)
        self.count(violations_of(conditions, table, written, plan.check))
        self.layer(table, written, plan.target if plan.conflict is Conflict.MERGE else ())
        return written, keys

    def _insert_rows(  # noqa: PLR0913, PLR0917 - an INSERT's parts
        self,
        plan: InsertPlan,
        rows: sa.CTE,
        names: Sequence[str],
        suffix: str,
        back: Sequence[str] = (),
        where: Expression | None = None,
    ) -> sa.CTE:
        target = plain_table(plan.table)
        scope = Scope(plan.table, target)
        values = {name: rows.c[name] for name in names} | presets_of(self.conditions, scope, plan.presets)
        overriding = any(plan.table.columns[name].generated for name in values)
        labelled = [value.label(name) for name, value in values.items()]
        selected: Any = (Overriding if overriding else sa.Select)(*labelled).select_from(rows)
        if where is not None:
            selected = selected.where(where)
        insert = insert_into(target).from_select(list(values), selected, include_defaults=False)
        insert = on_conflict(self.conditions, plan, insert, scope)
        written = self.part(insert.returning(*self.back(target, back)), f"written{suffix}")
        self.written.append(written)
        return written

    def _change(self, level: Level, change: Change, payload: sa.CTE, suffix: str) -> Keys:
        """What a PATCH does to the rows that are there; the others it inserts, where it may."""
        conditions, table = self.conditions, level.table
        if change.columns or change.presets:
            changed = self.part(self._update(level, change, payload), f"changed{suffix}")
            self.written.append(changed)
            if change.check != TRUE:
                names = (column.name for column in plain_table(table).c)
                rows = sa.select(*(changed.c[name] for name in names)).subquery(conditions.alias())
                self.count(violations_of(conditions, table, rows, change.check))
        else:
            changed = self.part(self._find(level, change, payload), f"found{suffix}")
        if level.insert is None:
            self.count(count_of(payload) - count_of(changed))
            keys = Keys(changed)
        else:
            same = changed.c[NUMBER] == payload.c[NUMBER]
            found = sa.exists(sa.select(ONE).select_from(changed).where(same).correlate(payload))
            _, keys = self.insert(level, payload, suffix, ~found)
            if level.needed:
                keys = self._keys_of_both(level, payload, changed, keys, suffix)
        if change.columns or change.presets:
            self.layer(table, changed, change.match)
        return keys

    def _keys_of_both(self, level: Level, payload: sa.CTE, changed: sa.CTE, inserted: Keys, suffix: str) -> Keys:
        number = changed.c[NUMBER]
        columns = (
            sa.case((number.is_not(None), changed.c[name]), else_=inserted.column(name)).label(name)
            for name in level.needed
        )
        both = payload.outerjoin(changed, number == payload.c[NUMBER])
        return Keys(self.part(sa.select(payload.c[NUMBER], *columns).select_from(both), f"keys{suffix}"))

    def _update(self, level: Level, change: Change, payload: sa.CTE) -> Any:
        target = plain_table(level.table)
        scope = Scope(level.table, target)
        values: dict[str, Any] = {name: payload.c[name] for name in change.columns}
        if level.partial:
            member = {
                left: branch.key for branch in level.branches if _is_above(branch) for left, _ in branch.relation.pairs
            }
            values = {
                name: sa.case((has_key(payload, member.get(name, name)), value), else_=target.c[name])
                for name, value in values.items()
            }
        values |= presets_of(self.conditions, scope, change.presets)
        same = (target.c[name] == payload.c[name] for name in change.match)
        update = sa.update(target).values(values).where(*same)
        if change.rows != TRUE:
            update = update.where(self.conditions.condition(scope, change.rows))
        return update.returning(*self.back(target, level.needed), payload.c[NUMBER])

    def _find(self, level: Level, change: Change, payload: sa.CTE) -> sa.Select[Any]:
        scope = self.conditions.scope(level.table.key)
        same = (scope.source.c[name] == payload.c[name] for name in change.match)
        joined = payload.join(scope.source, sa.and_(*same))
        found = sa.select(*(scope.source.c[name] for name in level.needed), payload.c[NUMBER]).select_from(joined)
        return found if change.rows == TRUE else found.where(self.conditions.condition(scope, change.rows))

    def _link(self, branch: Branch, through: InsertPlan, objects: sa.CTE, keys: Keys, related: Keys) -> None:
        """The junction's rows, one for each object of the branch."""
        junction = branch.relation.junction
        if junction is None:
            raise TypeError("no junction joins this relation")
        columns = {name: keys.column(left) for left, name in junction.source_pairs}
        columns |= {name: related.column(right) for right, name in junction.target_pairs}
        source = objects.join(keys.rows, keys.number == objects.c[ABOVE])
        source = source.join(related.rows, related.number == objects.c[NUMBER])
        suffix = f"_{next(self._numbers)}"
        rows = sa.select(*(value.label(name) for name, value in columns.items())).select_from(source)
        payload = self.part(rows, f"payload{suffix}")
        written = self._insert_rows(through, payload, through.columns, suffix)
        self.count(violations_of(self.conditions, through.table, written, through.check))
        self.layer(through.table, written)


def _is_above(branch: Branch) -> bool:
    """True where the level's rows hold the key of the branch's, so that those come first."""
    return branch.relation.outgoing and branch.relation.junction is None


def _drawn(table: Table, name: str) -> Expression:
    column = table.columns[name]
    return cast(default_of(column), column.type.name)


def _null(table: Table, name: str) -> Expression:
    return sa.cast(sa.null(), Named(table.columns[name].type.name))

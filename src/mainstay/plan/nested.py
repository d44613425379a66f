"""Nested writes: which keys of a payload are relations, and what the role may do at each level of them.

Each level is planned as the plain write of its table would be, under one rule at a time; the columns that tie two rows
are written as any other, so the rule must cover them. A relation that the role may not write by is no relation: its key
stays a column, and is answered as an unknown one.
"""

from collections.abc import Iterator, Sequence

import msgspec

from mainstay.core.catalog import Relation, Table
from mainstay.core.condition import Claim, Operand, both
from mainstay.core.operation import Conflict, Flaw, Insert, NestedRows, Put, TableRef, Update
from mainstay.core.plan import Answer, Branch, Change, Guard, InsertPlan, Level, NestedPlan, UpdatePlan
from mainstay.core.problem import Problem
from mainstay.core.rule import Action
from mainstay.plan.relation import choose_relation
from mainstay.plan.view import View
from mainstay.plan.write import insert_into, merge_of, plan_insert, plan_put, plan_update

Presets = Sequence[tuple[str, Operand]]
Found = list[tuple[NestedRows, Relation]]

INSERTING = frozenset({Action.CREATE})
REACHING = frozenset({Action.CREATE, Action.UPDATE, Action.READ})
"""In a PATCH, rows that are there may be all that is meant: to be changed, or only to be related."""


def plan_nested_insert(view: View, insert: Insert) -> NestedPlan | InsertPlan:
    """Raises what an insert does, and MS455 to MS462 for what can't be nested."""
    table = view.table(insert.table)
    nesting = _Nesting(view, defaults=insert.defaults)
    keys, found = nesting.take_apart(table, insert.columns, insert.children)
    if not found:
        return plan_insert(view, insert)
    linked = tuple(_outgoing(relation for _, relation in found))
    plain = msgspec.structs.replace(insert, columns=(*keys, *_without(linked, keys)), children=())
    plan = plan_insert(view, plain)
    needed = _needed(found, ())
    _require_mergeable(insert.conflict, table, needed)
    _require_once(table, keys, linked, plan.presets, plan.update_presets)
    level = Level(
        table=table,
        columns=keys,
        linked=linked,
        drawn=_drawn(table, plan, needed),
        needed=needed,
        defaults=insert.defaults,
        insert=msgspec.structs.replace(plan, answer=Answer(), guard=Guard()),
        tie=_tie(table, plan, needed),
        branches=nesting.branches(table, found, 1),
    )
    guard = nesting.finish(plan.guard, level)
    return NestedPlan(level, insert.payload, single=insert.single, answer=plan.answer, guard=guard)


def plan_nested_update(view: View, update: Update) -> NestedPlan | UpdatePlan:
    """Raises what an update does, and MS455 to MS462 for what can't be nested."""
    table = view.table(update.table)
    nesting = _Nesting(view, defaults=update.defaults, patch=True)
    keys, found = nesting.take_apart(table, update.columns, update.children)
    if not found:
        return plan_update(view, update)
    linked = tuple(_outgoing(relation for _, relation in found))
    plain = msgspec.structs.replace(update, columns=(*keys, *_without(linked, keys)), children=())
    plan = plan_update(view, plain)
    _require_once(table, keys, linked, plan.presets)
    level = Level(
        table=table,
        columns=keys,
        linked=linked,
        needed=_needed(found, ()),
        defaults=update.defaults,
        branches=nesting.branches(table, found, 1),
    )
    guard = msgspec.structs.replace(nesting.finish(plan.guard, level), alone=True)
    root = msgspec.structs.replace(plan, answer=Answer(), guard=Guard())
    return NestedPlan(level, update.payload, single=True, update=root, answer=plan.answer, guard=guard)


def plan_nested_put(view: View, put: Put) -> InsertPlan:
    """Raises MS457: what a PUT would do with related rows that its body lacks can't be told."""
    keys, found = _Nesting(view, defaults=False).take_apart(view.table(put.table), put.columns, put.children)
    plan = plan_put(view, msgspec.structs.replace(put, columns=keys, children=()))
    if found:
        raise _no_place("A PUT takes no nested rows", "PATCH merges them into what is there, POST inserts them.")
    return plan


class _Nesting:
    """One operation's relations while they are planned. `patch`: rows that are there are changed, not inserted."""

    def __init__(self, view: View, *, defaults: bool, patch: bool = False) -> None:
        self.view = view
        self.defaults = defaults
        self.patch = patch
        self.seen: list[NestedRows] = []

    def take_apart(
        self, table: Table, columns: Sequence[str], children: Sequence[NestedRows]
    ) -> tuple[tuple[str, ...], Found]:
        """The payload's keys that are columns, or nothing that the role knows; and those that are relations."""
        asked = [(child, self._relation(table, child)) for child in children if child.key in columns]
        found = [(child, relation) for child, relation in asked if relation is not None]
        nested = {child.key for child, _ in found}
        return tuple(name for name in columns if name not in nested), found

    def _relation(self, table: Table, child: NestedRows) -> Relation | None:
        """Raises PGRST201 where it may be several that the role could write by."""
        if child.key in table.columns:
            return None
        try:
            visible = self.view.writable_relations(table, REACHING if self.patch else INSERTING)
            return choose_relation(visible, table, child.target, child.hint, "body")
        except Problem as problem:
            if problem.code == "PGRST200":
                return None
            raise

    def branches(self, table: Table, found: Found, depth: int) -> tuple[Branch, ...]:
        """Those of one level. Raises MS403 past `depth_max`, MS460 past `nested_max` relations in all."""
        limits = self.view.limits
        if depth > limits.depth_max:
            raise Problem(
                "MS403",
                "The request nests too deep",
                details=f"At most {limits.depth_max} levels of nested rows are allowed",
                where="body",
            )
        self.seen += [child for child, _ in found]
        if len(self.seen) > limits.nested_max:
            raise Problem(
                "MS460",
                "The request nests too many relations",
                details=f"At most {limits.nested_max} are allowed, at all levels together",
                where="body",
            )
        return tuple(self._branch(table, child, relation, depth) for child, relation in found if _has_rows(child))

    def _branch(self, table: Table, child: NestedRows, relation: Relation, depth: int) -> Branch:
        if child.single is not relation.to_one and child.flaw is not Flaw.FORMS:
            expected, given = ("an object", "an array") if relation.to_one else ("an array", "an object")
            raise Problem(
                "MS459",
                f"'{child.key}' of '{table.name}' takes {expected}",
                details=f"The body has {given} there",
                where="body",
            )
        return Branch(child.key, relation, self._level(child, relation, depth), self._through(child, relation))

    def _level(self, rows: NestedRows, relation: Relation, depth: int) -> Level:
        table = self.view.target(relation)
        keys, found = self.take_apart(table, rows.columns, rows.children)
        above = _ties_below(relation)
        linked = (*above, *_outgoing(each for _, each in found))
        needed = _needed(found, _ties_to(relation))
        level = Level(
            table=table,
            columns=keys,
            linked=linked,
            needed=needed,
            defaults=(self.defaults or self.patch) and rows.partial,
            partial=rows.partial,
        )
        level = self._patched(level, relation) if self.patch else self._inserted(level, rows)
        return msgspec.structs.replace(level, branches=self.branches(table, found, depth + 1) if found else ())

    def _inserted(self, level: Level, rows: NestedRows) -> Level:
        table, target = level.table, rows.on_conflict or level.table.primary_key
        conflicts = bool(target) and {*level.columns, *level.linked}.issuperset(target)
        conflict = Insert(
            _ref(table),
            (),
            conflict=rows.conflict if conflicts else None,
            on_conflict=rows.on_conflict if conflicts else (),
            merge=rows.merge,
            merge_where=rows.merge_where,
        )
        plan = self._insert(level, conflict)
        _require_mergeable(plan.conflict, table, level.needed)
        _require_once(table, level.columns, level.linked, plan.presets, plan.update_presets)
        drawn, tie = _drawn(table, plan, level.needed), _tie(table, plan, level.needed)
        return msgspec.structs.replace(level, insert=plan, drawn=drawn, tie=tie)

    def _insert(self, level: Level, insert: Insert | None = None) -> InsertPlan:
        """`insert` says what of a row that is there."""
        columns = (*level.columns, *_without(level.linked, level.columns))
        insert = insert or Insert(_ref(level.table), ())
        return self._insert_into(level.table, msgspec.structs.replace(insert, columns=columns))

    def _insert_into(self, table: Table, insert: Insert) -> InsertPlan:
        return msgspec.structs.replace(insert_into(self.view, table, insert), guard=Guard())

    def _patched(self, level: Level, relation: Relation) -> Level:
        """Raises 42501 where rows may neither be changed nor inserted."""
        table = level.table
        match = _match(level, relation)
        if relation.outgoing and not match:
            raise Problem(
                "MS461",
                f"A change can't tell which row of '{table.name}' is meant",
                details="It could be a new row, or the one that is related now",
                hint=f"Give its primary key: {', '.join(table.primary_key)}.",
                where="body",
            )
        change, refused = self._change(level, match) if match else (None, None)
        try:
            plan = self._insert(level)
        except Problem as problem:
            if change is None or problem.code != "42501":
                raise (refused or problem) from None
            plan = None
        _require_once(
            table, level.columns, level.linked, plan.presets if plan else (), change.presets if change else ()
        )
        drawn = _drawn(table, plan, level.needed) if plan else ()
        return msgspec.structs.replace(level, insert=plan, change=change, drawn=drawn)

    def _change(self, level: Level, match: tuple[str, ...]) -> tuple[Change | None, Problem | None]:
        """What may be done to rows that are there: the caller must see them, as it must for a filter."""
        table = level.table
        reading = self.view.policy.reading(self.view.role, table.key)
        if reading is None or not reading.masks.keys() >= set(match):
            return None, None
        seen = both(reading.rows, *(mask for name in match if (mask := reading.masks[name]) is not None))
        changed = tuple(name for name in (*level.columns, *level.linked) if name not in match)
        if not changed:
            return Change(match, rows=seen), None
        try:
            merge = merge_of(self.view, table, changed)
        except Problem as problem:
            return None, problem
        return Change(match, merge.columns, merge.presets, both(seen, merge.rows), merge.check), None

    def _through(self, child: NestedRows, relation: Relation) -> InsertPlan | None:
        """The junction's rows. Where rows may be there already, so may they, and stay."""
        if relation.junction is None:
            return None
        junction = self.view.catalog.tables[relation.junction.table]
        pairs = (*relation.junction.source_pairs, *relation.junction.target_pairs)
        columns = tuple(name for _, name in pairs)
        plan = self._insert_into(junction, Insert(_ref(junction), columns))
        _require_once(junction, (), columns, plan.presets)
        if not self.patch and child.conflict is None:
            return plan
        keys = [key for key in (junction.primary_key, *junction.unique) if sorted(key) == sorted(columns)]
        if not keys:
            raise Problem(
                "MS462",
                f"Rows of '{relation.target.name}' can't be merged by '{junction.name}'",
                details="No key says that it relates two rows only once",
                hint=f"Nest rows of '{junction.name}' instead, or insert without merging.",
                where="body",
            )
        return msgspec.structs.replace(plan, conflict=Conflict.IGNORE, target=tuple(keys[0]))

    def finish(self, guard: Guard, level: Level) -> Guard:
        """The guard of all levels. Raises PGRST102 or MS444 for what is wrong with rows that the role may write."""
        for child in self.seen:
            _refuse_flaw(child, self.view.limits.insert_rows_max, self.patch)
        claims = [operand for presets in _presets(level) for _, operand in presets if isinstance(operand, Claim)]
        return msgspec.structs.replace(
            guard,
            claims=tuple(dict.fromkeys((*guard.claims, *claims))),
            checked=True,
            nested=tuple(dict.fromkeys(table.name for table in _tables(level) if table.name != guard.table)),
        )


def _has_rows(child: NestedRows) -> bool:
    return child.single is not None or child.flaw is Flaw.FORMS


def _ref(table: Table) -> TableRef:
    return TableRef(table.key.name, table.key.schema)


def _outgoing(relations: "Iterator[Relation]") -> Iterator[str]:
    """The source's columns that relations to one row fill."""
    for relation in relations:
        if relation.outgoing and relation.junction is None:
            yield from (left for left, _ in relation.pairs)


def _ties_below(relation: Relation) -> tuple[str, ...]:
    """The target's columns that the source's row fills."""
    direct = relation.junction is None and not relation.outgoing
    return tuple(right for _, right in relation.pairs) if direct else ()


def _ties_to(relation: Relation) -> tuple[str, ...]:
    """The target's columns that the source's row, or the junction's, is filled from."""
    if relation.junction is not None:
        return tuple(right for right, _ in relation.junction.target_pairs)
    return tuple(right for _, right in relation.pairs) if relation.outgoing else ()


def _needed(found: Found, above: Sequence[str]) -> tuple[str, ...]:
    """The columns of a level that rows of other levels are filled from."""
    names = list(above)
    for _, relation in found:
        if relation.junction is not None:
            names += [left for left, _ in relation.junction.source_pairs]
        elif not relation.outgoing:
            names += [left for left, _ in relation.pairs]
    return tuple(dict.fromkeys(names))


def _without(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _match(level: Level, relation: Relation) -> tuple[str, ...]:
    """By what a row that is there is known: its key, under its parent; the one row of a parent by that alone."""
    table, above = level.table, _ties_below(relation)
    if table.primary_key and {*level.columns, *level.linked}.issuperset(table.primary_key):
        return tuple(dict.fromkeys((*table.primary_key, *above)))
    alone = any(set(above) == set(key) for key in (table.primary_key, *table.unique))
    return above if above and relation.to_one and alone else ()


def _tie(table: Table, plan: InsertPlan, needed: Sequence[str]) -> tuple[str, ...]:
    """The conflict's columns, where a merge keeps a needed column of the row there.

    Raises MS455 where they may be null: two nulls are no conflict, and tell no row from another.
    """
    given = {*plan.columns, *(name for name, _ in plan.presets)}
    if plan.conflict is not Conflict.MERGE or not given.issuperset(plan.target):
        return ()
    if all(name in plan.columns and name in (*plan.target, *plan.update) for name in needed):
        return ()
    nullable = [name for name in plan.target if table.columns[name].nullable]
    if nullable:
        raise _unknown_key(table, needed[0], f"A row is merged by '{nullable[0]}', which may be null")
    return plan.target


def _drawn(table: Table, plan: InsertPlan, needed: Sequence[str]) -> tuple[str, ...]:
    """The needed columns that only their defaults fill. Raises MS455 where one has none that a statement can say."""
    if _tie(table, plan, needed):
        return ()
    given = {*plan.columns, *(name for name, _ in plan.presets)}
    drawn = tuple(name for name in needed if name not in given)
    for name in drawn:
        if table.columns[name].default is None:
            raise _unknown_key(table, name, "It is not in the body, and has no default that the statement could take")
    return drawn


def _unknown_key(table: Table, column: str, details: str) -> Problem:
    return Problem(
        "MS455",
        f"Rows can't be nested here: '{column}' of '{table.name}' is not known before it is written",
        details=details,
        hint=f"Give '{column}' in the body, or write the related rows in a request of their own.",
        where="body",
    )


def _require_once(table: Table, keys: Sequence[str], linked: Sequence[str], *presets: Presets) -> None:
    """Raises MS456: which of two values a column should take can't be known."""
    preset = [name for each in presets for name, _ in each]
    for index, name in enumerate(linked):
        if name in keys or name in preset or name in linked[:index]:
            raise Problem(
                "MS456",
                f"'{name}' of '{table.name}' would be written twice",
                details="A nested row fills it, and so does "
                + ("the body" if name in keys else "another nested row" if name not in preset else "the policy"),
                hint=f"Leave out '{name}', or the nested row." if name in keys else None,
                where="body",
            )


def _require_mergeable(conflict: Conflict | None, table: Table, needed: Sequence[str]) -> None:
    if conflict is Conflict.IGNORE and needed:
        raise _no_place(
            f"Duplicates of '{table.name}' can't be ignored where rows are nested",
            "Use resolution=merge-duplicates, or none: rows below one that is ignored would have no place.",
        )


def _no_place(message: str, hint: str) -> Problem:
    return Problem("MS457", message, hint=hint, where="body")


def _refuse_flaw(child: NestedRows, rows_max: int, patch: bool) -> None:
    if child.flaw is Flaw.ROWS:
        raise Problem(
            "MS444",
            "The request inserts too many rows",
            details=f"At most {rows_max} rows are allowed, at all levels together",
            where="body",
        )
    if child.flaw is Flaw.FORMS:
        raise Problem("PGRST102", f"'{child.key}' must be an object everywhere, or an array everywhere", where="body")
    if child.flaw is Flaw.KEYS and not patch:
        raise Problem("PGRST102", "All object keys must match", details=f"Those in '{child.key}' do not", where="body")


def _levels(level: Level) -> Iterator[Level]:
    yield level
    for branch in level.branches:
        yield from _levels(branch.level)


def _tables(level: Level) -> Iterator[Table]:
    for each in _levels(level):
        yield each.table
        yield from (branch.through.table for branch in each.branches if branch.through)


def _presets(level: Level) -> Iterator[Presets]:
    for each in _levels(level):
        plans = [each.insert, *(branch.through for branch in each.branches)]
        for plan in plans:
            if plan is not None:
                yield plan.presets
                yield plan.update_presets
        if each.change is not None:
            yield each.change.presets

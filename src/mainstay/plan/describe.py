"""The catalog as one role sees it, all of it at once: what an API document or a schema browser is made of.

What the role may not see is not in the description, not even as a part of a key or as a relation's end: rows of
`View` and of the role's rules go in, and nothing is read past them.
"""

from collections.abc import Iterable, Iterator, Sequence, Set

import msgspec

from mainstay.core.catalog import Catalog, FunctionKey, Relation, Table, TableForm, TableKey
from mainstay.core.description import Description, FunctionDescription, RelationDescription, TableDescription
from mainstay.core.limits import Limits
from mainstay.core.operation import FunctionRef
from mainstay.core.problem import Problem
from mainstay.core.rule import Action, Rule
from mainstay.plan.nested import INSERTING, REACHING
from mainstay.plan.relation import choose_relation
from mainstay.plan.view import Policy, View

Key = tuple[str, ...]


def describe(catalog: Catalog, policy: Policy, role: str, limits: Limits, *, schema: str | None = None) -> Description:
    """What the role may see and do in one schema, by default the catalog's first. Raises PGRST106 if it is unknown."""
    schema = schema or catalog.schemas[0]
    if schema not in catalog.schemas:
        raise Problem(
            "PGRST106",
            f"Invalid schema: {schema}",
            hint=f"Only the following schemas are exposed: {', '.join(catalog.schemas)}",
            where="profile",
        )
    view = View(catalog, policy, role, limits)
    seen = [key for key in catalog.tables if _actions(view, key)]
    called = {name: view.callable(name) for name in catalog.schemas}
    return Description(
        tables=tuple(_describe_table(view, catalog.tables[key]) for key in seen if key.schema == schema),
        schema=schema,
        schemas=tuple(name for name in catalog.schemas if called[name] or any(key.schema == name for key in seen)),
        limits=limits,
        functions=tuple(_describe_function(view, key) for key in called[schema]),
    )


class Seen:
    """The same, of all schemas and one thing at a time (`core.description.Sight`)."""

    def __init__(self, catalog: Catalog, policy: Policy, role: str, limits: Limits) -> None:
        self._view = View(catalog, policy, role, limits)

    def tables(self) -> Iterator[TableKey]:
        return (key for key in self._view.catalog.tables if _actions(self._view, key))

    def actions(self, key: TableKey) -> frozenset[Action]:
        return _actions(self._view, key)

    def table(self, key: TableKey) -> TableDescription | None:
        table = self._view.catalog.tables.get(key)
        return None if table is None or not self.actions(key) else _describe_table(self._view, table)

    def function(self, key: FunctionKey) -> FunctionDescription | None:
        view = self._view
        if key not in view.catalog.functions or not view.policy.may_call(view.role, key):
            return None
        return _describe_function(view, key)


def _describe_function(view: View, key: FunctionKey) -> FunctionDescription:
    catalog, overloads = view.catalog, view.functions(FunctionRef(key.name, key.schema))
    own = {
        each.rows: catalog.tables[each.rows]
        for each in overloads
        if each.rows is not None and catalog.tables[each.rows].form is TableForm.ROWS
    }
    return FunctionDescription(key.name, overloads, own)


def _actions(view: View, key: TableKey) -> frozenset[Action]:
    """What can go well. A filter reads: who may not, may only write what needs no filter."""
    allowed = view.policy.actions(view.role, key)
    if Action.READ in allowed:
        return allowed
    return allowed - {Action.UPDATE, Action.DELETE} | _unfiltered(view, key)


def _unfiltered(view: View, key: TableKey) -> frozenset[Action]:
    writes = (Action.UPDATE, Action.DELETE)
    return frozenset(
        action for action in writes if any(rule.unfiltered for rule in view.policy.rules(view.role, action, key))
    )


def _describe_table(view: View, table: Table) -> TableDescription:
    reading = view.policy.reading(view.role, table.key)
    masks = reading.masks if reading else {}
    bounds = [view.limits.rows_max, reading.rows_max if reading else None]
    plain = TableDescription(
        table=_without_hidden(view, table),
        actions=_actions(view, table.key),
        readable=tuple(name for name in table.columns if name in masks),
        masked=frozenset(name for name, mask in masks.items() if mask is not None),
        unfiltered=_unfiltered(view, table.key),
        relations=tuple(_describe_relations(table, [relation for _, relation in view.relations(table)])),
        rows_max=min(bound for bound in bounds if bound is not None),
        aggregates=reading.aggregates if reading else False,
    )
    return _with_writes(view, plain)


def _without_hidden(view: View, table: Table) -> Table:
    """The table with the columns that the role may name, and the keys that are made of them."""
    known = view.known(table)
    return msgspec.structs.replace(
        table,
        columns={name: column for name, column in table.columns.items() if name in known},
        primary_key=table.primary_key if known.issuperset(table.primary_key) else (),
        unique=tuple(key for key in table.unique if known.issuperset(key)),
        constraints=tuple(each for each in table.constraints if known.issuperset(each[1])),
        relations=(),
    )


def _with_writes(view: View, plain: TableDescription) -> TableDescription:
    """The description with what the role may write. What only some of several rules demand, none does for sure."""
    table = plain.table
    creates = view.policy.rules(view.role, Action.CREATE, table.key) if Action.CREATE in plain.actions else ()
    updates = view.policy.rules(view.role, Action.UPDATE, table.key) if Action.UPDATE in plain.actions else ()
    creatable = _union(rule.columns for rule in creates)
    given = creatable | {name for rule in creates for name, _ in rule.presets}
    conflicts = tuple(key for key in _keys(table) if given.issuperset(key)) if creates else ()
    own = view.catalog.tables[table.key]
    return msgspec.structs.replace(
        plain,
        creatable=_in_order(table, creatable),
        required=_in_order(table, _intersection(_required(table, rule) for rule in creates)),
        updatable=_in_order(table, _union(rule.columns for rule in updates)),
        conflicts=conflicts,
        nested=tuple(_described_writes(view, own, INSERTING)) if creates else (),
        merged=tuple(_described_writes(view, own, REACHING)) if updates else (),
        upsertable=bool(conflicts and updates),
        replaceable=bool(table.primary_key and updates) and creatable.issuperset(table.primary_key),
    )


def _described_writes(view: View, table: Table, actions: Set[Action]) -> Iterator[RelationDescription]:
    """A column of the name goes first in a payload."""
    for each in _describe_relations(table, view.writable_relations(table, actions)):
        if each.select not in table.columns:
            yield each


def _required(table: Table, rule: Rule) -> frozenset[str]:
    preset = {name for name, _ in rule.presets}
    return frozenset(name for name in rule.columns - preset if not table.columns[name].optional)


def _keys(table: Table) -> Iterator[Key]:
    if table.primary_key:
        yield table.primary_key
    yield from (key for key in table.unique if key != table.primary_key)


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _intersection(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    first, *others = [*sets] or [frozenset()]
    return first.intersection(*others)


def _in_order(table: Table, names: frozenset[str]) -> Key:
    return tuple(name for name in table.columns if name in names)


def _describe_relations(table: Table, visible: Sequence[Relation]) -> Iterator[RelationDescription]:
    """Relations that a request can name. One that can't be told from another is not there for any client."""
    for relation in visible:
        found = next((words for words in _spellings(relation) if _finds(visible, table, relation, *words)), None)
        if found is not None:
            name, hint = found
            yield RelationDescription(name, name if hint is None else f"{name}!{hint}", relation)


def _spellings(relation: Relation) -> Iterator[tuple[str, str | None]]:
    """(target, hint) of an embed, the most telling first: those that need no hint before those that do."""
    column = relation.pairs[0][0] if relation.outgoing and len(relation.pairs) == 1 else None
    for name in (relation.name, relation.target.name, relation.constraint, column):
        if name is not None:
            yield name, None
    hints = [relation.constraint, *(name for pair in relation.pairs for name in pair)]
    if relation.junction is not None:
        junction = relation.junction
        hints += [junction.table.name, junction.source_constraint, junction.target_constraint]
    for hint in hints:
        if hint is not None:
            yield relation.target.name, hint


def _finds(visible: Sequence[Relation], table: Table, relation: Relation, name: str, hint: str | None) -> bool:
    """Raises nothing: a spelling that means no relation or several is a wrong one."""
    try:
        return choose_relation(visible, table, name, hint, "select") is relation
    except Problem:
        return False

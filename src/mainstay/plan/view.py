"""The catalog as one role sees it. What the role may not see is not there, in any answer or error.

`resolve` and `write` look every name up here and nowhere else.
"""

import difflib
from collections.abc import Iterable, Set
from typing import Protocol

import msgspec

from mainstay.core.catalog import Catalog, Function, FunctionKey, Relation, Table, TableForm, TableKey
from mainstay.core.condition import TRUE, Field
from mainstay.core.limits import Limits
from mainstay.core.operation import FunctionRef, TableRef
from mainstay.core.problem import Problem
from mainstay.core.rule import Action, Presets, Reading, Rule


class Policy(Protocol):
    """What planning asks of the policy; `policy.select.Policy` is the one."""

    @property
    def version(self) -> int: ...
    @property
    def defers(self) -> bool:
        """True where the database itself decides: what it refuses is then meant for the caller."""
        ...

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are declared; none where the database decides."""
        ...

    def reading(self, role: str, table: TableKey) -> Reading | None: ...
    def rules(self, role: str, action: Action, table: TableKey) -> tuple[Rule, ...]: ...
    def actions(self, role: str, table: TableKey) -> frozenset[Action]: ...
    def may_call(self, role: str, function: FunctionKey) -> bool: ...
    def presets(self, role: str, function: FunctionKey) -> Presets: ...


class View:
    """Lookups for one role; each raises the Problem that an unknown name gets."""

    def __init__(self, catalog: Catalog, policy: Policy, role: str, limits: Limits) -> None:
        self.catalog = catalog
        self.policy = policy
        self.role = role
        self.limits = limits

    def table(self, ref: TableRef) -> Table:
        """Raises PGRST205 for a table that is not there or on which the role has no rule; PGRST106 for a schema."""
        schema = self._schema(ref.schema)
        table = self.catalog.find(schema, ref.name)
        if table is None or not self.policy.actions(self.role, table.key):
            raise self._unknown_table(schema, ref.name)
        return table

    def functions(self, ref: FunctionRef) -> tuple[Function, ...]:
        """The overloads as the role may call them; none where it may not, or there is none. Raises PGRST106."""
        key = FunctionKey(self._schema(ref.schema), ref.name)
        if not self.policy.may_call(self.role, key):
            return ()
        offers = (self.offer(each) for each in self.catalog.functions.get(key, ()))
        return tuple(offer for offer in offers if offer is not None)

    def offer(self, function: Function) -> Function | None:
        """The function without the arguments that the policy itself passes; None where it lacks one of those."""
        preset = {name for name, _ in self.policy.presets(self.role, function.key)}
        if not preset:
            return function
        rest = tuple(argument for argument in function.arguments if argument.name not in preset)
        if len(rest) + len(preset) != len(function.arguments):
            return None
        return msgspec.structs.replace(function, arguments=rest)

    def callable(self, schema: str) -> list[FunctionKey]:
        """The functions of a schema that the role may call."""
        return [key for key in self.catalog.functions if key.schema == schema and self.policy.may_call(self.role, key)]

    def reading(self, table: Table) -> Reading:
        """Raises 42501 where the role may write to the table but not read it.

        What a function returns of its own is for whoever may call it.
        """
        if table.form is TableForm.ROWS:
            return Reading(TRUE, dict.fromkeys(table.columns))
        reading = self.policy.reading(self.role, table.key)
        if reading is None:
            raise denied(table)
        return reading

    def field(self, table: Table, field: Field, where: str) -> Field:
        """The field with its mask. Raises 42703 for a column that the role can't read."""
        reading = self.reading(table)
        if field.column not in reading.masks or not _is_passed(table, field):
            raise unknown_column(table, field.column, reading.masks, where)
        mask = reading.masks[field.column]
        return field if mask is field.mask else msgspec.structs.replace(field, mask=mask)

    def require_aggregates(self, table: Table) -> None:
        """Raises PGRST123 where the role's rows of the table are not to be counted."""
        if not self.reading(table).aggregates:
            raise Problem("PGRST123", "Use of aggregate functions is not allowed", where="query")

    def star(self, table: Table) -> list[str]:
        """Readable columns in the catalog's order; computed ones are picked by name only, as in PostgREST."""
        reading = self.reading(table)
        return [name for name, column in table.columns.items() if name in reading.masks and not column.computed]

    def relations(self, table: Table) -> list[tuple[int, Relation]]:
        """Relations whose target and whose join columns on every side the role may read, by their index."""
        return [(index, relation) for index, relation in enumerate(table.relations) if self._walkable(table, relation)]

    def writable_relations(self, table: Table, actions: Set[Action]) -> list[Relation]:
        """Relations that a write may join rows by: whose join columns on every side the role knows.

        One of `actions` must be allowed on the target.
        """
        return [relation for relation in table.relations if _joins(relation) and self._reaches(relation, actions)]

    def target(self, relation: Relation) -> Table:
        return self.catalog.tables[relation.target]

    def writable(self, table: Table, action: Action) -> tuple[Rule, ...]:
        """Raises 42501 where no rule lets the role do this to the table."""
        rules = self.policy.rules(self.role, action, table.key)
        if not rules:
            raise denied(table)
        return rules

    def known(self, table: Table) -> set[str]:
        return known_columns(self.policy, self.role, table)

    def _schema(self, name: str | None) -> str:
        schema = name or self.catalog.schemas[0]
        if schema not in self.catalog.schemas:
            raise Problem(
                "PGRST106",
                f"Invalid schema: {schema}",
                hint=f"Only the following schemas are exposed: {', '.join(self.catalog.schemas)}",
                where="profile",
            )
        return schema

    def _walkable(self, table: Table, relation: Relation) -> bool:
        """A function is given the whole row, whatever of it the role reads: so the role must be allowed to call it."""
        if relation.declared:
            return self.policy.reading(self.role, relation.target) is not None
        if relation.function is not None and not self.policy.may_call(self.role, relation.function):
            return False
        source = self._reads(table.key, (left for left, _ in relation.pairs))
        if relation.junction is None:
            return source and self._reads(relation.target, (right for _, right in relation.pairs))
        junction = relation.junction
        pairs = (*junction.source_pairs, *junction.target_pairs)
        return (
            self._reads(table.key, (left for left, _ in junction.source_pairs))
            and self._reads(junction.table, (middle for _, middle in pairs))
            and self._reads(relation.target, (right for right, _ in junction.target_pairs))
        )

    def _reaches(self, relation: Relation, actions: Set[Action]) -> bool:
        """A name that the role knows for whatever reason, reading or writing, gives nothing away."""
        junction = relation.junction
        if not self.policy.actions(self.role, relation.target) & actions:
            return False
        if relation.declared:
            return True
        if junction is None:
            return self._knows(relation.source, relation.pairs, 0) and self._knows(relation.target, relation.pairs, 1)
        pairs = (*junction.source_pairs, *junction.target_pairs)
        return (
            Action.CREATE in self.policy.actions(self.role, junction.table)
            and self._knows(relation.source, junction.source_pairs, 0)
            and self._knows(junction.table, pairs, 1)
            and self._knows(relation.target, junction.target_pairs, 0)
        )

    def _knows(self, key: TableKey, pairs: Iterable[tuple[str, str]], side: int) -> bool:
        return self.known(self.catalog.tables[key]).issuperset(pair[side] for pair in pairs)

    def _reads(self, key: TableKey, columns: Iterable[str]) -> bool:
        reading = self.policy.reading(self.role, key)
        return reading is not None and all(column in reading.masks for column in columns)

    def _unknown_table(self, schema: str, name: str) -> Problem:
        visible = [
            key.name for key in self.catalog.tables if key.schema == schema and self.policy.actions(self.role, key)
        ]
        near = nearest(name, visible)
        return Problem(
            "PGRST205",
            f"Could not find the table '{schema}.{name}' in the schema cache",
            hint=f"Perhaps you meant the table '{schema}.{near}'" if near else None,
            where="path",
        )


def _joins(relation: Relation) -> bool:
    """By columns that are equal, and to one row where the key is the source's."""
    return relation.function is None and (relation.to_one or not relation.outgoing)


def known_columns(policy: Policy, role: str, table: Table) -> set[str]:
    """Columns that some rule of the role names: those that may be spoken of in problems."""
    reading = policy.reading(role, table.key)
    names = set(reading.masks) if reading else set()
    for action in (Action.CREATE, Action.UPDATE):
        for rule in policy.rules(role, action, table.key):
            names |= rule.columns
    return names


def denied(table: Table) -> Problem:
    return Problem("42501", f"permission denied for table {table.name}", where="path")


def unknown_column(table: Table, name: str, known: Iterable[str], where: str) -> Problem:
    near = nearest(name, known)
    return Problem(
        "42703",
        f"column {table.name}.{name} does not exist",
        hint=f'Perhaps you meant to reference the column "{table.name}.{near}".' if near else None,
        where=where,
    )


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The one of `known` that a misspelt name most likely meant; `likeness` is from 0 to 1."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=likeness)
    return close[0] if close else None


def _is_passed(table: Table, field: Field) -> bool:
    """Whether what computes the column, if anything does, can be called so."""
    return table.columns[field.column].passing.takes(name for name, _ in field.arguments)

"""Random writes under random policies: the rows that are written, the refusals, and what is returned.

What must come of a write is worked out here in plain Python, a row at a time, from the declared rules.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest

from mainstay.core.catalog import Kind, Table, TableKey
from mainstay.core.condition import TRUE, Condition
from mainstay.core.operation import (
    Conflict,
    Delete,
    Format,
    Insert,
    Operation,
    Returning,
    Shape,
    TableRef,
    Update,
    Value,
)
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.rule import Action, Rule
from mainstay.policy.declare import Policies
from mainstay.policy.select import Policy
from mainstay.testing.selection import Selection
from mainstay.testing.sight import Sight
from mainstay.testing.truth import Row, holds_for
from mainstay.testing.values import write_json
from property.market import CATALOG, MODELS
from property.operations import Asker
from property.stage import Stage, comparable
from property.worlds import World, random_database, random_principal, random_rows, random_value

WRITTEN = {Kind.INTEGER, Kind.TEXT, Kind.BOOLEAN}
WORLDS = 100
WRITES = 20


class Outcome(NamedTuple):
    """A refusal's code, or the table's rows afterwards, how many were written, and what was returned."""

    code: str | None = None
    rows: list[Row] | None = None
    written: int | None = None
    returned: list[dict[str, Any]] | None = None


class Refused(Exception):
    """With the code."""


def test_writes_do_what_the_rules_say(stage: Stage, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"written": 0, "nothing": 0, "refused": 0}
    for number in range(WORLDS):
        for outcome in compare(stage, f"writes/{seed}/{number}"):
            counts["refused" if outcome.code else "written" if outcome.written else "nothing"] += 1
    with capsys.disabled():
        print(f"\n{sum(counts.values()):,} writes (--property-seed {seed}) did what the rules say: {counts}")
    assert counts["written"] > sum(counts.values()) / 5
    assert min(counts.values()) > sum(counts.values()) / 10


def compare(stage: Stage, name: str, lacking: str | None = None) -> Iterator[Outcome]:
    """Writes of one world, one after the other, each on what the one before left.

    `lacking`: the code of a store that has no words for one; nothing is then expected of it.
    """
    random = Random(name)
    world = World(name, Policy(CATALOG, random_grants(random)), random_database(random))
    stage.fill(world)
    pipeline = stage.pipeline(world)
    for _ in range(WRITES):
        principal = random_principal(random, random.choice(world.policy.roles))
        made = random_write(random, world.policy, principal.role)
        if made is None:
            continue
        key, shape, values = made
        wanted = expected(world, key, shape, values, principal)
        got = stage.run(outcome(stage, pipeline, key, shape, values, principal))
        if lacking is not None and got.code == lacking:
            yield got
            continue
        same = (wanted.code, wanted.written) == (got.code, got.written)
        same = same and stored(wanted.rows, key) == stored(got.rows, key)
        same = same and comparable(wanted.returned, ordered=False) == comparable(got.returned, ordered=False)
        if not same:
            pytest.fail(report(world, key, shape, values, principal, wanted, got), pytrace=False)
        if wanted.rows is not None:
            world = msgspec.structs.replace(world, database={**world.database, key: wanted.rows})
        yield wanted


def random_grants(random: Random) -> Policies:
    policies = Policies()
    for number in range(random.randint(1, 3)):
        inherited = [role for role in policies.roles.values() if random.random() < 0.6]
        role = policies.role(f"role{number}", inherits=inherited)
        for key, model in MODELS.items():
            table = CATALOG.tables[key]
            for _ in range(random.choice([0, 1, 1, 2])):
                role.may("read", model, columns=some_columns(random, table), rows=maybe_rows(random, model, table))
                rest: dict[str, Any] = {"check": maybe_rows(random, model, table)}
                role.may("create", model, columns=some_columns(random, table), **rest)
                rows = maybe_rows(random, model, table)
                rest = {"check": random_rows(random, model, table, 1)} if random.random() < 0.2 else {}
                role.may("update", model, columns=some_columns(random, table), rows=rows, **rest)
                role.may("delete", model, rows=maybe_rows(random, model, table), unfiltered=random.random() < 0.2)
    return policies


def maybe_rows(random: Random, model: Any, table: Table) -> Any:
    return None if random.random() < 0.6 else random_rows(random, model, table, 2)


def some_columns(random: Random, table: Table) -> Any:
    if random.random() < 0.4:
        return "*"
    return [
        *table.primary_key,
        *(name for name in table.columns if name not in table.primary_key and random.random() < 0.6),
    ]


def random_write(random: Random, policy: Policy, role: str) -> tuple[TableKey, Shape, tuple[Value, ...]] | None:
    """An operation on a table that the role may write, its values, the payload first."""
    action = random.choice([Action.CREATE, Action.UPDATE, Action.UPDATE, Action.DELETE])
    keys = [key for key in CATALOG.tables if policy.rules(role, action, key)]
    if not keys:
        return None
    key = random.choice(keys)
    table, rules = CATALOG.tables[key], policy.rules(role, action, key)
    asker = Asker(random, policy, role)
    asker.makers.append(lambda _: "")  # the payload's slot
    reads = bool(asker.names(key))
    returning = Returning(format=Format.ARRAY) if reads and random.random() < 0.5 else Returning(format=Format.NONE)
    where = asker._condition(table, [], 1) if reads and random.random() < 0.8 else TRUE
    granted = sorted({name for rule in random.choices(rules, k=random.choice([1, 1, 1, 2])) for name in rule.columns})
    columns = [name for name in granted if table.columns[name].type.kind in WRITTEN and random.random() < 0.7]
    ref = TableRef(table.name)
    shape: Shape
    match action:
        case Action.CREATE:
            columns = [*table.primary_key, *(name for name in columns if name not in table.primary_key)]
            conflict = random.choice([None, None, Conflict.MERGE, Conflict.MERGE, Conflict.IGNORE])
            shape = Insert(ref, tuple(columns), conflict=conflict, returning=returning)
            payload = json.dumps(
                distinct([new_row(random, table, columns) for _ in range(random.randint(1, 2))], table)
            )
        case Action.UPDATE:
            columns = [name for name in columns if name not in table.primary_key]
            shape = Update(ref, tuple(columns), where, returning=returning)
            payload = json.dumps(new_row(random, table, columns))
        case _:
            shape = Delete(ref, where, returning=returning)
            payload = ""
    values = (payload, *(make(random) for make in asker.makers[1:]))
    return key, shape, values


def new_row(random: Random, table: Table, columns: list[str]) -> dict[str, Any]:
    return {name: random_value(random, table.columns[name]) for name in columns}


def distinct(rows: list[dict[str, Any]], table: Table) -> list[dict[str, Any]]:
    """No two of one key: an upsert may not touch a row twice."""
    return list({tuple(row[name] for name in table.primary_key): row for row in rows}.values())


async def outcome(  # noqa: PLR0917 - what a request is made of, and where to look
    stage: Stage, pipeline: Any, key: TableKey, shape: Shape, values: tuple[Value, ...], principal: Principal
) -> Outcome:
    try:
        result = await pipeline.run(Operation(shape, values), principal)
    except Problem as problem:
        return Outcome(problem.code)
    rows = await stage.rows(key)
    returned = None if result.body is None else json.loads(result.body)
    written = result.rows if result.affected is None else result.affected
    return Outcome(rows=rows, written=written, returned=returned)


def stored(rows: list[Row] | None, key: TableKey) -> Any:
    """Rows as they can be compared; documents and arrays are never written, so they are left out."""
    if rows is None:
        return None
    names = [name for name, column in CATALOG.tables[key].columns.items() if column.type.kind is not Kind.JSON]
    return sorted(repr([row[name] for name in names]) for row in rows)


def expected(world: World, key: TableKey, shape: Shape, values: tuple[Value, ...], principal: Principal) -> Outcome:
    writer = Writer(world, key, values, principal)
    makers: dict[type, Callable[[Any], list[tuple[Row | None, Row]]]] = {
        Insert: writer.insert,
        Update: writer.update,
        Delete: writer.delete,
    }
    try:
        changes = makers[type(shape)](shape)
    except Refused as refused:
        return Outcome(code=str(refused))
    except Problem as problem:
        return Outcome(code=problem.code)
    replaced = [id(old) for old, _ in changes if old is not None]
    rows = [row for row in world.database[key] if id(row) not in replaced]
    if not isinstance(shape, Delete):
        rows += [new for _, new in changes]
    returned = writer.returned([new for _, new in changes]) if shape.returning.format is Format.ARRAY else None  # type: ignore[union-attr]
    return Outcome(rows=rows, written=len(changes), returned=returned)


class Writer:
    """Works out pairs of the row that was there and the row written. Rules look at the data as they were before."""

    def __init__(self, world: World, key: TableKey, values: tuple[Value, ...], principal: Principal) -> None:
        self.key = key
        self.table = CATALOG.tables[key]
        self.rows = world.database[key]
        self.policy = world.policy
        self.role = principal.role
        self.payload = json.loads(str(values[0] or "null"))
        self.sight = Sight(CATALOG, world.policy, principal, world.database, values)

    def insert(self, shape: Insert) -> list[tuple[Row | None, Row]]:
        creating = self.covering(Action.CREATE, shape.columns)
        changed = [name for name in shape.columns if name not in self.table.primary_key]
        updating = self.merging(changed) if shape.conflict is Conflict.MERGE else ()
        changes: list[tuple[Row | None, Row]] = []
        failed: str | None = None
        for values in self.payload:
            old = self.same(values)
            if old is None:
                blank: dict[str, Any] = dict.fromkeys(self.table.columns)
                changes.append((None, blank | values))
            elif shape.conflict is None:
                failed = "23505"
            elif shape.conflict is Conflict.MERGE:
                if not self.any(updating, "rows", old):
                    failed = failed or "42501"
                changes.append((old, {**old, **{name: values[name] for name in changed}}))
        if failed is not None:
            raise Refused(failed)
        for _, new in changes:
            if not self.any(creating, "check", new) or (updating and not self.any(updating, "check", new)):
                raise Refused("42501")
        return changes

    def update(self, shape: Update) -> list[tuple[Row | None, Row]]:
        rules = self.filtering(shape.where, self.covering(Action.UPDATE, shape.columns))
        if not shape.columns:
            return []
        changes: list[tuple[Row | None, Row]] = []
        for row in self.found(shape.where):
            letting = [rule for rule in rules if self.holds(rule.rows, row)]
            if letting:
                new = {**row, **self.payload}
                if not self.any(letting, "check", new):
                    raise Refused("42501")
                changes.append((row, new))
        return changes

    def delete(self, shape: Delete) -> list[tuple[Row | None, Row]]:
        rules = self.filtering(shape.where, self.policy.rules(self.role, Action.DELETE, self.key))
        return [(row, row) for row in self.found(shape.where) if self.any(rules, "rows", row)]

    def returned(self, rows: list[Row]) -> list[dict[str, Any]]:
        readable = [name for name in self.table.columns if name in self.sight.readable(self.key)]
        shown = [(row, self.sight.shown(row, self.key)) for row in rows]
        return [
            {name: write_json(row[name]) if name in columns else None for name in readable}
            for row, columns in shown
            if columns is not None
        ]

    def found(self, where: Condition) -> list[Row]:
        """The rows for which the filter holds, as far as the caller sees them."""
        if where == TRUE:
            return list(self.rows)
        selection = Selection(self.sight, self.table, (), where, ())
        selection.require_values()
        found = []
        for row in self.rows:
            columns = self.sight.shown(row, self.key)
            if columns is not None:
                seen = {name: value if name in columns else None for name, value in row.items()}
                if selection.admits(seen):
                    found.append(row)
        return found

    def covering(self, action: Action, columns: Any) -> tuple[Rule, ...]:
        rules = self.policy.rules(self.role, action, self.key)
        covering = tuple(rule for rule in rules if rule.columns >= set(columns))
        if not covering:
            raise Refused("42501")
        return covering

    def merging(self, changed: list[str]) -> tuple[Rule, ...]:
        """An upsert keeps to the first rule where several differ in rows: no row is written under a mixture."""
        rules = self.covering(Action.UPDATE, changed)
        return rules if all(rule.rows == rules[0].rows for rule in rules) else rules[:1]

    def filtering(self, where: Condition, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if where != TRUE:
            return rules
        allowing = tuple(rule for rule in rules if rule.unfiltered)
        if not allowing:
            raise Refused("21000")
        return allowing

    def same(self, values: Row) -> Row | None:
        key = self.table.primary_key
        return next((row for row in self.rows if all(row[name] == values[name] for name in key)), None)

    def any(self, rules: Any, part: str, row: Row) -> bool:
        return any(self.holds(getattr(rule, part), row) for rule in rules)

    def holds(self, condition: Condition, row: Row) -> bool:
        return holds_for(condition, row, self.table, self.sight.asking(self.sight.database)) is True


def report(  # noqa: PLR0917 - all that is needed to see one disagreement
    world: World, key: TableKey, shape: Shape, values: Any, principal: Principal, wanted: Outcome, got: Outcome
) -> str:
    rules = [rule for action in Action for rule in world.policy.rules(principal.role, action, key)]
    data = [f"  {name}: {[tuple(row.values()) for row in rows]}" for name, rows in world.database.items()]
    lines = [f"world {world.name}, {principal}", *map(str, rules), *data, str(shape), str(values)]
    return "\n".join([*lines, f"wanted: {wanted}", f"got:    {got}"])

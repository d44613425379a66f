"""Pages by key, put together, are the whole answer in its order, whatever the order, the policy and the data."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from mainstay.core.condition import TRUE, Field, Slot
from mainstay.core.operation import Count, Format, Nulls, Operation, Order, Pick, Read, TableRef, Value
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.policy.declare import Policies, claim
from mainstay.policy.select import Policy
from mainstay.testing.selection import Selection
from mainstay.testing.sight import Sight
from property.market import CATALOG, Store
from property.operations import random_read
from property.stage import Stage, comparable
from property.vault import Account, Team, Vault
from property.worlds import World, make_world, random_principal, roles_that_read

ANN = Principal("clerk", {"sub": "ann"})
PAGES_MAX = 60


@pytest.mark.parametrize("number", range(30))
def test_pages_by_key_are_the_whole_answer(number: int, stage: Stage) -> None:
    random = Random(f"keyset/{number}")
    world = make_world(random, f"keyset/{number}")
    stage.fill(world)
    pipeline = stage.pipeline(world)
    for read, values, who in random_questions(random, world):
        whole = expected(world, read, values, who)
        pages = list(pages_of(stage, pipeline, read, values, who))
        ordered = [row for page in pages for row in page]
        assert comparable(ordered, ordered=True) == comparable(whole, ordered=True), (read, values, who)


def random_questions(random: Random, world: World) -> Iterator[tuple[Read, tuple[Value, ...], Principal]]:
    roles = roles_that_read(world)
    for _ in range(25 if roles else 0):
        role = random.choice(roles)
        asked = random_read(random, world.policy, role)
        table = CATALOG.find("public", asked.read.table.name)
        if table is None or not asked.ordered or asked.read.format is not Format.ARRAY:
            continue
        reading = world.policy.reading(role, table.key)
        keyed = reading is not None and all(reading.masks.get(name, TRUE) is None for name in table.primary_key)
        grouped = any(isinstance(item, Pick) and item.aggregate for item in asked.read.select)
        if not keyed or grouped or any(key.relation for key in asked.read.order):
            continue
        read = msgspec.structs.replace(
            asked.read, limit=random.randint(1, 3), offset=None, count=Count.NONE, strip_nulls=False, distinct=None
        )
        yield read, tuple(make(random) for make in asked.makers), random_principal(random, role)


def expected(world: World, read: Read, values: Sequence[Value], who: Principal) -> Any:
    table = CATALOG.find("public", read.table.name)
    assert table is not None
    keys = tuple(Order(Field(name)) for name in table.primary_key)
    sight = Sight(CATALOG, world.policy, who, world.database, values)
    try:
        selection = Selection(sight, table, read.select, read.where, (*read.order, *keys))
        selection.require_values()
        return selection.all()
    except Problem as problem:
        return [problem.code]


def pages_of(stage: Stage, pipeline: Any, read: Read, values: tuple[Value, ...], who: Principal) -> Iterator[list[Any]]:
    after: list[str | None] = []
    for _ in range(PAGES_MAX):
        slots = tuple(None if one is None else Slot(len(values) + place) for place, one in enumerate(after))
        asked = msgspec.structs.replace(read, after=slots)
        try:
            result = stage.run(pipeline.run(Operation(asked, (*values, *after)), who))
        except Problem as problem:
            yield [problem.code]
            return
        yield json.loads(result.body or b"")
        if result.cursor is None:
            return
        after = json.loads(result.cursor)
    raise AssertionError("no end of pages")


@pytest.fixture(scope="module")
def shared_vault(postgres: Any) -> Iterator[Vault]:
    vault = Vault(postgres.create_database())
    yield vault
    vault.close()


@pytest.fixture
def vault(shared_vault: Vault) -> Vault:
    shared_vault.reset()
    return shared_vault


def clerks() -> Policies:
    policies = Policies()
    clerk = policies.role("clerk")
    mine = Account.team.has(Team.owner == claim.sub)
    clerk.may("read", Account, columns=["id", "name", "points", "team_id"], rows=mine)
    clerk.may("read", Account, columns=["id", "salary"], rows=Account.id == 1)
    clerk.may("read", Team, columns=["name"])
    return policies


def accounts(order: Order, after: tuple[Slot | None, ...], **more: Any) -> Read:
    return Read(TableRef("accounts"), (Pick(Field("id")),), order=(order,), after=after, **more)


def ids(vault: Vault, read: Read, *values: Value) -> list[int]:
    return [row["id"] for row in json.loads(vault.ask(vault.pipeline(clerks()), read, *values, who=ANN).body or b"")]


def test_rows_that_come_and_go_neither_repeat_nor_hide_others(vault: Vault) -> None:
    new = "INSERT INTO accounts (id, name, team_id, points, pin_code)"
    vault.sql(f"{new} SELECT n, 'x', 1, n % 7, 'p' FROM generate_series(10, 60) AS n")
    random, seen = Random(7), []
    after: list[str | None] = []
    order = Order(Field("points"), descending=True)
    while True:
        read = accounts(order, tuple(Slot(place) for place in range(len(after))), limit=4)
        result = vault.ask(vault.pipeline(clerks()), read, *after, who=ANN)
        seen += [row["id"] for row in json.loads(result.body or b"")]
        if result.cursor is None:
            break
        after = json.loads(result.cursor)
        vault.sql(f"DELETE FROM accounts WHERE id = {random.choice(seen)} AND id > 3")
        vault.sql(f"{new} VALUES ({1_000 + len(seen)}, 'y', 1, {random.randint(0, 6)}, 'p')")
    assert len(seen) == len(set(seen))
    assert {1, 2, *range(10, 61)} <= set(seen)


def test_a_cursor_made_by_hand_shows_no_hidden_row(vault: Vault) -> None:
    """Zelda's account has 990 points: whatever is behind or before it, it is not there."""
    points = Order(Field("points"))
    for value in ("0", "989", "990", "991"):
        assert 3 not in ids(vault, accounts(points, (Slot(0), Slot(1))), value, "0")
        assert 3 not in ids(vault, accounts(Order(Field("points"), True), (Slot(0), Slot(1))), value, "0")


def test_a_cursor_compares_with_masked_values_as_nulls(vault: Vault) -> None:
    salary = Order(Field("salary"), nulls=Nulls.FIRST)
    result = vault.ask(vault.pipeline(clerks()), accounts(salary, (), limit=2), who=ANN)
    assert json.loads(result.cursor or b"") == ["990", "1"]
    assert ids(vault, accounts(salary, (None, Slot(0))), "2") == [1]
    assert ids(vault, accounts(salary, (Slot(0), Slot(1))), "0", "0") == [1]
    assert ids(vault, accounts(salary, (Slot(0), Slot(1))), "990", "1") == []


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (Read(TableRef("teams"), after=()), "MS467"),
        (accounts(Order(Field("pin_code")), ()), "42703"),
        (accounts(Order(Field("points")), (Slot(0),)), "MS468"),
        (accounts(Order(Field("points")), (Slot(0), Slot(0), Slot(0))), "MS468"),
        (accounts(Order(Field("points")), (Slot(0), Slot(1))), "22P02"),
    ],
)
def test_what_is_no_page_by_key_is_refused(vault: Vault, read: Read, code: str) -> None:
    told = vault.told(vault.pipeline(clerks()), read, "many", "1", who=ANN)
    assert isinstance(told, Problem)
    assert told.code == code


def test_pages_of_one_shape_share_a_round_trip(stage: Stage) -> None:
    """Asked at once, they are answered as alone."""
    world = make_world(Random("keyset/batch"), "keyset/batch")
    stage.fill(world)
    policies = Policies()
    policies.role("all").may("read", Store, columns="*")
    pipeline = stage.pipeline(msgspec.structs.replace(world, policy=Policy(CATALOG, policies)))
    order = (Order(Field("level"), nulls=Nulls.LAST),)
    read = Read(TableRef("stores"), (Pick(Field("id")),), order=order, limit=2, after=(Slot(0), Slot(1)))
    values = [(str(level), str(key)) for level in range(-1, 6) for key in range(-1, 6)]

    async def together() -> list[Any]:
        return await asyncio.gather(*(pipeline.run(Operation(read, each), Principal("all")) for each in values))

    alone = [stage.run(pipeline.run(Operation(read, each), Principal("all"))) for each in values]
    assert [(one.body, one.cursor) for one in stage.run(together())] == [(one.body, one.cursor) for one in alone]

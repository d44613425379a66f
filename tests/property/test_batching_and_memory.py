"""How a statement came to be, and with whom it went out, changes no answer."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest

from mainstay.cache.bounded import Bounded
from mainstay.core.condition import Field
from mainstay.core.operation import Operation, Order, Pick, Read, TableRef
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.pipeline import Pipeline
from mainstay.policy.declare import Policies, Role, claim
from mainstay.policy.select import Policy
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from property.market import CATALOG, Store
from property.operations import random_read
from property.stage import Example, Stage, agree, expected, report
from property.worlds import World, make_world, random_principal, roles_that_read

WORLDS = range(12)
ODD = ["", "x", '{"', "\\", "a,b", "NULL", "\0", "1" * 30, "back\\"]
STORES = Read(TableRef("stores"), (Pick(Field("id")),), order=(Order(Field("id")),))


class Forgetful:
    """A memory that keeps nothing."""

    def get(self, key: object, /) -> None:
        return None

    def put(self, key: object, value: object, /) -> None:
        return None


@pytest.fixture(scope="module")
def alone(stage: Stage, postgres: Any) -> Iterator[PostgresStore]:
    """A store of the stage's database that sends each request by itself."""
    store = PostgresStore(stage.url, PostgresSettings(lanes_read=1, lanes_write=1, batch_max=1))
    stage.run(store.start())
    yield store
    stage.run(store.close())


@pytest.mark.parametrize("number", WORLDS)
def test_batched_answers_are_what_each_request_gets_alone(number: int, stage: Stage, alone: PostgresStore) -> None:
    world, examples = filled(stage, f"batched/{number}")
    together = Pipeline(CATALOG, world.policy, stage.store, stage.limits, Bounded(1_000))
    single = Pipeline(CATALOG, world.policy, alone, stage.limits, together.statements)
    batched, apart = in_turn(stage, together, examples), in_turn(stage, single, examples)
    assert [each for each in batched if each[0] == "answer"], "nothing was answered"
    for example, one, other in zip(examples, batched, apart, strict=True):
        assert one == other, example


def test_what_is_asked_at_once_is_batched(stage: Stage) -> None:
    world, examples = filled(stage, "batched/0")
    pipeline = stage.pipeline(world)
    sent = watch(stage)
    in_turn(stage, pipeline, examples)
    batches = {statement.batch.text for statement in remembered(pipeline) if statement.batch is not None}
    assert len(sent) < len(examples)
    assert batches & set(sent)


@pytest.mark.parametrize("number", WORLDS)
def test_a_remembered_statement_answers_as_a_new_one(number: int, stage: Stage) -> None:
    world, examples = filled(stage, f"memory/{number}")
    remembering = stage.pipeline(world)
    in_turn(stage, remembering, examples)
    forgetful = stage.pipeline(world, Forgetful())
    assert in_turn(stage, remembering, examples) == in_turn(stage, forgetful, examples)


def test_one_statement_serves_all_callers_of_a_role_and_leaks_to_none(stage: Stage) -> None:
    world = stores_of(lambda role: role.may("read", Store, columns=["id"], rows=Store.owner == claim.sub))
    stage.fill(world)
    memory: Bounded[Any, Any] = Bounded(10)
    pipeline = stage.pipeline(world, memory)
    callers = [Principal("clerk", {"sub": name}) for name in ("ann", "bob", "nobody")] + [Principal("clerk", {})]
    bodies = [body for _, body, *_ in asked_at_once(stage, pipeline, callers * 8)]
    assert bodies[:4] == [b'[{"id":1}, \n {"id":3}]', b'[{"id":2}]', b"[]", b"[]"]
    assert bodies == bodies[:4] * 8
    assert len(memory) == 1


def test_a_changed_policy_never_serves_an_old_plan(stage: Stage) -> None:
    before = stores_of(lambda role: role.may("read", Store, columns=["id"]))
    after = stores_of(lambda role: role.may("read", Store, columns=["id"], rows=Store.owner == "bob"))
    hidden = stores_of(lambda role: role.may("read", "regions", columns="*"))
    assert len({world.policy.version for world in (before, after, hidden)}) == 3
    stage.fill(before)
    memory: Bounded[Any, Any] = Bounded(10)
    found = [
        asked_at_once(stage, stage.pipeline(world, memory), [Principal("clerk")])[0][:2]
        for world in (before, after, hidden, before)
    ]
    everything = ("answer", b'[{"id":1}, \n {"id":2}, \n {"id":3}]')
    assert found == [everything, ("answer", b'[{"id":2}]'), ("problem", "PGRST205"), everything]


@pytest.mark.parametrize("number", range(6))
def test_policies_that_share_a_memory_each_answer_by_their_own_rules(number: int, stage: Stage) -> None:
    first, examples = filled(stage, f"policies/{number}", spoilt=False)
    memory: Bounded[Any, Any] = Bounded(10_000)
    asked = 0
    for change in range(6):
        other = make_world(Random(f"policies/{number}/{change}"), f"policies/{number}/{change}")
        world = World(other.name, other.policy, first.database)
        pipeline = stage.pipeline(world, memory)
        fair = [example for example in examples if whole(example, world)]
        asked += len(fair)
        for example, got in zip(fair, stage.ask(pipeline, fair), strict=True):
            want = expected(world, example)
            assert agree(want, got, ordered=False), report(world, example, want, got, pipeline)
    assert asked


def filled(stage: Stage, name: str, *, spoilt: bool = True) -> tuple[World, list[Example]]:
    """A world with rows, in the database, and what is asked there; some values are ones that few columns read."""
    random = Random(name)
    world = make_world(random, name)
    while not roles_that_read(world):
        world = make_world(random, name)
    stage.fill(world)
    examples: list[Example] = []
    for _ in range(15):
        role = random.choice(roles_that_read(world))
        asked = random_read(random, world.policy, role)
        for _ in range(8):
            values = [make(random) for make in asked.makers]
            if values and spoilt and random.random() < 0.2:
                place = random.randrange(len(values))
                odd = random.choice(ODD)
                values[place] = (odd,) if isinstance(values[place], tuple) else odd
            examples.append(Example(asked, tuple(values), random_principal(random, role)))
    return world, [example for example in examples if example.asked.ordered]


def whole(example: Example, world: World) -> bool:
    """True where no page can cut what another policy leaves in another order."""
    role = example.principal.role
    readings = [world.policy.reading(role, key) for key in CATALOG.tables]
    bounded = any(reading is not None and reading.rows_max is not None for reading in readings)
    cut = re.search(r"limit=\d|offset=[1-9]|offset=\d+, count", repr(example.asked.read))
    return role in world.policy.roles and not bounded and cut is None


def stores_of(declare: Any) -> World:
    policies = Policies()
    role: Role = policies.role("clerk")
    declare(role)
    rows = [
        dict.fromkeys(CATALOG.find("public", "stores").columns) | {"id": number, "owner": owner}  # type: ignore[union-attr]
        for number, owner in ((1, "ann"), (2, "bob"), (3, "ann"))
    ]
    database = {key: rows if key.name == "stores" else [] for key in CATALOG.tables}
    return World("stores", Policy(CATALOG, policies), database)


def asked_at_once(stage: Stage, pipeline: Pipeline, callers: Sequence[Principal]) -> list[tuple[Any, ...]]:
    async def ask() -> list[tuple[Any, ...]]:
        return list(await asyncio.gather(*(outcome(pipeline, Operation(STORES), caller) for caller in callers)))

    return stage.run(ask())


def in_turn(stage: Stage, pipeline: Pipeline, examples: Sequence[Example]) -> list[tuple[Any, ...]]:
    """All that a caller gets of each, byte for byte; 60 of them are under way at once."""

    async def ask() -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(examples), 60):
            chunk = examples[start : start + 60]
            found += await asyncio.gather(*(outcome(pipeline, each.operation, each.principal) for each in chunk))
        return found

    return stage.run(ask())


async def outcome(pipeline: Pipeline, operation: Operation, principal: Principal) -> tuple[Any, ...]:
    try:
        result: Result = await pipeline.run(operation, principal)
    except Problem as problem:
        return ("problem", problem.code, problem.message, problem.details, problem.hint, problem.where)
    return ("answer", result.body, result.rows, result.total)


def watch(stage: Stage) -> list[str]:
    """Every text that the stage's reading lanes send from here on."""
    sent: list[str] = []
    for lane in stage.store._reads._lanes:
        original = lane.fetch

        async def fetch(text: str, *arguments: Any, original: Any = original) -> Any:
            sent.append(text)
            return await original(text, *arguments)

        lane.fetch = fetch  # type: ignore[method-assign]
    return sent


def remembered(pipeline: Pipeline) -> list[Any]:
    return list(pipeline.statements._entries.values())  # type: ignore[attr-defined]

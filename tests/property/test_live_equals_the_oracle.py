"""Whatever changes: once all is quiet, each live query has the answer that the oracle gives of what is there then.

No change is missed, by whatever rule, relation or value it matters; and most are found not to matter.
"""

import asyncio
from collections.abc import Collection, Iterator
from random import Random
from typing import Any

import msgspec
import pytest

from mainstay.core.catalog import Kind, Table
from mainstay.core.change import Change, Heard
from mainstay.core.operation import Embed, Format, Item
from mainstay.core.problem import Problem
from mainstay.event.live import Asked, Live, LiveRules, Subscription
from mainstay.pipeline import Pipeline
from mainstay.stores.postgres.announce import installing, removing
from mainstay.stores.postgres.feed import PostgresFeed
from property.market import CATALOG
from property.operations import random_read
from property.stage import Answer, Example, Stage, agree, answer_body, expected, report, stored
from property.worlds import World, make_world, random_principal, random_value, roles_that_read

READS = 20
QUESTIONS = 3
CHANGES = 8
WORLDS = 25
NEVER_MS = 3_600_000


class CountingFeed(PostgresFeed):
    """Says how many changes were heard."""

    heard = 0

    async def start(self, heard: Heard) -> None:
        def counted(change: Change | None) -> None:
            heard(change)
            self.heard += 1

        await super().start(counted)


class Follower:
    """One live query, and the last answer to it."""

    def __init__(self, example: Example, subscription: Subscription) -> None:
        self.example = example
        self.subscription = subscription
        self.answer: Answer | None = None
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        try:
            while self.answer is None or self.answer.code is None:
                result = await self.subscription.next(float("inf"))
                assert result is not None
                self.answer = Answer(body=answer_body(result, self.example.asked.read.format))
        except Problem as problem:
            self.answer = Answer(code=problem.code)


def test_live_queries_have_the_oracles_answers_after_every_change(
    stage: Stage, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = list(CATALOG.tables)
    columns = {key: frozenset(table.columns) for key, table in CATALOG.tables.items()}
    counts = [0, 0, 0]
    try:
        for statement in stage.run(installing(stage.connection.fetch, tables, columns)):
            stage.run(stage.connection.execute(statement))
        for number in range(WORLDS):
            found = stage.run(follow(stage, f"{seed}/{number}"))
            counts = [one + other for one, other in zip(counts, found, strict=True)]
    finally:
        for statement in stage.run(removing(stage.connection.fetch)):
            stage.run(stage.connection.execute(statement))
    compared, asked, other = counts
    with capsys.disabled():
        print(
            f"\n{compared:,} answers after changes equal the oracle's; {other:,} were other ones, {asked:,} asked for"
        )
    assert other > WORLDS * CHANGES
    assert asked < compared / 2


async def follow(stage: Stage, name: str) -> tuple[int, int, int]:
    """How many answers were compared, asked for again, and other ones."""
    random = Random(f"live/{name}")
    world = make_world(random, name)
    await stage._fill(world)
    pipeline = stage.pipeline(world)
    feed = CountingFeed(stage.url, stage.store)
    live = Live(feed, LiveRules(poll_ms=NEVER_MS, interval_ms=1))
    live.serve(CATALOG.tables)
    asked = count_asked(pipeline)
    followers = [Follower(each, await subscribed(live, pipeline, each)) for each in examples(random, world)]
    compared = other = 0
    try:
        await quiet(live, followers)
        check(world, pipeline, followers)
        del asked[:]
        for _ in range(CHANGES):
            before = {each: each.answer for each in followers}
            world = await change(stage, random, world, feed)
            await quiet(live, followers)
            check(world, pipeline, followers)
            compared += len(followers)
            other += sum(before[each] != each.answer for each in followers)
            followers = [each for each in followers if each.answer is not None and each.answer.code is None]
    finally:
        for each in followers:
            each.task.cancel()
        await live.stop()
    return compared, sum(asked), other


async def subscribed(live: Live, pipeline: Pipeline, example: Example) -> Subscription:
    return await live.subscribe(Asked(pipeline, example.operation, example.principal))


def count_asked(pipeline: Pipeline) -> list[int]:
    """How many live queries each evaluation is of, from now on."""
    asked: list[int] = []
    ask = pipeline.answers

    async def counted(bounds: Any) -> Any:
        asked.append(len(bounds))
        return await ask(bounds)

    pipeline.answers = counted  # type: ignore[method-assign]
    return asked


def examples(random: Random, world: World) -> Iterator[Example]:
    roles = roles_that_read(world)
    for _ in range(READS if roles else 0):
        role = random.choice(roles)
        asked = random_read(random, world.policy, role)
        if asked.read.format in (Format.NONE, Format.CSV) or not asked.ordered or has_twins(asked.read.select):
            continue  # without an order, two answers to one question may differ
        for _ in range(QUESTIONS):
            values = tuple(make(random) for make in asked.makers)
            example = Example(asked, values, random_principal(random, role))
            if expected(world, example).code is None:
                yield example


def has_twins(items: Collection[Item]) -> bool:
    """Whether two embeds of one level share a name, of which the oracle shows the last and joins by either."""
    embeds = [item for item in items if isinstance(item, Embed)]
    return len({each.name for each in embeds}) < len(embeds) or any(has_twins(each.select) for each in embeds)


async def change(stage: Stage, random: Random, world: World, feed: CountingFeed) -> World:
    """One row is inserted, deleted or updated, in the database and in the world."""
    key = random.choice(list(world.database))
    table, rows = CATALOG.tables[key], list(world.database[key])
    deed = random.choice(["insert", "delete", "update", "update"]) if rows else "insert"
    heard = feed.heard
    if deed == "insert":
        row = {name: random_value(random, column) for name, column in table.columns.items()}
        if any(same(table, row, other) for other in rows):
            return world
        rows.append(row)
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await stage.connection.execute(f'INSERT INTO "{key.name}" ({names}) VALUES ({marks})', *sent(table, row))
    else:
        old = random.choice(rows)
        where = " AND ".join(f'"{name}" = ${number}' for number, name in enumerate(table.primary_key, 1))
        known = [old[name] for name in table.primary_key]
        rows = [other for other in rows if other is not old]
        if deed == "delete":
            await stage.connection.execute(f'DELETE FROM "{key.name}" WHERE {where}', *known)
        else:
            names = random.sample([*table.columns], random.randint(1, 3))
            new = {**old, **{name: random_value(random, table.columns[name]) for name in names}}
            if any(same(table, new, other) for other in rows):
                return world
            rows.append(new)
            sets = ", ".join(f'"{name}" = ${number}' for number, name in enumerate(new, len(known) + 1))
            sql = f'UPDATE "{key.name}" SET {sets} WHERE {where}'
            await stage.connection.execute(sql, *known, *sent(table, new))
    while feed.heard == heard:
        await asyncio.sleep(0.001)
    rows.sort(key=lambda row: tuple(row[name] for name in table.primary_key))
    return msgspec.structs.replace(world, database={**world.database, key: rows})


def same(table: Table, row: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(row[name] == other[name] for name in table.primary_key)


def sent(table: Table, row: dict[str, Any]) -> list[Any]:
    return [stored(value) if table.columns[name].type.kind is Kind.JSON else value for name, value in row.items()]


async def quiet(live: Live, followers: Collection[Follower]) -> None:
    """Nothing is left to be asked for, and all that was told was taken."""
    while any(group.dirty or group.running for group in live._groups.values()):
        await asyncio.sleep(0.001)
    for each in followers:
        while each.answer is None or each.subscription.subscriber._pending is not None:
            await asyncio.sleep(0.001)


def check(world: World, pipeline: Pipeline, followers: Collection[Follower]) -> None:
    for each in followers:
        want = msgspec.structs.replace(expected(world, each.example), total=None)
        assert each.answer is not None
        if not agree(want, each.answer, ordered=True):
            pytest.fail(report(world, each.example, want, each.answer, pipeline), pytrace=False)

"""The corridor on a real database, beside the oracle: asks both the same and says where they differ."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import asyncpg
import msgspec

from mainstay.cache.bounded import Bounded
from mainstay.cli.layout import layout
from mainstay.core.catalog import Kind, TableKey
from mainstay.core.limits import Limits
from mainstay.core.operation import Count, Format, Operation, Value
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.pipeline import Pipeline
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from mainstay.testing.oracle import answer, total
from mainstay.testing.values import Json
from property.market import CATALOG, table_statements
from property.operations import Asked
from property.worlds import World

T = TypeVar("T")


class Example(msgspec.Struct, frozen=True, eq=False):
    """One question: a shape with values, and who asks."""

    asked: Asked
    values: tuple[Value, ...]
    principal: Principal

    @property
    def operation(self) -> Operation:
        return Operation(self.asked.read, self.values)


class Answer(msgspec.Struct, frozen=True):
    """A problem's code, or the body (for Format.NONE the number of rows) and the total."""

    code: str | None = None
    body: Any = None
    total: int | None = None


class Stage:
    """A database with the market's tables, a store with two lanes, and a loop to run them on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.limits = Limits()
        self.loop = asyncio.new_event_loop()
        self.connection: Any = self.run(asyncpg.connect(url))
        self.run(self.connection.execute(";".join(table_statements())))
        self.store = PostgresStore(url, PostgresSettings(lanes_read=2, lanes_write=1, statement_ms_max=20_000))
        self.run(self.store.start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self.store.close())
        self.run(self.connection.close())
        self.loop.close()

    def pipeline(self, world: World, memory: Any = None) -> Pipeline:
        return Pipeline(CATALOG, world.policy, self.store, self.limits, Bounded(1_000) if memory is None else memory)

    def fill(self, world: World) -> None:
        self.run(self._fill(world))

    async def _fill(self, world: World) -> None:
        await self.connection.execute(f"TRUNCATE {', '.join(key.name for key in CATALOG.tables)}")
        for key, rows in world.database.items():
            table = CATALOG.tables[key]
            json_columns = {name for name, column in table.columns.items() if column.type.kind is Kind.JSON}
            records = [
                tuple(stored(value) if name in json_columns else value for name, value in row.items()) for row in rows
            ]
            await self.connection.copy_records_to_table(key.name, records=records, columns=list(table.columns))

    async def rows(self, key: TableKey) -> list[dict[str, Any]]:
        """What the table holds now."""
        return [dict(record) for record in await self.connection.fetch(f"SELECT * FROM {key.name}")]

    def ask(self, pipeline: Pipeline, examples: Sequence[Example], *, at_once: int = 64) -> list[Answer]:
        """The corridor's answers, in order; so many questions are under way at once."""
        return self.run(self._ask(pipeline, examples, at_once))

    async def _ask(self, pipeline: Pipeline, examples: Sequence[Example], at_once: int) -> list[Answer]:
        answers: list[Answer] = []
        for start in range(0, len(examples), at_once):
            chunk = examples[start : start + at_once]
            answers += await asyncio.gather(*(answer_of(pipeline, example) for example in chunk))
        return answers


async def answer_of(pipeline: Pipeline, example: Example) -> Answer:
    try:
        result = await pipeline.run(example.operation, example.principal)
    except Problem as problem:
        return Answer(code=problem.code)
    return Answer(body=answer_body(result, example.asked.read.format), total=result.total)


def answer_body(result: Result, format_: Format) -> Any:
    return result.rows if format_ is Format.NONE else json.loads(result.body or b"")


def expected(world: World, example: Example) -> Answer:
    """The oracle's answer."""
    read, values, principal = example.asked.read, example.values, example.principal
    try:
        body = answer(read, values, principal, world.database, CATALOG, world.policy)
        counted = read.count is Count.EXACT
        number = total(read, values, principal, world.database, CATALOG, world.policy) if counted else None
    except Problem as problem:
        return Answer(code=problem.code)
    return Answer(body=body, total=number)


UNREADABLE = {"22007": "22P02"}
"""Of several values that can't be read either may be told of: a date's code is then as good as another's."""


def agree(one: Answer, other: Answer, *, ordered: bool) -> bool:
    codes = (UNREADABLE.get(each.code or "", each.code) for each in (one, other))
    same = (next(codes), one.total) == (next(codes), other.total)
    return same and comparable(one.body, ordered=ordered) == comparable(other.body, ordered=ordered)


def comparable(value: Any, *, ordered: bool) -> Any:
    """JSON in a form in which equal means equal: true is not 1, 2 is 2.0, and lists may have no order."""
    match value:
        case bool() | None | str():
            return value if not isinstance(value, bool) else f"boolean {value}"
        case int() | float():
            return round(float(value), 9)
        case dict():
            return {key: comparable(item, ordered=ordered) for key, item in value.items()}
        case list():
            items = [comparable(item, ordered=ordered) for item in value]
            return items if ordered else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    raise TypeError(f"{value!r} is no JSON")


def report(world: World, example: Example, wanted: Answer, got: Answer, pipeline: Pipeline) -> str:
    """All that is needed to see one disagreement."""
    role = example.principal.role
    lines = [f"world {world.name}, role {role}, claims {example.principal.claims}", "", "rules:"]
    for key, table in CATALOG.tables.items():
        reading = world.policy.reading(role, key)
        if reading is not None:
            lines.append(f"  {table.name}: {reading}")
    lines += ["", "rows:"]
    lines += [f"  {key.name}: {[tuple(row.values()) for row in rows]}" for key, rows in world.database.items()]
    lines += ["", f"read: {example.asked.read}", f"values: {example.values}", "", f"SQL: {_sql(example, pipeline)}"]
    return "\n".join([*lines, "", f"oracle:   {wanted}", f"corridor: {got}", f"ordered: {example.asked.ordered}"])


def _sql(example: Example, pipeline: Pipeline) -> str:
    key = (example.asked.read, example.principal.role, pipeline.catalog.version, pipeline.policy.version)
    try:
        statement = pipeline.prepare(key)
    except Problem as problem:
        return f"none, for {problem.code} {problem.message}"
    return f"{layout(statement.text)}\nbinds: {statement.binds}"


def shares(answers: Iterable[Answer]) -> dict[str, float]:
    """How many answers are problems, and how many hold something."""
    every = list(answers)
    refused = sum(each.code is not None for each in every)
    filled = sum(bool(each.body) for each in every)
    return {"refused": refused / len(every), "filled": filled / len(every)}


def stored(document: Any) -> str | None:
    if document is None:
        return None
    return "null" if isinstance(document, Json) else json.dumps(document)

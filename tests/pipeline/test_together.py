"""Several reads in one statement, and what rows come to: under the policy, and each as it would be by itself."""

import asyncio
import json
from typing import Any

import pytest

from cinema.app import cinema
from cinema.setting import set_up
from mainstay.cache.bounded import Bounded
from mainstay.core.condition import Aggregate, Compare, Field, Operator, Slot
from mainstay.core.limits import Limits
from mainstay.core.operation import (
    Constant,
    Embed,
    Format,
    Member,
    Nodes,
    Operation,
    Order,
    Part,
    Pick,
    Read,
    TableRef,
    Tally,
    Together,
)
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.pipeline import Pipeline
from mainstay.stores.postgres import PostgresStore
from services.postgres import Postgres

ID, TITLE = Pick(Field("id")), Pick(Field("title"))
LONG = "a_member_whose_name_is_longer_than_any_name_that_postgresql_takes_for_a_column"
"""PostgreSQL cuts a column's name at 63 bytes."""


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def films(**parts: Any) -> Read:
    return Read(table=TableRef("films"), order=(Order(Field("id")),), **parts)


def count_of(name: str = "count", *fields: str, distinct: bool = False) -> Tally:
    return Tally(name, Aggregate.COUNT, tuple(map(Field, fields)), distinct)


def ask(url: str, shape: Any, *values: str, role: str = "anonymous", at_once: int = 1) -> list[Any]:
    async def main() -> list[Any]:
        app = cinema()
        store = PostgresStore(url)
        await store.start()
        pipeline = Pipeline(app.catalog, app.policy, store, Limits(), Bounded(100))
        try:
            principal = Principal(role, {"sub": 1})
            runs = (pipeline.run(Operation(shape, values), principal) for _ in range(at_once))
            return [json.loads(result.body or b"") for result in await asyncio.gather(*runs)]
        finally:
            await store.close()

    return asyncio.run(main())


def one(url: str, shape: Any, *values: str, role: str = "anonymous") -> Any:
    [answer] = ask(url, shape, *values, role=role)
    return answer


def test_members_come_in_order_and_each_is_what_it_is_by_itself(url: str) -> None:
    reads = {
        "b": films(select=(ID, Constant("kind", "film"))),
        "a": films(select=(TITLE,), where=Compare(Field("id"), Operator.EQ, Slot(0)), format=Format.FIRST),
        "none": films(select=(TITLE,), where=Compare(Field("id"), Operator.EQ, Slot(1)), format=Format.FIRST),
    }
    together = one(url, Together((*reads.items(), ("__typename", "query_root"))), "1", "999")
    assert list(together) == ["b", "a", "none", "__typename"]
    assert together["none"] is None
    assert together["__typename"] == "query_root"
    for name, read in reads.items():
        assert together[name] == one(url, read, "1", "999")


def test_many_at_once_are_answered_as_one_is(url: str) -> None:
    shape = Together((("film", films(select=(ID,), where=Compare(Field("id"), Operator.LTE, Slot(0)))),))
    assert ask(url, shape, "2", at_once=30) == [one(url, shape, "2")] * 30


def test_a_summary_is_of_the_rows_that_the_role_sees(url: str) -> None:
    members: tuple[Member, ...] = (
        Constant("__typename", "films_aggregate"),
        Part("aggregate", (count_of(), Part("max", (Tally("year", Aggregate.MAX, (Field("year"),)),)))),
        Nodes("nodes", (ID, Embed("director", select=(Pick(Field("name")),)))),
    )
    rows = one(url, films(select=(ID, Pick(Field("year")), Embed("director", select=(Pick(Field("name")),)))))
    summary = one(url, films(select=(), summary=members))
    assert list(summary) == ["__typename", "aggregate", "nodes"]
    assert summary["aggregate"] == {"count": len(rows), "max": {"year": max(row["year"] for row in rows)}}
    assert summary["nodes"] == [{"id": row["id"], "director": row["director"]} for row in rows]


def test_a_page_is_summed_up_as_a_page(url: str) -> None:
    read = films(select=(), summary=(count_of(), Nodes("nodes", (ID,))), limit=2)
    assert one(url, read) == {"count": 2, "nodes": one(url, films(select=(ID,), limit=2))}


def test_related_rows_are_summed_up_for_each_row(url: str) -> None:
    reviews = Embed("reviews", alias="all", select=(ID,))
    summed = Embed("reviews", alias="sum", summary=(count_of(), count_of("authors", "author_id", distinct=True)))
    for film in one(url, films(select=(ID, reviews, summed))):
        assert film["sum"]["count"] == len(film["all"])


def test_counting_several_columns_counts_where_all_are_there(url: str) -> None:
    rows = one(url, films(select=(Pick(Field("director_id")), Pick(Field("studio_id")))))
    both = {(row["director_id"], row["studio_id"]) for row in rows if None not in row.values()}
    summary = one(url, films(select=(), summary=(count_of("n", "director_id", "studio_id", distinct=True),)))
    assert summary == {"n": len(both)}


def test_a_name_may_be_longer_than_a_columns_and_there_may_be_many(url: str) -> None:
    many = tuple(Constant(f"m{number}", "x") for number in range(120))
    answer = one(url, Together(((LONG, films(select=(), summary=(*many, Part(LONG, (count_of(LONG),))))),)))
    assert list(answer[LONG]) == [*(f"m{number}" for number in range(120)), LONG]
    assert list(answer[LONG][LONG]) == [LONG]


HIDDEN: list[tuple[Read, str]] = [
    (films(select=(), summary=(Tally("sum", Aggregate.SUM, (Field("budget"),)),)), "42703"),
    (films(select=(), summary=(Part("of", (count_of("n", "gross"),)),)), "42703"),
    (films(select=(), summary=(Nodes("nodes", (Pick(Field("budget")),)),)), "42703"),
    (films(select=(ID, Embed("reviews", summary=(count_of("n", "nothing"),)))), "42703"),
    (Read(table=TableRef("vault"), select=(), summary=(count_of(),)), "PGRST205"),
]


@pytest.mark.parametrize(("read", "code"), HIDDEN)
def test_what_is_hidden_can_not_be_summed_up(read: Read, code: str) -> None:
    app = cinema()
    for shape in (read, Together((("x", read),))):
        with pytest.raises(Problem) as caught:
            app.prepare(Operation(shape), Principal("anonymous"))
        assert caught.value.code == code
    assert str(caught.value.where).startswith("x.")


def test_no_more_rows_are_listed_than_the_limit_but_all_are_counted(url: str) -> None:
    async def main() -> Any:
        app = cinema()
        store = PostgresStore(url)
        await store.start()
        pipeline = Pipeline(app.catalog, app.policy, store, Limits(rows_max=1), Bounded(100))
        read = films(select=(), summary=(count_of(), Nodes("nodes", (ID,))))
        try:
            return json.loads((await pipeline.run(Operation(read), Principal("anonymous"))).body or b"")
        finally:
            await store.close()

    answer = asyncio.run(main())
    assert answer["count"] > 1
    assert len(answer["nodes"]) == 1

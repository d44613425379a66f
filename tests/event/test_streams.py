"""Streams: each row once and in order, those that are there, then those that come, and on from the last one seen."""

import asyncio
import json
from typing import Any

import pytest

from event.boards import Stage, on_stage, question
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.wires.graphql.problems import body_of

ALL = """($size: Int!, $after: Int!) {
  notes_stream(batch_size: $size, cursor: {initial_value: {id: $after}, ordering: ASC}) { id text }
}"""


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


def test_batches_come_until_it_has_caught_up_and_then_what_is_new(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(ALL, {"size": 2, "after": 0})
        assert await notes.next() == [{"id": 1, "text": "Tide"}, {"id": 2, "text": "Salt"}]
        assert await notes.next() == [{"id": 3, "text": "Rain"}]
        await stage.run("INSERT INTO notes SELECT n, 1, 'cleo', 'new' FROM generate_series(4, 8) AS n")
        assert [ids(await notes.next()) for _ in range(3)] == [[4, 5], [6, 7], [8]]
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        await stage.run("DELETE FROM notes WHERE id = 2")
        await stage.run("INSERT INTO notes VALUES (9, 2, 'ada', 'last')")
        assert ids(await notes.next()) == [9]

    on_stage(database, play)


def test_it_goes_on_where_it_ended_by_the_last_value(database: str) -> None:
    async def play(stage: Stage) -> None:
        first = stage.subscribe(ALL, {"size": 2, "after": 0})
        assert ids(await first.next()) == [1, 2]
        await first.answers.aclose()
        await stage.run("INSERT INTO notes VALUES (4, 2, 'ada', 'missed')")
        again = stage.subscribe(ALL, {"size": 10, "after": 2})
        assert ids(await again.next()) == [3, 4]

    on_stage(database, play)


def test_rows_of_one_value_are_told_apart_by_their_key(database: str) -> None:
    async def play(stage: Stage) -> None:
        text = """{ notes_stream(batch_size: 2, where: {id: {_gt: 10}},
                    cursor: [{initial_value: {board_id: 0}}]) { id } }"""
        notes = stage.subscribe(text)
        assert [ids(await notes.next()) for _ in range(3)] == [[11, 12], [13, 21], [22]]

    rows = "INSERT INTO notes SELECT n, n / 10, 'ada', '' FROM unnest(ARRAY[11, 12, 13, 21, 22]) AS n"
    on_stage(database, play, rows)


def test_a_stream_goes_down_where_it_is_asked_to(database: str) -> None:
    async def play(stage: Stage) -> None:
        text = "{ s: notes_stream(batch_size: 2, cursor: {initial_value: {id: 3}, ordering: DESC}) { id } }"
        assert ids(await stage.subscribe(text).next()) == [2, 1]

    on_stage(database, play)


def test_an_empty_stream_says_so_once(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(ALL, {"size": 2, "after": 3})
        assert await notes.next() == []
        await stage.run("INSERT INTO notes VALUES (0, 2, 'ada', 'before')")
        await stage.run("INSERT INTO notes VALUES (4, 2, 'ada', 'behind')")
        assert ids(await notes.next()) == [4]

    on_stage(database, play)


def test_a_stream_holds_what_the_rules_show_when_it_is_read(database: str) -> None:
    async def play(stage: Stage) -> None:
        ada = stage.subscribe(ALL, {"size": 5, "after": 0}, role="member", sub="ada")
        assert ids(await ada.next()) == [1, 3]
        await stage.run("INSERT INTO notes VALUES (4, 2, 'ben', 'not hers'), (5, 2, 'ada', 'hers')")
        assert ids(await ada.next()) == [5]

    on_stage(database, play)


def test_a_batch_is_no_larger_than_the_limit(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(ALL, {"size": 1_000_000, "after": 0})
        assert [ids(await notes.next()) for _ in range(2)] == [[1, 2], [3]]

    on_stage(database, play, limits={"rows_max": 2})


def test_streams_of_one_form_are_read_in_one_statement(database: str) -> None:
    async def play(stage: Stage) -> None:
        crowd = [stage.subscribe(ALL, {"size": 5, "after": 3 + number}) for number in range(50)]
        for each in crowd:
            assert await each.next() == []
        waiting = [asyncio.create_task(each.next()) for each in crowd]
        while sum(stage.statements) < 100:  # each has looked behind its first batch
            await asyncio.sleep(0.01)
        stage.statements.clear()
        await stage.run("INSERT INTO notes VALUES (100, 2, 'ada', 'all')")
        assert [ids(rows) for rows in await asyncio.gather(*waiting)] == [[100]] * 50
        assert stage.statements == [50]

    on_stage(database, play)


WRONG: list[tuple[str, str, str]] = [
    ("{ notes_stream(batch_size: 1) { id } }", "validation-failed", "cursor"),
    ("{ notes_stream(cursor: {initial_value: {id: 1}}) { id } }", "validation-failed", "batch_size"),
    ("{ notes_stream(batch_size: 0, cursor: {initial_value: {id: 1}}) { id } }", "validation-failed", "positive"),
    ("{ notes_stream(batch_size: 1, cursor: []) { id } }", "validation-failed", "one streaming column field"),
    ("{ notes_stream(batch_size: 1, cursor: {initial_value: {}}) { id } }", "validation-failed",
     "one streaming column field is expected"),
    ("{ notes_stream(batch_size: 1, cursor: {initial_value: {id: null}}) { id } }", "validation-failed", "null"),
    ("{ notes_stream(batch_size: 1, cursor: {initial_value: {idd: 1}}) { id } }", "validation-failed",
     "'idd' not found"),
    ("{ notes_stream(batch_size: 1, cursor: {initial_value: {id: 1}, ordering: UP}) { id } }", "validation-failed",
     "cursor_ordering"),
    ("{ notes_stream(batch_size: 1, cursor: {initial_value: {id: 1, text: \"a\"}}) { id } }", "not-supported",
     "multiple column cursors"),
    ("{ notes_stream(batch_size: 1, cursor: [{initial_value: {id: 1}}, {initial_value: {text: \"\"}}]) { id } }",
     "not-supported", "multiple column cursors"),
    ("{ notes_stream(batch_size: 1, cursor: {initial_value: {id: 1}}, limit: 1) { id } }", "validation-failed",
     "limit"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "says"), WRONG)
def test_what_is_no_stream_is_refused(database: str, text: str, code: str, says: str) -> None:
    async def play(stage: Stage) -> None:
        with pytest.raises(Problem) as caught:
            await stage.subscribe(text).next()
        error = json.loads(body_of(caught.value))["errors"][0]
        assert error["extensions"]["code"] == code
        assert says in error["message"]

    on_stage(database, play)


def test_a_query_has_no_stream(database: str) -> None:
    async def play(stage: Stage) -> None:
        asked = question(f"query {ALL}", {"size": 1, "after": 1})
        with pytest.raises(Problem, match="field 'notes_stream' not found in type: 'query_root'"):
            await stage.answering.graph.prepared(asked, Principal("anonymous"))

    on_stage(database, play)

"""Live queries: what is asked for anew when something changes, in how many statements, and who hears of it."""

import asyncio
import logging
from typing import Any

import asyncpg
import pytest

from event.boards import Stage, boards, on_stage
from mainstay import Mainstay
from mainstay.app import announcing
from mainstay.core.problem import Problem
from mainstay.evolve.sync import create_missing

OF_BOARD = "($board: Int!) { notes(where: {board_id: {_eq: $board}}, order_by: {id: asc}) { text } }"

STREAM = "{ notes_stream(batch_size: 5, cursor: {initial_value: {id: 0}}) { id } }"


def texts(rows: Any) -> list[str]:
    return [row["text"] for row in rows]


def test_a_change_is_told_at_once_by_whomever_it_was_made(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        assert texts(await notes.next()) == ["Tide", "Salt"]
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert texts(await notes.next()) == ["Ebb", "Salt"]
        await stage.run("UPDATE notes SET board_id = 2 WHERE id = 2")
        assert texts(await notes.next()) == ["Ebb"]
        await stage.run("TRUNCATE notes")
        assert texts(await notes.next()) == []
        assert stage.statements == [1] * 4

    on_stage(database, play)


def test_only_who_reads_the_key_that_was_written_is_asked_for(database: str) -> None:
    async def play(stage: Stage) -> None:
        sea, weather = (stage.subscribe(OF_BOARD, {"board": board}) for board in (1, 2))
        one = stage.subscribe("{ notes_by_pk(id: 1) { text } }")
        for each in (sea, weather, one):
            await each.next()
        stage.statements.clear()
        await stage.run("INSERT INTO notes VALUES (4, 2, 'cleo', 'Hail')")
        assert texts(await weather.next()) == ["Rain", "Hail"]
        assert stage.statements == [1]
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert await one.next() == {"text": "Ebb"}
        assert texts(await sea.next()) == ["Ebb", "Salt"]
        assert stage.statements == [1, 1, 1]

    on_stage(database, play)


def test_related_rows_are_asked_for_by_the_keys_that_join_them(database: str) -> None:
    async def play(stage: Stage) -> None:
        text = "($id: Int!) { boards_by_pk(id: $id) { name notes(order_by: {id: asc}) { text } } }"
        sea, weather = (stage.subscribe(text, {"id": board}) for board in (1, 2))
        await sea.next()
        await weather.next()
        stage.statements.clear()
        await stage.run("UPDATE notes SET text = 'Snow' WHERE id = 3")
        assert texts((await weather.next())["notes"]) == ["Snow"]
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert texts((await sea.next())["notes"]) == ["Ebb", "Salt"]
        assert stage.statements == [1, 1]

    on_stage(database, play)


def test_a_thousand_of_one_form_are_asked_for_in_one_statement(database: str) -> None:
    async def play(stage: Stage) -> None:
        text = "($above: Int!) { notes(where: {id: {_gt: $above}}, order_by: {id: asc}) { id } }"
        crowd = [stage.subscribe(text, {"above": -number}) for number in range(1_000)]
        await asyncio.gather(*(each.next() for each in crowd))
        stage.statements.clear()
        await stage.run("INSERT INTO notes VALUES (4, 2, 'cleo', 'Hail')")
        answers = await asyncio.gather(*(each.next() for each in crowd))
        assert all(answer[-1] == {"id": 4} for answer in answers)
        assert stage.statements == [1_000]

    on_stage(database, play)


def test_equal_questions_of_equal_callers_are_asked_once(database: str) -> None:
    async def play(stage: Stage) -> None:
        same = [stage.subscribe(OF_BOARD, {"board": 1}) for _ in range(20)]
        await asyncio.gather(*(each.next() for each in same))
        stage.statements.clear()
        await stage.run("DELETE FROM notes WHERE id = 1")
        assert [texts(answer) for answer in await asyncio.gather(*(each.next() for each in same))] == [["Salt"]] * 20
        assert stage.statements == [1]

    on_stage(database, play)


def test_a_row_leaves_when_its_owner_changes_and_others_are_not_even_asked_for(database: str) -> None:
    async def play(stage: Stage) -> None:
        text = "{ notes(order_by: {id: asc}) { text } }"
        ada, ben, cleo = (stage.subscribe(text, role="member", sub=name) for name in ("ada", "ben", "cleo"))
        assert texts(await ada.next()) == ["Tide", "Rain"]
        assert texts(await ben.next()) == ["Salt"]
        assert texts(await cleo.next()) == []
        stage.statements.clear()
        await stage.run("UPDATE notes SET owner = 'ben' WHERE id = 3")
        assert texts(await ada.next()) == ["Tide"]
        assert texts(await ben.next()) == ["Salt", "Rain"]
        assert stage.statements == [2]

    on_stage(database, play)


def test_what_only_a_rule_reads_is_waited_for_too(database: str) -> None:
    async def play(stage: Stage) -> None:
        names = stage.subscribe("{ boards(order_by: {id: asc}) { name } }", role="friend", sub="ben")
        assert await names.next() == [{"name": "Sea"}]
        await stage.run("INSERT INTO notes VALUES (4, 2, 'ben', 'Hail')")
        assert await names.next() == [{"name": "Sea"}, {"name": "Weather"}]

    on_stage(database, play)


def test_a_change_that_does_not_show_is_not_told(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        await notes.next()
        await stage.run("UPDATE notes SET owner = 'cleo' WHERE id = 1")
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert texts(await notes.next()) == ["Ebb", "Salt"]

    on_stage(database, play)


def test_a_burst_is_one_evaluation_more_than_the_one_under_way(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 2})
        marks = stage.subscribe("{ boards_by_pk(id: 1) { name } }")
        await notes.next()
        await marks.next()
        stage.statements.clear()
        stage.gate.clear()
        for number in range(50):
            await stage.run(f"INSERT INTO notes VALUES ({10 + number}, 2, 'ada', 'Note {number}')")
        await stage.run("UPDATE boards SET name = 'Ocean' WHERE id = 1")
        while len(stage.statements) < 2:  # notices come in order: once this one is asked for, all others were heard
            await asyncio.sleep(0.01)
        stage.gate.set()
        assert await marks.next() == {"name": "Ocean"}
        while len(rows := texts(await notes.next())) < 51:
            assert len(stage.statements) <= 3
        assert rows[-1] == "Note 49"
        assert stage.statements == [1, 1, 1]

    on_stage(database, play)


def test_a_slow_client_is_given_the_latest_answer_and_none_that_it_has(database: str) -> None:
    async def play(stage: Stage) -> None:
        slow, quick = (stage.subscribe(OF_BOARD, {"board": 2}) for _ in range(2))
        await slow.next()
        await quick.next()
        for text in ("Hail", "Snow", "Fog"):
            await stage.run(f"UPDATE notes SET text = '{text}' WHERE id = 3")
            assert texts(await quick.next()) == [text]
        assert texts(await slow.next()) == ["Fog"]
        for text in ("Sun", "Fog", "Mist"):
            await stage.run(f"UPDATE notes SET text = '{text}' WHERE id = 3")
            assert texts(await quick.next()) == [text]
        assert texts(await slow.next()) == ["Mist"]

    on_stage(database, play)


def test_a_listener_that_was_lost_asks_for_all_once_it_is_back(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes, others = (stage.subscribe(OF_BOARD, {"board": board}) for board in (1, 2))
        await notes.next()
        await others.next()
        stage.statements.clear()
        await stage.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'mainstay listening' AND datname = current_database()"
        )
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert texts(await notes.next()) == ["Ebb", "Salt"]
        assert stage.statements == [2]
        await stage.run("UPDATE notes SET text = 'Flood' WHERE id = 1")
        assert texts(await notes.next()) == ["Flood", "Salt"]
        assert stage.statements == [2, 1]

    on_stage(database, play)


def test_two_nodes_tell_their_own_subscribers(database: str) -> None:
    async def play(stage: Stage) -> None:
        other = boards(**{"database_url": database, "live_poll_ms": 600_000})
        await other.start()
        try:
            here, there = (
                stage.subscribe(OF_BOARD, {"board": 1}),
                Stage(other, stage.database).subscribe(OF_BOARD, {"board": 1}),
            )
            assert texts(await here.next()) == texts(await there.next()) == ["Tide", "Salt"]
            await stage.run("DELETE FROM notes WHERE id = 2")
            assert texts(await here.next()) == texts(await there.next()) == ["Tide"]
        finally:
            await other.stop()

    on_stage(database, play)


def test_one_that_can_not_be_answered_fails_alone(database: str) -> None:
    async def play(stage: Stage) -> None:
        text = "($pattern: String!) { notes(where: {text: {_regex: $pattern}}) { text } }"
        crowd = [stage.subscribe(text, {"pattern": pattern}) for pattern in ("Tide", "(", "Rain", "Salt")]
        answers = await asyncio.gather(*(each.next() for each in crowd), return_exceptions=True)
        assert isinstance(answers[1], Problem)
        assert answers[1].code == "2201B"
        assert [texts(each) for each in (answers[0], *answers[2:])] == [["Tide"], ["Rain"], ["Salt"]]

    on_stage(database, play)


def test_what_does_not_announce_is_polled_with_a_warning(database: str, caplog: pytest.LogCaptureFixture) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        await notes.next()
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert texts(await notes.next()) == ["Ebb", "Salt"]
        assert [line for line in caplog.messages if "mainstay live install" in line] == [
            "changes of public.notes are not announced: live queries of it are asked for every 50 ms; "
            "run `mainstay live install`"
        ]

    with caplog.at_level(logging.WARNING, "mainstay"):
        on_stage(database, play, announces=False, live_poll_ms=50)


def test_triggers_installed_while_serving_are_used_from_then_on(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        await notes.next()
        await announcing.carry_out(database, await announcing.installation(stage.app, database))
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        while texts(await notes.next()) != ["Ebb", "Salt"]:
            pass

    on_stage(database, play, announces=False)


VIEWS = """
CREATE VIEW loud AS SELECT n.id, upper(n.text) AS text, b.name FROM notes n JOIN boards b ON b.id = n.board_id;
CREATE TABLE events (id int, kind text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
"""


def test_views_and_partitions_announce_by_the_tables_that_their_rows_are_from(database: str) -> None:
    async def play(stage: Stage) -> None:
        loud = stage.subscribe("{ loud(where: {id: {_eq: 3}}) { text name } }")
        whole = stage.subscribe("{ events(order_by: {id: asc}) { id } }")
        await loud.next()
        await whole.next()
        stage.statements.clear()
        await stage.run("UPDATE boards SET name = 'Skies' WHERE id = 2")
        assert await loud.next() == [{"text": "RAIN", "name": "Skies"}]
        await stage.run("INSERT INTO events VALUES (1, 'a')")
        assert await whole.next() == [{"id": 1}]
        await stage.run("INSERT INTO events_a VALUES (2, 'a')")
        assert await whole.next() == [{"id": 1}, {"id": 2}]
        assert stage.statements == [1, 1, 1]

    async def make() -> None:
        connection = await asyncpg.connect(database)
        await create_missing(connection, boards().metadata)
        await connection.execute(VIEWS)
        await connection.close()

    asyncio.run(make())
    app = Mainstay(reflect=database)
    for table in ("loud", "events"):
        app.role(f"{table}").may("read", table, columns="*")
    app.role("anonymous", inherits=["loud", "events"])
    on_stage(database, play, app=app)


def test_too_many_live_queries_are_refused(database: str) -> None:
    async def play(stage: Stage) -> None:
        first, second, third = (stage.subscribe(OF_BOARD, {"board": board}) for board in (1, 2, 1))
        await first.next()
        await second.next()
        with pytest.raises(Problem) as caught:
            await third.next()
        assert caught.value.code == "MS504"
        await first.answers.aclose()
        assert texts(await stage.subscribe(OF_BOARD, {"board": 1}).next()) == ["Tide", "Salt"]

    on_stage(database, play, limits={"subscriptions_max": 2})


def test_live_queries_go_on_when_the_database_is_read_anew(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        stream = stage.subscribe(STREAM)
        gone = stage.subscribe("{ boards(order_by: {id: asc}) { name } }")
        assert texts(await notes.next()) == ["Tide", "Salt"]
        assert [row["id"] for row in await stream.next()] == [1, 2, 3]
        await gone.next()
        await stage.run("ALTER TABLE notes ADD COLUMN mood text; ALTER TABLE boards RENAME COLUMN name TO title")
        await stage.app.load()
        await stage.run("INSERT INTO notes VALUES (4, 1, 'ada', 'Foam')")
        assert texts(await notes.next()) == ["Tide", "Salt", "Foam"]
        assert [row["id"] for row in await stream.next()] == [4]
        with pytest.raises(Problem, match="field 'name' not found"):
            await gone.next()

    async def make() -> None:
        connection = await asyncpg.connect(database)
        await create_missing(connection, boards().metadata)
        await connection.close()

    asyncio.run(make())
    app = Mainstay(reflect=database)
    visitor = app.role("anonymous")
    for table in ("notes", "boards"):
        visitor.may("read", table, columns="*")
    on_stage(database, play, app=app)


def test_where_listening_does_nothing_live_queries_are_polled_with_a_warning(
    database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(*_: Any) -> None:
        """As behind a pooler that gives another connection to each transaction."""

    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        assert texts(await notes.next()) == ["Tide", "Salt"]
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert texts(await notes.next()) == ["Ebb", "Salt"]
        assert [line for line in caplog.messages if "listened" in line] == [
            "the database can't be listened to; live queries are asked for at an interval meanwhile"
        ]

    monkeypatch.setattr(asyncpg.Connection, "add_listener", deaf)
    monkeypatch.setattr(asyncpg.Connection, "remove_listener", deaf)
    with caplog.at_level(logging.WARNING, "mainstay"):
        on_stage(database, play, live_poll_ms=50)


def test_whoever_waits_is_told_when_the_server_stops(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(OF_BOARD, {"board": 1})
        await notes.next()
        waiting = asyncio.create_task(notes.next())
        await asyncio.sleep(0)
        await stage.app.stop()
        with pytest.raises(Problem) as caught:
            await waiting
        assert caught.value.code == "MS503"

    on_stage(database, play)

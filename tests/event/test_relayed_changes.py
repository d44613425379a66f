"""What Mainstay itself writes is told once it is committed, and costs the commit nothing."""

import json
from typing import Any

from event.boards import Listening, Stage, boards, on_stage
from mainstay import Mainstay
from mainstay.core.exchange import Request

TEXTS = "{ notes(order_by: {id: asc}) { text } }"
RELAYING = "FROM pg_stat_activity WHERE application_name = 'mainstay live' AND datname = current_database()"


def writing(**settings: Any) -> Mainstay:
    app = boards(transaction_end="commit-allow-override", **settings)
    app.policies.roles["anonymous"].may("all", app.models.metadata.tables["notes"], columns="*", unfiltered=True)
    return app


def patch(target: str, text: str, **headers: str) -> Request:
    return Request("PATCH", "/rest/v1/notes", target, headers, json.dumps({"text": text}).encode())


async def texts(notes: Listening) -> list[str]:
    return [row["text"] for row in await notes.next()]


def test_our_own_writes_are_told_by_whatever_way_they_come(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(TEXTS)
        assert await texts(notes) == ["Tide", "Salt", "Rain"]
        assert (await stage.app.handle(patch("id=eq.1", "Ebb"))).status == 204
        assert await texts(notes) == ["Ebb", "Salt", "Rain"]
        mutation = """mutation {
          a: update_notes_by_pk(pk_columns: {id: 2}, _set: {text: "Foam"}) { id }
          b: delete_notes_by_pk(id: 3) { id }
        }"""
        headers = {"content-type": "application/json"}
        body = json.dumps({"query": mutation}).encode()
        response = await stage.app.handle(Request("POST", "/graphql", "", headers, body))
        assert "errors" not in json.loads(response.body or b"")
        assert await texts(notes) == ["Ebb", "Foam"]
        assert stage.statements == [1, 1, 1]

    on_stage(database, play, app=writing())


def test_what_is_rolled_back_is_not_told(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(TEXTS)
        await notes.next()
        stage.statements.clear()
        rolled = await stage.app.handle(patch("id=eq.1", "Ebb", prefer="tx=rollback"))
        assert dict(rolled.headers)["preference-applied"] == "tx=rollback"
        refused = await stage.app.handle(Request("PATCH", "/rest/v1/notes", "id=eq.1", {}, b'{"board_id": 99}'))
        assert json.loads(refused.body or b"")["code"] == "23503"
        assert (await stage.app.handle(patch("id=eq.2", "Foam"))).status == 204
        assert await texts(notes) == ["Tide", "Foam", "Rain"]
        assert stage.statements == [1]

    on_stage(database, play, app=writing())


def test_a_relay_that_lost_its_connection_tells_it_with_another(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(TEXTS)
        await notes.next()
        await stage.app.handle(patch("id=eq.1", "Ebb"))
        assert (await texts(notes))[0] == "Ebb"
        await stage.run(f"SELECT pg_terminate_backend(pid) {RELAYING}")
        await stage.app.handle(patch("id=eq.1", "Foam"))
        assert (await texts(notes))[0] == "Foam"

    on_stage(database, play, app=writing())


def test_only_what_announces_makes_a_relay_connect(database: str) -> None:
    async def play(stage: Stage) -> None:
        assert (await stage.app.handle(patch("id=eq.1", "Ebb"))).status == 204
        assert await stage.database.fetchval(f"SELECT count(*) {RELAYING}") == 0

    on_stage(database, play, app=writing(), announces=False)


def test_a_server_that_starts_has_all_others_look(database: str) -> None:
    async def play(stage: Stage) -> None:
        notes = stage.subscribe(TEXTS)
        await notes.next()
        stage.statements.clear()
        await stage.run("ALTER TABLE notes DISABLE TRIGGER USER; UPDATE notes SET text = 'Ebb' WHERE id = 1")
        await stage.run("ALTER TABLE notes ENABLE TRIGGER USER")
        other = boards(database_url=database)
        await other.start()
        await other.stop()
        assert (await texts(notes))[0] == "Ebb"
        assert stage.statements == [1]

    on_stage(database, play)

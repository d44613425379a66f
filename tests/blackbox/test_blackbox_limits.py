"""Every limit of the real process: a request at it, one past it, and what the past one is told."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgspec
import pytest

from blackbox.cinema_process import (
    ASLEEP,
    REST,
    Cinema,
    count,
    database_name,
    problem,
    request,
    timed,
    together,
    wait_until_asleep,
)
from blackbox.slow_cinema import slow_cinema
from cinema.setting import token
from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from serve.serve_process import Answer, eventually, is_closed, read_answer
from services.postgres import Postgres

LIMITS = {
    "body_bytes_max": 500,
    "url_bytes_max": 300,
    "header_bytes_max": 1_000,
    "depth_max": 2,
    "terms_max": 5,
    "list_max": 4,
    "select_max": 6,
    "rows_max": 3,
    "insert_rows_max": 4,
    "nested_max": 2,
    "batch_operations_max": 2,
    "idempotency_key_max": 40,
    "roots_max": 2,
    "document_bytes_max": 200,
    "statement_ms_max": 800,
    "client_ms_max": 1_500,
    "plans_max": 2,
    "tokens_max": 2,
}
ELSEWHERE = {"batch_max", "queue_max", "drain_ms_max"}
"""Limits whose tests below need a server of their own."""
LASTING = {
    "live_batch_max",
    "socket_init_ms_max",
    "socket_message_bytes_max",
    "socket_operations_max",
    "socket_ping_ms",
    "sockets_max",
    "subscriptions_max",
}
"""Of sockets and live queries: `tests/serve`, `tests/event` and `tests/wires/graphql` hold them."""
GRAPH = {"cost_max", "graphql_batch_max", "persisted_max"}
"""Of GraphQL, and of what a request may cost: `tests/wires/graphql` and `tests/plan` hold them."""

Build = Callable[[int], bytes]


@pytest.fixture(scope="module")
def cinema(cinema_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    with Cinema(tmp_path_factory.mktemp("limits"), cinema_database, limits=LIMITS) as cinema:
        yield cinema


def get(path: str) -> bytes:
    return request("GET", REST + path)


def post(path: str, body: bytes) -> bytes:
    """An insert that is rolled back, so that it can be sent again."""
    return request("POST", REST + path, who="owner", body=body, headers={"Prefer": "tx=rollback"})


def body_of(size: int) -> bytes:
    frame = b'{"label":""}'
    return post("/tags", b'{"label":"' + b"l" * (size - len(frame)) + b'"}')


def chunked_body_of(size: int) -> bytes:
    content = body_of(size).partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:300], content[300:]))
    head = request(
        "POST", f"{REST}/tags", who="owner", headers={"Prefer": "tx=rollback", "Transfer-Encoding": "chunked"}
    )
    return head[:-2] + b"Content-Type: application/json\r\n\r\n" + chunks + b"0\r\n\r\n"


def url_of(size: int) -> bytes:
    path = "/films?title=eq."
    return get(path + "t" * (size + 1 - len(REST + path)))  # the question mark belongs to neither


def head_of(size: int) -> bytes:
    fixed = sum(len(name) + len(value) for name, value in (("Host", "cinema.test"), ("Connection", "close"), ("X", "")))
    return request("GET", f"{REST}/films", headers={"X": "x" * (size - fixed)})


def embeds_of(depth: int) -> bytes:
    select = "id"
    for name in ("director", "films", "studio")[depth - 1 :: -1]:
        select = f"id,{name}({select})"
    return get(f"/films?select={select}")


def logic_of(depth: int) -> bytes:
    tree = "id.eq.1"
    for _ in range(depth - 1):
        tree = f"and({tree})"
    return get(f"/films?or=({tree})")


def terms_of(number: int) -> bytes:
    return get("/films?" + "&".join(["id=gt.0"] * number))


def terms_in_a_tree_of(number: int) -> bytes:
    return get(f"/films?or=({','.join(['id.gt.0'] * number)})")


def list_of(number: int) -> bytes:
    return get(f"/films?id=in.({','.join(['1'] * number)})")


def quantified_of(number: int) -> bytes:
    return get(f"/films?id=eq(any).%7B{','.join(['1'] * number)}%7D")


def select_of(number: int) -> bytes:
    return get(f"/films?select={','.join(f'a{n}:id' for n in range(number))}")


def select_in_an_embed_of(number: int) -> bytes:
    return get(f"/films?select=director({','.join(f'a{n}:id' for n in range(number - 1))})")


def rows_of(number: int) -> bytes:
    return post("/tags", json.dumps([{"label": f"label {n}"} for n in range(number)]).encode())


def csv_rows_of(number: int) -> bytes:
    return request(
        "POST",
        f"{REST}/tags",
        who="owner",
        body="label\n" + "".join(f"label {n}\n" for n in range(number)),
        headers={"Prefer": "tx=rollback", "Content-Type": "text/csv"},
    )


def nested_of(number: int) -> bytes:
    related = {"director": {"name": "Ida"}, "studio": {"name": "Filmways"}, "tags": [{"label": "noir"}]}
    film = {"title": "Nest", "year": 1950} | dict(list(related.items())[:number])
    return post("/films", json.dumps(film).encode())


def batch_of(number: int) -> bytes:
    operations = [{"method": "GET", "path": "/tags"}] * number
    return request("POST", f"{REST}/batch", who="owner", body=json.dumps(operations))


def key_of(size: int) -> bytes:
    headers = {"Idempotency-Key": "k" * size}
    return request("POST", f"{REST}/tags", who="owner", body='{"label": "once"}', headers=headers)


def roots_of(number: int) -> str:
    return f"{{ {' '.join(f'a{n}: films {{ id }}' for n in range(number))} }}"


def document_of(size: int) -> str:
    return roots_of(1).ljust(size)


class Bound(NamedTuple):
    """`build(n)` is a request of size n; at the limit it is answered `good`, past it `refused` with `code`."""

    limit: str
    build: Build
    good: int
    refused: int
    code: str


BOUNDS = [
    Bound("body_bytes_max", body_of, 201, 413, "MS413"),
    Bound("body_bytes_max", chunked_body_of, 201, 413, "MS413"),
    Bound("url_bytes_max", url_of, 200, 414, "MS414"),
    Bound("header_bytes_max", head_of, 200, 431, "MS431"),
    Bound("depth_max", embeds_of, 200, 400, "MS403"),
    Bound("depth_max", logic_of, 200, 400, "MS403"),
    Bound("terms_max", terms_of, 200, 400, "MS441"),
    Bound("terms_max", terms_in_a_tree_of, 200, 400, "MS441"),
    Bound("list_max", list_of, 200, 400, "MS442"),
    Bound("list_max", quantified_of, 200, 400, "MS442"),
    Bound("select_max", select_of, 200, 400, "MS443"),
    Bound("select_max", select_in_an_embed_of, 200, 400, "MS443"),
    Bound("insert_rows_max", rows_of, 201, 400, "MS444"),
    Bound("insert_rows_max", csv_rows_of, 201, 400, "MS444"),
    Bound("nested_max", nested_of, 201, 400, "MS460"),
    Bound("batch_operations_max", batch_of, 200, 400, "MS484"),
    Bound("idempotency_key_max", key_of, 201, 400, "MS478"),
]
SIZES = BOUNDS[:4]


def name(bound: Bound) -> str:
    return bound.build.__name__


@pytest.mark.parametrize("bound", BOUNDS, ids=name)
def test_a_request_at_the_limit_is_answered_and_one_past_it_is_refused(cinema: Cinema, bound: Bound) -> None:
    at, past = (cinema.send(bound.build(LIMITS[bound.limit] + extra)) for extra in (0, 1))
    assert at.status == bound.good, at
    assert past.status == bound.refused, past
    assert problem(past)["code"] == bound.code
    assert cinema.complaints() == []


@pytest.mark.parametrize(("limit", "document"), [("roots_max", roots_of), ("document_bytes_max", document_of)])
def test_a_document_at_the_limit_is_answered_and_one_past_it_is_refused(
    cinema: Cinema, limit: str, document: Callable[[int], str]
) -> None:
    asked = [json.dumps({"query": document(LIMITS[limit] + extra)}) for extra in (0, 1)]
    at, past = (json.loads(cinema.send(request("POST", "/v1/graphql", body=body)).body) for body in asked)
    assert "errors" not in at
    assert "data" not in past
    assert str(LIMITS[limit]) in past["errors"][0]["message"]


@pytest.mark.parametrize("bound", SIZES, ids=name)
def test_what_is_refused_for_its_size_ends_its_connection(cinema: Cinema, bound: Bound) -> None:
    """What follows could be the rest of it."""
    kept_alive = bound.build(LIMITS[bound.limit] + 1).replace(b"Connection: close", b"Connection: alive")
    with cinema.connection(kept_alive) as connection:
        answer = read_answer(connection)
        assert (answer.code, answer.headers["connection"]) == (bound.code, "close")
        assert is_closed(connection)


@pytest.mark.parametrize(
    ("query", "rows"), [("limit=3", 3), ("limit=4", 3), ("", 3), ("limit=2", 2), ("limit=99999999", 3)]
)
def test_an_answer_has_no_more_rows_than_the_limit(cinema: Cinema, query: str, rows: int) -> None:
    assert len(cinema.rows(f"/films?{query}", "owner")) == rows


def test_a_range_asks_for_no_more_rows_than_the_limit(cinema: Cinema) -> None:
    answer = cinema.ask("GET", "/films", who="owner", headers={"Range": "0-4", "Prefer": "count=exact"})
    assert (answer.status, answer.headers["content-range"]) == (206, "0-2/5")


@pytest.mark.parametrize("page", ["", "&films.limit=3", "&films.limit=4"])
def test_an_embed_has_no_more_rows_than_the_limit(cinema: Cinema, page: str) -> None:
    films = [{"title": f"Sequel {n}", "year": 2000 + n, "director_id": 4} for n in range(4)]
    if cinema.rows("/films?director_id=eq.4") == []:
        assert cinema.ask("POST", "/films", who="owner", body=json.dumps(films)).status == 201
    (director,) = cinema.rows(f"/directors?id=eq.4&select=films(id){page}")
    assert len(director["films"]) == 3
    assert cinema.ask("DELETE", "/films?director_id=eq.4", who="owner").status == 204


def test_what_a_write_returns_has_no_limit_of_its_own(cinema: Cinema) -> None:
    """It has as many rows as were written, which insert_rows_max bounds."""
    headers = {"Prefer": "tx=rollback, return=representation"}
    body = json.dumps([{"label": f"label {n}"} for n in range(4)])
    assert len(cinema.ask("POST", "/tags", who="owner", body=body, headers=headers).json) == 4


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/naps?ms=eq.{}", None), ("POST", "/siestas", '{{"ms": {}}}')],
    ids=["a read", "a write"],
)
def test_a_statement_within_its_time_is_answered_and_one_past_it_is_cancelled(
    cinema: Cinema, postgres: Postgres, method: str, path: str, body: str | None
) -> None:
    def ask(milliseconds: int) -> Answer:
        content = None if body is None else body.format(milliseconds)
        return cinema.ask(method, path.format(milliseconds), body=content)

    assert ask(200).status in {200, 201}
    seconds, answer = timed(lambda: ask(10_000))
    assert (answer.status, problem(answer)["code"]) == (504, "57014")
    assert seconds < 5
    assert count(postgres, cinema.database, "state = 'active'") == 0


@pytest.mark.parametrize("rest", [b"", b'{"label"'], ids=["nothing", "a part"])
def test_a_body_that_does_not_arrive_in_time_is_not_waited_for(cinema: Cinema, rest: bytes) -> None:
    head = post("/tags", b"").replace(b"Content-Length: 0", b"Content-Length: 20")
    with cinema.connection(head + rest) as connection:
        answer = read_answer(connection)
        assert (answer.status, problem(answer)["code"]) == (408, "MS408")
        assert is_closed(connection)


def test_a_body_that_arrives_in_parts_but_in_time_is_answered(cinema: Cinema, postgres: Postgres) -> None:
    whole = post("/tags", b'{"label": "in parts"}')
    with cinema.connection(whole[:-10]) as connection:
        assert cinema.ask("GET", "/naps?ms=eq.500").status == 200  # half a second goes by
        connection.sendall(whole[-10:])
        assert read_answer(connection).status == 201


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "all but the end"])
def test_a_head_that_does_not_arrive_in_time_is_hung_up_on(cinema: Cinema, head: bytes) -> None:
    with cinema.connection(head) as connection:
        assert is_closed(connection)


def test_forms_and_tokens_past_their_limits_are_answered_like_the_first(cinema: Cinema) -> None:
    """Two of each are remembered here; five shapes and six tokens take turns."""
    shapes = ["id", "id,title", "title", "year", "id,year"]
    people = [token("owner", sub=f"somebody {n}") for n in range(6)]
    for _ in range(3):
        for columns in shapes:
            for person in people:
                headers = {"Authorization": f"Bearer {person}"}
                answer = cinema.ask("GET", f"/films?id=eq.1&select={columns}", headers=headers)
                assert list(answer.json[0]) == columns.split(",")


def test_no_more_plans_forms_and_tokens_are_kept_than_the_limits_say(cinema_database: str) -> None:
    """From within the process, since none of it can be told from without."""
    sizes = asyncio.run(_sizes_after_many(cinema_database, {"plans_max": 3, "tokens_max": 2}))
    assert sizes == {"plans": 3, "forms": 3, "tokens": 2}


async def _sizes_after_many(database: str, limits: dict[str, int]) -> dict[str, int]:
    app = slow_cinema(database_url=database, limits=limits, lanes_read=1, lanes_write=1)
    await app.start()
    try:
        for number in range(8):
            person = {"authorization": f"Bearer {token('owner', sub=f'somebody {number}')}"}
            select = ",".join(f"a{n}:id" for n in range(number + 1))
            answer = await app.handle(Request("GET", f"{REST}/films", f"select={select}", person))
            assert answer.status == 200
        running = app._running
        return {
            "plans": len(running.current.pipeline.statements),
            "forms": len(app.wire._memo),
            "tokens": len(running.authenticator._memory),
        }
    finally:
        await app.stop()


def test_past_the_queue_s_limit_requests_are_told_to_come_back(
    cinema_database: str, postgres: Postgres, tmp_path: Any
) -> None:
    settings = {"lanes_read": 1, "lanes_write": 1}
    with (
        Cinema(tmp_path, cinema_database, limits={"queue_max": 4}, settings=settings) as cinema,
        ThreadPoolExecutor(1) as threads,
    ):
        nap = threads.submit(cinema.ask, "GET", "/naps?ms=eq.1500")
        wait_until_asleep(postgres, cinema_database)
        answers = together([lambda n=n: cinema.ask("GET", f"/films?id=eq.{n}") for n in range(1, 8)])  # type: ignore[misc]
        refused = [answer for answer in answers if answer.status != 200]
        assert [(answer.status, problem(answer)["code"]) for answer in refused] == [(503, "MS504")] * 3
        assert {answer.headers["retry-after"] for answer in refused} == {"1"}
        assert nap.result().status == 200
        assert cinema.ask("GET", "/films").status == 200


def test_a_statement_answers_no_more_requests_than_the_batch_limit(
    postgres: Postgres, cinema_database: str, tmp_path: Any
) -> None:
    """Counted where the statements arrive: PostgreSQL logs each."""
    settings = {"lanes_read": 1, "lanes_write": 1}
    postgres.run(f"ALTER DATABASE {database_name(cinema_database)} SET log_statement = 'all'")
    log = postgres.server.log
    with (
        Cinema(tmp_path, cinema_database, limits={"batch_max": 4}, settings=settings) as cinema,
        ThreadPoolExecutor(1) as threads,
    ):
        nap = threads.submit(cinema.ask, "GET", "/naps?ms=eq.1500")
        wait_until_asleep(postgres, cinema_database)
        before = log.stat().st_size
        answers = together([lambda n=n: cinema.ask("GET", f"/actors?id=eq.{n}&select=id") for n in range(10)])  # type: ignore[misc]
        assert [answer.json for answer in answers] == [[{"id": n}] if n in {1, 2, 3} else [] for n in range(10)]
        assert nap.result().status == 200
        with log.open("rb") as lines:
            lines.seek(before)
            ran = re.findall(rb"execute [^:]*: (?:(?!\n\d{4}-).)*actors", lines.read(), re.DOTALL)
        assert len(ran) == 3  # 4, 4 and 2


def test_what_takes_longer_than_the_drain_time_is_cancelled_in_the_database_too(
    cinema_database: str, postgres: Postgres, tmp_path: Any
) -> None:
    limits = {"drain_ms_max": 2_000, "statement_ms_max": 60_000}
    with Cinema(tmp_path, cinema_database, limits=limits) as cinema, ThreadPoolExecutor(2) as threads:
        long = threads.submit(cinema.ask, "GET", "/naps?ms=eq.50000")
        wait_until_asleep(postgres, cinema_database)  # or both would be one batch
        short = threads.submit(cinema.ask, "GET", "/naps?ms=eq.1000")
        wait_until_asleep(postgres, cinema_database, 2)
        seconds, code = timed(cinema.stop)
        assert short.result().status == 200
        answer = long.result()
        assert (answer.status, problem(answer)["code"], answer.headers["retry-after"]) == (503, "MS503", "1")
        assert code == 0
        assert seconds < 5
    eventually(lambda: count(postgres, cinema_database, ASLEEP) == 0, "the statement to be cancelled")


def test_each_limit_is_tested_here() -> None:
    assert {field.name for field in msgspec.structs.fields(Limits)} == LIMITS.keys() | ELSEWHERE | LASTING | GRAPH

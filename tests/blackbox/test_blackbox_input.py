"""Whatever is sent to the real process, it answers as it should and goes on; and many at once as one after another."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from blackbox.cinema_process import REST, Cinema, problem, request, slow_cinema_database
from blackbox.nasty import BROKEN, NASTY
from serve.serve_process import Answer, read_answer
from services.postgres import Postgres


@pytest.fixture(scope="module")
def cinema(cinema_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    with Cinema(tmp_path_factory.mktemp("input"), cinema_database) as cinema:
        yield cinema


def method_of(sent: bytes) -> str:
    return sent.partition(b" ")[0].decode("latin-1")


@pytest.mark.parametrize("sent", NASTY.values(), ids=NASTY)
def test_a_nasty_request_is_answered_or_refused_with_a_problem(cinema: Cinema, sent: bytes) -> None:
    answer = cinema.send(sent, method_of(sent))
    assert answer.status < 500, answer
    assert "x-injected" not in answer.headers
    if b" /docs/" in sent:
        assert answer.status == 404  # a page's, for people
    elif answer.status >= 400 or answer.status == 300:
        assert problem(answer)["code"]
    elif answer.headers.get("content-type", "").startswith("application/json"):
        json.loads(answer.body)
    assert cinema.complaints() == []


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_what_is_not_http_is_refused_or_hung_up_on(cinema: Cinema, sent: bytes) -> None:
    with cinema.connect() as connection:
        try:
            connection.sendall(sent)
            answer = read_answer(connection, method_of(sent))
        except (ConnectionError, http.client.HTTPException):
            answer = None
    assert answer is None or 400 <= answer.status < 500
    assert cinema.complaints() == []


def test_it_is_well_after_all_of_it(cinema: Cinema, postgres: Postgres) -> None:
    for sent in (*NASTY.values(), *BROKEN.values()):  # whatever was run before, alone or not at all
        with cinema.connect() as connection:
            connection.sendall(sent)
    assert cinema.get("/health/ready").status == 200
    assert cinema.rows("/films?select=id&order=id") == [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 5}]
    assert cinema.rows("/tags?select=id,label&order=id", "owner") == [
        {"id": 1, "label": "sea"},
        {"id": 2, "label": "weather"},
        {"id": 3, "label": "unused"},
    ]
    assert cinema.complaints() == []


KINDS: list[tuple[str, str | None, str, str | None, str]] = [
    ("GET", None, "/films?id=eq.{n}&select=id,title", None, ""),
    ("GET", None, "/films?id=in.({n},1)&select=id,director(name),tags(label)&order=id", None, ""),
    ("GET", "anna", "/reviews?select=id,stars&order=id", None, ""),
    ("GET", "bert", "/reviews?select=id,stars&order=id", None, ""),
    ("GET", None, "/films?select=genre,id.count()&order=genre", None, ""),
    ("GET", None, "/films?select=id&limit=1&offset={n}&order=id", None, "count=exact"),
    ("HEAD", None, "/films?id=lt.{n}", None, "count=exact"),
    ("GET", "owner", "/films?title=like.*{n}*&select=id,budget&order=id", None, ""),
    ("GET", None, "/films?id=eq.x{n}", None, ""),
    ("GET", None, "/films?year=eq.{n}&nothing=eq.1", None, ""),
    ("GET", "expired", "/films?id=eq.{n}", None, ""),
    ("GET", None, "/vault?id=eq.{n}", None, ""),
    ("POST", "owner", "/tags?select=label", '{{"label": "{mark} {n}"}}', "return=representation"),
    ("POST", "owner", "/tags", '{{"label": "{mark} minimal {n}"}}', "return=minimal"),
    ("POST", "owner", "/tags", '{{"label": "sea", "id": {n}}}', ""),
    ("POST", None, "/tags", '{{"label": "{mark} denied {n}"}}', ""),
    ("PATCH", "owner", "/studios?id=eq.{n}&select=id,name", '{{"country": "FR"}}', "return=representation"),
    ("DELETE", "owner", "/tags?id=eq.{n}000", None, "return=representation"),
    ("GET", None, "/naps?ms=eq.{n}50&select=ms", None, ""),
    ("POST", None, "/siestas", '{{"ms": {n}, "note": "fail"}}', ""),
]
"""Method, who asks, path, body and preference; what varies among the requests of a kind is `n`, 0 to 9."""


def requests(mark: str) -> list[bytes]:
    """Ten of each of twenty kinds, none next to its like."""
    return [
        request(
            method,
            REST + path.format(n=n),
            who=who,
            body=None if body is None else body.format(n=n, mark=mark),
            headers={"Prefer": prefer} if prefer else None,
        )
        for n in range(10)
        for method, who, path, body, prefer in KINDS
    ]


def outcome(answer: Answer, mark: str) -> tuple[object, ...]:
    """What of an answer must be the same when it is asked again."""
    headers = tuple(answer.headers.get(name) for name in ("content-range", "content-type", "preference-applied"))
    return answer.status, headers, answer.body.decode().replace(mark, "")


@pytest.mark.parametrize("workers", [1, 2])
def test_two_hundred_requests_at_once_are_answered_like_one_after_another(
    workers: int, postgres: Postgres, tmp_path: Path
) -> None:
    database = slow_cinema_database(postgres)
    with Cinema(tmp_path, database, workers=workers) as cinema:
        alone = [outcome(cinema.send(sent, method_of(sent)), "alone") for sent in requests("alone")]
        many = requests("crowd")
        with ThreadPoolExecutor(len(many)) as threads:
            crowd = list(threads.map(lambda sent: outcome(cinema.send(sent, method_of(sent)), "crowd"), many))
        different = [(sent, a, b) for sent, a, b in zip(many, alone, crowd, strict=True) if a != b]
        assert different == []
        statuses = Counter(status for status, *_ in alone)
        assert {200, 201, 400, 401, 404, 409, 500} <= statuses.keys()
        written = cinema.rows("/tags?label=like.crowd*&select=label", "owner")
        assert sorted(row["label"] for row in written) == sorted(
            [f"crowd {n}" for n in range(10)] + [f"crowd minimal {n}" for n in range(10)]
        )
        assert cinema.complaints() == []


def test_requests_on_one_connection_never_get_each_other_s_answers(cinema: Cinema) -> None:
    """Pipelined, with failing ones amid them."""
    paths = [f"/films?id=eq.{n % 7}&select=id" if n % 3 else f"/nothing_{n}" for n in range(60)]
    sent = b"".join(request("GET", REST + path, headers={"Connection": "keep-alive"}) for path in paths)
    with cinema.connection(sent) as connection:
        answers = [read_answer(connection) for _ in paths]
    for n, answer in enumerate(answers):
        if n % 3:
            assert answer.json == ([{"id": n % 7}] if n % 7 in {1, 2, 3, 5} else [])
        else:
            assert f"nothing_{n}" in problem(answer)["message"]


def test_a_regular_expression_that_takes_for_ever_does_not(cinema: Cinema) -> None:
    started = time.monotonic()
    answer = cinema.ask("GET", "/films?title=match.(((a*)*)*)*(((a*)*)*)*%24x")
    assert answer.status in {200, 400, 504}
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("method", "path"), [("QUERY", "/films"), ("POST", "/films/query")])
def test_a_query_that_no_url_has_room_for_comes_in_a_body(cinema: Cinema, method: str, path: str) -> None:
    query = f"select=title&id=in.({','.join(str(number) for number in range(100_000_001, 100_000_999))},1)"
    assert cinema.ask("GET", f"/films?{query}").status == 414
    answer = cinema.ask(method, path, body=query, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.json == [{"title": "The Long Pier"}]
    assert answer.headers["content-range"] == "0-0/*"

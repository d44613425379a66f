"""Every store gives the same answers to the same requests, number by number, or says that it can't."""

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mainstay.core.exchange import Request, Response
from portable.app import ANN, library
from portable.setting import in_postgres, in_sqlite
from services.postgres import Postgres

READS = [
    "books?order=id",
    "books?select=id,title&order=title.desc.nullsfirst",
    "books?select=id&order=pages",
    "books?select=id&order=pages.desc",
    "books?select=id&order=pages.asc.nullsfirst,id.desc&limit=2&offset=1",
    "books?id=eq.1&select=copies,weight,price,lent,printed,opens,added,seen,isbn,notes,cover,shelf",
    "books?select=id,pages&pages=gte.100",
    "books?select=id&copies=eq.9007199254740993",
    "books?select=id&weight=eq.0.30000000000000004",
    "books?select=id&price=eq.10.5",
    "books?select=id&lent=is.true",
    "books?select=id&lent=eq.f",
    "books?select=id&lent=is.unknown&order=id",
    "books?select=id&pages=is.null&order=id",
    "books?select=id&printed=lte.1961-02-28",
    "books?select=id&opens=eq.08:30:00.25",
    "books?select=id&added=gt.2024-02-29T09:59:59",
    "books?select=id&seen=eq.2024-02-29T11:00:00%2B01:00",
    "books?select=id&isbn=eq.6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
    "books?select=id&shelf=eq.OLD",
    "books?select=id&shelf=in.(OLD,NEW)&order=id",
    "books?select=id&keeper=isdistinct.ann&order=id",
    "books?select=id&id=not.in.(1,2)&order=id",
    "books?select=id&title=like.*ong*",
    "books?select=id&title=like.100\\%25*",
    "books?select=id&title=ilike.*%C3%9CND*",
    "books?select=id&title=like(any).{The*,Zebra*}&order=id",
    "books?select=id&or=(pages.eq.1,and(lent.is.false,price.lt.0))&order=id",
    "books?select=id&not.or=(pages.eq.1,id.lt.4)&order=id",
    "books?select=id,notes->by->0,r:notes->>read,x:notes->in->>a&order=id",
    "books?select=id&notes->in->>a=eq.x",
    "books?select=id,author(name)&order=id",
    "books?select=id,author!inner(name)&author.name=like.B*",
    "books?select=id,topics(label)&topics.order=label.desc&order=id",
    "authors?select=name,books(id,topics(id))&books.order=id&order=id",
    "authors?select=name,books(count())&order=id",
    "authors?select=id,books(pages.max(),copies.sum())&order=id",
    "topics?select=label,books(title,author(name))&order=id",
    "books?select=count()",
    "books?select=pages,count()&order=pages",
    "books?select=pages.sum(),weight.avg(),weight.max(),price.min()",
    "authors?order=books(id).asc",
    "books?id=eq.1&select=title",
    "books?pages=eq.many",
    "books?printed=eq.soon",
    "books?isbn=eq.1",
    "books?lent=eq.perhaps",
    "books?copies=gt.99999999999999999999",
    "books?pages=eq.3000000000",
    "books?pages=eq.",
    "books?pages=in.()",
    "books?weight=gt.1e999",
    "books?select=id&weight=lt.inf&order=id",
    "books?select=id&seen=gte.2024-02-29&order=id",
    "books?select=id&added=eq.2024-02-29T10:00:00.12%2B05:00",
    "books?title=eq.a%00b",
    "books?select=id&title=eq.';--",
    'books?select=":b0":id,"a%20b":title&id=eq.1',
    "books?select=" + ",".join(f"c{number}:pages" for number in range(130)) + "&id=eq.1",
    "books?select=nothing",
    "nowhere",
]
QUERIES = [
    "{ books(order_by: {id: asc}) { id title author { name } topics(order_by: {id: asc}) { label } } }",
    "{ books_by_pk(id: 1) { __typename copies price seen notes cover } }",
    '{ books(where: {author: {name: {_ilike: "%WINTER%"}}}, order_by: {id: desc}) { id } }',
    "{ books_aggregate(where: {pages: {_is_null: false}}) { aggregate { count sum { pages } max { title } } } }",
    "{ authors(order_by: {id: asc}) { books_aggregate { aggregate { count } nodes { id } } } }",
    "{ a: books(limit: 1, order_by: {id: asc}) { id } b: topics(order_by: {label: asc}) { label } }",
]
JSON = {"content-type": "application/json"}
REST = "/rest/v1/"
FULL = {"prefer": "return=representation"}
WRITES: list[tuple[str, str, Any, dict[str, str]]] = [
    ("POST", "authors", {"id": 10, "name": "new"}, FULL),
    ("POST", "authors", [{"id": 11, "name": "a"}, {"id": 12, "name": "b"}], {}),
    ("POST", "authors?select=name", {"id": 13, "name": "c"}, FULL),
    ("POST", "authors", {"id": 10, "name": "other"}, {}),
    ("POST", "authors", {"id": 14, "name": "new"}, {}),
    ("POST", "authors", {"id": 15, "name": None}, {}),
    ("POST", "authors", [{"id": 16, "name": "fine"}, {"id": 17, "name": "new"}], {}),
    ("GET", "authors?order=id", None, {}),
    (
        "POST",
        "books",
        {
            "id": 20,
            "title": "t",
            "pages": 3,
            "copies": 9_007_199_254_740_993,
            "weight": 0.1,
            "price": 12.5,
            "lent": True,
            "printed": "2024-01-02",
            "opens": "09:00",
            "added": "2024-01-02T03:04:05.6",
            "seen": "2024-01-02T03:04:05+02:00",
            "isbn": "6ba7b8109dad11d180b400c04fd430c8",
            "notes": {"a": [1, None]},
            "shelf": "NEW",
            "keeper": "ann",
            "author_id": 1,
        },
        FULL,
    ),
    ("POST", "books?select=id,author(name)", {"id": 21, "title": "u", "keeper": "ann", "author_id": 2}, FULL),
    ("POST", "books", {"id": 22, "title": "u", "keeper": "bob"}, {}),
    ("POST", "books", [{"id": 23, "title": "fine", "keeper": "ann"}, {"id": 24, "title": "u", "keeper": "bob"}], {}),
    ("POST", "books", {"id": 25, "title": "u", "keeper": "ann", "pages": 0}, {}),
    ("POST", "books", {"id": 26, "title": "u", "keeper": "ann", "author_id": 99}, {}),
    ("POST", "books", {"id": 27, "title": "u", "keeper": "ann", "pages": "many"}, {}),
    ("POST", "books", {"id": 28, "title": "u", "keeper": "ann", "pages": 3_000_000_000}, {}),
    ("POST", "books", {"id": 10**30, "title": "u", "keeper": "ann"}, {}),
    ("POST", "books?select=price", {"id": 28, "title": "u", "keeper": "ann", "price": "1.005"}, FULL),
    ("POST", "books", {"id": 29, "title": "u", "keeper": "ann", "price": 123456789012.5}, {}),
    ("POST", "books", {"id": 29, "title": "u", "keeper": "ann", "shelf": "NOWHERE"}, {}),
    ("POST", "books", {"id": 29, "title": "u", "keeper": "ann", "seen": "soon"}, {}),
    ("POST", "books?select=title", {"id": 29, "title": ["x"], "keeper": "ann"}, FULL),
    ("POST", "books", [], {}),
    ("POST", "books", [1], {}),
    ("GET", "books?select=id&order=id", None, {}),
    ("PATCH", "books?id=eq.20", {"title": "changed", "pages": 4}, FULL),
    ("PATCH", "books?id=in.(1,2,3)&select=id,lent&order=id", {"lent": None}, FULL),
    ("PATCH", "books?id=eq.20", {"pages": 1000}, {}),
    ("PATCH", "books?id=eq.2", {"pages": 5}, FULL),
    ("PATCH", "books", {"pages": 5}, {}),
    ("PATCH", "books?title=eq.nothing", {"pages": 5}, {"prefer": "count=exact"}),
    ("PATCH", "books?id=eq.20", {"notes": {"b": "c"}, "price": "1.10", "lent": False}, FULL),
    ("DELETE", "books?id=eq.20&select=title,author(name)", None, FULL),
    ("DELETE", "books?id=eq.2", None, FULL),
    ("DELETE", "books?id=eq.21", None, {}),
    ("POST", "authors", {"id": 10, "name": "merged"}, {"prefer": "resolution=merge-duplicates,return=representation"}),
    ("POST", "authors", {"id": 10, "name": "x"}, {"prefer": "resolution=ignore-duplicates,return=representation"}),
    ("POST", "authors?on_conflict=name", {"id": 30, "name": "a"}, {"prefer": "resolution=ignore-duplicates"}),
    ("GET", "authors?order=id", None, {}),
    ("GET", "books?order=id", None, {}),
]
MUTATIONS = [
    'mutation { insert_authors_one(object: {id: 40, name: "gql"}) { id name } }',
    'mutation { insert_authors(objects: [{id: 41, name: "g"}]) { affected_rows returning { id } } }',
    "mutation { update_books_by_pk(pk_columns: {id: 3}, _set: {pages: 7}, _inc: {copies: 2}) { id pages copies } }",
    "mutation { delete_books_by_pk(id: 3) { id title } }",
    'mutation { a: insert_topics_one(object: {id: 50, label: "x"}) { id } b: delete_topics_by_pk(id: 3) { id } }',
    "{ topics(order_by: {id: asc}) { id } }",
]


class Answer(NamedTuple):
    status: int
    code: str | None
    body: Any
    range: str | None


@pytest.fixture(scope="module")
def urls(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return in_postgres(postgres), in_sqlite(tmp_path_factory.mktemp("alike"))


def answers(url: str, requests: list[Request]) -> list[Answer]:
    app = library(url)

    async def ask() -> list[Response]:
        await app.start()
        try:
            return [await app.handle(request) for request in requests]
        finally:
            await app.stop()

    return [told(response) for response in asyncio.run(ask())]


def told(response: Response) -> Answer:
    """Numbers as they are written, members in any order; of a problem its code, for the words are the database's."""
    body = json.loads(response.body, parse_int=str, parse_float=str) if response.body else None
    code = body.get("code") if response.status >= 400 and isinstance(body, dict) else None
    if isinstance(body, dict) and "errors" in body:
        code = body["errors"][0]["extensions"]["code"]
    return Answer(response.status, code, None if code else body, dict(response.headers).get("content-range"))


def rest(
    method: str, target: str, body: Any = None, headers: dict[str, str] | None = None, *, who: str = ANN
) -> Request:
    path, _, query = target.partition("?")
    sent = JSON | {"authorization": f"Bearer {who}"} | (headers or {})
    return Request(method, REST + path, query, sent, b"" if body is None else json.dumps(body).encode())


def graph(text: str) -> Request:
    body = json.dumps({"query": text}).encode()
    return Request("POST", "/v1/graphql", "", JSON | {"authorization": f"Bearer {ANN}"}, body)


def compare(urls: tuple[str, str], requests: list[Request], names: list[str]) -> None:
    known, others = answers(urls[0], requests), answers(urls[1], requests)
    differ = {name: apart(one, other) for name, one, other in zip(names, known, others, strict=True) if one != other}
    assert differ == {}


def apart(one: Any, other: Any) -> Any:
    """What differs."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return [apart(*each) for each in zip(one, other, strict=True) if each[0] != each[1]]
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {name: apart(one[name], other[name]) for name in one if one[name] != other[name]}
    return one, other


def test_reads_have_the_same_answers(urls: tuple[str, str]) -> None:
    compare(urls, [rest("GET", target) for target in READS], READS)


def test_a_guest_sees_the_same(urls: tuple[str, str]) -> None:
    targets = ["books?order=id", "authors?select=id,books(id)&order=id", "books?select=price", "books?order=price"]
    requests = [Request("GET", REST + path, query, {}) for path, _, query in (each.partition("?") for each in targets)]
    compare(urls, requests, targets)


def test_counts_are_the_same(urls: tuple[str, str]) -> None:
    targets = ["books?limit=2&order=id", "books?pages=gt.5", "books?offset=10"]
    compare(urls, [rest("GET", target, None, {"prefer": "count=exact"}) for target in targets], targets)


def test_queries_of_graphql_have_the_same_answers(urls: tuple[str, str]) -> None:
    compare(urls, [graph(text) for text in QUERIES], QUERIES)


def test_writes_do_the_same(postgres: Postgres, tmp_path: Path) -> None:
    urls = in_postgres(postgres), in_sqlite(tmp_path)
    compare(urls, [rest(*each) for each in WRITES], [f"{number} {each}" for number, each in enumerate(WRITES)])
    compare(urls, [graph(text) for text in MUTATIONS], MUTATIONS)


LACKING = [
    "books?select=...author(name)",
    "books?title=match.x",
    "books?notes=eq.{}",
    "books?select=pages.stddev()",
    "books?select=id::text",
    "books?title=fts.pier",
]


def test_what_sqlite_lacks_is_refused_by_name(urls: tuple[str, str]) -> None:
    for answer in answers(urls[1], [rest("GET", target) for target in LACKING]):
        assert (answer.status, answer.code) == (400, "MS495")

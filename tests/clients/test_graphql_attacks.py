"""What tools that look for weaknesses of GraphQL servers ask, of a server in production: nothing is found.

The questions are those that such tools are known for; what counts is also that each is answered at all, soon and small.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from cinema.setting import TOKENS
from clients.serving import Api

pytestmark = pytest.mark.slow

JSON = {"content-type": "application/json"}
INTROSPECTION = "{ __schema { types { name fields { name } } } }"
ANSWER_BYTES_MAX = 2_000
TALKATIVE = (
    "traceback",
    "exception",
    "stack",
    "did you mean",
    "asyncpg",
    "sqlalchemy",
    ".py",
    "select ",
    "graphql-core",
)


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.origin, timeout=20) as client:
        yield client


def post(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/graphql", content=content, headers=JSON | named)


def ask(client: httpx.Client, query: str, **headers: str) -> Any:
    return post(client, {"query": query}, **headers).json()


def circle(depth: int) -> str:
    """Types of fields of types, and so on."""
    inner = "name"
    for _ in range(depth):
        inner = f"fields {{ type {{ {inner} }} }}"
    return f"{{ __schema {{ types {{ {inner} }} }} }}"


OVERLOADS = {
    "aliases": f"{{ {' '.join(f'alias{number}: __typename' for number in range(101))} }}",
    "aliases of rows": f"{{ {' '.join(f'alias{number}: films {{ id }}' for number in range(101))} }}",
    "aliases within rows": f"{{ films {{ {' '.join(f'alias{number}: id' for number in range(1_000))} }} }}",
    "one field many times": f"{{ {'__typename ' * 500} }}",
    "one field of rows many times": f"{{ films {{ {'id ' * 1_000} }} }}",
    "unknown directives": f"{{ __typename {'@aa' * 10} }}",
    "many unknown directives": f"{{ films {{ id {'@aa ' * 1_000} }} }}",
    "one directive many times": f"{{ films {{ id {'@include(if: true) ' * 100} }} }}",
    "directives of the operation": f"query cop {'@aa ' * 100} {{ __typename }}",
    "a circle of relations": "{ films " + "{ director { films " * 10 + "{ id }" + " } }" * 10 + "}",
    "a circle of fragments": "query { ...a } fragment a on query_root { ...b } fragment b on query_root { ...a }",
    "a fragment in itself": "query { films { ...a } } fragment a on films { id ...a }",
    "fragments that double": "query { ...f0 } "
    + " ".join(f"fragment f{n} on query_root {{ ...f{n + 1} ...f{n + 1} }}" for n in range(24))
    + " fragment f24 on query_root { films { id } }",
    "operations without an end": " ".join(f"query q{number} {{ __typename }}" for number in range(1_000)),
    "a document without an end": "{ films { id } } #" + "x" * 100_000,
    "braces": "{" * 10_000,
    "lists": f"{{ films(where: {'[' * 5_000}) {{ id }} }}",
    "conditions": "{ films(where: " + "{_not: " * 1_000 + "{}" + "}" * 1_000 + ") { id } }",
    "arguments many times": "{ films(" + "limit: 1 " * 500 + ") { id } }",
    "a circle of introspection": circle(5),
    "a long name": f"{{ {'x' * 30_000} }}",
    "not text": "\x00\ud800",
}


@pytest.mark.parametrize("name", OVERLOADS)
def test_a_document_that_would_cost_too_much_is_refused_in_few_words(client: httpx.Client, name: str) -> None:
    response = post(client, {"query": OVERLOADS[name]})
    answer = response.json()
    assert "data" not in answer
    assert len(answer["errors"]) == 1
    assert len(response.content) < ANSWER_BYTES_MAX
    assert not [word for word in TALKATIVE if word in response.text.lower()]


def test_more_requests_than_a_few_in_one_body_are_refused(client: httpx.Client) -> None:
    answer = post(client, [{"query": "query cop { __typename }"}] * 10).json()
    assert [*answer] == ["errors"]


@pytest.mark.parametrize("who", [None, "anna", "owner"])
def test_nobody_is_told_the_schema(client: httpx.Client, who: str | None) -> None:
    headers = {} if who is None else {"authorization": f"Bearer {TOKENS[who]}"}
    for query in (INTROSPECTION, '{ __type(name: "films") { name } }', "query IntrospectionQuery " + INTROSPECTION):
        assert "data" not in ask(client, query, **headers)


@pytest.mark.parametrize(
    "query",
    ["{ film { id } }", "{ films { titel } }", "{ __schema { directive } }", "{ films(wher: {}) { id } }",
     "{ films(where: {titel: {_eq: 1}}) { id } }", "{ films(order_by: {titl: asc}) { id } }", "{ vaults { id } }",
     "mutation { insert_film(objects: []) { affected_rows } }", "{ films(where: {id: {_equal: 1}}) { id } }"],
)  # fmt: skip
def test_a_name_that_is_wrong_brings_no_suggestion(client: httpx.Client, query: str) -> None:
    response = post(client, {"query": query})
    assert "errors" in response.json()
    assert not [word for word in TALKATIVE if word in response.text.lower()]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"1", b'"x"', b"\xff\xfe", b"[1", b"{}", {"query": None}, {"query": 1}, {"query": []},
     {"query": "qwerty cop { abc }"}, {"query": "{ __typename }", "variables": []},
     {"query": "{ __typename }", "variables": 1},
     {"query": "{ __typename }", "operationName": 5}, {"query": "{ __typename }", "operationName": "nothing"},
     {"query": "query ($x: Int!) { films(limit: $x) { id } }", "variables": {"x": "1; DROP TABLE films"}},
     {"query": "query ($x: Int!) { films(limit: $x) { id } }", "variables": {"x": 10**400}},
     {"query": 'mutation { delete_films(where: {title: {_eq: "\'; --"}}) { affected_rows } }'},
     b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 3_000 + b"1" + b"}" * 3_000 + b"}",
     b"[" * 100_000],
)  # fmt: skip
def test_what_is_wrong_is_told_without_a_word_about_the_inside(client: httpx.Client, body: Any) -> None:
    response = post(client, body)
    assert [*response.json()] == ["errors"]
    assert response.status_code < 500
    assert len(response.content) < ANSWER_BYTES_MAX
    assert not [word for word in TALKATIVE if word in response.text.lower()]


@pytest.mark.parametrize("query", ["mutation { __typename }", "mutation { delete_tags(where: {}) { affected_rows } }"])
def test_nothing_is_written_by_get(client: httpx.Client, query: str) -> None:
    headers = {"authorization": f"Bearer {TOKENS['owner']}"}
    for accept in ("*/*", "text/event-stream"):
        response = client.get("/v1/graphql", params={"query": query}, headers=headers | {"accept": accept})
        assert (response.status_code, "errors" in response.text) in {(405, True), (200, True)}
        assert "affected_rows" not in response.text.replace(query, "")
    tags = client.get("/rest/v1/tags", params={"select": "id"}).json()
    assert len(tags) == 3


FORMS = [
    ("application/x-www-form-urlencoded", urlencode({"query": "{ __typename }"}).encode()),
    ("application/x-www-form-urlencoded", b'{"query": "{ __typename }"}'),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{ id }\r\n--x--'),
    ("text/plain", b'{"query": "{ __typename }"}'),
    ("text/plain; charset=application/json", b'{"query": "{ __typename }"}'),
    ("text/plain, application/json", b'{"query": "{ __typename }"}'),
    ("application/graphql", b"{ __typename }"),
    ("", b'{"query": "{ __typename }"}'),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), FORMS)
@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
def test_what_any_page_can_send_is_not_taken(client: httpx.Client, kind: str, body: bytes, accept: str) -> None:
    response = post(client, body, content_type=kind, accept=accept)
    assert response.status_code == 415
    assert "data" not in response.json()


def test_nothing_is_traced(client: httpx.Client) -> None:
    asked = {"query": "{ films { id } }", "extensions": {"tracing": True}, "trace": True}
    response = post(client, asked, x_apollo_tracing="1", apollo_query_plan_experimental="1")
    assert [*response.json()] == ["data"]


@pytest.mark.parametrize(
    "path", ["/graphiql", "/playground", "/console", "/graphql/console", "/v1/graphiql", "/altair"]
)
def test_no_page_to_try_it_with_is_served(client: httpx.Client, path: str) -> None:
    response = client.get(path, headers={"accept": "text/html"})
    assert response.status_code == 404
    assert "html" not in response.headers.get("content-type", "")


@pytest.mark.parametrize("path", ["/graphql", "/v1/graphql"])
def test_a_browser_that_comes_by_gets_no_page(client: httpx.Client, path: str) -> None:
    response = client.get(path, headers={"accept": "text/html"})
    assert response.status_code == 400
    assert [*response.json()] == ["errors"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_other_methods_are_not_served(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/v1/graphql", content=b'{"query": "{ __typename }"}', headers=JSON)
    assert response.status_code == 405


def test_after_all_that_it_answers_as_before(client: httpx.Client) -> None:
    assert ask(client, "{ films_by_pk(id: 1) { title } }") == {"data": {"films_by_pk": {"title": "The Long Pier"}}}

"""A query in a body is the GET that it stands for, whatever becomes of it; and nothing else becomes one."""

from collections.abc import Mapping

import pytest
from rest_requests import request

from mainstay.core.problem import Problem
from mainstay.wires.rest import Call, RestWire

FORM = {"content-type": "application/x-www-form-urlencoded"}
WAYS = [("QUERY", "/films"), ("POST", "/films/query")]
QUERIES = [
    "",
    "select=id,title&order=id",
    "id=in.(1,2,3)&limit=2&offset=1",
    "or=(id.eq.1,title.eq.a%26b)&actors.name=eq.x&select=*,actors(*)",
    "title=eq.a+b%2Bc",
]


def wire(**settings: object) -> RestWire:
    return RestWire(**({"prefix": ""} | settings))  # type: ignore[arg-type]


def code(wire: RestWire, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> str:
    with pytest.raises(Problem) as refused:
        wire.parse(request(method, target, headers, body))
    return refused.value.code


@pytest.mark.parametrize("prefix", ["", "/rest/v1"])
@pytest.mark.parametrize(("method", "path"), WAYS)
@pytest.mark.parametrize("query", QUERIES)
def test_it_is_the_get_with_that_query(method: str, path: str, prefix: str, query: str) -> None:
    headers = {"accept": "text/csv", "prefer": "count=exact", "range": "0-4", "accept-profile": "shop"}
    at = wire(prefix=prefix)
    found = at.parse(request(method, prefix + path, headers | FORM, query.encode()))
    assert found == at.parse(request("GET", f"{prefix}/films?{query}", headers))


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_what_is_in_the_url_counts_as_well(method: str, path: str) -> None:
    found = wire().parse(request(method, f"{path}?select=id", FORM, b"order=id\n"))
    assert found == wire().parse(request("GET", "/films?select=id&order=id"))
    assert code(wire(), method, f"{path}?limit=1", FORM, b"limit=2") == "MS448"


@pytest.mark.parametrize(("method", "path"), WAYS)
def test_the_memory_serves_it_as_it_does_the_get(method: str, path: str) -> None:
    at = wire()
    first, second = (at.parse(request(method, path, FORM, f"id=eq.{number}".encode())) for number in (1, 2))
    assert isinstance(first, Call)
    assert first.operation is not None
    assert second.operation is not None
    assert first.operation.shape is second.operation.shape
    assert second.operation.values == ("2",)


@pytest.mark.parametrize(("method", "path"), WAYS)
@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"content-type": "application/json"}, b"{}", "MS466"),
        ({"content-type": "application/json"}, b"", "MS466"),
        ({"content-type": "text/plain"}, b"select=id", "MS466"),
        ({}, b"select=id", "MS466"),
        (FORM, b"title=eq.\xff", "PGRST100"),
        (FORM, b"title=eq.%ff", "PGRST100"),
        (FORM, b"select", "PGRST100"),
    ],
)
def test_a_body_that_is_no_query_is_refused(
    method: str, path: str, headers: Mapping[str, str], body: bytes, expected: str
) -> None:
    assert code(wire(), method, path, headers, body) == expected


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded; charset=utf-8", "APPLICATION/X-WWW-form-urlencoded"]
)
def test_a_content_type_may_be_spelt_as_http_allows(content_type: str) -> None:
    assert wire().parse(request("QUERY", "/films", {"content-type": content_type}, b"select=id")).operation is not None


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/films/query", "PGRST125"),
        ("PATCH", "/films/query", "PGRST125"),
        ("POST", "/query/query/query", "PGRST125"),
        ("POST", "//query", "PGRST125"),
        ("QUERY", "/", "PGRST117"),
        ("QUERY", "", "PGRST117"),
        ("QUERY", "/films/query", "PGRST125"),
        ("SEARCH", "/films", "PGRST117"),
    ],
)
def test_nothing_else_is_a_query(method: str, target: str, expected: str) -> None:
    assert code(wire(), method, target, FORM, b"") == expected


def test_a_table_may_be_called_query() -> None:
    call = wire().parse(request("POST", "/query", {"content-type": "application/json"}, b'{"id": 1}'))
    assert call.reply.method == "POST"


def test_a_browser_may_send_one() -> None:
    asked = {"origin": "https://a.example", "access-control-request-method": "QUERY"}
    answer = wire().parse(request("OPTIONS", "/films", asked)).answer
    assert answer is not None
    assert dict(answer.headers)["access-control-allow-methods"].split(", ")[-1] == "QUERY"


def test_a_table_says_that_it_can_be_asked_so() -> None:
    answer = wire().parse(request("OPTIONS", "/films")).answer
    assert answer is not None
    assert dict(answer.headers)["accept-query"] == "application/x-www-form-urlencoded"

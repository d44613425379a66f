"""Statuses, headers and bodies of answers."""

import re
from time import perf_counter

import pytest
from rest_requests import WIRE, parse, request

from mainstay.core.exchange import Response
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.rest import RestWire
from mainstay.wires.rest.render import content_range

OBJECT = "application/vnd.pgrst.object+json"
BODY = b'[{"id":1}]'


def answer(
    result: Result, query: str = "", method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b"{}"
) -> Response:
    return WIRE.render(parse(query, method, headers, body), result)


def header(response: Response, name: str) -> str | None:
    found = [value for key, value in response.headers if key == name]
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize(
    ("offset", "rows", "total", "expected"),
    [
        (0, 10, None, "0-9/*"),
        (0, 1, None, "0-0/*"),
        (5, 3, 20, "5-7/20"),
        (0, 0, None, "*/*"),
        (0, 0, 0, "*/0"),
        (7, 0, 3, "*/3"),
    ],
)
def test_a_content_range_spans_the_rows(offset: int, rows: int, total: int | None, expected: str) -> None:
    assert content_range(offset, rows, total) == expected


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("", "/rest/v1/films"),
        ("id=eq.1", "/rest/v1/films?id=eq.1"),
        ("b=eq.1&a=eq.1", "/rest/v1/films?a=eq.1&b=eq.1"),
        ("select=id,a-%3Eb&a=eq.%0D%0AX:%201", "/rest/v1/films?a=eq.%0D%0AX:%201&select=id,a-%3Eb"),
        ("a=eq.\r\nX: 1", None),
        ("a=eq.ä", None),
        (f"a=eq.{'x' * 2_043}", f"/rest/v1/films?a=eq.{'x' * 2_043}"),
        (f"a=eq.{'x' * 2_044}", None),
    ],
)
def test_a_read_says_where_it_can_be_had_again(query: str, location: str | None) -> None:
    wire = RestWire()
    for method in ("GET", "GET", "HEAD"):  # parsed anew, and as remembered
        call = wire.parse(request(method, f"/rest/v1/films?{query}"))
        assert header(wire.render(call, Result(b"[]", 0)), "content-location") == location


def test_only_what_was_read_has_a_content_location() -> None:
    assert header(answer(Result(b"[]", 1), method="POST"), "content-location") is None
    assert header(answer(Result(b"[]", 0, total=0), "offset=1"), "content-location") is None


@pytest.mark.parametrize(
    ("query", "rows", "total", "status", "span"),
    [
        ("", 15, None, 200, "0-14/*"),
        ("", 15, 15, 200, "0-14/15"),
        ("", 0, 0, 200, "*/0"),
        ("limit=3", 3, 15, 206, "0-2/15"),
        ("limit=3&offset=2", 3, None, 200, "2-4/*"),
        ("limit=3&offset=14", 1, 15, 206, "14-14/15"),
        ("offset=15", 0, 15, 206, "*/15"),
        ("offset=16", 0, 15, 416, "*/15"),
        ("offset=1", 0, 0, 416, "*/0"),
        ("offset=100", 0, None, 200, "*/*"),
        ("limit=0&offset=100", 0, 15, 206, "*/15"),
    ],
)
def test_a_read_says_how_much_of_how_much(query: str, rows: int, total: int | None, status: int, span: str) -> None:
    for method in ("GET", "HEAD"):
        response = answer(Result(BODY if method == "GET" else None, rows, total), query, method)
        assert response.status == status
        assert header(response, "content-range") == span
        assert header(response, "content-type") == "application/json; charset=utf-8"
        assert (response.body is None) == (method == "HEAD")


def test_an_offset_past_the_end_is_a_problem() -> None:
    response = answer(Result(b"[]", 0, 15), "offset=100", headers={"origin": "http://x", "prefer": "count=exact"})
    assert response.body == (
        b'{"code":"PGRST103","message":"Requested range not satisfiable",'
        b'"details":"An offset of 100 was requested, but there are only 15 rows.","hint":null}'
    )
    assert header(response, "access-control-allow-origin") == "*"
    assert header(response, "preference-applied") == "count=exact"


def test_a_range_header_is_answered_in_its_own_terms() -> None:
    response = answer(Result(BODY, 5, 50), headers={"range": "10-14"})
    assert (response.status, header(response, "content-range")) == (206, "10-14/50")


def test_the_body_is_passed_through_untouched() -> None:
    body = b'[{"a": 1.50 }]'
    assert answer(Result(body, 1)).body is body


Expected = tuple[int, str | None, bytes | None]
"""A status, a Content-Range and a body."""

WRITES: list[tuple[str, str, dict[str, str], Result, Expected]] = [
    ("POST", "", {}, Result(BODY, 1), (201, "*/*", None)),
    ("POST", "", {"prefer": "count=exact"}, Result(None, 0, affected=3), (201, "*/3", None)),
    ("POST", "", {"prefer": "return=representation"}, Result(BODY, 1), (201, "*/*", BODY)),
    ("POST", "", {"prefer": "resolution=merge-duplicates"}, Result(None, 0, inserted=0), (200, "*/*", None)),
    ("POST", "", {"prefer": "resolution=merge-duplicates"}, Result(None, 0, inserted=1), (201, "*/*", None)),
    ("POST", "", {"prefer": "resolution=ignore-duplicates"}, Result(None, 0, inserted=0), (201, "*/*", None)),
    ("PATCH", "id=eq.1", {}, Result(None, 0, affected=1), (204, "0-0/*", None)),
    ("PATCH", "id=eq.1", {}, Result(None, 0), (204, "*/*", None)),
    ("PATCH", "id=eq.1", {"prefer": "count=exact"}, Result(None, 0, affected=3), (204, "0-2/3", None)),
    ("PATCH", "id=eq.1", {"prefer": "return=representation"}, Result(BODY, 1), (200, "0-0/*", BODY)),
    ("PATCH", "id=eq.1", {"prefer": "return=headers-only"}, Result(None, 1), (204, "0-0/*", None)),
    ("PATCH", "id=eq.1", {"accept": OBJECT}, Result(b"{}", 1), (204, "0-0/*", None)),
    ("DELETE", "id=eq.1", {}, Result(None, 1), (204, "*/*", None)),
    ("DELETE", "id=eq.1", {"prefer": "count=exact"}, Result(None, 0, affected=4), (204, "*/4", None)),
    ("DELETE", "id=eq.1", {"prefer": "return=representation, count=exact"}, Result(BODY, 1), (200, "*/1", BODY)),
    ("PUT", "id=eq.1", {}, Result(None, 1, inserted=1), (204, None, None)),
    ("PUT", "id=eq.1", {"prefer": "return=representation"}, Result(BODY, 1, inserted=1), (201, None, BODY)),
    ("PUT", "id=eq.1", {"prefer": "return=representation"}, Result(BODY, 1, inserted=0), (200, None, BODY)),
]


@pytest.mark.parametrize(("method", "query", "headers", "result", "expected"), WRITES)
def test_a_write_answers_with_its_status(
    method: str, query: str, headers: dict[str, str], result: Result, expected: Expected
) -> None:
    response = answer(result, query, method, headers)
    assert (response.status, header(response, "content-range"), response.body) == expected
    assert (header(response, "content-type") is None) == (response.body is None)


@pytest.mark.parametrize(
    ("key", "location"),
    [
        (b'{"id": 2}', "/rest/v1/my%20films?id=eq.2"),
        (b'{"k1":1,"k2":"Rock & R+ll"}', "/rest/v1/my%20films?k1=eq.1&k2=eq.Rock%20%26%20R%2Bll"),
        (b'{"id":1,"sponsor":null}', "/rest/v1/my%20films?id=eq.1&sponsor=is.null"),
        (b'{"k":"\xe5\x9b\xb4"}', "/rest/v1/my%20films?k=eq.%E5%9B%B4"),
        (b'{"n":12345678901234567890.10}', "/rest/v1/my%20films?n=eq.12345678901234567890.10"),
        (b'{"a b":true}', "/rest/v1/my%20films?a%20b=eq.true"),
    ],
)
def test_an_inserted_row_has_a_location(key: bytes, location: str) -> None:
    wire = RestWire()
    call = wire.parse(request("POST", "/rest/v1/my films", {"prefer": "return=headers-only"}, b"{}"))
    response = wire.render(call, Result(None, 1, key=key))
    assert header(response, "location") == location
    assert header(response, "preference-applied") == "return=headers-only"


def test_no_key_has_no_location() -> None:
    assert header(answer(Result(None, 1), method="POST"), "location") is None
    assert header(answer(Result(None, 1, key=b'{"id":1}'), method="POST"), "location") is None


def test_a_plan_is_answered_as_it_comes() -> None:
    accept = {"accept": "application/vnd.pgrst.plan+json"}
    for method in ("GET", "PATCH"):
        response = answer(Result(b"[plan]", 1), "id=eq.1", method, accept)
        assert (response.status, response.body) == (200, b"[plan]")
        assert (
            header(response, "content-type") == 'application/vnd.pgrst.plan+json; for="application/json"; charset=utf-8'
        )


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/openapi+json; charset=utf-8"),
        ("application/openapi+json", "application/openapi+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
    ],
)
def test_the_root_describes_the_api(accept: str, content_type: str) -> None:
    wire = RestWire()
    for path in ("/rest/v1", "/rest/v1/"):
        call = wire.parse(request(target=path, headers={"accept": accept}))
        assert call.describe
        response = wire.render(call, Result(b"{}", 0))
        assert (response.status, response.body) == (200, b"{}")
        assert header(response, "content-type") == content_type


def test_a_head_of_the_root_has_no_body() -> None:
    wire = RestWire()
    assert wire.render(wire.parse(request("HEAD", "/rest/v1/")), Result(b"{}", 0)).body is None


@pytest.mark.parametrize(
    ("method", "target", "accept", "status"),
    [("POST", "/", "*/*", 405), ("GET", "/", "text/csv", 406), ("DELETE", "/", "*/*", 405)],
)
def test_the_root_takes_nothing_else(method: str, target: str, accept: str, status: int) -> None:
    with pytest.raises(Problem) as refused:
        WIRE.parse(request(method, target, {"accept": accept}))
    assert WIRE.refuse(refused.value, anonymous=True).status == status


@pytest.mark.parametrize("database_us", [0, 345, 9_999, 10_000, 12_345_678])
@pytest.mark.parametrize("planned_us", [0, 655])
def test_where_the_time_went_is_told(planned_us: int, database_us: int) -> None:
    wire = RestWire(prefix="", server_timing=True)
    call = wire.parse(request())
    for _ in range(2):  # once, and the next request's headers are its own
        ran = perf_counter()
        parsed = ran - (planned_us + database_us) / 1e6
        times = (parsed - 0.003, parsed - 0.002, parsed, ran)
        told = header(wire.render(call, Result(b"[]", 0, database_us=database_us), times), "server-timing")
        assert told is not None
        spans = dict(re.findall(r"(\w+);dur=(\d+\.\d{3})(?:, |$)", told))
        assert list(spans) == ["jwt", "parse", "plan", "transaction", "response"]
        assert spans["transaction"] == f"{database_us / 1e3:.3f}"
        expected = {"jwt": 1.0, "parse": 2.0, "plan": planned_us / 1e3}
        assert {name: float(spans[name]) for name in expected} == pytest.approx(expected, abs=0.002)

"""That remembering how a request was parsed changes nothing but its cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_requests import request

from mainstay.core.exchange import Request
from mainstay.core.problem import Problem
from mainstay.wires.rest import Call, RestWire
from mainstay.wires.rest.memo import SKELETON_MAX, Memo, take_apart


def wire(memo_max: int) -> RestWire:
    return RestWire(prefix="", cors_origins=("http://a", "http://b"), ending_chosen=True, memo_max=memo_max)


def outcome(under: RestWire, asked: Request) -> Call | tuple[str, str, object]:
    try:
        return under.parse(asked)
    except Problem as problem:
        return problem.code, problem.message, problem.details


@pytest.mark.parametrize(
    ("query", "text", "values"),
    [
        ("", "", ()),
        ("id=eq.5", "id=eq.", ("5",)),
        ("id=not.eq.5&x=lt.6", "id=not.eq.&x=lt.", ("5", "6")),
        ("x=like.a*%20b+c", "x=like.", ("a% b c",)),
        ("x=match.a*", "x=match.", ("a*",)),
        ("a.b=eq.1&select=*,a(*)&order=id&limit=5", "a.b=eq.&select=*,a(*)&order=id&limit=5", ("1",)),
        ("data-%3E%3Ek=eq.1", "data-%3E%3Ek=eq.", ("1",)),
        ("offset=20", "offset=", ("20",)),
        ("offset=0", "offset=0", ()),
        ("offset=x", "offset=x", ()),
        ("a.offset=5", "a.offset=5", ()),
    ],
)
def test_a_query_string_is_taken_apart(query: str, text: str, values: tuple[str, ...]) -> None:
    assert take_apart(query) == (text, values)


@pytest.mark.parametrize(
    "query",
    [
        "id=in.(1)", "id=is.null", "id=eq(any).{1}", "x=fts.a", "x=cs.{1}", "or=(a.eq.1)", "a.and=(b.eq.1)",
        "id=5", "id", "id=not.null", "id=eq.%ff", "id=eq.é", "&", "%6fr=(a.eq.1)",
        "select=" + "a" * SKELETON_MAX,
    ],
)  # fmt: skip
def test_any_other_query_string_is_not(query: str) -> None:
    assert take_apart(query) is None


def test_requests_of_one_form_share_their_shape() -> None:
    under = wire(8)
    first, second = (under.parse(request(target=f"/films?id=eq.{n}&limit=1")) for n in "12")
    assert first.operation is not None
    assert second.operation is not None
    assert first.operation.shape is second.operation.shape
    assert first.reply is second.reply
    assert (first.operation.values, second.operation.values) == (("1",), ("2",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (request(target="/a?id=eq.1"), request(target="/b?id=eq.1")),
        (request("GET", "/a?id=eq.1"), request("DELETE", "/a?id=eq.1")),
        (request(target="/a", headers={"accept": "text/csv"}), request(target="/a")),
        (request(target="/a", headers={"prefer": "count=exact"}), request(target="/a")),
        (request(target="/a", headers={"range": "0-1"}), request(target="/a")),
        (request(target="/a", headers={"origin": "http://a"}), request(target="/a", headers={"origin": "http://b"})),
        (request(target="/a", headers={"accept-profile": "v2"}), request(target="/a")),
        (request("POST", "/a", body=b"{}"), request("POST", "/a", body=b"[]")),
        (request("POST", "/a", body=b'{"a":1}'), request("POST", "/a", body=b'{"b":1}')),
        (request("POST", "/a", {"content-profile": "v2"}, b"{}"), request("POST", "/a", body=b"{}")),
    ],
)
def test_requests_of_another_form_do_not(one: Request, other: Request) -> None:
    under, plain = wire(8), wire(0)
    assert outcome(under, one) == outcome(plain, one)
    assert outcome(under, other) == outcome(plain, other)
    assert outcome(under, one) != outcome(under, other)


def test_the_memory_is_bounded_and_forgets_the_least_recently_used() -> None:
    memo = Memo(2)
    calls = [wire(0).parse(request(target=f"/t{n}")) for n in range(3)]
    memo.put("a", calls[0])
    memo.put("b", calls[1])
    assert memo.get("a") is calls[0]
    memo.put("c", calls[2])
    assert len(memo) == 2
    assert memo.get("b") is None
    assert memo.get("a") is calls[0]


NAMES = st.sampled_from(["id", "title", "a.id", "data->>k", "order", "limit", "offset", "select", "a.limit", "or",
                         "a.order", "columns", "on_conflict", "not.and", "%6fffset", "x y", '"a.b"', ""])  # fmt: skip
TEXTS = st.sampled_from(["1", "0", "-1", "20", "", "null", "%20", "%ff", "*", "a.b", "(1,2)", "a+b", "é", "id.desc",
                         "*,a(*)", "id,a(id)", "(id.eq.1)", "{1}", "'", '"'])  # fmt: skip
OPERATORS = st.sampled_from(["eq.", "not.eq.", "like.", "not.ilike.", "gt.", "in.", "is.", "not.", "", "fts(english).",
                             "eq(any).", "match.", "EQ.", "eq"])  # fmt: skip
PARTS = st.builds("{}={}{}".format, NAMES, OPERATORS, TEXTS) | st.sampled_from(["", "id", "limit=5", "select=*,a(*)"])
QUERIES = st.lists(PARTS, max_size=5).map("&".join)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "accept": st.sampled_from(["*/*", "text/csv", "image/png", "application/vnd.pgrst.object+json"]),
        "prefer": st.sampled_from(["count=exact", "return=representation", "tx=rollback", "handling=strict, x"]),
        "range": st.sampled_from(["0-4", "5-", "x", "3-1"]),
        "origin": st.sampled_from(["http://a", "http://b", "http://c"]),
        "accept-profile": st.sampled_from(["v1", "v2"]),
        "content-profile": st.sampled_from(["v1", "v2"]),
        "content-type": st.sampled_from(["application/json", "text/csv", "x/y"]),
    },
)
BODIES = st.sampled_from([b"{}", b"[]", b'{"a":1}', b'{"b":1}', b'[{"a":1}]', b'[{"a":1},{"b":2}]', b"", b"a\n1"])
REQUESTS = st.builds(
    lambda method, query, headers, body: request(method, f"/films?{query}", headers, body),
    st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "BREW"]),
    QUERIES,
    HEADERS,
    BODIES,
)


REMEMBERING, FORGETTING = wire(64), wire(0)


@given(asked=REQUESTS)
def test_memory_on_equals_memory_off(asked: Request) -> None:
    expected = outcome(FORGETTING, asked)
    assert outcome(REMEMBERING, asked) == expected
    assert outcome(REMEMBERING, asked) == expected


@given(first=REQUESTS, values=st.tuples(TEXTS, TEXTS), operator=st.sampled_from(["eq", "not.like", "ilike"]))
def test_a_value_never_leaks_into_the_next_request(first: Request, values: tuple[str, str], operator: str) -> None:
    under = wire(64)
    for value in values:
        asked = request(first.method, f"/films?{first.query}&z={operator}.{value}", first.headers, first.body)  # type: ignore[arg-type]
        assert outcome(under, asked) == outcome(FORGETTING, asked)

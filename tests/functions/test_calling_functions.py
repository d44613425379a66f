"""Calls of real functions: what goes in, what comes out, and under which mode."""

from typing import Any

import pytest

from functions.conftest import Shop, request

XML_NEEDS_LIBXML = "0A000"
FORM = "application/x-www-form-urlencoded"
OBJECT = "application/vnd.pgrst.object+json"


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("/add_them?a=1&b=2", 3),
        ("/add_them?b=2&a=-1", 1),
        ("/greet", "Hello, world"),
        ("/greet?name=you", "Hello, you"),
        ("/greet?name=", "Hello, "),
        ("/greet?name=eq", "Hello, eq"),
        ("/greet?name=not.an.operator", "Hello, not.an.operator"),
        ("/greet?name=ignored&name=last", "Hello, last"),
        ("/nothing_known", None),
        ("/count_to?top=3", [1, 2, 3]),
        ("/count_to?top=0", []),
        ("/count_to?top=9&limit=2&offset=1", [2, 3]),
        ("/count_to?top=9&order=count_to.desc&limit=1", [9]),
        ("/join_them", ""),
        ("/join_them?words=a", "a"),
        ('/join_them?words={a}&words=b,"c"&words=NULL', '{a}+b,"c"+NULL'),
        ("/a_record", {"id": 1, "name": "x"}),
        ("/split?whole=5&rest=x", {"half": 2, "rest": "x"}),
        ("/prices?above=80", [{"title": "Table", "price": 90}, {"title": "Chest", "price": 999}]),
        ("/prices?above=50&title=eq.Table&select=cost:price", [{"cost": 90}]),
        ("/prices?above=50&or=(title.eq.Table,price.lt.0)&select=title", [{"title": "Table"}]),
        ("/prices?above=50&select=price.sum()", [{"sum": 1159}]),
        ("/one_work?id=2&select=title", {"title": "Table"}),
        ("/one_work?id=2&select=title,maker(name)", {"title": "Table", "maker": {"name": "Ida"}}),
        ("/all_tools?select=name,label&order=label&limit=1", [{"name": "Plane", "label": "Plane?"}]),
        ("/all_tools?order=id&limit=1", [{"id": 1, "name": "Saw"}]),
        ("/all_works?select=id,makers!inner(name)&makers.name=eq.Jan", [{"id": 3, "makers": {"name": "Jan"}}]),
        ("/pick", "none"),
        ("/pick?a=1", "int"),
        ("/pick?b=1&a=1", "ints"),
        ("/keywords?time=1&values=2&left=4", 7),
        ('/Odd "name"_?The Arg=3', 3),
    ],
)
def test_get_calls_a_function(asked: str, value: Any, shop: Shop) -> None:
    got = shop.call(f"GET {asked}")
    assert (got.status, got.json) == (200, value)
    head = shop.call(f"HEAD {asked}")
    assert (head.status, head.body, head.headers) == (200, None, got.headers)


@pytest.mark.parametrize(
    ("asked", "body", "value"),
    [
        ("/add_them", {"b": 2, "a": 1}, 3),
        ("/add_them", {"a": "1", "b": "2"}, 3),
        ("/add_them", [{"a": 1, "b": 2}], 3),
        ("/add_them?columns=a,b", {"a": 1, "b": 2, "other": 3}, 3),
        ("/greet", None, "Hello, world"),
        ("/greet", {"name": None}, None),
        ("/join_them", {"words": ["a", 'b"', "{"]}, 'a+b"+{'),
        ("/typed", {"j": {"k": 1}, "days": ["2020-01-01", "2020-02-01"], "p": {"y": 7}}, "1/2020-02-01/7"),
        ("/split", {"whole": 5, "rest": "x"}, {"half": 2, "rest": "x"}),
        ("/keywords", {"time": 1, "values": 2, "left": 4}, 7),
        ("/all_works?id=gt.1&select=id&limit=1", {}, [{"id": 2}]),
        ("/whole_json", {"a": 1}, "object"),
        ("/whole_json", {}, "object"),
        ("/whole_json", [1, {"a": 2}], "array"),
        ("/whole_json", "text", "string"),
        ("/pick", {}, "none"),
        ("/pick", {"a": 1}, "int"),
        ("/pick", {"z": 1}, "whole"),
        ("/pick", {"": 1}, "whole"),
    ],
)
def test_post_calls_a_function(asked: str, body: Any, value: Any, shop: Shop) -> None:
    answer = shop.call(f"POST {asked}", body)
    assert (answer.status, answer.json) == (200, value)


@pytest.mark.parametrize(
    ("asked", "media", "body", "accept", "value"),
    [
        ("/add_them", FORM, b"a=1&b=2", "*/*", b"3"),
        ("/join_them", FORM, b"words=a+b&words=%26", "*/*", b'"a b+&"'),
        ("/greet", FORM, b"", "*/*", b'"Hello, world"'),
        ("/add_them", "text/csv", b"a,b\n1,2", "*/*", b"3"),
        ("/whole_text", "text/plain; charset=utf-8", "ä'$1".encode(), "text/plain", "ä'$1!".encode()),
        ("/whole_text", "text/plain", b"", "*/*", b'"!"'),
        ("/whole_bytes", "application/octet-stream", b"\xff\0\\", "application/octet-stream", b"\xff\0\\\0"),
        ("/nothing_known", "application/json", b"", "text/plain", b""),
    ],
)
def test_a_body_may_be_other_than_json(  # noqa: PLR0917 - a row of the table
    asked: str, media: str, body: bytes, accept: str, value: bytes, shop: Shop
) -> None:
    answer = shop.call(f"POST {asked}", body, content_type=media, accept=accept)
    assert (answer.status, answer.body) == (200, value)
    expected = "application/json; charset=utf-8" if accept == "*/*" else accept
    assert answer.headers["content-type"].removesuffix("; charset=utf-8") == expected.removesuffix("; charset=utf-8")


def test_an_unnamed_xml_parameter_takes_xml(shop: Shop) -> None:
    """The server that tests run on may be built without XML: then it says so itself, having been asked."""
    answer = shop.call("POST /whole_xml", b"<a/>", content_type="text/xml", accept="text/xml")
    assert (answer.status, answer.text) == (200, "<a/>") or answer.json["code"] == XML_NEEDS_LIBXML


@pytest.mark.parametrize(
    ("accept", "function", "content_type"),
    [
        ("text/html, text/plain", "greet", "text/plain; charset=utf-8"),
        ("application/json, text/plain, */*", "greet", "application/json; charset=utf-8"),
        ("text/html, text/plain;q=0.5, */*;q=0.1", "add_them?a=1&b=2", "application/json; charset=utf-8"),
        ("text/plain, text/csv", "count_to?top=1", "text/csv; charset=utf-8"),
        (OBJECT, "one_work?id=1", f"{OBJECT}; charset=utf-8"),
        (OBJECT, "greet", f"{OBJECT}; charset=utf-8"),
    ],
)
def test_the_best_media_type_that_the_function_has_is_taken(
    accept: str, function: str, content_type: str, shop: Shop
) -> None:
    answer = shop.call(f"GET /{function}", accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (200, content_type)


def test_csv_and_stripped_nulls(shop: Shop) -> None:
    assert shop.call("GET /count_to?top=2", accept="text/csv").text == "count_to\n1\n2"
    assert shop.call("GET /prices?above=80", accept="text/csv").text == "title,price\nTable,90\nChest,999"
    stripped = shop.call("POST /split", {"whole": 1, "rest": None}, accept=f"{OBJECT};nulls=stripped")
    assert stripped.json == {"half": 0}


@pytest.mark.parametrize(
    ("asked", "headers", "status", "content_range"),
    [
        ("GET /add_them?a=1&b=2", {}, 200, "0-0/*"),
        ("GET /add_them?a=1&b=2", {"prefer": "count=exact"}, 200, "0-0/1"),
        ("GET /count_to?top=3", {}, 200, "0-2/*"),
        ("GET /count_to?top=3&limit=1&offset=1", {"prefer": "count=exact"}, 206, "1-1/3"),
        ("GET /count_to?top=3", {"prefer": "count=planned", "range": "1-1"}, 206, "1-1/3"),
        ("GET /count_to?top=3&offset=9", {"prefer": "count=estimated"}, 416, "*/3"),
        ("GET /all_works?price=gt.50", {"prefer": "count=exact"}, 200, "0-1/2"),
        ("HEAD /all_works?price=gt.50&limit=1", {"prefer": "count=exact"}, 206, "0-0/2"),
        ("GET /one_work?id=99999&id=eq.1", {}, 200, "*/*"),
    ],
)
def test_counts_and_ranges(asked: str, headers: dict[str, str], status: int, content_range: str, shop: Shop) -> None:
    answer = shop.call(asked, **headers)
    assert (answer.status, answer.headers["content-range"]) == (status, content_range)


def test_a_function_that_returns_nothing_has_no_content(shop: Shop) -> None:
    answer = shop.call("POST /write_note", {"note": "written"})
    assert (answer.status, answer.body) == (204, None)
    assert "content-type" not in answer.headers
    assert shop.sql("SELECT count(*) FROM calls WHERE note = 'written'") == "1"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_would_be_written_by_get_is_refused(method: str, shop: Shop) -> None:
    answer = shop.call(f"{method} /write_note?note=got")
    assert answer.status == 405
    assert answer.headers["proxy-status"] == "PostgREST; error=25006"
    assert shop.sql("SELECT count(*) FROM calls WHERE note = 'got'") == "0"


def test_a_volatile_function_is_called_once_whatever_the_page_wants(shop: Shop) -> None:
    for query in ("limit=0", "limit=1", "offset=2", "select=write_notes.count()"):
        shop.sql("DELETE FROM calls")
        assert shop.call(f"POST /write_notes?{query}", {"howmany": 3}, prefer="count=exact").status in (200, 206)
        assert shop.sql("SELECT count(*) FROM calls") == "3"


def test_a_rolled_back_call_leaves_nothing(shop: Shop) -> None:
    answer = shop.call("POST /write_note", {"note": "undone"}, prefer="tx=rollback")
    assert (answer.status, answer.headers["preference-applied"]) == (204, "tx=rollback")
    assert shop.sql("SELECT count(*) FROM calls WHERE note = 'undone'") == "0"


def test_a_call_past_max_affected_is_rolled_back(shop: Shop) -> None:
    shop.sql("DELETE FROM calls")
    refused = shop.call("POST /write_notes?limit=1", {"howmany": 3}, prefer="handling=strict, max-affected=2")
    assert (refused.status, refused.json["code"]) == (400, "PGRST124")
    assert refused.json["details"] == "The query affects 3 rows"
    assert shop.sql("SELECT count(*) FROM calls") == "0"
    allowed = shop.call("POST /write_notes", {"howmany": 3}, prefer="handling=strict, max-affected=3")
    assert (allowed.status, allowed.json) == (200, [1, 2, 3])
    assert allowed.headers["preference-applied"] == "handling=strict, max-affected=3"


def test_rows_that_were_written_come_back(shop: Shop) -> None:
    answer = shop.call("POST /sell?select=id,price", {"id": 3}, prefer="tx=rollback")
    assert answer.json == [{"id": 3, "price": 71}]
    answer = shop.call("POST /sharpen?select=label&order=id", prefer="tx=rollback")
    assert answer.json == [{"label": "Saw?"}, {"label": "Plane?"}]


def test_what_a_function_raises_is_its_answer(shop: Shop) -> None:
    answer = shop.call("POST /refuse")
    assert answer.status == 402
    assert answer.json == {"code": "PT402", "message": "Pay first", "details": "Quota", "hint": "Upgrade"}


def test_calls_at_once_get_their_own_answers(shop: Shop) -> None:
    asked = [request(f"GET /add_them?a={number}&b=1") for number in range(40)]
    asked += [request("POST /split", {"whole": number * 2, "rest": str(number)}) for number in range(40)]
    bodies = [response.body for response in shop.ask(*asked)]
    assert bodies[:40] == [str(number + 1).encode() for number in range(40)]
    assert bodies[40:] == [b'{"half":%d,"rest":"%d"}' % (number, number) for number in range(40)]


def test_volatile_calls_at_once_share_nothing(shop: Shop) -> None:
    bodies = [response.body for response in shop.ask(*[request("GET /any_number") for _ in range(30)])]
    assert len(set(bodies)) == 30


def test_a_bad_argument_fails_its_own_call_only(shop: Shop) -> None:
    answers = shop.ask(*[request(f"GET /add_them?a={'x' if number == 3 else number}&b=1") for number in range(8)])
    assert [answer.status for answer in answers] == [400 if number == 3 else 200 for number in range(8)]


def test_an_answer_that_the_caller_has_is_not_sent_again(shop: Shop) -> None:
    first = shop.call("GET /greet")
    again = shop.call("GET /greet", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, None)
    assert shop.call("GET /greet?name=you", if_none_match=first.headers["etag"]).status == 200
    assert "etag" not in shop.call("POST /greet").headers


@pytest.mark.parametrize(("function", "allowed"), [("add_them", "OPTIONS,GET,HEAD,POST"), ("sell", "OPTIONS,POST")])
def test_options_says_what_can_be_done(function: str, allowed: str, shop: Shop) -> None:
    assert shop.call(f"OPTIONS /{function}").headers["allow"] == allowed


def test_the_plan_of_a_call_can_be_asked_for(shop: Shop) -> None:
    """A function in SQL that only reads is inlined, so that the filter reaches its table."""
    plan = shop.call("GET /all_works?id=eq.1", accept="application/vnd.pgrst.plan+text")
    assert "Index Scan using works_pkey on works" in plan.text

"""Who may read an answer from another origin, and what OPTIONS says."""

from collections.abc import Iterable

import pytest
from rest_requests import request

from mainstay.core.operation import TableRef
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.rule import Action
from mainstay.wires.rest import RestWire

ANYONE = RestWire(prefix="")
LISTED = RestWire(prefix="", cors_origins=("http://one.example", "http://two.example"))


def options(wire: RestWire, target: str = "/films", **headers: str) -> dict[str, str]:
    call = wire.parse(request("OPTIONS", target, {name.replace("_", "-"): value for name, value in headers.items()}))
    assert call.answer is not None
    assert call.answer.status == 200
    assert wire.render(call, Result(None, 0)) == call.answer
    return dict(call.answer.headers)


def test_a_preflight_says_what_may_be_asked() -> None:
    headers = options(
        ANYONE,
        "/",
        origin="http://example.com",
        access_control_request_method="POST",
        access_control_request_headers="Foo,Bar",
    )
    assert headers == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD",
        "access-control-allow-headers": "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language",
        "access-control-max-age": "86400",
    }


def test_a_preflight_is_answered_wherever_it_asks() -> None:
    headers = options(ANYONE, "/a/b/c", origin="http://x", access_control_request_method="GET")
    assert headers["access-control-allow-origin"] == "*"


def test_a_listed_origin_is_named_and_may_send_credentials() -> None:
    headers = options(LISTED, origin="http://two.example", access_control_request_method="POST")
    assert headers["access-control-allow-origin"] == "http://two.example"
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["vary"] == "Origin"


def test_an_origin_that_is_not_listed_may_not_read() -> None:
    headers = options(LISTED, origin="http://three.example", access_control_request_method="POST")
    assert not any(name.startswith("access-control") for name in headers)
    call = LISTED.parse(request(headers={"origin": "http://three.example"}))
    assert not any(name.startswith("access-control") for name, _ in call.reply.headers)


def test_headers_that_are_no_tokens_are_not_allowed_back() -> None:
    headers = options(
        ANYONE, origin="http://x", access_control_request_method="GET", access_control_request_headers="a b, x\r\ny, ok"
    )
    assert headers["access-control-allow-headers"] == "Authorization, ok, Accept, Accept-Language, Content-Language"


@pytest.mark.parametrize(
    ("target", "allow"), [("/films", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"), ("/", "OPTIONS,GET,HEAD")]
)
def test_options_without_an_origin_says_what_is_allowed(target: str, allow: str) -> None:
    headers = options(ANYONE, target)
    assert headers["allow"] == allow
    assert headers["access-control-allow-origin"] == "*"


def test_options_can_be_narrowed_to_what_a_table_takes() -> None:
    call = ANYONE.parse(request("OPTIONS"))
    assert dict(ANYONE.allow(call, ("OPTIONS", "GET")).headers)["allow"] == "OPTIONS,GET"


@pytest.mark.parametrize(
    ("actions", "keyed", "allow"),
    [
        (Action, True, "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        (Action, False, "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
        ([Action.READ], True, "OPTIONS,GET,HEAD"),
        ([Action.READ, Action.CREATE], True, "OPTIONS,GET,HEAD,POST"),
        ([Action.UPDATE, Action.DELETE], True, "OPTIONS,PATCH,DELETE"),
    ],
)
def test_options_names_the_methods_of_what_can_be_done(actions: Iterable[Action], keyed: bool, allow: str) -> None:
    call = ANYONE.parse(request("OPTIONS", "/films"))
    assert call.table == TableRef("films")
    assert dict(ANYONE.admit(call, set(actions), keyed=keyed).headers)["allow"] == allow


def test_an_answer_exposes_its_headers_to_other_origins() -> None:
    call = ANYONE.parse(request(headers={"origin": "http://x"}))
    headers = dict(ANYONE.render(call, Result(b"[]", 0)).headers)
    assert headers["access-control-allow-origin"] == "*"
    assert "Content-Range" in headers["access-control-expose-headers"]


def test_an_answer_to_the_same_origin_has_none_of_it() -> None:
    assert ANYONE.parse(request()).reply.headers == ()


def test_a_refusal_can_be_read_from_other_origins() -> None:
    problem = Problem("PGRST100", "no")
    asked = request(headers={"origin": "http://one.example"})
    from_request = LISTED.refuse(problem, anonymous=True, request=asked)
    from_call = LISTED.refuse(problem, anonymous=True, call=LISTED.parse(asked))
    for response in (from_request, from_call):
        assert dict(response.headers)["access-control-allow-origin"] == "http://one.example"
    assert "access-control-allow-origin" not in dict(LISTED.refuse(problem, anonymous=True).headers)

"""Calls that can't be: which function was meant can't be told, or the request asks for what no call has."""

from typing import Any

import pytest

from functions.conftest import Shop

NOT_FOUND = "Could not find the function public.{} in the schema cache"
SEARCHED = "Searched for the function public.{}, but no matches were found in the schema cache."
MEANT = "Perhaps you meant to call the function public.{}"
OR_WHOLE = " or with a single unnamed json/jsonb parameter"


@pytest.mark.parametrize(
    ("asked", "message", "details", "hint"),
    [
        ("GET /no_such", "no_such without parameters", "no_such without parameters", None),
        ("GET /add_the?a=1", "add_the(a)", "add_the with parameter a", "add_them"),
        ("GET /add_them?a=1", "add_them(a)", "add_them with parameter a", "add_them(a, b)"),
        ("GET /add_them?b=1&aa=1", "add_them(aa, b)", "add_them with parameters aa, b", "add_them(a, b)"),
        ("GET /add_them?a=1&b=eq.2", "add_them(a)", "add_them with parameter a", "add_them(a, b)"),
        ("GET /pick?wrong_name=1", "pick(wrong_name)", "pick with parameter wrong_name", None),
        ("GET /whole_text", "whole_text without parameters", "whole_text without parameters", None),
        ("POST /add_them", "add_them without parameters", f"add_them without parameters{OR_WHOLE}", "add_them(a, b)"),
    ],
)
def test_a_function_that_is_not_there(asked: str, message: str, details: str, hint: str | None, shop: Shop) -> None:
    answer = shop.call(asked)
    assert answer.status == 404
    assert answer.json == {
        "code": "PGRST202",
        "message": NOT_FOUND.format(message),
        "details": SEARCHED.format(details),
        "hint": None if hint is None else MEANT.format(hint),
    }


@pytest.mark.parametrize(
    ("media", "kind"), [("text/plain", "text"), ("text/xml", "xml"), ("application/octet-stream", "bytea")]
)
def test_no_unnamed_parameter_of_the_bodys_kind(media: str, kind: str, shop: Shop) -> None:
    answer = shop.call("POST /whole_json", b"x", content_type=media)
    assert answer.status == 404
    assert answer.json == {
        "code": "PGRST202",
        "message": NOT_FOUND.format("whole_json"),
        "details": SEARCHED.format(f"whole_json with a single unnamed {kind} parameter"),
        "hint": None,
    }


def test_a_function_without_parameters_takes_no_raw_body(shop: Shop) -> None:
    assert shop.call("POST /a_record", b"x", content_type="text/plain").status == 404


def test_overloads_that_only_differ_in_types_can_not_be_told_apart(shop: Shop) -> None:
    answer = shop.call("GET /torn?a=1")
    assert answer.status == 300
    assert answer.json["code"] == "PGRST203"
    assert answer.json["message"].endswith("between: public.torn(a => integer), public.torn(a => text)")


@pytest.mark.parametrize(
    ("asked", "body", "headers", "status", "code"),
    [
        ("PATCH /add_them", {}, {}, 405, "PGRST101"),
        ("PUT /add_them", {}, {}, 405, "PGRST101"),
        ("DELETE /add_them", None, {}, 405, "PGRST101"),
        ("GET /greet", None, {"accept": "text/html"}, 406, "PGRST107"),
        ("GET /greet", None, {"accept": "text/xml"}, 406, "PGRST107"),
        ("GET /count_to?top=1", None, {"accept": "text/plain"}, 406, "PGRST107"),
        ("GET /count_to?top=2", None, {"accept": "application/vnd.pgrst.object"}, 406, "PGRST116"),
        ("GET /greet", None, {"accept_profile": "secret"}, 406, "PGRST106"),
        ("POST /greet?name=x", {"name": "y"}, {}, 400, "PGRST100"),
        ("POST /greet", b"{", {}, 400, "PGRST102"),
        ("POST /greet", b"\xff", {}, 400, "PGRST102"),
        ("POST /greet", b"x", {"content_type": "audio/mpeg"}, 400, "PGRST102"),
        ("POST /greet", b"a", {"content_type": "application/x-www-form-urlencoded"}, 400, "PGRST102"),
        ("POST /greet?columns=name", b"name=x", {"content_type": "application/x-www-form-urlencoded"}, 400, "MS447"),
        ("GET /greet?columns=name", None, {}, 400, "MS447"),
        ("POST /greet?on_conflict=name", {}, {}, 400, "MS447"),
        ("POST /greet", {}, {"if_match": '"x"'}, 400, "MS476"),
        ("POST /add_them", [{"a": 1, "b": 1}, {"a": 2, "b": 2}], {}, 400, "MS450"),
        ("POST /greet", 3, {}, 400, "MS450"),
        ("POST /greet", [], {}, 400, "MS450"),
        ("POST /add_them", {"a": "x", "b": 1}, {}, 400, "22P02"),
        ("GET /add_them?a=1&b=1&select=a", None, {}, 400, "42703"),
        ("GET /add_them?a=1&b=1&order=a", None, {}, 400, "42703"),
        ("GET /prices?above=1&select=*,works(*)", None, {}, 400, "PGRST200"),
        ("POST /add_them", {"a": 1, "b": 1}, {"prefer": "handling=strict, max-affected=1"}, 400, "PGRST128"),
        ("POST /a", {}, {"prefer": "handling=strict, params=single-object"}, 400, "PGRST122"),
    ],
)
def test_refused(  # noqa: PLR0917 - a row of the table
    asked: str, body: Any, headers: dict[str, str], status: int, code: str, shop: Shop
) -> None:
    answer = shop.call(asked, body, **headers)
    assert (answer.status, answer.json["code"]) == (status, code)


def test_an_argument_of_too_many_values_is_refused(shop: Shop) -> None:
    query = "&".join(["words=x"] * 1001)
    assert shop.call(f"GET /join_them?{query}").json["code"] == "MS442"

"""What a role may call, what it sees of what comes back, and that no argument gets around it."""

import asyncio
from typing import Any

import pytest

from functions.conftest import Shop
from functions.workshop import workshop
from mainstay import Mainstay, claim
from mainstay.core.problem import DeclarationError


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("GET", "?secret=x", None),
        ("HEAD", "?secret=x", None),
        ("POST", "", {"secret": "x"}),
        ("POST", "", {}),
        ("GET", "?secret=x&select=nothing", None),
        ("GET", "?wrong=x", None),
        ("OPTIONS", "", None),
    ],
)
def test_a_function_that_is_not_granted_is_as_if_it_were_not_there(
    method: str, query: str, body: object, shop: Shop
) -> None:
    hidden = shop.call(f"{method} /not_for_all{query}", body)
    absent = shop.call(f"{method} /absent_fellow{query}", body)
    assert hidden.status == absent.status == 404
    assert hidden.text.replace("not_for_all", "absent_fellow") == absent.text


@pytest.mark.parametrize("name", ["not_for_al", "not_for_alll", "not_for_all_"])
def test_no_hint_names_a_function_that_is_not_granted(name: str, shop: Shop) -> None:
    assert shop.call(f"GET /{name}").json["hint"] is None
    assert shop.call(f"GET /{name}", role="member").json["hint"].endswith(".not_for_all")


def test_a_role_inherits_what_others_may_call(shop: Shop) -> None:
    assert shop.call("GET /add_them?a=1&b=1", role="member").json == 2
    assert shop.call("GET /not_for_all?secret=x", role="member").json == "x"
    assert shop.call("GET /add_them?a=1&b=1", role="nobody").status == 404


@pytest.mark.parametrize(
    "asked",
    ["GET /all_works", "POST /all_works", "GET /all_works?limit=50", "GET /all_works?select=*,maker(*)"],
)
def test_rows_of_a_table_are_read_under_its_rules(asked: str, shop: Shop) -> None:
    rows = shop.call(asked).json
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert not any("owner" in row for row in rows)


def test_columns_of_rows_are_masked_as_in_the_table(shop: Shop) -> None:
    rows = shop.call("GET /all_works?select=id,owner&order=id", role="member").json
    assert rows == [
        {"id": 1, "owner": "ann"},
        {"id": 2, "owner": None},
        {"id": 3, "owner": None},
        {"id": 4, "owner": "ann"},
    ]
    assert shop.call("GET /all_works?owner=eq.bob", role="member").json == []


def test_one_row_that_is_hidden_is_null(shop: Shop) -> None:
    hidden, absent = shop.call("GET /one_work?id=4"), shop.call("GET /one_work?id=99")
    assert (hidden.status, hidden.text, hidden.headers) == (absent.status, "null", absent.headers)
    assert shop.call("GET /one_work?id=4&select=title", role="member").json == {"title": "Chest"}


def test_what_is_hidden_is_not_counted(shop: Shop) -> None:
    for count in ("exact", "planned", "estimated"):
        answer = shop.call("GET /all_works", prefer=f"count={count}")
        assert answer.headers["content-range"] == "0-2/3"


@pytest.mark.parametrize(
    "query",
    ["owner=eq.ann", "order=owner", "select=owner", "or=(owner.eq.ann,id.eq.1)", "select=owner.max()"],
)
def test_what_is_hidden_can_not_be_asked_for(query: str, shop: Shop) -> None:
    answer = shop.call(f"GET /all_works?{query}")
    assert (answer.status, answer.json["code"]) == (400, "42703")
    assert "Perhaps" not in (answer.json["hint"] or "") or "owner" not in answer.json["hint"]


def test_a_write_answers_with_what_may_be_read(shop: Shop) -> None:
    hidden = shop.call("POST /sell?select=id,price", {"id": 5}, prefer="tx=rollback")
    assert (hidden.status, hidden.json) == (200, [])


def test_rows_of_a_table_that_the_role_may_not_read_are_refused(shop: Shop) -> None:
    answer = shop.call("GET /all_works", role="stranger")
    assert (answer.status, answer.json["code"]) == (403, "42501")
    assert shop.call("GET /all_works?select=id,maker(name)", role="stranger").status == 403


def test_what_a_function_declares_itself_can_not_be_named_as_a_table(shop: Shop) -> None:
    for path in ("prices", "split"):
        assert shop.call(f"GET /../{path}").status == 404
    answer = shop.call("GET /prices?above=1", accept_profile="rows of public")
    assert answer.json["code"] == "PGRST106"


INJECTIONS = [
    "1); DROP TABLE calls; --",
    "'; DROP TABLE calls; --",
    '"; DROP TABLE calls; --',
    "$1",
    "\\'); SELECT 1; --",
    "{},{}",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_argument_is_never_sql(text: str, shop: Shop) -> None:
    assert shop.call("POST /greet", {"name": text}).json == f"Hello, {text}"
    assert shop.call("POST /join_them", {"words": [text, text]}).json == f"{text}+{text}"
    assert shop.call("POST /whole_text", text.encode(), content_type="text/plain").json == f"{text}!"
    named = shop.call("POST /greet", {text: 1})
    assert (named.status, named.json["code"]) == (404, "PGRST202")
    assert shop.sql("SELECT count(*) >= 0 FROM calls") == "t"


@pytest.mark.parametrize("text", ["x\0", "x\\u0000"])
def test_a_nul_in_an_argument_is_a_bad_value(text: str, shop: Shop) -> None:
    answer = shop.call("POST /whole_text", text.encode(), content_type="text/plain")
    assert answer.status == (400 if "\0" in text else 200)
    assert shop.call("POST /greet", f'{{"name": "{text}"}}'.encode()).status == 400


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("add_tem", "Did you mean 'add_them'?"),
        ("private.add_them", "Did you mean"),
        ("nothing like it", "public.greet"),
    ],
)
def test_an_unknown_function_is_refused_when_the_app_starts(said: str, hint: str, shop: Shop) -> None:
    app = workshop(shop.url)
    app.role("new").may_call(said)
    with pytest.raises(DeclarationError) as refused:
        asyncio.run(app.load())
    assert said in str(refused.value)
    assert hint in refused.value.hint


def test_to_call_nothing_is_no_rule() -> None:
    with pytest.raises(DeclarationError):
        Mainstay([]).role("new").may_call()


def test_another_grant_is_another_version(shop: Shop) -> None:
    one, other = workshop(shop.url), workshop(shop.url)
    other.role("new").may_call("greet")
    first, second = asyncio.run(one.load()), asyncio.run(other.load())
    assert first.policy.version != second.policy.version


def test_what_the_policy_passes_no_caller_can(shop: Shop) -> None:
    assert shop.call("GET /works_of", role="member").json == [{"title": "Chair"}, {"title": "Chest"}]
    assert shop.call("GET /works_of?above=500", role="member").json == [{"title": "Chest"}]
    assert shop.call("POST /works_of", {"above": 500}, role="member").json == [{"title": "Chest"}]
    for asked, body in (("GET /works_of?who=bob", None), ("POST /works_of", {"who": "bob", "above": 1})):
        refused = shop.call(asked, body, role="member")
        assert (refused.status, refused.json["code"]) == (404, "PGRST202")
        assert "who" not in (refused.json["hint"] or "")


def test_a_constant_and_a_list_of_claims_are_passed(shop: Shop) -> None:
    answer = shop.call("POST /rename", {"tool": 1}, role="member")
    assert answer.json == 'it\'s 1{a,"b,c"}'


def test_without_the_claim_that_is_passed_nothing_is_called(shop: Shop) -> None:
    refused = shop.call("GET /works_of", role="member", claims={"role": "member"})
    assert (refused.status, refused.json["code"]) == (403, "42501")
    assert refused.json["message"] == "permission denied for function works_of"


@pytest.mark.parametrize(
    ("presets", "what", "hint"),
    [
        ({"whom": claim.sub}, "public.works_of has no argument 'whom'", "Did you mean 'who'?"),
        ({"above": "many"}, "argument 'above' can't be 'many'", "a claim or a constant"),
    ],
)
def test_a_preset_that_does_not_fit_is_refused_when_the_app_starts(
    presets: dict[str, Any], what: str, hint: str, shop: Shop
) -> None:
    app = workshop(shop.url)
    app.role("new").may_call("works_of", presets=presets)
    with pytest.raises(DeclarationError) as refused:
        asyncio.run(app.load())
    assert refused.value.what.startswith(what)
    assert refused.value.hint == hint

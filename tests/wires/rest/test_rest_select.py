"""What `select=` means, and what of it is refused."""

import re
from pathlib import Path

import pytest
from rest_requests import read, refusal

import mainstay
from mainstay.core.condition import Aggregate, Field, Step
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, Item, Join, Pick, Star

COUNT = Aggregate.COUNT


def pick(column: str, *path: Step, alias: str | None = None, cast: str | None = None) -> Pick:
    return Pick(Field(column, path, cast), alias)


ACCEPTED: list[tuple[str, tuple[Item, ...]]] = [
    ("*", (Star(),)),
    ("", (Star(),)),
    ("id", (pick("id"),)),
    ("id,title", (pick("id"), pick("title"))),
    (" id , title ", (pick("id"), pick("title"))),
    ("*,title", (Star(), pick("title"))),
    ("Just%20A%20Column", (pick("Just A Column"),)),
    ("Just+A+Column", (pick("Just A Column"),)),
    ("field-with_sep", (pick("field-with_sep"),)),
    ("t%C3%ADtulo", (pick("título"),)),
    ("123,$x,_y", (pick("123"), pick("$x"), pick("_y"))),
    ('"a.b","c,d"', (pick("a.b"), pick("c,d"))),
    ('"a\\"b\\\\c"', (pick('a"b\\c'),)),
    ('" padded "', (pick(" padded "),)),
    ("name:title", (pick("title", alias="name"),)),
    ('"my:name":title', (pick("title", alias="my:name"),)),
    ("id::text", (pick("id", cast="text"),)),
    ("n:id::double precision", (pick("id", alias="n", cast="double precision"),)),
    ("data->a", (pick("data", Step("a")),)),
    ("data->a->>b", (pick("data", Step("a"), Step("b", True)),)),
    ("data->0", (pick("data", Step(0)),)),
    ("data->-1->>2", (pick("data", Step(-1), Step(2, True)),)),
    ("data->>0::int", (pick("data", Step(0, True), cast="int"),)),
    ("x:data->a->>b::json", (pick("data", Step("a"), Step("b", True), alias="x", cast="json"),)),
    ("data->23-xy-45->1", (pick("data", Step("23-xy-45"), Step(1)),)),
    ("data->!@%23$%25^%26*_d", (pick("data", Step("!@#$%^&*_d")),)),
    ('data->"a.b"->>c', (pick("data", Step("a.b"), Step("c", True)),)),
    ("rel(data->0)", (Embed("rel", select=(pick("data", Step(0)),)),)),
    ("count()", (Pick(None, None, COUNT),)),
    ("count", (pick("count"),)),
    ("n:count()", (Pick(None, "n", COUNT),)),
    ("count()::text", (Pick(None, None, COUNT, "text"),)),
    ("amount.sum()", (Pick(Field("amount"), None, Aggregate.SUM),)),
    ("amount.avg(),amount.min(),amount.max()",
     tuple(Pick(Field("amount"), None, how) for how in (Aggregate.AVG, Aggregate.MIN, Aggregate.MAX))),
    ("x:amount.sum()::text", (Pick(Field("amount"), "x", Aggregate.SUM, "text"),)),
    ("amount::int.sum()::text", (Pick(Field("amount", (), "int"), None, Aggregate.SUM, "text"),)),
    ("data->>n::int.max()", (Pick(Field("data", (Step("n", True),), "int"), None, Aggregate.MAX),)),
    ("id.count()", (Pick(Field("id"), None, COUNT),)),
    ("actors(*)", (Embed("actors", select=(Star(),)),)),
    ("actors()", (Embed("actors"),)),
    ("actors( )", (Embed("actors"),)),
    ("a:actors(id)", (Embed("actors", "a", select=(pick("id"),)),)),
    ("actors!fk(id)", (Embed("actors", hint="fk", select=(pick("id"),)),)),
    ("actors!inner(id)", (Embed("actors", join=Join.INNER, select=(pick("id"),)),)),
    ("actors!left(id)", (Embed("actors", select=(pick("id"),)),)),
    ("actors!fk!inner()", (Embed("actors", hint="fk", join=Join.INNER),)),
    ("a:actors!inner!fk()", (Embed("actors", "a", hint="fk", join=Join.INNER),)),
    ('actors!"inner"()', (Embed("actors", hint="inner"),)),
    ("actors!left_fk()", (Embed("actors", hint="left_fk"),)),
    ("...actors(id)", (Embed("actors", spread=True, select=(pick("id"),)),)),
    ("...actors!fk!inner(*)", (Embed("actors", hint="fk", join=Join.INNER, spread=True, select=(Star(),)),)),
    ("id, actors(id, films(title)) ,title",
     (pick("id"), Embed("actors", select=(pick("id"), Embed("films", select=(pick("title"),)))), pick("title"))),
    ("actors(count())", (Embed("actors", select=(Pick(None, None, COUNT),)),)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "items"), ACCEPTED, ids=[text for text, _ in ACCEPTED])
def test_a_select_means_these_items(text: str, items: tuple[Item, ...]) -> None:
    shape, values = read(f"select={text}")
    assert shape.select == items
    assert values == ()


def test_no_select_means_every_column() -> None:
    assert read("")[0].select == (Star(),)


FAILED = '"failed to parse select parameter ({0})" (line 1, column {1})'

ITEM_END = 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input'

REJECTED: list[tuple[str, int, str]] = [
    ("id,", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
    (",id", 1, 'unexpected "," expecting field name (* or [a..z0..9_$])'),
    ("id,,title", 4, 'unexpected "," expecting field name (* or [a..z0..9_$])'),
    (":", 1, 'unexpected ":" expecting field name (* or [a..z0..9_$])'),
    ("id)", 3, "unexpected ')' expecting \",\" or end of input"),
    ("actors(id", 10, 'unexpected end of input expecting ")" or ","'),
    ("actors(id))", 11, "unexpected ')' expecting \",\" or end of input"),
    ("actors(id)x", 11, "unexpected 'x' expecting \",\" or end of input"),
    ("id!fk", 6, 'unexpected end of input expecting "("'),
    ("id!", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
    ("actors!a!b(id)", 11, 'unexpected "(" expecting one hint and one of inner or left'),
    ("actors!inner!left(id)", 18, 'unexpected "(" expecting one hint and one of inner or left'),
    ("actors!a!b!c(id)", 11, 'unexpected "!" expecting one hint and one of inner or left'),
    ("*!fk", 2, "unexpected '!' expecting \")\", \",\" or end of input"),
    ("a:*", 3, 'unexpected "*" expecting field name (* or [a..z0..9_$])'),
    ("id::", 5, "unexpected end of input expecting letter or digit"),
    ("id::int[]", 8, f"unexpected '[' expecting {ITEM_END}"),
    ("id.total()", 3, f"unexpected '.' expecting {ITEM_END}"),
    ("id;drop", 3, f"unexpected ';' expecting {ITEM_END}"),
    ("data->>--34", 9, 'unexpected "-" expecting digit'),
    ("data->>-xy-4", 9, 'unexpected "x" expecting digit'),
    ("data->>-78xy", 11, 'unexpected \'x\' expecting digit, "->", "::", ".", "," or end of input'),
    ("data->(x", 7, 'unexpected "(" expecting "-", digit or any non reserved character different from: .,>()'),
    ("data->", 7, 'unexpected end of input expecting "-", digit or any non reserved character different from: .,>()'),
    ("data->99999999999", 7, 'unexpected "9" expecting an index that fits into an integer'),
    ('"open', 6, 'unexpected end of input expecting "\\"" that closes the quoted name'),
    ('""', 1, 'unexpected """ expecting field name (* or [a..z0..9_$])'),
    ("a:...rel(*)", 3, 'unexpected "." expecting field name (* or [a..z0..9_$])'),
    ("..rel(*)", 1, 'unexpected "." expecting field name (* or [a..z0..9_$])'),
    ("rel->x(*)", 7, f"unexpected '(' expecting {ITEM_END}"),
    ('"a\0":id', 3, 'unexpected "\0" expecting any character but NUL'),
    ("data->a\0", 8, 'unexpected "\0" expecting any character but NUL'),
    ('data->>"\0"', 9, 'unexpected "\0" expecting any character but NUL'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "details"), REJECTED, ids=[text for text, _, _ in REJECTED])
def test_a_malformed_select_says_what_and_where(text: str, column: int, details: str) -> None:
    problem = refusal(f"select={text}")
    assert problem.code == "PGRST100"
    assert problem.message == FAILED.format(text, column)
    assert problem.details == details
    assert problem.where == "select"


def nested(levels: int) -> str:
    return "select=" + "a(" * levels + "id" + ")" * levels


@pytest.mark.parametrize(
    ("limits", "within", "past", "code"),
    [
        (Limits(depth_max=3), nested(3), nested(4), "MS403"),
        (Limits(select_max=4), "select=a,b,c,d", "select=a,b,c,d,e", "MS443"),
        (Limits(select_max=4), "select=a,r(b,c)", "select=a,r(b,c,d)", "MS443"),
        (Limits(depth_max=0), "select=a", "select=a()", "MS403"),
    ],
)
def test_select_is_bounded(limits: Limits, within: str, past: str, code: str) -> None:
    assert refusal(past, limits).code == code
    with pytest.raises(AssertionError, match="accepted"):
        refusal(within, limits)


def test_the_arrows_of_a_json_path_are_bounded() -> None:
    path = "data" + "->a" * 32
    assert len(read(f"select={path}")[0].select) == 1
    assert refusal(f"select={path}->a").code == "MS403"
    assert refusal(f"{path}->a=eq.1").code == "MS403"


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5 matches less than is there: https://github.com/python/cpython/issues/106052."""
    sources = Path(mainstay.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if re.search(r"re\.compile\(.*[^\\]\)[*+?]\+", path.read_text())] == []

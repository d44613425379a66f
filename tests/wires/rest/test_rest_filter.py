"""What filters and logic trees mean, and which are refused."""

import pytest
from rest_requests import read, refusal

from mainstay.core.condition import (
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
    Field,
    Is,
    Not,
    Operator,
    Or,
    Quantifier,
    Slot,
    Step,
    Through,
    Truth,
)
from mainstay.core.limits import Limits
from mainstay.core.operation import Value

ID, TITLE, DATA = Field("id"), Field("title"), Field("data")
EQ, IN, LIKE = Operator.EQ, Operator.IN, Operator.LIKE


def compare(column: str, operator: Operator, index: int = 0, **more: object) -> Compare:
    return Compare(Field(column), operator, Slot(index), **more)  # type: ignore[arg-type]


def listed(column: str, operator: Operator = IN, index: int = 0, quantifier: Quantifier | None = None) -> Compare:
    return Compare(Field(column), operator, Slot(index, many=True), quantifier)


def total(name: str, field: str | Field | None = None, where: Condition = TRUE, hint: str | None = None) -> Aggregation:
    field = Field(field) if isinstance(field, str) else field
    function = Aggregate.COUNT if field is None else Aggregate.MAX
    return Aggregation(function, field, where, Through(name, TRUE, hint))


SIMPLE = [
    "eq", "neq", "gt", "gte", "lt", "lte", "match", "imatch", "isdistinct", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl",
    "adj", "fts", "plfts", "phfts", "wfts",
]  # fmt: skip


@pytest.mark.parametrize("operator", SIMPLE)
def test_an_operator_compares_with_its_value_as_spelt(operator: str) -> None:
    shape, values = read(f"id={operator}.a*.b(c),d")
    assert shape.where == compare("id", Operator(operator))
    assert values == ("a*.b(c),d",)


@pytest.mark.parametrize("operator", SIMPLE)
def test_not_negates_an_operator(operator: str) -> None:
    shape, values = read(f"id=not.{operator}.x")
    assert shape.where == Not(compare("id", Operator(operator)))
    assert values == ("x",)


ACCEPTED: list[tuple[str, Condition, tuple[Value, ...]]] = [
    ("id=eq.", compare("id", EQ), ("",)),
    ("id=eq.null", compare("id", EQ), ("null",)),
    ("id=eq.a+b%2Bc%26d%3De", compare("id", EQ), ("a b+c&d=e",)),
    ("id=eq.a=b", compare("id", EQ), ("a=b",)),
    ("title=like.*yx", compare("title", LIKE), ("%yx",)),
    ("title=ilike.%25a*", compare("title", Operator.ILIKE), ("%a%",)),
    ("title=match..*", compare("title", Operator.MATCH), (".*",)),
    ("id=in.(1,2,3)", listed("id"), (("1", "2", "3"),)),
    ("id=in.()", listed("id"), ((),)),
    ('id=in.("")', listed("id"), (("",),)),
    ("id=in.(,)", listed("id"), (("", ""),)),
    ("id=in.(a, b)", listed("id"), (("a", " b"),)),
    ('id=in.("Hebdon, John",Larry)', listed("id"), (("Hebdon, John", "Larry"),)),
    ('id=in.("a)b","c\\"d","e\\\\f","g\\h")', listed("id"), (("a)b", 'c"d', "e\\f", "gh"),)),
    ('id=in.(")', listed("id"), (('"',),)),
    ('id=in.(Double"Quote"McGraw)', listed("id"), (('Double"Quote"McGraw',),)),
    ('id=in.("a"b)', listed("id"), (('"a"b',),)),
    ("id=in.(\\)", listed("id"), (("\\",),)),
    ("id=not.in.(1,2)", Not(listed("id")), (("1", "2"),)),
    ("id=is.null", Is(ID, Truth.NULL), ()),
    ("id=is.not_null", Is(ID, Truth.NOT_NULL), ()),
    ("id=is.TRUE", Is(ID, Truth.TRUE), ()),
    ("id=is.FAlSe", Is(ID, Truth.FALSE), ()),
    ("id=is.unknown", Is(ID, Truth.UNKNOWN), ()),
    ("id=not.is.null", Is(ID, Truth.NOT_NULL), ()),
    ("id=not.is.not_null", Is(ID, Truth.NULL), ()),
    ("id=not.is.true", Not(Is(ID, Truth.TRUE)), ()),
    ("id=eq(any).{1,2}", listed("id", EQ, quantifier=Quantifier.ANY), (("1", "2"),)),
    ("id=gte(all).{4,3}", listed("id", Operator.GTE, quantifier=Quantifier.ALL), (("4", "3"),)),
    ("id=not.lt(any).{1}", Not(listed("id", Operator.LT, quantifier=Quantifier.ANY)), (("1",),)),
    ("title=like(any).{O*,*P}", listed("title", LIKE, quantifier=Quantifier.ANY), (("O%", "%P"),)),
    ('title=eq(any).{"a,b", c d ,"e\\"f"}', listed("title", EQ, quantifier=Quantifier.ANY), (("a,b", "c d", 'e"f'),)),
    ("id=eq(any).{}", listed("id", EQ, quantifier=Quantifier.ANY), ((),)),
    ('id=eq(any).{"NULL"}', listed("id", EQ, quantifier=Quantifier.ANY), (("NULL",),)),
    ("title=fts(english).a b", compare("title", Operator.FTS, config="english"), ("a b",)),
    ("title=not.plfts(german).x", Not(compare("title", Operator.PLFTS, config="german")), ("x",)),
    ("title=wfts.a or -b", compare("title", Operator.WFTS), ("a or -b",)),
    ("data->a->>b=eq.x", Compare(Field("data", (Step("a"), Step("b", True))), EQ, Slot(0)), ("x",)),
    ("data-%3E0=eq.1", Compare(Field("data", (Step(0),)), EQ, Slot(0)), ("1",)),
    ('"order"=eq.1', compare("order", EQ), ("1",)),
    ('"a.b"=eq.1', compare("a.b", EQ), ("1",)),
    ("not=eq.1", compare("not", EQ), ("1",)),
    ("is=is.null", Is(Field("is"), Truth.NULL), ()),
    ("id=gt.1&id=lt.9", And((compare("id", Operator.GT), compare("id", Operator.LT, 1))), ("1", "9")),
    ("or=(id.eq.1,id.eq.2)", Or((compare("id", EQ), compare("id", EQ, 1))), ("1", "2")),
    ("and=(id.eq.1,title.like.*x)", And((compare("id", EQ), compare("title", LIKE, 1))), ("1", "%x")),
    ("or=(id.eq.1)", Or((compare("id", EQ),)), ("1",)),
    ("or=( id.eq.1 , id.is.null )", Or((compare("id", EQ), Is(ID, Truth.NULL))), ("1 ",)),
    ("not.or=(id.eq.1,id.eq.2)", Not(Or((compare("id", EQ), compare("id", EQ, 1)))), ("1", "2")),
    ("not.and=(id.eq.1)", Not(And((compare("id", EQ),))), ("1",)),
    ("or=(id.not.eq.1,not.and(id.eq.2,title.eq.x))",
     Or((Not(compare("id", EQ)), Not(And((compare("id", EQ, 1), compare("title", EQ, 2)))))), ("1", "2", "x")),
    ("or=(and(id.eq.1,id.eq.2),or(id.eq.3))",
     Or((And((compare("id", EQ), compare("id", EQ, 1))), Or((compare("id", EQ, 2),)))), ("1", "2", "3")),
    ('or=(id.in.(1,"2,3"),title.eq."a,b)")', Or((listed("id"), compare("title", EQ, 1))), (("1", "2,3"), "a,b)")),
    ("or=(tags.cs.{1,2},id.eq.3)", Or((compare("tags", Operator.CS), compare("id", EQ, 1))), ("{1,2}", "3")),
    ("or=(title.fts(english).a b,id.eq.1)",
     Or((compare("title", Operator.FTS, config="english"), compare("id", EQ, 1))), ("a b", "1")),
    ("or=(id.eq(any).{1,2},id.is.null)",
     Or((listed("id", EQ, quantifier=Quantifier.ANY), Is(ID, Truth.NULL))), (("1", "2"),)),
    ("or=(data->a->>b.eq.x,data->0.eq.1)",
     Or((Compare(Field("data", (Step("a"), Step("b", True))), EQ, Slot(0)),
         Compare(Field("data", (Step(0),)), EQ, Slot(1)))), ("x", "1")),
    ("or=(and.eq.1,not.eq.2)", Or((compare("and", EQ), compare("not", EQ, 1))), ("1", "2")),
    ("or=(title.eq.,id.eq.1)", Or((compare("title", EQ), compare("id", EQ, 1))), ("", "1")),
    ('or=(title.eq."a"b)', Or((compare("title", EQ),)), ('"a"b',)),
    ("or=(actors.name.eq.x,id.eq.1)", Or((Through("actors", compare("name", EQ)), compare("id", EQ, 1))), ("x", "1")),
    ("or=(a.b.c.not.in.(1,2))", Or((Through("a", Through("b", Not(listed("c")))),)), (("1", "2"),)),
    ("and=(a.and(b.eq.1,not.or(c.is.null,d.e.eq.2)))",
     Through("a", And((compare("b", EQ),
                       Not(Or((Is(Field("c"), Truth.NULL), Through("d", compare("e", EQ, 1)))))))), ("1", "2")),
    ("or=(a.not.and(b.eq.1,c.eq.2))",
     Or((Through("a", Not(And((compare("b", EQ), compare("c", EQ, 1))))),)), ("1", "2")),
    ("or=(members!host_id.name.eq.x)", Or((Through("members", compare("name", EQ), "host_id"),)), ("x",)),
    ('or=(a."eq".eq.1,"b c".d->>e.eq.2)',
     Or((Through("a", compare("eq", EQ)), Through("b c", Compare(Field("d", (Step("e", True),)), EQ, Slot(1))))),
     ("1", "2")),
    ("films.count()=gte.3", Compare(total("films"), Operator.GTE, Slot(0)), ("3",)),
    ("films!by.year.max()=not.in.(1,2)",
     Not(Compare(total("films", "year", hint="by"), IN, Slot(0, many=True))), (("1", "2"),)),
    ('"a b"."c.d".max()=is.null', Is(total("a b", "c.d"), Truth.NULL), ()),
    ("films.data->>a::int.max()=eq.1",
     Compare(total("films", Field("data", (Step("a", True),), "int")), EQ, Slot(0)), ("1",)),
    ("or=(films.count().gte.3,a.films.year.max().eq.4,films!by.count().is.null)",
     Or((Compare(total("films"), Operator.GTE, Slot(0)),
         Through("a", Compare(total("films", "year"), EQ, Slot(1))), Is(total("films", hint="by"), Truth.NULL))),
     ("3", "4")),
    ("and=(films.count().filter(id.eq.1,or(id.eq.2,a.id.eq.3)).not.eq.4)",
     Not(Compare(total("films", where=And((compare("id", EQ), Or((compare("id", EQ, 1),
                                                                   Through("a", compare("id", EQ, 2))))))),
                 EQ, Slot(3))), ("1", "2", "3", "4")),
    ("films.count=gte.3&select=films(*)", And(()), ("3",)),
    ("or=(a.eq.eq.1,a.in.(b.c),a.is.null)",
     Or((compare("a", EQ), listed("a", index=1), Is(Field("a"), Truth.NULL))), ("eq.1", ("b.c",))),
    ("id=eq.1&or=(id.eq.2,id.eq.3)&title=eq.4",
     And((compare("id", EQ), Or((compare("id", EQ, 1), compare("id", EQ, 2))), compare("title", EQ, 3))),
     ("1", "2", "3", "4")),
]  # fmt: skip


@pytest.mark.parametrize(("query", "where", "values"), ACCEPTED, ids=[query for query, _, _ in ACCEPTED])
def test_a_filter_means_this_condition(query: str, where: Condition, values: tuple[Value, ...]) -> None:
    shape, found = read(query)
    assert shape.where == where
    assert found == values


REJECTED: list[tuple[str, str, str]] = [
    ("id=val", "PGRST100", 'unexpected "v" expecting "not" or operator (eq, gt, ...)'),
    ("id=", "PGRST100", 'unexpected end of input expecting "not" or operator (eq, gt, ...)'),
    ("id=1", "PGRST100", 'unexpected "1" expecting "not" or operator (eq, gt, ...)'),
    ("id=eq", "PGRST100", 'unexpected "e" expecting "not" or operator (eq, gt, ...)'),
    ("id=EQ.1", "PGRST100", 'unexpected "E" expecting "not" or operator (eq, gt, ...)'),
    ("id=not.1", "PGRST100", 'unexpected "n" expecting "not" or operator (eq, gt, ...)'),
    ("id=not.not.eq.1", "PGRST100", 'unexpected "n" expecting "not" or operator (eq, gt, ...)'),
    ("id=eq().1", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=neq(any).{1}", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=eq(some).{1}", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=in(any).(1)", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=is().null", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=fts().x", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=fts(a;b).x", "PGRST100", 'unexpected "(" expecting "not" or operator (eq, gt, ...)'),
    ("id=is.nul", "PGRST100", 'unexpected "n" expecting isVal: (null, not_null, true, false, unknown)'),
    ("id=is.5", "PGRST100", 'unexpected "5" expecting isVal: (null, not_null, true, false, unknown)'),
    ("id=is.nullish", "PGRST100", "unexpected 'i' expecting end of input"),
    ("id=in.1,2", "PGRST100", 'unexpected "1" expecting "("'),
    ("id=in.(1,2", "PGRST100", 'unexpected end of input expecting "," or ")"'),
    ("id=in.(1,2)3", "PGRST100", "unexpected '3' expecting end of input"),
    ("id=eq(any).1", "22P02", 'Array value must start with "{" and end with "}".'),
    ("id=eq(any).{1}}", "22P02", "Unexpected array element."),
    ("id=eq(any).{1,}", "22P02", 'An element is empty or NULL; quote a text such as "NULL".'),
    ("id=eq(any).{NULL}", "22P02", 'An element is empty or NULL; quote a text such as "NULL".'),
    ("id=eq(any).{{1},{2}}", "22P02", 'An element is empty or NULL; quote a text such as "NULL".'),
    ("or=", "PGRST100", 'unexpected end of input expecting "("'),
    ("or=id.eq.1", "PGRST100", 'unexpected "i" expecting "("'),
    ("or=()", "PGRST100", 'unexpected ")" expecting field name (* or [a..z0..9_$])'),
    ("or=(id.eq.1", "PGRST100", 'unexpected end of input expecting "," or ")"'),
    ("or=(id.eq.1,)", "PGRST100", 'unexpected ")" expecting field name (* or [a..z0..9_$])'),
    ("or=(id.eq.1)x", "PGRST100", "unexpected 'x' expecting end of input"),
    ("or=(id)", "PGRST100", 'unexpected ")" expecting delimiter (.)'),
    ("or=(id.in.1,id.eq.3)", "PGRST100", 'unexpected "1" expecting "("'),
    ("or=(xor(id.eq.1))", "PGRST100", 'unexpected "(" expecting delimiter (.)'),
    ("or=(id.is.maybe)", "PGRST100", 'unexpected "m" expecting isVal: (null, not_null, true, false, unknown)'),
    ("or=(and(id.eq.1),id.eq.2))", "PGRST100", "unexpected ')' expecting end of input"),
    ("=eq.1", "PGRST100", "unexpected end of input expecting field name (* or [a..z0..9_$])"),
    ("a..b=eq.1", "PGRST100", 'unexpected "." expecting field name (* or [a..z0..9_$])'),
    ("a;b=eq.1", "PGRST100",
     'unexpected \';\' expecting letter, digit, "-", "->>", "->", delimiter (.) or end of input'),
    ("data->a.b=eq.1", "PGRST100",
     'unexpected \'.\' expecting letter, digit, "-", "->>", "->", delimiter (.) or end of input'),
    ("id", "PGRST100", 'unexpected end of input expecting "=" and a value'),
    ("id=eq.%ff", "PGRST100", "It is not UTF-8"),
    ("select=%ff", "PGRST100", "It is not UTF-8"),
    ("id=eq.\ud800", "PGRST100", "It is not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code", "details"), REJECTED, ids=[ascii(query) for query, _, _ in REJECTED])
def test_a_malformed_filter_is_refused_with_a_reason(query: str, code: str, details: str) -> None:
    problem = refusal(query)
    assert (problem.code, problem.details) == (code, details)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("id=noop.0", '"failed to parse filter (noop.0)" (line 1, column 1)'),
        ("id=in.(1", '"failed to parse filter (in.(1)" (line 1, column 6)'),
        ("or=(id.eq.1", '"failed to parse logic tree ((id.eq.1)" (line 1, column 9)'),
        ("a..b=eq.1", '"failed to parse tree path (a..b)" (line 1, column 3)'),
    ],
)
def test_a_malformed_filter_says_where(query: str, message: str) -> None:
    assert refusal(query).message == message


@pytest.mark.parametrize(
    ("limits", "within", "past", "code"),
    [
        (Limits(terms_max=2), "a=eq.1&b=eq.2", "a=eq.1&b=eq.2&c=is.null", "MS441"),
        (Limits(terms_max=2), "or=(a.eq.1,b.eq.2)", "or=(a.eq.1,b.eq.2)&c=eq.1", "MS441"),
        (Limits(list_max=2), "a=in.(1,2)", "a=in.(1,2,3)", "MS442"),
        (Limits(list_max=2), "a=eq(any).{1,2}", "a=eq(any).{1,2,3}", "MS442"),
        (Limits(list_max=0), "a=in.()", "a=in.(1)", "MS442"),
        (Limits(list_max=0), "a=eq(any).{}", "a=eq(any).{1}", "MS442"),
        (Limits(depth_max=2), "or=(and(a.eq.1))", "or=(and(or(a.eq.1)))", "MS403"),
    ],
)
def test_filters_are_bounded(limits: Limits, within: str, past: str, code: str) -> None:
    assert refusal(past, limits).code == code
    with pytest.raises(AssertionError, match="accepted"):
        refusal(within, limits)


@pytest.mark.parametrize(
    "name",
    ["foo", "foo.bar", "not.foo", "foo!bar", "foo->>a", "EQ", "eq(all)x", "count", "max()", "a.count()", "max().eq"],
)
def test_a_misspelt_operator_in_a_tree_is_refused_as_one(name: str) -> None:
    problem = refusal(f"or=(id.{name}.1)")
    assert problem.details is not None
    assert problem.details.endswith('expecting "not" or operator (eq, gt, ...)')


def test_relations_of_a_tree_lead_no_further_than_the_limit() -> None:
    limits = Limits(depth_max=2)
    assert refusal("or=(a.b.c.eq.1)", limits).code == "MS403"
    assert refusal("or=(a.and(b.eq.1,c.eq.2))", limits).code == "MS403"
    assert refusal("or=(a.b.eq.1,a.c.eq.2)&limit=x", limits).code == "PGRST100"
    assert refusal(f"or=({'a.' * 20_000}eq.1)").code == "MS403"


def test_the_length_of_a_list_does_not_change_the_shape() -> None:
    assert read("id=in.(1)")[0] == read("id=in.(1,2,3)")[0]

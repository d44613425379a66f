"""Documents to operations: what is asked, and what is refused, with Hasura's path and code."""

import json
from typing import Any

import pytest
from graph_questions import operation, posted, vocabulary

from mainstay.core.condition import And, Compare, Field, Not, Operator, Or, Slot, Through
from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.operation import Constant, Embed, Format, Nodes, Order, Part, Pick, Read, Tally, Together
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.graphql import GraphWire
from mainstay.wires.graphql import document as documents
from mainstay.wires.graphql.problems import body_of
from services.graph_schema import schema_of


def read(text: str, variables: Any = None, **more: Any) -> Read:
    """The one read of a document."""
    asked = operation(text, variables, **more)
    assert isinstance(asked.shape, Read)
    return asked.shape


def picked(member: Read) -> list[str | None]:
    return [item.alias for item in member.select if isinstance(item, Pick)]


def test_members_are_root_fields_in_their_order() -> None:
    shape = operation("{ b: films { id } a: films_by_pk(id: 1) { id } __typename }").shape
    assert isinstance(shape, Together)
    assert [name for name, _ in shape.members] == ["b", "a", "__typename"]
    [rows, row, name] = [member for _, member in shape.members]
    assert isinstance(rows, Read)
    assert isinstance(row, Read)
    assert (rows.format, row.format, name) == (Format.ARRAY, Format.FIRST, "query_root")


def test_an_alias_a_path_and_a_type_name_are_items() -> None:
    [title, colour, name] = read('{ films { t: title c: details(path: "$.sound[0].x") __typename } }').select
    assert isinstance(colour, Pick)
    assert isinstance(title, Pick)
    assert title == Pick(Field("title"), alias="t")
    assert colour.field is not None
    assert [step.key for step in colour.field.path] == ["sound", 0, "x"]
    assert name == Constant("__typename", "films")


def test_related_rows_have_their_own_arguments() -> None:
    [embed] = read("{ films { r: reviews(where: {stars: {_gt: 3}}, order_by: {id: desc}, limit: 2) { id } } }").select
    assert isinstance(embed, Embed)
    assert (embed.alias, embed.target, embed.limit) == ("r", "reviews", 2)
    assert embed.where == Compare(Field("stars"), Operator.GT, Slot(0))
    assert embed.order == (Order(Field("id"), descending=True),)


def test_an_aggregate_is_a_summary() -> None:
    text = "{ films_aggregate { aggregate { count max { year } __typename } nodes { id } } }"
    summary = read(text).summary
    assert summary is not None
    [aggregate, nodes] = summary
    assert isinstance(aggregate, Part)
    assert [member.name for member in aggregate.members] == ["count", "max", "__typename"]
    assert isinstance(aggregate.members[0], Tally)
    assert isinstance(nodes, Nodes)


WHERES: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("{}", And(), ()),
    ("null", And(), ()),
    ("{id: {}}", And(), ()),
    ("{_and: []}", And(), ()),
    ("{_or: []}", Or(), ()),
    ("{id: {_eq: 1}}", Compare(Field("id"), Operator.EQ, Slot(0)), ("1",)),
    ("{_not: {id: {_eq: 1}}}", Not(Compare(Field("id"), Operator.EQ, Slot(0))), ("1",)),
    ("{title: {_nlike: \"a%\"}}", Not(Compare(Field("title"), Operator.LIKE, Slot(0))), ("a%",)),
    ("{title: {_iregex: \"a\"}}", Compare(Field("title"), Operator.IMATCH, Slot(0)), ("a",)),
    ("{id: {_in: [1, 2]}}", Compare(Field("id"), Operator.IN, Slot(0, many=True)), (("1", "2"),)),
    ("{id: {_nin: []}}", Not(Compare(Field("id"), Operator.IN, Slot(0, many=True))), ((),)),
    ("{published: {_eq: true}}", Compare(Field("published"), Operator.EQ, Slot(0)), ("true",)),
    ("{rating: {_lt: 7.50}}", Compare(Field("rating"), Operator.LT, Slot(0)), ("7.50",)),
    ("{genre: {_eq: noir}}", Compare(Field("genre"), Operator.EQ, Slot(0)), ("noir",)),
    ("{details: {_contains: {a: [1.0]}}}", Compare(Field("details"), Operator.CS, Slot(0)), ('{"a":[1.0]}',)),
    ("{aliases: {_eq: [\"a\\\"b\", null]}}", Compare(Field("aliases"), Operator.EQ, Slot(0)), ('{"a\\"b",NULL}',)),
    ("{year: {_ceq: id}}", Compare(Field("year"), Operator.EQ, Field("id")), ()),
    (
        "{reviews: {stars: {_eq: 5}}}",
        Through("reviews", Compare(Field("stars"), Operator.EQ, Slot(0)), "reviews"),
        ("5",),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("where", "condition", "values"), WHERES)
def test_where_is_a_condition(where: str, condition: Any, values: tuple[Any, ...]) -> None:
    asked = operation(f"{{ films(where: {where}) {{ id }} }}")
    assert isinstance(asked.shape, Read)
    assert (asked.shape.where, asked.values) == (condition, values)


def test_fields_of_one_key_are_one_field() -> None:
    text = """
    query { ...A films { year director { id } } }
    fragment A on query_root { films { id ... on films { title director { name } } } }
    """
    member = read(text)
    assert picked(member) == ["id", "title", "year"]
    [director] = [item for item in member.select if isinstance(item, Embed)]
    assert director.select == (Pick(Field("name"), alias="name"), Pick(Field("id"), alias="id"))


def test_directives_leave_fields_out_or_in() -> None:
    text = "query ($a: Boolean!) { films { id @skip(if: $a) title @include(if: $a) year @include(if: true) } }"
    assert picked(read(text, {"a": True})) == ["title", "year"]
    assert picked(read(text, {"a": False})) == ["id", "year"]


def test_variables_have_defaults_and_hold_whole_arguments() -> None:
    text = """
    query ($where: films_bool_exp, $order: [films_order_by!] = {id: desc}, $limit: Int = 3) {
      films(where: $where, order_by: $order, limit: $limit) { id }
    }
    """
    member = read(text, {"where": {"id": {"_in": [1]}}, "limit": 2})
    assert member.where == Compare(Field("id"), Operator.IN, Slot(0, many=True))
    assert (member.order, member.limit) == ((Order(Field("id"), descending=True),), 2)


def test_the_operation_is_chosen_by_its_name() -> None:
    text = "query A { films { id } } query B { films { title } }"
    assert picked(read(text, name="B")) == ["title"]


REFUSED: list[tuple[str, Any, str, str]] = [
    ("{ nope { id } }", None, "field 'nope' not found in type: 'query_root'", "$.selectionSet.nope"),
    ("{ vault { id } }", None, "field 'vault' not found in type: 'query_root'", "$.selectionSet.vault"),
    (
        "{ films { budget } }",
        None,
        "field 'budget' not found in type: 'films'",
        "$.selectionSet.films.selectionSet.budget",
    ),
    (
        "{ films(where: {budget: {_gt: 1}}) { id } }",
        None,
        "field 'budget' not found in type: 'films_bool_exp'",
        "$.selectionSet.films.args.where.budget",
    ),
    (
        "{ films(order_by: {budget: asc}) { id } }",
        None,
        "field 'budget' not found in type: 'films_order_by'",
        "$.selectionSet.films.args.order_by.budget",
    ),
    (
        "{ films_aggregate { aggregate { sum { budget } } } }",
        None,
        "field 'budget' not found in type: 'films_sum_fields'",
        "$.selectionSet.films_aggregate.selectionSet.aggregate.selectionSet.sum.selectionSet.budget",
    ),
    (
        "{ films(where: {id: {_eq: null}}) { id } }",
        None,
        "unexpected null value for type 'Int'",
        "$.selectionSet.films.args.where.id._eq",
    ),
    (
        "query ($id: Int) { films(where: {id: {_eq: $id}}) { id } }",
        None,
        "unexpected null value for type 'Int'",
        "$.selectionSet.films.args.where.id._eq",
    ),
    (
        '{ films(where: {id: {_eq: "1"}}) { id } }',
        None,
        "expected a 32-bit integer for type 'Int', but found a string",
        "$.selectionSet.films.args.where.id._eq",
    ),
    (
        '{ films(limit: "1") { id } }',
        None,
        "expected a non-negative 32-bit integer for type 'Int', but found a string",
        "$.selectionSet.films.args.limit",
    ),
    ("{ films(nope: 1) { id } }", None, "'films' has no argument named 'nope'", "$.selectionSet.films"),
    ("{ films }", None, "missing selection set for 'films'", "$.selectionSet.films"),
    ("{ films { id { x } } }", None, "unexpected subselection set for non-object field",
     "$.selectionSet.films.selectionSet.id"),
    ("{ films { id @nope } }", None, "directive 'nope' is not defined in the schema",
     "$.selectionSet.films.selectionSet"),
    ("{ castings_by_pk(film_id: 1) { part } }", None, "missing required field 'actor_id'",
     "$.selectionSet.castings_by_pk.args"),
    ("{ films { a: id a: title } }", None, "'a' is asked for as different fields, or with different arguments",
     "$.selectionSet.films.selectionSet.title"),
    ("query ($id: Int!) { films_by_pk(id: $id) { id } }", None,
     'expecting a value for non-nullable variable: "id"', "$.variableValues"),
    ("{ films { id } }", {"x": 1}, "unexpected variables in variableValues: x", "$.variableValues"),
    ("{ films_by_pk(id: $id) { id } }", None, 'unbound variable "id"', "$.selectionSet.films_by_pk.args.id"),
    ("{ films { id }", None, "not a valid graphql query", "$.query"),
    ("{ films {" + " ... {" * 1000 + "id" + "}" * 1000 + "} }", None, "not a valid graphql query", "$.query"),
    ("query ($a: " + "[" * 1000 + "Int" + "]" * 1000 + ") { films { id } }", None, "not a valid graphql query",
     "$.query"),
    ("{ ...A }", None, 'reference to undefined fragment "A"', "$.selectionSet"),
    (
        "{ films { ...F } } fragment F on films { director { ...G } } fragment G on directors { films { ...F } }",
        None,
        "the fragment definition(s) F and G form a cycle",
        "$.selectionSet.films.selectionSet.F.selectionSet.director.selectionSet.G.selectionSet.films.selectionSet",
    ),
    ("query A { films { id } } query B { films { id } }", None,
     "exactly one operation has to be present in the document when operationName is not specified", "$"),
]  # fmt: skip


def test_an_order_begins_with_what_is_distinct() -> None:
    for order in ("[{year: asc}, {id: asc}]", "{director: {name: asc}}", "[{director: {id: asc}}, {id: asc}]"):
        with pytest.raises(Problem, match='"distinct_on" columns must match initial "order_by" columns') as caught:
            operation(f"{{ films(distinct_on: [id], order_by: {order}) {{ id }} }}")
        assert caught.value.where == "$.selectionSet.films.args"
    operation("{ films(distinct_on: [id, year], order_by: [{year: asc}, {id: desc}, {title: asc}]) { id } }")


@pytest.mark.parametrize(("text", "variables", "message", "path"), REFUSED)
def test_what_does_not_fit_is_refused(text: str, variables: Any, message: str, path: str) -> None:
    with pytest.raises(Problem) as caught:
        operation(text, variables)
    expected = {"message": message, "extensions": {"path": path, "code": "validation-failed"}}
    assert json.loads(body_of(caught.value)) == {"errors": [expected]}


def nested(levels: int) -> str:
    return "{ films { " + "director { films { " * levels + "id" + " } }" * levels + " } }"


TOO_MUCH: list[tuple[str, str]] = [
    ("MS403", nested(6)),
    ("MS403", "{ films(where: " + "{_not: " * 9 + "{}" + "}" * 9 + ") { id } }"),
    ("validation-failed", "{ films(where: {details: {_eq: " + "[" * 5_000 + "]" * 5_000 + "}}) { id } }"),
    ("MS441", "{ films(where: {_and: [" + "{id: {_eq: 1}}" * 101 + "]}) { id } }"),
    ("MS442", "{ films(where: {id: {_in: [" + "1 " * 1_001 + "]}}) { id } }"),
    ("MS443", "{ films { " + "".join(f"a{number}: id " for number in range(300)) + "} }"),
    ("MS443", "{ films { " + "id " * 301 + "} }"),
    (
        "MS443",
        "{ films { ...A } } fragment A on films { " + "...B " * 20 + "} fragment B on films { " + "id " * 20 + "}",
    ),
    ("MS490", "{ films { id } }" + " " * 32_768),
    ("MS491", "{" + "".join(f"a{number}: films {{ id }} " for number in range(21)) + "}"),
]


@pytest.mark.parametrize(("code", "text"), TOO_MUCH)
def test_no_document_is_too_large(code: str, text: str) -> None:
    with pytest.raises(Problem) as caught:
        operation(text)
    assert caught.value.code == code
    assert json.loads(body_of(caught.value))["errors"][0]["extensions"]["code"] == "validation-failed"


def test_a_document_that_is_known_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = documents.parse
    wire, names = GraphWire(("/graphql",), Limits()), vocabulary()
    schema_of(names)
    monkeypatch.setattr(documents, "parse", lambda text, **options: parsed.append(text) or parse(text, **options))
    text = "query ($id: [Int!], $limit: Int) { films(where: {id: {_in: $id}}, limit: $limit) { id } }"

    def ask(variables: Any, role: str = "anonymous") -> Any:
        question = wire.parse(posted(text, variables))
        prepared = wire.known(question, role) or wire.prepare(question, role, names)
        [asked] = wire.operations(prepared, question)
        return asked

    first, second = ask({"id": [1, 2], "limit": 1}), ask({"id": [7], "limit": 1})
    assert len(parsed) == 1
    assert (first.shape, first.values, second.values) == (second.shape, (("1", "2"),), (("7",),))
    other = ask({"id": [1], "limit": 2})  # a limit is a part of the shape
    assert (len(parsed), other.shape.limit) == (2, 2)
    assert ask({"id": [1], "limit": 1}).shape == first.shape
    ask({"id": [3], "limit": 1}, "member")
    with pytest.raises(Problem, match="found null"):
        ask({"id": [None], "limit": 1})
    with pytest.raises(Problem, match="expected a"):
        ask({"id": ["1"], "limit": 1})


def test_a_list_that_names_columns_is_never_taken_for_another() -> None:
    wire, names = GraphWire(("/graphql",), Limits()), vocabulary()
    text = "query ($c: [films_select_column!]) { films_aggregate { aggregate { count(columns: $c) } } }"
    shapes = []
    for columns in (["id", "year"], ["id"], ["id", "year", "title"], []):
        question = wire.parse(posted(text, {"c": columns}))
        prepared = wire.known(question, "r") or wire.prepare(question, "r", names)
        shapes.append(prepared.steps[0].shape)
    assert len(set(shapes)) == len(shapes)


def test_a_list_that_grows_past_its_limit_is_refused_where_the_document_is_known() -> None:
    wire, names = GraphWire(("/graphql",), Limits(list_max=2)), vocabulary()
    text = "query ($id: [Int!], $skip: Int) { films(where: {id: {_in: $id}}, offset: $skip) { id } }"
    question = wire.parse(posted(text, {"id": [1, 2], "skip": 0}))
    prepared = wire.prepare(question, "anonymous", names)
    for variables, code in (({"id": [1, 2, 3], "skip": 0}, "MS442"), ({"id": [1], "skip": -1}, "validation-failed")):
        longer = wire.parse(posted(text, variables))
        assert wire.known(longer, "anonymous") is prepared
        with pytest.raises(Problem) as caught:
            wire.operations(prepared, longer)
        assert caught.value.code == code


def test_without_aggregates_none_has_a_name() -> None:
    assert "films_aggregate" in vocabulary().roots
    assert "films_aggregate" not in vocabulary(aggregates=False).roots


REQUESTS: list[tuple[Request, int]] = [
    (posted("{ films { id } }", **{"content-type": "text/plain"}), 415),
    (posted("{ films { id } }", **{"content-type": "application/x-www-form-urlencoded"}), 415),
    (Request("POST", "/graphql", "", {}, b'{"query": "{ films { id } }"}'), 415),
    (Request("PUT", "/graphql", "", {}), 405),
    (Request("GET", "/graphql", "", {}), 400),
    (Request("GET", "/graphql", "query={films{id}}&query={films{id}}", {}), 400),
    (Request("GET", "/graphql", "query={films{id}}&variables=x", {}), 400),
    (Request("POST", "/graphql", "", {"content-type": "application/json"}, b"{"), 400),
    (Request("POST", "/graphql", "", {"content-type": "application/json"}, b"{}"), 400),
    (Request("POST", "/graphql", "", {"content-type": "application/json"}, b'{"query": 1}'), 400),
    (Request("POST", "/graphql", "", {"content-type": "application/json"}, b"[]"), 400),
    (posted("{ films { id } }", json.loads('{"a":' + "[" * 100 + "]" * 100 + "}")), 400),
]


@pytest.mark.parametrize(("request_", "status"), REQUESTS)
def test_what_is_no_request_is_refused_by_its_status(request_: Request, status: int) -> None:
    wire = GraphWire(("/graphql",), Limits())
    with pytest.raises(Problem) as caught:
        wire.parse(request_)
    response = wire.refuse(caught.value, request_, anonymous=True)
    assert response.status == status
    assert json.loads(response.body or b"")["errors"]


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        ("", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/json, application/graphql-response+json", 200, "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", 400, "application/graphql-response+json"),
    ],
)
def test_the_status_is_the_media_types(accept: str, status: int, media: str) -> None:
    wire, request = GraphWire(("/graphql",), Limits()), posted("{ nope { id } }", accept=accept)
    with pytest.raises(Problem) as caught:
        wire.prepare(wire.parse(request), "anonymous", vocabulary())
    response = wire.refuse(caught.value, request, anonymous=True)
    assert (response.status, dict(response.headers)["content-type"]) == (status, f"{media}; charset=utf-8")


def test_one_root_field_alone_is_a_plain_read_whose_answer_is_wrapped() -> None:
    wire = GraphWire(("/graphql",), Limits())
    request = posted("{ first: films_by_pk(id: 1) { id } }")
    question = wire.parse(request)
    prepared = wire.prepare(question, "r", vocabulary())
    assert isinstance(prepared.steps[0].shape, Read)
    assert wire.answer(request, prepared, [Result(b'{"id":1}', 1)]).body == b'{"data":{"first":{"id":1}}}'


def test_of_long_variables_no_form_is_kept() -> None:
    """Or memory would hold every number of rows that anybody ever inserted."""
    text = "mutation ($rows: [films_insert_input!]!) { insert_films(objects: $rows) { affected_rows } }"
    wire = GraphWire(("/graphql",), Limits())
    few, many = ([{"title": "T", "year": 2000}] * count for count in (2, 2_000))
    forms = [wire.parse(posted(text, {"rows": rows})).form for rows in (few, many)]
    assert isinstance(forms[0], tuple)
    assert isinstance(forms[1], bytes)
    assert forms[1] == wire.parse(posted(text, {"rows": many})).form
    assert forms[1] != wire.parse(posted(text, {"rows": [*many, few[0]]})).form

"""Introspection: each role is told what it may use and nothing else, and all that it is told is served."""

import json
import re
from typing import Any

import msgspec
import pytest
from graph_questions import CINEMA, posted, vocabulary
from graphql import GraphQLObjectType, GraphQLSchema, get_introspection_query, print_type
from schema_walk import documents

from mainstay.core.limits import Limits
from mainstay.core.operation import Read, Together
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.plan.describe import Seen, describe
from mainstay.wires.graphql import GraphWire, Vocabulary
from mainstay.wires.graphql import wire as wires
from services.graph_schema import introspected, prepare, schema_of

ROLES = ("anonymous", "member", "editor", "critic", "owner")
WIRE = GraphWire(("/graphql",), Limits(), introspection=True)


def tell(text: str, variables: Any = None, role: str = "anonymous") -> Any:
    request = posted(text, variables)
    return json.loads(WIRE.answer(request, WIRE.prepare(WIRE.parse(request), role, vocabulary(role)), []).body or b"")


def schema(role: str) -> GraphQLSchema:
    return schema_of(vocabulary(role))


def printed(role: str, name: str) -> str:
    return print_type(schema(role).type_map[name])


def test_the_types_of_a_table_are_called_as_in_hasura() -> None:
    names = set(schema("owner").type_map)
    suffixes = """
    aggregate aggregate_fields max_fields sum_fields bool_exp order_by select_column aggregate_order_by
    aggregate_bool_exp insert_input set_input inc_input append_input delete_key_input pk_columns_input on_conflict
    constraint update_column updates mutation_response arr_rel_insert_input obj_rel_insert_input
    """
    assert {f"films_{suffix}" for suffix in suffixes.split()} <= names
    assert {"query_root", "mutation_root", "films", "order_by", "Int_comparison_exp", "jsonb", "timestamp"} <= names
    assert "String_array_comparison_exp" in names


def test_a_role_is_told_what_it_may_write() -> None:
    written = re.findall(r"(\w+): \w+", printed("editor", "films_insert_input"))
    assert written == ["title", "year", "director_id", "published", "reviews", "film_tags", "screenings"]
    assert "title: String" in printed("editor", "films_set_input")
    assert "year" not in printed("editor", "films_set_input")
    root = printed("editor", "mutation_root")
    assert "update_films_by_pk(_set: films_set_input, pk_columns: films_pk_columns_input!): films" in root
    assert "delete_films" not in root
    assert schema("anonymous").mutation_type is None


def test_comments_are_descriptions() -> None:
    [described] = [tell('{ __type(name: "studios") { description fields { name description } } }')["data"]["__type"]]
    assert described["description"] == "Who paid for it"
    assert {"name": "country", "description": "ISO 3166-1 alpha-2"} in described["fields"]


@pytest.mark.parametrize("role", ROLES)
def test_nothing_hidden_is_in_it(role: str) -> None:
    described = describe(CINEMA.catalog, CINEMA.policy, role, Limits())
    seen = {each.table.name for each in described.tables if each.actions}
    for each in described.tables:
        seen |= {*each.table.columns} | {relation.name for relation in each.relations}
        seen |= {name for name, _ in each.table.constraints}
    every = {name for table in CINEMA.catalog.tables.values() for name in (table.name, *table.columns)}
    words = set(re.findall(r"\w+", introspected(vocabulary(role)).decode()))
    assert not words & (every - seen)
    if role == "anonymous":
        assert {"budget", "gross", "email"} <= every - seen


@pytest.mark.parametrize(
    ("role", "naming"), [*((role, "hasura-default") for role in ROLES), ("owner", "graphql-default")]
)
def test_all_that_it_names_is_served(role: str, naming: str) -> None:
    count = 0
    wire, names = GraphWire(("/graphql",), Limits()), vocabulary(role, naming=naming)
    for text in documents(schema_of(names)):
        count += 1
        try:
            prepare(wire, wire.parse(posted(text)), role, names)
        except Problem as problem:
            if problem.code != "not-supported" and "not grouped by" not in problem.message:
                pytest.fail(f"{text}: {problem.message}")
    assert count > 300


@pytest.mark.parametrize("role", ROLES)
def test_clients_query_is_answered_whole(role: str) -> None:
    told = tell(get_introspection_query(specified_by_url=True, input_value_deprecation=True), role=role)["data"]
    names = [each["name"] for each in told["__schema"]["types"]]
    assert len(names) == len(set(names))
    assert {"__Schema", "__Type", "__Directive"} <= set(names)
    assert [each["name"] for each in told["__schema"]["directives"]] == ["include", "skip", "deprecated", "specifiedBy"]


def test_a_type_is_found_by_its_name() -> None:
    text = """
    query ($name: String!) { __type(name: $name) { k: kind name ofType { name } ...F } }
    fragment F on __Type { __typename }
    """
    found = {"k": "OBJECT", "name": "films", "ofType": None, "__typename": "__Type"}
    assert tell(text, {"name": "films"}) == {"data": {"__type": found}}
    assert tell(text, {"name": "Int"})["data"]["__type"]["k"] == "SCALAR"
    for name in ("payrolls", "films_insert_input", "films!", "[films]", ""):
        assert tell(text, {"name": name}) == {"data": {"__type": None}}, name


def test_a_reference_is_opened_step_by_step() -> None:
    text = """
    query { __type(name: "query_root") {
      fields { name type { kind name ofType { kind ofType { kind ofType { name } } } } }
    } }
    """
    [films] = [each for each in tell(text)["data"]["__type"]["fields"] if each["name"] == "films"]
    rows = {"kind": "LIST", "ofType": {"kind": "NON_NULL", "ofType": {"name": "films"}}}
    assert films["type"] == {"kind": "NON_NULL", "name": None, "ofType": rows}


def test_it_stands_beside_what_is_read() -> None:
    request = posted('{ a: films_by_pk(id: 1) { id } __type(name: "films") { name } b: __typename }')
    prepared = WIRE.prepare(WIRE.parse(request), "anonymous", vocabulary())
    [step] = prepared.steps
    assert isinstance(step.shape, Together)
    body = WIRE.answer(request, prepared, [Result(b'{"a":{"id":1},"b":"query_root"}', 1)]).body
    assert body == b'{"data":{"__type":{"name":"films"},"a":{"id":1},"b":"query_root"}}'
    request = posted("{ films { id } __schema { queryType { name } } }")
    prepared = WIRE.prepare(WIRE.parse(request), "anonymous", vocabulary())
    assert isinstance(prepared.steps[0].shape, Read)
    body = WIRE.answer(request, prepared, [Result(b"[]", 0)]).body
    assert body == b'{"data":{"__schema":{"queryType":{"name":"query_root"}},"films":[]}}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ __schema { typos { name } } }", "field 'typos' not found in type: '__Schema'"),
        ("{ __schema }", "missing selection set for '__Schema'"),
        ("{ __schema { types } }", "missing selection set for '__Type'"),
        ("{ __schema { types { name { x } } } }", "unexpected subselection set for non-object field"),
        ("{ __schema { types(first: 1) { name } } }", "'types' has no argument named 'first'"),
        ("{ __type { name } }", "missing required field 'name'"),
        ("{ __type(name: 1) { name } }", "expected a string for type 'String'"),
        (
            '{ __type(name: "films") { fields(includeDeprecated: 1) { name } } }',
            "expected a boolean for type 'Boolean'",
        ),
    ],
)
def test_what_introspection_does_not_have_is_refused(text: str, message: str) -> None:
    with pytest.raises(Problem) as raised:
        tell(text)
    assert (raised.value.code, raised.value.message) == ("validation-failed", message)


def test_fields_of_fields_of_fields_are_too_deep() -> None:
    nested = "{ __schema { types { fields { type { fields { type { %s } } } } } } }"
    assert tell(nested % "name")["data"]["__schema"]["types"]
    with pytest.raises(Problem) as raised:
        tell(nested % "fields { name }")
    assert raised.value.code == "MS403"


def test_it_is_told_only_where_it_is_switched_on() -> None:
    off = GraphWire(("/graphql",), Limits())
    for text in ("{ __schema { queryType { name } } }", '{ __type(name: "films") { name } }'):
        with pytest.raises(Problem) as raised:
            off.prepare(off.parse(posted(text)), "anonymous", vocabulary())
        assert raised.value.message == "introspection is not allowed"


def test_short_answers_are_kept_and_long_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = GraphWire(("/graphql",), Limits(), introspection=True)
    question = wire.parse(posted("query ($n: String!) { __type(name: $n) { name } }", {"n": "films"}))
    assert wire.prepare(question, "anonymous", vocabulary()) is wire.known(question, "anonymous")
    assert wire.known(question, "owner") is None
    assert wire.known(msgspec.structs.replace(question, variables={"n": "tags"}), "anonymous") is None
    monkeypatch.setattr(wires, "TOLD_BYTES_MAX", 10)
    question = wire.parse(posted("{ __schema { queryType { name } } }"))
    wire.prepare(question, "anonymous", vocabulary())
    assert wire.known(question, "anonymous") is None


def test_a_schema_keeps_no_table_of_a_role() -> None:
    names = Vocabulary(Seen(CINEMA.catalog, CINEMA.policy, "owner", Limits()), vocabulary("owner").index)
    wire = GraphWire(("/graphql",), Limits(), introspection=True)
    prepare(wire, wire.parse(posted("{ __schema { types { name } } }")), "owner", names)
    assert len(names.types) == 0
    prepare(wire, wire.parse(posted("{ films { id tags { id } } }")), "owner", names)
    assert 0 < len(names.types) < len(CINEMA.catalog.named)


def test_a_role_that_may_read_nothing_has_a_schema() -> None:
    told = schema("nobody")
    assert isinstance(told.query_type, GraphQLObjectType)
    assert [*told.query_type.fields] == ["no_queries_available"]
    assert tell("{ no_queries_available }", role="nobody") == {"data": {"no_queries_available": None}}

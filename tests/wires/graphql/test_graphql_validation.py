"""What GraphQL itself refuses is refused, whatever the variables' values are: a stock validator says so as well."""

from typing import Any

import pytest
from graph_questions import operation, posted, vocabulary
from graphql import parse, validate

from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.wires.graphql import GraphWire
from services.graph_schema import prepare, schema_of

WRONG: list[tuple[str, str]] = [
    ("{ films { secret @skip(if: true) } }", "field 'secret' not found in type: 'films'"),
    ("query ($a: Boolean = true) { films { id @skip(if: $a) { x } } }", "unexpected subselection set"),
    ("{ films { director @include(if: false) id } }", "missing selection set for 'directors'"),
    ("{ films { a: id @skip(if: true) a: title } }", "asked for as different fields"),
    ("{ films { director { x: id } director @skip(if: true) { x: name } } }", "asked for as different fields"),
    ("{ films(limit: 1) @skip(if: true) { id } films { id } }", "with different arguments"),
    ("{ films { id } nothing @include(if: false) { id } }", "field 'nothing' not found in type: 'query_root'"),
    ("{ films { id } films_by_pk @include(if: false) { id } }", "missing required field 'id'"),
    ("{ a: __typename films @skip(if: true) (first: 1) { id } }", "not a valid graphql query"),
    ("{ films { id } b: films(first: 1) @skip(if: true) { id } }", "'films' has no argument named 'first'"),
    (
        "{ films { id } b: films(where: {x: {}}) @skip(if: true) { id } }",
        "field 'x' not found in type: 'films_bool_exp'",
    ),
    (
        "{ films { id } b: films(where: {id: {_is: 1}}) @skip(if: true) { id } }",
        "field '_is' not found in type: 'Int_comparison_exp'",
    ),
    ("{ films { id } b: films(where: 1) @skip(if: true) { id } }", "expected an object for type 'films_bool_exp'"),
    ("{ films { id } b: films(order_by: {id: up}) @skip(if: true) { id } }", "expected one of the values"),
    ('{ films { id } b: films(order_by: {id: "asc"}) @skip(if: true) { id } }', "expected one of the values"),
    ("{ films { id } b: films_by_pk(id: null) @skip(if: true) { id } }", "unexpected null value for type 'Int'"),
    ("query ($v: Int) { films_by_pk(id: $v) { id } }", "declared as 'Int', but used where 'Int!' is expected"),
    (
        "query ($v: bigint!) { films_by_pk(id: $v) { id } }",
        "declared as 'bigint!', but used where 'Int!' is expected",
    ),
    ("query ($n: [Int!]) { films(limit: $n) { id } }", "declared as '[Int!]', but used where 'Int' is expected"),
    ("query ($v: Int) { films(where: {id: {_in: [$v]}}) { id } }", "used where 'Int!' is expected"),
    ("query ($v: [Int]) { films(where: {id: {_in: $v}}) { id } }", "used where '[Int!]' is expected"),
    ("query ($w: directors_bool_exp) { films(where: $w) { id } }", "used where 'films_bool_exp' is expected"),
    ("query ($o: String) { films(order_by: {id: $o}) { id } }", "used where 'order_by' is expected"),
    ('query ($a: String = "x") { films { id @skip(if: $a) } }', "a boolean"),
    ("query ($a: Boolean) { films { id @skip(if: $a) } }", "a boolean"),
    ('query ($a: Int = "x") { films { id } }', "expected a value for type 'Int'"),
    ("query ($a: [Int!] = [1, null]) { films(where: {id: {_in: $a}}) { id } }", "null"),
    ("query ($a: Int, $a: Int) { films(limit: $a) { id } }", 'multiple definitions for variable "a"'),
    ("{ films(where: {details: {_contains: {a: $x}}}) @skip(if: true) { id } id: __typename }", 'unbound variable "x"'),
    ("{ films { ...F } } fragment F on films { id @skip(if: $x) }", 'unbound variable "x"'),
    ("query A { films { id } } query A { films { id } }", "no such operation"),
    ("query A { films { id } } { films { id } }", "without a name has to be the only one"),
    ("query A { films { id } } query B { x }", "field 'x' not found in type: 'query_root'"),
    ("query A { films { id } } query B($a: Int) { films(limit: $b) { id } }", 'unbound variable "b"'),
    ("query A { films { id } } query B @skip(if: true) { films { id } }", "directive 'skip' is not allowed here"),
    ("query A($a: Int @skip(if: true)) { films(limit: $a) { id } }", "directive 'skip' is not allowed here"),
    ("{ films { ...F } } fragment F on films @cached { id }", "directive 'cached' is not defined in the schema"),
    ("{ films { ...F @live } } fragment F on films { id }", "directive 'live' is not defined in the schema"),
    ("{ films { id @skip(if: true) @skip(if: false) } }", "used more than once"),
    ("{ films { id x: id @skip(if: true) @include(if: true, unless: 1) } }", "takes 'if', a boolean, and nothing else"),
    ("{ films { id ... on directors @skip(if: true) { id } } }", "can't be spread in 'films'"),
    ("{ films { id ...Nothing @skip(if: true) } }", 'reference to undefined fragment "Nothing"'),
    ("subscription A { films { id } reviews { id } }", "subscriptions must select one top level field"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_graphql_refuses_is_refused(text: str, message: str) -> None:
    name = "A" if " A" in text else None
    with pytest.raises(Problem) as raised:
        operation(text, {"v": 1} if "$v" in text else None, name)
    assert raised.value.code == "validation-failed"
    assert message in raised.value.message
    if message != "not a valid graphql query":
        assert validate(schema_of(vocabulary()), parse(text))


RIGHT: list[tuple[str, Any]] = [
    ("query ($id: Int = 1) { films_by_pk(id: $id) { id } }", None),
    ("query ($ids: [Int!]!) { films(where: {id: {_in: $ids}}) { id } }", {"ids": [1]}),
    ("query ($w: films_bool_exp!, $o: [films_order_by!]) { films(where: $w, order_by: $o) { id } }", {"w": {}}),
    ("query ($d: jsonb) { films(where: {details: {_eq: $d}}) { id } }", {"d": {}}),
    ("query ($d: Int) { films(where: {details: {_eq: {a: [$d]}}}) { id } }", {"d": 1}),
    ("query ($a: Boolean!) { films { id @skip(if: $a) title @include(if: $a) } }", {"a": True}),
    ("query ($nothing: Int) { films { id } } fragment Nothing on films { id }", {"nothing": 1}),
]


@pytest.mark.parametrize(("text", "variables"), RIGHT)
def test_what_graphql_allows_is_served(text: str, variables: Any) -> None:
    assert operation(text, variables).shape


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query ($c: String) { films(where: {id: {_ceq: $c}}) { id } }", {"c": "year"}),
        ("query ($a: _text) { films(where: {aliases: {_eq: $a}}) { id } }", {"a": ["x"]}),
    ],
)
def test_types_of_hasura_that_are_called_otherwise_here_may_be_declared(text: str, variables: Any) -> None:
    wire = GraphWire(("/graphql",), Limits())
    assert prepare(wire, wire.parse(posted(text, variables)), "anonymous", vocabulary()).steps
    other = text.replace("String", "numeric").replace("_text", "_int4")
    with pytest.raises(Problem, match="but used where"):
        prepare(wire, wire.parse(posted(other, variables)), "anonymous", vocabulary())


def test_a_mutation_that_is_not_asked_for_is_looked_at_too() -> None:
    with pytest.raises(Problem, match="no mutations exist"):
        operation("query A { films { id } } mutation B { insert_films_one(object: {}) { id } }", None, "A")


def test_the_typename_that_clients_add_to_each_selection_does_not_count_and_more_of_it_does() -> None:
    added = "{ films { id __typename } __typename }"
    assert operation(added, limits=Limits(select_max=2)).shape
    for text in ("{ films { id __typename __typename } }", "{ films { id kind: __typename } }"):
        assert operation(text, limits=Limits(select_max=3)).shape
        with pytest.raises(Problem) as raised:
            operation(text, limits=Limits(select_max=2))
        assert raised.value.code == "MS443"


def test_skipped_fields_count_as_well() -> None:
    text = f"{{ films {{ id {' '.join(f'a{number}: id @skip(if: true)' for number in range(20))} }} }}"
    assert operation(text, limits=Limits(select_max=22)).shape
    with pytest.raises(Problem) as raised:
        operation(text, limits=Limits(select_max=21))
    assert raised.value.code == "MS443"

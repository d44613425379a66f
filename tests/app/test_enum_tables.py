"""Tables whose rows are the values of an enum, for the columns that refer to them."""

import asyncio
import json
from typing import Any

import pytest

from mainstay import Mainstay
from mainstay.core.exchange import Request
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres

SCHEMA = """
CREATE TABLE colors (value text PRIMARY KEY, said text);
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, favorite text REFERENCES colors);
CREATE TABLE odd (value text PRIMARY KEY);
CREATE TABLE numbered (id int PRIMARY KEY);
INSERT INTO colors VALUES ('red', '#FF0000'), ('blue', NULL), ('green', '#00FF00');
INSERT INTO users VALUES (1, 'Ann', 'red'), (2, 'Ben', 'blue'), (3, 'Cid', NULL);
INSERT INTO odd VALUES ('not a name');
"""


def declared(url: str, enum: str = "colors") -> Mainstay:
    app = Mainstay(reflect=url, lanes_read=1, lanes_write=1, graphql_introspection="always")
    app.name(enum, enum=True)
    anyone = app.role("anonymous")
    anyone.may("all", "users", columns="*")
    return app


def ask(app: Mainstay, *asked: tuple[str, Any]) -> list[Any]:
    async def main() -> list[Any]:
        await app.start()
        try:
            return [json.loads((await app.handle(graph(*each))).body or b"") for each in asked]
        finally:
            await app.stop()

    return asyncio.run(main())


def graph(text: str, variables: Any = None) -> Request:
    body = json.dumps({"query": text, "variables": variables}).encode()
    return Request("POST", "/graphql", "", {"content-type": "application/json"}, body)


def test_columns_that_refer_to_it_are_of_the_enum(postgres: Postgres) -> None:
    read = "query ($one: colors_enum!, $some: [colors_enum!]) {"
    read += " one: users(where: {favorite: {_eq: $one}}) { id }"
    read += " some: users(where: {favorite: {_in: $some}}, order_by: {favorite: desc}) { id favorite }"
    read += (
        " others: users(where: {favorite: {_neq: red}}) { id } none: users(where: {favorite: {_is_null: true}}) { id }}"
    )
    write = """mutation ($color: colors_enum) {
      insert_users(objects: [{id: 4, name: "Dot", favorite: green}, {id: 5, name: "Eve", favorite: $color}]) {
        returning { favorite }
      }
      update_users_by_pk(pk_columns: {id: 1}, _set: {favorite: blue}) { favorite }
    }"""
    told = '{ __type(name: "colors_enum") { kind enumValues { name description } } }'
    answers = ask(
        declared(postgres.create_database(SCHEMA)),
        (read, {"one": "red", "some": ["red", "blue"]}),
        (read, {"one": "blue", "some": []}),
        (write, {"color": "red"}),
        (told, None),
    )
    assert [answer.get("data", answer) for answer in answers] == [
        {
            "one": [{"id": 1}],
            "some": [{"id": 1, "favorite": "red"}, {"id": 2, "favorite": "blue"}],
            "others": [{"id": 2}],
            "none": [{"id": 3}],
        },
        {"one": [{"id": 2}], "some": [], "others": [{"id": 2}], "none": [{"id": 3}]},
        {
            "insert_users": {"returning": [{"favorite": "green"}, {"favorite": "red"}]},
            "update_users_by_pk": {"favorite": "blue"},
        },
        {
            "__type": {
                "kind": "ENUM",
                "enumValues": [
                    {"name": "blue", "description": None},
                    {"name": "green", "description": "#00FF00"},
                    {"name": "red", "description": "#FF0000"},
                ],
            }
        },
    ]


def test_what_is_none_of_its_values_is_refused(postgres: Postgres) -> None:
    by_variable = "query ($one: colors_enum!) { users(where: {favorite: {_eq: $one}}) { id } }"
    none = "expected one of the values ['blue', 'green', 'red'] for type 'colors_enum', but found 'pink'"
    texts: list[tuple[str, Any, str]] = [
        ('{ users(where: {favorite: {_eq: "red"}}) { id } }', None,
         "expected an enum value for type 'colors_enum', but found a string"),
        ("{ users(where: {favorite: {_eq: pink}}) { id } }", None, none),
        ("{ users(where: {favorite: {_in: [red, pink]}}) { id } }", None, none),
        (by_variable, {"one": "red"}, ""),
        (by_variable, {"one": "pink"}, none),
        ("mutation { insert_users(objects: [{id: 9, name: \"x\", favorite: pink}]) { affected_rows } }", None, none),
        ("{ users(where: {favorite: {_gt: red}}) { id } }", None,
         "field '_gt' not found in type: 'colors_enum_comparison_exp'"),
    ]  # fmt: skip
    app = declared(postgres.create_database(SCHEMA))
    answers = ask(app, *((text, variables) for text, variables, _ in texts))
    assert [each.get("errors", [{"message": ""}])[0]["message"] for each in answers] == [said for *_, said in texts]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("odd", "'not a name' of public.odd is no value of an enum"),
        ("numbered", "public.numbered is no table of values"),
        ("users", "public.users is no table of values"),
        ("nowhere", "there is no table 'nowhere'"),
    ],
)
def test_a_table_that_lists_no_values_is_refused_at_start(postgres: Postgres, table: str, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        asyncio.run(declared(postgres.create_database(SCHEMA), table).load())


def test_new_values_are_there_once_the_database_is_read_anew(postgres: Postgres) -> None:
    url = postgres.create_database(SCHEMA)
    app, text = declared(url), "{ users(where: {favorite: {_eq: pink}}) { id } }"

    async def main() -> list[Any]:
        await app.start()
        try:
            before = await app.handle(graph(text))
            postgres.run("INSERT INTO colors VALUES ('pink')", url=url)
            await app.load()
            return [json.loads(each.body or b"") for each in (before, await app.handle(graph(text)))]
        finally:
            await app.stop()

    before, after = asyncio.run(main())
    assert ("errors" in before, after) == (True, {"data": {"users": []}})

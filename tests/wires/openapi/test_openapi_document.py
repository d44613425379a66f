"""The OpenAPI document: valid, of what the role may see alone, and true of what the wire reads."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cinema.app import cinema
from mainstay.core.catalog import Column, ColumnType, Kind, Table, TableKey
from mainstay.core.description import Description, RelationDescription, TableDescription
from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, Read
from mainstay.core.rule import Action
from mainstay.plan.describe import describe
from mainstay.wires.rest import RestWire
from mainstay.wires.rest.openapi import openapi_document
from mainstay.wires.rest.openapi.filters import example_of, operators_of
from mainstay.wires.rest.openapi.names import key_of, path_of, quoted
from mainstay.wires.rest.openapi.problems import CODES
from mainstay.wires.rest.openapi.types import type_schema
from mainstay.wires.rest.problems import status_of

TESTS = Path(__file__).parents[2]
ROLES = ("anonymous", "member", "critic", "owner")
CINEMA = cinema()
WIRE = RestWire()
INTEGER = ColumnType(Kind.INTEGER, "INTEGER")
TEXT = ColumnType(Kind.TEXT, "TEXT", declared="TEXT")

Document = dict[str, Any]


def described(role: str) -> Description:
    return describe(CINEMA.catalog, CINEMA.policy, role, Limits(rows_max=500, insert_rows_max=50))


def document(role: str = "owner") -> Document:
    return decoded(described(role), anonymous=role == "anonymous")


def decoded(description: Description, *, anonymous: bool = False, **options: Any) -> Document:
    found: Document = json.loads(
        openapi_document(description, prefix="/rest/v1", title="Cinema", anonymous=anonymous, **options)
    )
    return found


def of_table(table: TableDescription) -> Document:
    return decoded(Description((table,), "public", ("public",)))


def table(name: str = "notes", **columns: Column) -> Table:
    return Table(TableKey("public", name), {column.name: column for column in columns.values()})


def validator(found: Document, schema: Document) -> Any:
    whole = Resource.from_contents(found, default_specification=DRAFT202012)
    rooted = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
    return Draft202012Validator(rooted, registry=Registry().with_resource("urn:document", whole))


@pytest.mark.parametrize("role", [*ROLES, "stranger"])
def test_the_document_is_valid_openapi(role: str) -> None:
    OpenAPIV31SpecValidator(document(role)).validate()


@pytest.mark.parametrize("hidden", ["vault", "budget", "gross", "email", "photo", "Nobody"])
def test_nothing_hidden_is_in_the_document(hidden: str) -> None:
    assert hidden not in json.dumps(document("anonymous"))
    assert hidden in json.dumps(document("owner"))


def test_a_path_has_the_methods_that_the_role_may_use() -> None:
    methods = {path: set(operations) for path, operations in document("member")["paths"].items()}
    assert methods["/"] == {"get"}
    assert methods["/films"] == {"get"}
    assert methods["/reviews"] == {"get", "post", "patch", "delete"}
    assert set(document("owner")["paths"]["/reviews"]) == {"get", "post", "put", "patch", "delete"}


def test_a_row_is_described_as_the_database_gives_it() -> None:
    properties = document("owner")["components"]["schemas"]["films"]["properties"]
    assert properties["id"] == {
        "type": "integer",
        "format": "int32",
        "description": "Primary key.",
        "x-database-type": "INTEGER",
    }
    assert properties["genre"]["enum"] == ["drama", "comedy", "noir", None]
    assert properties["aliases"]["type"] == ["array", "null"]
    assert properties["aliases"]["items"] == {"type": "string"}
    assert properties["gross"]["format"] == "int64"
    assert properties["rating"]["x-database-type"] == "NUMERIC(3, 1)"
    assert properties["words"]["readOnly"]
    assert properties["director_id"]["description"] == "Refers to `directors.id`."
    assert properties["decade"]["description"] == "Computed: only where `select` names it, `select=*,decade`."


def test_comments_are_descriptions() -> None:
    found = document("anonymous")
    studios = found["components"]["schemas"]["studios"]
    assert studios["description"] == "Who paid for it"
    assert studios["properties"]["country"]["description"] == "ISO 3166-1 alpha-2"
    assert studios["properties"]["country"]["maxLength"] == 2
    assert {"name": "studios", "description": "Who paid for it"} in found["tags"]


def test_related_rows_are_optional_members() -> None:
    films = document("anonymous")["components"]["schemas"]["films"]
    assert films["properties"]["director"]["anyOf"] == [{"$ref": "#/components/schemas/directors"}, {"type": "null"}]
    assert films["properties"]["tags"]["items"] == {"$ref": "#/components/schemas/tags"}
    assert "required" not in films


def test_a_column_that_some_rows_hide_may_be_null() -> None:
    assert document("owner")["components"]["schemas"]["members"]["properties"]["email"]["type"] == "string"
    assert document("member")["components"]["schemas"]["members"]["properties"]["email"]["type"] == ["string", "null"]


def test_a_new_row_has_what_the_role_may_write() -> None:
    review = document("member")["components"]["schemas"]["reviews.create"]
    assert list(review["properties"]) == ["film_id", "stars", "text", "public"]
    assert review["required"] == ["film_id", "stars"]
    assert review["additionalProperties"] is False
    update = document("member")["components"]["schemas"]["reviews.update"]
    assert list(update["properties"]) == ["stars", "text", "public"]
    assert "required" not in update


def test_a_body_is_one_row_or_an_array_up_to_the_limit() -> None:
    body = document("member")["paths"]["/reviews"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "text/csv", "application/x-www-form-urlencoded"}
    one, several = body["application/json"]["schema"]["oneOf"]
    assert several == {"type": "array", "items": one, "maxItems": 50}


def test_only_readable_columns_filter() -> None:
    found = document("critic")
    names = {
        found["components"]["parameters"][each["$ref"].rpartition("/")[2]]["name"]
        for each in found["paths"]["/members"]["get"]["parameters"]
    }
    shared = {"select", "order", "limit", "offset", "and", "or", "Range", "Prefer"}
    assert names == {"id", "name", "email"} | shared


def test_a_role_that_may_not_read_is_promised_no_rows() -> None:
    column = Column("body", TEXT, nullable=False, optional=False)
    found = of_table(TableDescription(table(body=column), frozenset({Action.CREATE}), creatable=("body",)))
    OpenAPIV31SpecValidator(found).validate()
    post = found["paths"]["/notes"]["post"]
    assert set(found["paths"]["/notes"]) == {"post"}
    assert "content" not in post["responses"]["201"]
    assert "representation" not in json.dumps(post)
    assert "select" not in json.dumps(post["parameters"])


@pytest.mark.parametrize(("anonymous", "expected"), [(True, [{}, {"bearer": []}, {"apikey": []}]), (False, 2)])
def test_a_token_is_optional_for_who_came_without_one(anonymous: bool, expected: Any) -> None:
    security = decoded(described("anonymous"), anonymous=anonymous)["security"]
    assert security == expected if anonymous else len(security) == expected


def test_the_server_is_the_prefix_unless_its_url_is_given() -> None:
    assert decoded(described("anonymous"))["servers"] == [{"url": "/rest/v1"}]
    url = "https://api.example.org/rest/v1"
    assert decoded(described("anonymous"), server_url=url)["servers"] == [{"url": url}]


def test_profiles_are_parameters_where_there_are_several_schemas() -> None:
    one = of_table(TableDescription(table(id=Column("id", INTEGER)), frozenset({Action.READ}), ("id",)))
    assert "Accept-Profile" not in one["components"]["parameters"]
    shown = TableDescription(table(id=Column("id", INTEGER)), frozenset({Action.READ}), ("id",))
    two = decoded(Description((shown,), "public", ("public", "back")))
    assert two["components"]["parameters"]["Accept-Profile"]["schema"]["enum"] == ["public", "back"]


def test_the_version_differs_where_the_view_does_and_nowhere_else() -> None:
    versions = [document(role)["info"]["version"] for role in ("anonymous", "anonymous", "member")]
    assert versions[0] == versions[1] != versions[2]


def test_the_document_is_the_same_in_every_process() -> None:
    program = (
        "import sys; sys.path.insert(0, '.');"
        "from cinema.app import cinema; from mainstay.core.limits import Limits;"
        "from mainstay.plan.describe import describe; from mainstay.wires.rest.openapi import openapi_document;"
        "app = cinema(); shown = describe(app.catalog, app.policy, 'critic', Limits());"
        "sys.stdout.buffer.write(openapi_document(shown, prefix='/rest/v1', title='Cinema', anonymous=False))"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=TESTS,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        for seed in ("1", "2")
    )
    assert first.stdout == second.stdout != b""


@pytest.mark.parametrize("role", ROLES)
def test_every_example_is_valid_against_its_schema(role: str) -> None:
    found = document(role)
    examples = 0
    for schema in found["components"]["schemas"].values():
        for example in schema.get("examples", []):
            validator(found, schema).validate(example)
            examples += 1
    assert examples >= 12


def test_every_filters_example_is_a_filter_with_one_of_its_operators() -> None:
    for described_table in described("owner").tables:
        for name in described_table.readable:
            kind = described_table.table.columns[name].type
            example = example_of(kind)
            assert example.removeprefix("not.").partition(".")[0].partition("(")[0] in operators_of(kind)
            query = f"{quote(quoted(name))}={quote(example)}"
            assert WIRE.parse(Request("GET", "/rest/v1/films", query, {})).operation is not None


@pytest.mark.parametrize("role", ROLES)
def test_every_documented_path_and_parameter_is_read_by_the_wire(role: str) -> None:
    found = document(role)
    for path, operations in found["paths"].items():
        if path != "/" and "get" in operations:
            names = [
                found["components"]["parameters"][each["$ref"].rpartition("/")[2]]["name"]
                for each in operations["get"]["parameters"]
                if each["$ref"].rpartition("/")[2].startswith("filter-")
            ]
            query = "&".join(f"{quote(name)}=not.is.null" for name in names)
            call = WIRE.parse(Request("GET", unquote(f"/rest/v1{path}"), query, {}))
            assert call.operation is not None
            assert isinstance(call.operation.shape, Read)


ODD = (
    "a b",
    "a.b",
    'say "no"',
    "back\\slash",
    "né",
    "x{y}",
    "50%",
    "a-b",
    "a - b",
    "Problem",
    "`tick`",
    "->",
    "#",
    "?",
)


@pytest.mark.parametrize("name", ODD)
def test_odd_names_of_tables_and_columns_keep_the_document_valid_and_true(name: str) -> None:
    columns = {name: Column(name, INTEGER), "id": Column("id", INTEGER)}
    odd = Table(TableKey("public", name), columns, primary_key=(name,))
    shown = TableDescription(
        odd, frozenset(Action), (name, "id"), frozenset(), (name, "id"), (name,), ("id",), replaceable=True
    )
    found = of_table(shown)
    OpenAPIV31SpecValidator(found).validate()
    call = WIRE.parse(Request("GET", f"/rest/v1{unquote(path_of(name))}", f"{quote(quoted(name))}=eq.1", {}))
    assert call.operation is not None
    read = call.operation.shape
    assert isinstance(read, Read)
    assert read.table.name == name
    assert read.where.left.column == name  # type: ignore[union-attr]
    assert found["components"]["schemas"]["Problem"]["required"] == ["code", "message", "details", "hint"]


def test_no_two_names_have_one_key() -> None:
    keys = [key_of(name) for name in (*ODD, "a_b", "a.2e.b", "a..b", "n.e9.", "né.e9.")]
    assert len(set(keys)) == len(keys)


def test_an_embed_with_a_hint_is_spelt_as_the_wire_reads_it() -> None:
    relation = next(iter(described("anonymous").tables[0].relations)).relation
    columns = table(id=Column("id", INTEGER))
    hinted = RelationDescription("films", "films!by studio-key", relation)
    shown = TableDescription(columns, frozenset({Action.READ}), ("id",), relations=(hinted,))
    text = of_table(shown)["components"]["schemas"]["notes"]["properties"]["films"]["description"]
    query = text.split("`")[-2]
    operation = WIRE.parse(Request("GET", "/rest/v1/notes", query, {})).operation
    assert operation is not None
    assert isinstance(operation.shape, Read)
    embed = operation.shape.select[1]
    assert isinstance(embed, Embed)
    assert (embed.target, embed.hint) == ("films", "by studio-key")


def test_a_relation_named_like_a_column_does_not_hide_it() -> None:
    relation = next(iter(described("anonymous").tables[0].relations)).relation
    shown = TableDescription(
        table(films=Column("films", INTEGER)),
        frozenset({Action.READ}),
        ("films",),
        relations=(RelationDescription("films", "films", relation),),
    )
    assert of_table(shown)["components"]["schemas"]["notes"]["properties"]["films"]["type"] == ["integer", "null"]


def test_documented_codes_have_the_status_that_the_wire_gives_them() -> None:
    told = {(code, status) for status, codes in CODES.items() for code in codes}
    assert told == {(code, status_of(code, anonymous=status == 401)) for code, status in told}


def test_a_hundred_tables_do_not_make_a_document_that_nobody_can_load() -> None:
    columns = {f"column_{number}": Column(f"column_{number}", TEXT) for number in range(10)}
    names = tuple(columns)
    tables = tuple(
        TableDescription(
            Table(TableKey("public", f"table_{number}"), columns),
            frozenset(Action),
            names,
            frozenset(),
            names,
            (),
            names,
        )
        for number in range(100)
    )
    body = openapi_document(Description(tables, "public", ("public",)), prefix="", title="Many", anonymous=False)
    assert len(body) < 2_000_000
    assert len(msgspec.json.decode(body)["paths"]) == 101


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (ColumnType(Kind.INTEGER, "SMALLINT"), {"type": "integer", "format": "int16"}),
        (ColumnType(Kind.FLOAT, "REAL"), {"type": "number", "format": "float"}),
        (ColumnType(Kind.FLOAT, "DOUBLE PRECISION"), {"type": "number", "format": "double"}),
        (ColumnType(Kind.TIMESTAMP, "TIMESTAMP WITH TIME ZONE"), {"type": "string", "format": "date-time"}),
        (ColumnType(Kind.TIMESTAMP, "TIMESTAMP WITHOUT TIME ZONE"), {"type": "string", "format": "date-time-local"}),
        (ColumnType(Kind.TIME, "TIME WITH TIME ZONE"), {"type": "string"}),
        (ColumnType(Kind.TEXT, "VARCHAR", declared="VARCHAR(40)"), {"type": "string", "maxLength": 40}),
        (ColumnType(Kind.TEXT, "BPCHAR", declared="CHAR(3)"), {"type": "string", "maxLength": 3}),
        (ColumnType(Kind.TEXT, "VARCHAR", labels=("a", "b")), {"type": "string", "enum": ["a", "b"]}),
        (
            ColumnType(Kind.ARRAY, "UUID[]", ColumnType(Kind.UUID, "UUID")),
            {"items": {"type": "string", "format": "uuid"}},
        ),
        (ColumnType(Kind.JSON, "JSONB"), {}),
        (ColumnType(Kind.OTHER, "point"), {}),
    ],
)
def test_types_have_the_forms_of_json_schema(column: ColumnType, expected: Document) -> None:
    assert type_schema(column, nullable=False) == ({"type": "array"} if column.element else {}) | expected

"""Functions in the OpenAPI document: those that a role may call, with what they take and return."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.conftest import Shop
from mainstay.core.limits import Limits
from mainstay.plan.describe import describe
from mainstay.wires.rest.openapi import openapi_document


def document(shop: Shop, role: str = "member") -> dict[str, Any]:
    described = describe(shop.app.catalog, shop.app.policy, role, Limits())
    found: dict[str, Any] = json.loads(openapi_document(described, prefix="", title="Workshop", anonymous=False))
    return found


@pytest.mark.parametrize("role", ["anonymous", "member", "nobody"])
def test_the_document_is_valid(role: str, shop: Shop) -> None:
    OpenAPIV31SpecValidator(document(shop, role)).validate()


def test_only_functions_that_the_role_may_call_are_there(shop: Shop) -> None:
    assert "/rpc/not_for_all" in document(shop)["paths"]
    assert "not_for_all" not in json.dumps(document(shop, "anonymous"))
    assert not [path for path in document(shop, "nobody")["paths"] if path.startswith("/rpc")]


def test_what_the_policy_passes_is_no_argument(shop: Shop) -> None:
    get = document(shop)["paths"]["/rpc/works_of"]["get"]
    assert [each["name"] for each in get["parameters"] if "name" in each] == ["above"]


def test_what_changes_something_is_only_posted(shop: Shop) -> None:
    paths = document(shop)["paths"]
    assert set(paths["/rpc/add_them"]) == {"get", "post"}
    assert set(paths["/rpc/sell"]) == set(paths["/rpc/whole_json"]) == {"post"}


def test_arguments_and_values_have_their_types(shop: Shop) -> None:
    get, post = (document(shop)["paths"]["/rpc/add_them"][method] for method in ("get", "post"))
    integer = {"type": "integer", "format": "int32"}
    assert [(each["name"], each["required"], each["schema"]) for each in get["parameters"] if "name" in each] == [
        ("a", True, integer),
        ("b", True, integer),
    ]
    body = post["requestBody"]["content"]["application/json"]["schema"]
    assert (body["required"], list(body["properties"])) == (["a", "b"], ["a", "b"])
    Draft202012Validator(body).validate({"a": 1, "b": 2})
    assert get["responses"]["200"]["content"]["application/json"]["schema"]["type"] == ["integer", "null"]
    assert get["description"] == "The sum."


def test_rows_of_a_table_are_described_by_its_schema(shop: Shop) -> None:
    def returned(name: str) -> Any:
        answer = document(shop)["paths"][f"/rpc/{name}"]["post"]["responses"]["200"]
        return answer["content"]["application/json"]["schema"]

    works = {"$ref": "#/components/schemas/works"}
    assert returned("all_works") == {"type": "array", "items": works}
    assert returned("one_work") == works
    assert list(returned("prices")["items"]["properties"]) == ["title", "price"]
    assert "204" in document(shop)["paths"]["/rpc/write_note"]["post"]["responses"]


def test_a_body_that_is_taken_whole_has_its_media_type(shop: Shop) -> None:
    paths = document(shop)["paths"]
    bodies = {
        name: set(paths[f"/rpc/whole_{name}"]["post"]["requestBody"]["content"])
        for name in ("json", "text", "bytes", "xml")
    }
    assert bodies == {
        "json": {"application/json"},
        "text": {"text/plain"},
        "bytes": {"application/octet-stream"},
        "xml": {"text/xml"},
    }

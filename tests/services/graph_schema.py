"""Every document that a test's wire accepts is valid by the schema that introspection tells the same role."""

import json
import re
from functools import cache
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from graphql import GraphQLSchema, build_client_schema, get_introspection_query, parse, validate, validate_schema

from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.wires.graphql import GraphWire, Prepared, Vocabulary
from mainstay.wires.graphql.request import Question

QUERY = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, schema_description=True)
LET_BE = re.compile(r"""(Int|Boolean|Float) cannot represent [^:]*: "[^"]*"|(Variable|Fragment) .* is never used.*""")
"""What may be besides, as in Hasura: a number's text for the number in rows, and what nothing uses."""
prepare = GraphWire.prepare
known: WeakKeyDictionary[Vocabulary, GraphQLSchema] = WeakKeyDictionary()
built: dict[bytes, GraphQLSchema] = {}


def introspected(vocabulary: Vocabulary, query: str = QUERY) -> bytes:
    """The answer to an introspection query."""
    wire = GraphWire(("/graphql",), Limits(), introspection=True)
    headers = {"content-type": "application/json"}
    request = Request("POST", "/graphql", "", headers, json.dumps({"query": query}).encode())
    return wire.answer(request, prepare(wire, wire.parse(request), "a role", vocabulary), []).body or b""


def schema_of(vocabulary: Vocabulary) -> GraphQLSchema:
    """As a client builds it."""
    schema = known.get(vocabulary)
    if schema is None:
        told = introspected(vocabulary)
        key = blake2b(told).digest()
        schema = built.get(key)
        if schema is None:
            schema = built[key] = build_client_schema(json.loads(told)["data"])
            assert validate_schema(schema) == []
        known[vocabulary] = schema
    return schema


@cache
def _parsed(text: str) -> Any:
    return parse(text)


def _checked(self: GraphWire, question: Question, role: str, vocabulary: Vocabulary) -> Prepared:
    prepared = prepare(self, question, role, vocabulary)
    errors = [each.message for each in validate(schema_of(vocabulary), _parsed(question.text))]
    assert all(LET_BE.fullmatch(each) for each in errors), (question.text, errors)
    return prepared


def check_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GraphWire, "prepare", _checked)

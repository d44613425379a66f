"""Questions to the wire alone, with the names that a role of the cinema has."""

import json
from functools import cache
from typing import Any

from cinema.app import cinema
from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.operation import Operation
from mainstay.plan.describe import Seen
from mainstay.wires.graphql import CONVENTIONS, GraphWire, Index, Vocabulary

CINEMA = cinema()


@cache
def vocabulary(role: str = "anonymous", *, aggregates: bool = True, naming: str = "hasura-default") -> Vocabulary:
    index = Index(CINEMA.catalog.named, CINEMA.catalog.schemas, names=CONVENTIONS[naming])
    return Vocabulary(Seen(CINEMA.catalog, CINEMA.policy, role, Limits()), index, aggregates=aggregates)


def posted(text: str, variables: Any = None, name: str | None = None, **headers: str) -> Request:
    body = {"query": text, "variables": variables, "operationName": name}
    return Request("POST", "/graphql", "", {"content-type": "application/json", **headers}, json.dumps(body).encode())


def operation(
    text: str, variables: Any = None, name: str | None = None, *, limits: Limits | None = None, role: str = "anonymous"
) -> Operation:
    wire = GraphWire(("/graphql",), limits or Limits())
    question = wire.parse(posted(text, variables, name))
    [asked] = wire.operations(wire.prepare(question, role, vocabulary(role)), question)
    return asked

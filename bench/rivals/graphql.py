"""Mainstay asked by GraphQL: the same app, the same rows, another grammar."""

import json
from collections.abc import Mapping, Sequence

import msgspec

from bench.cases import EMBED_ROWS, PAGE_ROWS, Case, Content, Key, normal
from bench.load import Request
from bench.rivals.mainstay import Mainstay
from bench.tokens import bearer
from examples.flights.models import Airline, Airport, Flight, Plane

PATH = "/v1/graphql"
JSON = (("Content-Type", "application/json"),)


def columns(model: type) -> str:
    """All columns by name: GraphQL has no star."""
    return " ".join(column.name for column in model.__table__.columns)  # type: ignore[attr-defined]


BY_KEY = f"query ($id: Int!) {{ flights_by_pk(id: $id) {{ {columns(Flight)} }} }}"
PAGE = f"""query ($after: Int!) {{
  flights(where: {{id: {{_gt: $after}}}}, order_by: {{id: asc}}, limit: {PAGE_ROWS}) {{ {columns(Flight)} }}
}}"""
EMBED = f"""query ($tailnum: String!) {{
  planes_by_pk(tailnum: $tailnum) {{
    {columns(Plane)}
    flights(order_by: [{{time_hour: desc}}, {{id: desc}}], limit: {EMBED_ROWS}) {{
      {columns(Flight)} airline {{ {columns(Airline)} }} destination {{ {columns(Airport)} }}
    }}
  }}
}}"""


class GraphQL(Mainstay):
    """It is asked what reads."""

    name = "graphql"
    cases: Sequence[Case] = (Case.KEY, Case.PAGE, Case.EMBED, Case.CLAIM)

    def request(self, case: Case, key: Key) -> Request:
        match case:
            case Case.KEY | Case.CLAIM:
                return asked(BY_KEY, {"id": key.flight}, bearer(key.user))
            case Case.PAGE:
                return asked(PAGE, {"after": key.flight})
            case Case.EMBED:
                return asked(EMBED, {"tailnum": key.tailnum})
            case Case.INSERT:
                raise ValueError(f"{self.name} is not asked for {case.value}")

    def content(self, case: Case, body: bytes) -> Content:
        (found,) = msgspec.json.decode(body)["data"].values()
        return normal(found)


def asked(text: str, variables: Mapping[str, object], headers: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request("POST", PATH, (*JSON, *headers), json.dumps({"query": text, "variables": variables}))

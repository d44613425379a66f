"""What a request may read is estimated from its limits, and bounded."""

from typing import Any

import pytest

from cinema.app import cinema
from mainstay.core.condition import Field
from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.operation import Cursor, Edges, Embed, Nodes, Pick, Read, TableRef
from mainstay.core.problem import Problem
from mainstay.plan.cost import cost_of
from mainstay.plan.decide import decide

CINEMA = cinema()


def cost(target: str, **limits: int) -> int:
    path, _, query = target.partition("?")
    shape = CINEMA.parse(Request("GET", f"/rest/v1/{path}", query, {})).shape
    bounds = Limits(**limits)
    return cost_of(decide(shape, "owner", CINEMA.catalog, CINEMA.policy, bounds), bounds)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("films?select=id&limit=10", 10),
        ("films?select=id,title&limit=10", 20),
        ("films?select=title,reviews(stars)&limit=10&reviews.limit=5", 60),
        ("films?select=id,director(name,mentor(name))&limit=10", 30),
        ("films?select=id,reviews(id,author(name))&limit=2&reviews.limit=3", 14),
        ("films?select=id", 1_000),
        ("films?select=id,director!inner()&director.name=eq.x&limit=4", 4),
    ],
)
def test_rows_at_each_level_are_those_that_the_limits_let_through(target: str, expected: int) -> None:
    assert cost(target) == expected


NESTED = "tags?select=films(tags(films(tags(films(id)))))"


def test_five_levels_of_lists_are_within_it_and_six_are_not() -> None:
    assert cost("tags?select=films(tags(films(tags(id))))") == 10**15
    with pytest.raises(Problem) as raised:
        cost(NESTED)
    problem: Any = raised.value
    assert (problem.code, problem.message[:21]) == ("MS492", "The request may read ")
    assert cost(NESTED, rows_max=10) == 10**6


def test_the_rows_of_a_connection_cost_what_they_hold() -> None:
    related = Embed("reviews", select=(Pick(Field("id")),), limit=5)
    edges = Edges("edges", (Cursor("cursor", "mark"), Nodes("node", (Pick(Field("title")), related))))
    page = Read(TableRef("films"), (), limit=9, after=(), summary=(edges,))
    plan = decide(page, "owner", CINEMA.catalog, CINEMA.policy, Limits())
    assert cost_of(plan, Limits()) == 10 * (1 + 5)

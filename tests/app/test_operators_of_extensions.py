"""Comparisons of PostGIS's and ltree's types, in GraphQL and in REST, on a database that has both."""

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from mainstay import Mainstay
from mainstay.core.exchange import Request
from services.postgis import Missing, cluster

TABLES = """
CREATE EXTENSION postgis;
CREATE EXTENSION ltree;
CREATE TABLE places (
    id int PRIMARY KEY, spot geometry(Point, 4326), area geometry(Polygon, 4326), earth geography(Point),
    path ltree
);
INSERT INTO places VALUES
    (1, 'SRID=4326;POINT(1 1)', 'SRID=4326;POLYGON((0 0, 0 2, 2 2, 2 0, 0 0))', 'POINT(1 1)', 'top.sea'),
    (2, 'SRID=4326;POINT(9 9)', 'SRID=4326;POLYGON((5 5, 5 8, 8 8, 8 5, 5 5))', 'POINT(9 9)', 'top.sea.pier'),
    (3, NULL, NULL, NULL, 'top.land');
CREATE ROLE guest;
GRANT SELECT ON places TO guest;
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        with cluster() as running:
            running.run("-c", TABLES)
            yield running.url("postgres")
    except Missing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]]]}

COMPARED: list[tuple[str, str, Any, str, list[int]]] = [
    ("area", "_st_contains", point(1, 1), "st_contains.{}", [1]),
    ("spot", "_st_within", SQUARE, "st_within.{}", [1]),
    ("area", "_st_crosses", SQUARE, "st_crosses.{}", []),
    ("spot", "_st_equals", point(9, 9), "st_equals.{}", [2]),
    ("spot", "_eq", point(9, 9), "eq.{}", [2]),
    ("area", "_st_intersects", SQUARE, "st_intersects.{}", [1]),
    ("earth", "_st_intersects", point(9, 9), "st_intersects.{}", [2]),
    ("area", "_st_3d_intersects", SQUARE, "st_3dintersects.{}", [1]),
    ("area", "_st_overlaps", SQUARE, "st_overlaps.{}", []),
    ("area", "_st_touches", point(2, 1), "st_touches.{}", [1]),
    ("spot", "_st_d_within", {"distance": 1.5, "from": point(1, 2)}, "st_dwithin(1.5).{}", [1]),
    ("spot", "_st_3d_d_within", {"distance": 1.5, "from": point(1, 2)}, "st_3ddwithin(1.5).{}", [1]),
    ("earth", "_st_d_within", {"distance": 1000, "from": point(9, 9)}, "st_dwithin(1000).{}", [2]),
    ("path", "_ancestor", "top.sea.pier", "cs.{}", [1, 2]),
    ("path", "_descendant", "top.sea", "cd.{}", [1, 2]),
    ("path", "_ancestor_any", ["top.sea.pier", "top.land.hill"], "cs(any).{{{}}}", [1, 2, 3]),
    ("path", "_descendant_any", ["top.land", "low"], "cd(any).{{{}}}", [3]),
    ("path", "_matches", "*.sea.*", "lmatch.{}", [1, 2]),
    ("path", "_matches_any", ["*.land", "*.pier"], "lmatch(any).{{{}}}", [2, 3]),
    ("path", "_matches_fulltext", "sea & ! pier", "ltxtmatch.{}", [1]),
    ("path", "_eq", "top.land", "eq.{}", [3]),
]


def asked(column: str, operator: str, value: Any) -> Request:
    text = "query ($where: places_bool_exp) { places(where: $where, order_by: {id: asc}) { id } }"
    body = {"query": text, "variables": {"where": {column: {operator: value}}}}
    return Request("POST", "/graphql", "", {"content-type": "application/json"}, json.dumps(body).encode())


def filtered(column: str, template: str, value: Any) -> Request:
    value = value["from"] if isinstance(value, dict) and "from" in value else value
    text = ",".join(value) if isinstance(value, list) else value if isinstance(value, str) else json.dumps(value)
    return Request("GET", "/rest/v1/places", f"select=id&order=id&{column}={quote(template.format(text))}", {})


def answers(url: str, requests: list[Request]) -> list[Any]:
    async def main() -> list[Any]:
        app = Mainstay(reflect=url, security="database", anonymous_role="guest")
        await app.start()
        try:
            return [json.loads((await app.handle(request)).body or b"") for request in requests]
        finally:
            await app.stop()

    return asyncio.run(main())


def test_both_wires_compare_places_and_paths(url: str) -> None:
    ours = answers(url, [asked(column, operator, value) for column, operator, value, _, _ in COMPARED])
    theirs = answers(url, [filtered(column, template, value) for column, _, value, template, _ in COMPARED])
    for (column, operator, *_, expected), graph, rest in zip(COMPARED, ours, theirs, strict=True):
        rows = [{"id": number} for number in expected]
        assert (graph, rest) == ({"data": {"places": rows}}, rows), (column, operator)


REFUSED: list[tuple[str, str, Any, str]] = [
    ("earth", "_st_touches", point(1, 1), "field '_st_touches' not found in type: 'geography_comparison_exp'"),
    ("path", "_st_touches", point(1, 1), "field '_st_touches' not found in type: 'ltree_comparison_exp'"),
    ("spot", "_ancestor", "a", "field '_ancestor' not found in type: 'geometry_comparison_exp'"),
    ("spot", "_st_d_within", {"from": point(1, 1)}, "missing required field 'distance'"),
    (
        "spot",
        "_st_d_within",
        {"distance": 1, "from": point(1, 1), "use_spheroid": True},
        "field 'use_spheroid' not found in type: 'st_d_within_geometry_input'",
    ),
    ("spot", "_st_touches", 5, "expected GeoJSON for type 'geometry', but found a number"),
]


def test_what_a_type_does_not_have_is_refused(url: str) -> None:
    said = answers(url, [asked(column, operator, value) for column, operator, value, _ in REFUSED])
    assert [each["errors"][0]["message"] for each in said] == [message for *_, message in REFUSED]


def test_a_place_is_cast_to_one_on_earth_and_back(url: str) -> None:
    near = {"geography": {"_st_d_within": {"distance": 1000, "from": point(9, 9)}}}
    within = {"geometry": {"_st_within": SQUARE}}
    on_earth, on_plane = answers(url, [asked("spot", "_cast", near), asked("earth", "_cast", within)])
    assert (on_earth["data"]["places"], on_plane["data"]["places"]) == ([{"id": 2}], [{"id": 1}])


def test_a_sphere_may_do_for_the_earth(url: str) -> None:
    value = {"distance": 157_300, "from": point(2, 2), "use_spheroid": False}
    on_sphere, on_spheroid = answers(
        url, [asked("earth", "_st_d_within", value), asked("earth", "_st_d_within", value | {"use_spheroid": True})]
    )
    assert (on_sphere["data"]["places"], on_spheroid["data"]["places"]) == ([{"id": 1}], [{"id": 1}])


def test_a_distance_or_a_shape_that_is_none_is_refused(url: str) -> None:
    requests = [
        filtered("spot", "st_dwithin.{}", point(1, 1)),
        filtered("spot", "st_dwithin(far).{}", point(1, 1)),
        filtered("spot", "st_within.{}", "nowhere"),
        filtered("path", "lmatch.{}", "a b"),
    ]
    assert [each["code"] for each in answers(url, requests)] == ["PGRST100", "22P02", "XX000", "42601"]

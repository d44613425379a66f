"""Conditional requests: what a tag covers, who may hold one, and that a write meets it or does nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from cinema.models import Tag
from cinema.setting import token
from mainstay import Mainstay
from mainstay.wires.rest.problems import STATUSES
from services.postgres import Postgres
from transact.cinema_stage import Stage, stage_of

OBJECT = "application/vnd.pgrst.object+json"
OTHER = '"00000000000000000000000000000000"'


@pytest.fixture(scope="module")
def shared(postgres: Postgres) -> Iterator[Stage]:
    with stage_of(postgres.create_database()) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.reset()


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/tags?id=eq.1", {}),
        ("/tags?id=eq.1", {"accept": OBJECT}),
        ("/tags", {}),
        ("/tags?id=eq.77", {}),
        ("/films?select=title,director(name)&order=id", {"accept": "text/csv"}),
        ("/tags", {"range": "0-0"}),
    ],
)
def test_a_read_has_a_tag_and_304_answers_who_has_it(shared: Stage, target: str, headers: dict[str, str]) -> None:
    first = shared.ask("GET", target, **headers)
    assert (first.status, len(first.etag)) == (200, 34)
    for value in (first.etag, f"W/{first.etag}", f'"x", {first.etag}', "*"):
        again = shared.ask("GET", target, **headers, if_none_match=value)
        assert (again.status, again.body, again.etag) == (304, None, first.etag)
        assert again.headers["content-range"] == first.headers["content-range"]
        assert "content-type" not in again.headers
    other = shared.ask("GET", target, **headers, if_none_match=OTHER)
    assert (other.status, other.body) == (200, first.body)


def test_a_tag_is_the_same_for_a_remembered_request_and_a_new_one(shared: Stage) -> None:
    tags = [shared.ask("GET", "/tags?id=eq.1", **headers).etag for headers in ({}, {}, {"if_none_match": OTHER})]
    assert len(set(tags)) == 1


def test_a_tag_is_of_what_its_caller_reads(shared: Stage) -> None:
    tags = [shared.ask("GET", "/films?id=eq.1", who=who).etag for who in ("owner", "critic", "anna", None)]
    assert tags[0] == tags[1] != tags[2] == tags[3]  # critics see the budget of what they have reviewed
    assert shared.ask("GET", "/films?id=eq.1", who=None, if_none_match=tags[0]).status == 200


def test_head_tells_the_tag_where_a_condition_asks_for_it(shared: Stage) -> None:
    tag = shared.ask("GET", "/tags").etag
    plain = shared.ask("HEAD", "/tags")
    assert "etag" not in plain.headers
    other = shared.ask("HEAD", "/tags", if_none_match=OTHER)
    assert (other.status, other.body, other.etag) == (200, None, tag)
    assert shared.ask("HEAD", "/tags", if_none_match=tag).status == 304
    assert shared.ask("HEAD", "/tags", if_match=OTHER).status == 412


def test_a_read_may_insist_on_a_tag(shared: Stage) -> None:
    tag = shared.ask("GET", "/tags").etag
    assert shared.ask("GET", "/tags", if_match=tag).status == 200
    assert shared.ask("GET", "/tags", if_match="*").status == 200
    refused = shared.ask("GET", "/tags", if_match=OTHER)
    assert (refused.status, refused.code) == (412, "MS475")
    assert shared.ask("GET", "/tags", if_match=f"W/{tag}").status == 412


def test_a_part_has_no_tag(shared: Stage) -> None:
    part = shared.ask("GET", "/tags?limit=1", prefer="count=exact")
    assert part.status == 206
    assert "etag" not in part.headers
    assert shared.ask("GET", "/tags?limit=1", prefer="count=exact", if_match=OTHER).status == 412


def test_tags_can_be_switched_off(database: str) -> None:
    with stage_of(database, etags=False) as stage:
        answer = stage.ask("GET", "/tags", if_none_match="*")
        assert answer.status == 200
        assert "etag" not in answer.headers
        assert stage.ask("DELETE", "/tags?id=eq.3", if_match=OTHER).status == 412


@pytest.mark.parametrize("accept", ["application/json", OBJECT, "text/csv"])
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_write_is_done_where_the_row_is_what_the_caller_read(stage: Stage, method: str, accept: str) -> None:
    body = {"PATCH": {"label": "x"}, "PUT": {"id": 3, "label": "x"}}.get(method)
    read = stage.ask("GET", "/tags?id=eq.3", accept=accept)
    refused = stage.ask(method, "/tags?id=eq.3", body, if_match=OTHER, accept=accept)
    assert (refused.status, refused.code) == (412, "MS475")
    assert stage.ask("GET", "/tags?id=eq.3", accept=accept).etag == read.etag
    asked = "text/csv" if accept == "text/csv" else "application/json"
    assert stage.ask(method, "/tags?id=eq.3", body, if_match=read.etag, accept=asked).status == 204
    assert stage.ask(method, "/tags?id=eq.3", body, if_match=read.etag, accept=asked).status == 412


def test_the_tag_covers_what_the_writes_own_select_asks_for(stage: Stage) -> None:
    url = "/films?id=eq.1&select=title,director(name)"
    tag = stage.ask("GET", url).etag
    stage.ask("PATCH", "/films?id=eq.1", {"year": 1962})
    assert stage.ask("GET", url).etag == tag
    assert stage.ask("PATCH", "/films?id=eq.1", {"title": "x"}, if_match=tag).status == 412
    stage.ask("PATCH", "/directors?id=eq.1", {"name": "Someone"})
    assert stage.ask("PATCH", url, {"title": "x"}, if_match=tag).status == 412
    tag = stage.ask("GET", url).etag
    assert stage.ask("PATCH", url, {"title": "x"}, if_match=tag).status == 204


def test_several_rows_are_written_where_all_of_them_are_as_they_were(stage: Stage) -> None:
    tag = stage.ask("GET", "/tags?id=gt.1&order=id").etag
    stage.ask("PATCH", "/tags?id=eq.3", {"label": "other"})
    assert stage.ask("DELETE", "/tags?id=gt.1&order=id", if_match=tag).status == 412
    assert len(stage.ask("GET", "/tags").json) == 3


def test_any_row_will_do_for_a_star_and_there_must_be_one(stage: Stage) -> None:
    assert stage.ask("PATCH", "/tags?id=eq.3", {"label": "x"}, if_match="*").status == 204
    assert stage.ask("PATCH", "/tags?id=eq.77", {"label": "x"}, if_match="*").status == 412
    assert stage.ask("PUT", "/tags?id=eq.77", {"id": 77, "label": "y"}, if_match="*").status == 412
    assert stage.ask("GET", "/tags?id=eq.77").json == []


def test_a_row_is_only_created_where_there_is_none(stage: Stage) -> None:
    body = {"id": 77, "label": "new"}
    assert stage.ask("PUT", "/tags?id=eq.77", body, if_none_match="*").status == 204
    refused = stage.ask("PUT", "/tags?id=eq.77", {"id": 77, "label": "newer"}, if_none_match="*")
    assert (refused.status, refused.code) == (412, "MS475")
    assert stage.ask("GET", "/tags?id=eq.77").json == [body]


def test_a_row_that_the_caller_can_not_see_is_not_overwritten_as_if_it_were_new(database: str) -> None:
    def declare(app: Mainstay) -> None:
        blind = app.role("blind")
        blind.may("read", Tag, rows=Tag.id > 100, columns="*")
        blind.may(["create", "update"], Tag, columns="*")

    with stage_of(database, declare) as stage:
        body = {"id": 1, "label": "mine"}
        bearer = f"Bearer {token('blind')}"
        refused = stage.ask("PUT", "/tags?id=eq.1", body, who=None, authorization=bearer, if_none_match="*")
        assert refused.status == 412
        assert stage.ask("GET", "/tags?id=eq.1").json == [{"id": 1, "label": "sea"}]


def test_a_write_past_what_one_read_shows_is_not_covered_by_its_tag(database: str) -> None:
    with stage_of(database, limits={"rows_max": 2}) as stage:
        tag = stage.ask("GET", "/films?id=gt.0").etag
        assert stage.ask("PATCH", "/films?id=gt.0", {"year": 2000}, if_match=tag).status == 412
        assert stage.ask("GET", "/films?id=gt.0").etag == tag


def test_a_condition_needs_the_right_to_read(stage: Stage) -> None:
    """Else the answer would tell what is in rows that the caller can't read."""
    refused = stage.ask("PATCH", "/vault?id=eq.1", {"secret": "x"}, who="anna", if_match="*")
    assert refused.code == "PGRST205"
    hidden = stage.ask("PATCH", "/reviews?id=eq.4", {"stars": 3}, who="anna", if_match="*")
    assert (hidden.status, hidden.code) == (412, "MS475")  # as for a row that is not there
    column = stage.ask("PATCH", "/films?id=eq.1&select=budget", {"title": "x"}, who="anna", if_match="*")
    assert column.code == "42703"  # as for a column that is not there


def test_a_write_may_be_tried_and_rolled_back(stage: Stage) -> None:
    tag = stage.ask("GET", "/tags?id=eq.3").etag
    assert stage.ask("DELETE", "/tags?id=eq.3", if_match=tag, prefer="tx=rollback").status == 204
    assert stage.ask("GET", "/tags?id=eq.3").etag == tag


def test_a_guard_still_holds_under_a_condition(stage: Stage) -> None:
    refused = stage.ask("PATCH", "/reviews?id=eq.1", {"stars": 9}, who="anna", if_match="*")
    assert refused.code == "42501"
    assert stage.ask("GET", "/reviews?id=eq.1").json[0]["stars"] == 5


@pytest.mark.parametrize("name", ["if_match", "if_none_match"])
def test_an_insert_addresses_no_row(shared: Stage, name: str) -> None:
    headers: dict[str, Any] = {name: "*"}
    refused = shared.ask("POST", "/tags", {"label": "x"}, **headers)
    assert (refused.status, refused.code) == (400, "MS476")


@pytest.mark.parametrize("value", ["abc", '"a', "W/x", "", '"a" "b"', "**", '"a",', 'w/"a"', '"a"b"'])
@pytest.mark.parametrize("name", ["if_match", "if_none_match"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_are_no_tags_is_refused(shared: Stage, method: str, name: str, value: str) -> None:
    headers: dict[str, Any] = {name: value}
    refused = shared.ask(method, "/tags?id=eq.3", **headers)
    assert (refused.status, refused.code) == (STATUSES["MS477"], "MS477")

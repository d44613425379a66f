"""Why a read shows what it shows: counted rule by rule, in development alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from cinema.app import cinema
from cinema.models import Film, Review
from mainstay import Mainstay, claim
from mainstay.core.rule import Action
from mainstay.policy.spell import spell
from services.postgres import Postgres
from transact.cinema_stage import Stage, stage_of


@pytest.fixture(scope="module")
def shared(postgres: Postgres) -> Iterator[Stage]:
    with stage_of(postgres.create_database(), dev=True) as stage:
        yield stage


def why(stage: Stage, target: str, who: str | None = "anna") -> Any:
    answer = stage.ask("GET", target, who=who, prefer="why")
    assert answer.status == 200, answer
    assert answer.headers["preference-applied"] == "why"
    return answer.json


def test_each_rule_tells_what_it_grants_and_which_condition_hides_the_rest(shared: Stage) -> None:
    told = why(shared, "/reviews?stars=gt.1")
    assert (told["table"], told["role"], told["matching"], told["shown"]) == ("public.reviews", "member", 3, 3)
    own, public = sorted(told["rules"], key=lambda rule: "claim" not in str(rule))
    assert (own["grants"], public["grants"]) == (2, 2)
    assert {"condition": "author_id = claim.sub", "hides": 1} in own["conditions"]
    assert [part["hides"] for part in public["conditions"]] == [1]
    assert own["missing"] == []


def test_a_missing_claim_is_named(shared: Stage) -> None:
    told = why(shared, "/reviews", "nobody")
    own, public = sorted(told["rules"], key=lambda rule: "claim" not in str(rule))
    assert (own["grants"], own["missing"], public["grants"]) == (0, ["sub"], 2)
    assert {"condition": "claim.sub is there", "hides": 4} in own["conditions"]


def test_it_counts_as_the_request_does_whatever_the_page(shared: Stage) -> None:
    for target in ("/films?limit=1", "/films?order=id&offset=2", "/films?select=title"):
        told = why(shared, target, None)
        assert (told["matching"], told["shown"]) == (5, 4)
    inner = why(shared, "/films?select=title,reviews!inner(stars)&reviews.stars=eq.1", None)
    assert (inner["matching"], inner["shown"]) == (1, 0)  # is Bert's, and not public


def test_a_masked_column_is_filtered_as_the_caller_sees_it(shared: Stage) -> None:
    told = why(shared, "/films?budget=gt.1", "critic")
    assert (told["matching"], told["shown"]) == (4, 2)


def test_for_a_table_without_a_rule_the_one_that_would_have_to_be_there_is_told(shared: Stage) -> None:
    told = why(shared, "/vault")
    assert (told["matching"], told["shown"], told["rules"]) == (1, None, [])
    assert told["problem"].startswith("PGRST205: ")
    assert told["needs"] == "app.role('member').may('read', 'public.vault', columns='*')"


def test_for_a_column_without_a_rule_the_one_that_would_have_to_be_there_is_told(shared: Stage) -> None:
    told = why(shared, "/films?select=title,budget&gross=gt.1")
    assert told["problem"].startswith("42703: ")
    assert told["needs"] == "app.role('member').may('read', 'public.films', columns=['budget', 'gross'])"


def test_what_is_nowhere_is_still_nowhere(shared: Stage) -> None:
    assert shared.ask("GET", "/nothing", prefer="why").code == "PGRST205"
    assert shared.ask("GET", "/films?nothing=eq.1", prefer="why").code == "42703"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_is_not_done_to_tell_why(shared: Stage, method: str) -> None:
    body = None if method == "DELETE" else {"id": 3, "label": "x"}
    target = "/tags" if method == "POST" else "/tags?id=eq.3"
    refused = shared.ask(method, target, body, prefer="why", idempotency_key="x")
    assert (refused.status, refused.code) == (400, "MS487")
    assert len(shared.ask("GET", "/tags").json) == 3


def test_a_batch_does_not_tell_why(shared: Stage) -> None:
    refused = shared.ask("POST", "/batch", [{"method": "GET", "path": "vault", "prefer": "why"}])
    assert refused.code == "MS483"


@pytest.mark.parametrize("who", [None, "anna", "owner"])
def test_in_production_nobody_is_told(postgres: Postgres, who: str | None) -> None:
    with stage_of(postgres.create_database()) as stage:
        plain = stage.ask("GET", "/reviews", who=who)
        asked = stage.ask("GET", "/reviews", who=who, prefer="why")
        assert (asked.status, asked.body) == (200, plain.body)
        assert "preference-applied" not in asked.headers
        strict = stage.ask("GET", "/reviews", who=who, prefer="why, handling=strict")
        assert (strict.status, strict.code) == (400, "PGRST122")


def declared(rows: Any) -> str:
    app: Mainstay = cinema()
    app.role("reader").may("read", Film, rows=rows, columns="*")
    table = app.catalog.find("public", "films")
    assert table is not None
    (rule,) = app.policy.rules("reader", Action.READ, table.key)
    return spell(rule.rows, table)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (None, "every row"),
        (Film.year > 1990, "year > '1990'"),
        ((Film.year > 1990) & (Film.title == "x"), "year > '1990' and title = 'x'"),
        (
            (Film.title == "x") | ((Film.year > 1990) & (Film.year < 2000)),
            "title = 'x' or (year > '1990' and year < '2000')",
        ),
        (Film.title.is_(None), "title is null"),
        (~(Film.title == "x"), "title != 'x'"),
        (Film.reviews.any(Review.stars > 3), "there is one of reviews that has stars > '3'"),
        (Film.title == claim.name, "claim.name is there and title = claim.name"),
    ],
)
def test_a_condition_is_spelt_as_a_person_reads_it(rows: Any, text: str) -> None:
    assert declared(rows) == text

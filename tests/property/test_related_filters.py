"""Filters of related rows see what the role sees of them, and no more: each test tries to get around it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mainstay.core.condition import (
    FALSE,
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Call,
    Claim,
    Compare,
    Condition,
    Field,
    Is,
    Not,
    Operator,
    Or,
    Present,
    Related,
    Slot,
    Through,
    Truth,
)
from mainstay.core.operation import Count, Delete, Embed, Format, Nulls, Order, Pick, Read, Star, TableRef, Update
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.policy.declare import Policies, claim
from property.vault import Account, Label, Team, Vault, account_labels

ANN = Principal("clerk", {"sub": "ann"})
TEAMS, ACCOUNTS, LABELS = TableRef("teams"), TableRef("accounts"), TableRef("labels")
PEEK = Compare(Field("pin_code"), Operator.EQ, Slot(0))
MINE = Account.team.has(Team.owner == claim.sub)


@pytest.fixture(scope="module")
def shared_vault(postgres: Any) -> Iterator[Vault]:
    vault = Vault(postgres.create_database())
    yield vault
    vault.close()


@pytest.fixture
def vault(shared_vault: Vault) -> Vault:
    shared_vault.reset()
    return shared_vault


def clerks() -> Policies:
    """Ann reads her teams' accounts, a salary only where it is her own; all teams and labels."""
    policies = Policies()
    clerk = policies.role("clerk")
    clerk.may("read", Account, columns=["id", "name", "team_id", "sponsor_id", "points"], rows=MINE)
    clerk.may("read", Account, columns=["id", "salary"], rows=Account.id == 1)
    clerk.may("read", Team, columns="*").may("update", Team, columns=["name"]).may("delete", Team)
    clerk.may("read", Label, columns="*").may("read", account_labels, columns="*")
    return policies


def equals(name: str, index: int = 0) -> Compare:
    return Compare(Field(name), Operator.EQ, Slot(index))


def ids(vault: Vault, table: TableRef, where: Condition, *values: Any, embeds: tuple[Embed, ...] = ()) -> list[int]:
    read = Read(table, (Pick(Field("id")), *embeds), where, (Order(Field("id")),))
    body = vault.ask(vault.pipeline(clerks()), read, *values, who=ANN).body
    return [row["id"] for row in json.loads(body or b"")]


@pytest.mark.parametrize(
    ("where", "values", "expected"),
    [
        (Through("accounts", equals("name")), ("Ada",), [1]),
        (Through("accounts", equals("name")), ("Zelda",), []),
        (Not(Through("accounts", equals("name"))), ("Zelda",), [1, 2]),
        (Through("accounts", Not(equals("name"))), ("Ada",), [1]),
        (Through("accounts", Is(Field("name"), Truth.NOT_NULL)), (), [1]),
        (Through("accounts", TRUE), (), [1]),
        (Not(Through("accounts", TRUE)), (), [2]),
        (Through("accounts", Through("sponsored", equals("points"))), ("990",), []),
        (Through("accounts", Not(Through("sponsored", equals("points")))), ("990",), [1]),
        (Or((Through("accounts", equals("points")), equals("id", 1))), ("990", "2"), [2]),
    ],
)
def test_a_hidden_related_row_is_none(vault: Vault, where: Condition, values: Any, expected: list[int]) -> None:
    assert ids(vault, TEAMS, where, *values) == expected


def test_a_hidden_row_is_none_across_a_junction(vault: Vault) -> None:
    assert ids(vault, LABELS, Through("accounts", equals("name")), "Zelda") == []
    assert ids(vault, LABELS, Through("accounts", equals("name")), "Ada") == [1]


@pytest.mark.parametrize(("salary", "expected"), [("990", [1]), ("991", [])])
def test_a_masked_value_of_a_related_row_is_null(vault: Vault, salary: str, expected: list[int]) -> None:
    assert ids(vault, TEAMS, Through("accounts", equals("salary")), salary) == expected


def test_a_masked_value_of_a_related_row_is_null_to_a_null_test_too(vault: Vault) -> None:
    assert ids(vault, TEAMS, Through("accounts", And((equals("id"), Is(Field("salary"), Truth.NULL)))), "2") == [1]


def test_a_masked_join_column_leads_nowhere(vault: Vault) -> None:
    """Account 1 is shown by a second rule without its team: under that rule alone there is none."""
    policies = Policies()
    clerk = policies.role("clerk")
    clerk.may("read", Account, columns=["id"]).may("read", Account, columns=["id", "team_id"], rows=Account.id == 2)
    clerk.may("read", Team, columns="*")
    read = Read(ACCOUNTS, (Pick(Field("id")),), Not(Through("team", TRUE)), (Order(Field("id")),))
    body = vault.ask(vault.pipeline(policies), read, who=ANN).body
    assert json.loads(body or b"") == [{"id": 1}, {"id": 3}]


def test_an_embeds_filter_is_a_filter_of_the_rows_that_are_asked_about(vault: Vault) -> None:
    filtered = Embed("accounts", select=(Pick(Field("id")),), where=equals("name"))
    assert ids(vault, TEAMS, Through("accounts", equals("points", 1)), "Ada", "10", embeds=(filtered,)) == [1]
    assert ids(vault, TEAMS, Through("accounts", equals("points", 1)), "Bea", "10", embeds=(filtered,)) == []


def test_an_embed_that_does_not_show_filters_too(vault: Vault) -> None:
    inner = Embed("labels", where=equals("name"))
    outer = Embed("accounts", select=(Pick(Field("id")), inner))
    where = Through("accounts", Through("labels", TRUE))
    assert ids(vault, TEAMS, where, "vip", embeds=(outer,)) == [1]
    assert ids(vault, TEAMS, where, "none", embeds=(outer,)) == []


def test_an_alias_names_its_own_embed(vault: Vault) -> None:
    twice = (
        Embed("accounts", "ada", select=(Star(),), where=equals("name")),
        Embed("accounts", "bea", select=(Star(),), where=equals("name", 1)),
    )
    assert ids(vault, TEAMS, Through("ada", equals("points", 2)), "Ada", "Bea", "20", embeds=twice) == []
    assert ids(vault, TEAMS, Through("bea", equals("points", 2)), "Ada", "Bea", "20", embeds=twice) == [1]


@pytest.mark.parametrize("count", [Count.EXACT, Count.PLANNED, Count.ESTIMATED])
def test_counts_do_not_count_hidden_related_rows(vault: Vault, count: Count) -> None:
    read = Read(TEAMS, (), Through("accounts", equals("name")), count=count, format=Format.NONE)
    assert vault.ask(vault.pipeline(clerks()), read, "Zelda", who=ANN).total == 0


def test_writes_touch_no_row_for_the_sake_of_a_hidden_one(vault: Vault) -> None:
    pipeline = vault.pipeline(clerks())
    hidden = Through("accounts", equals("name"))
    assert vault.ask(pipeline, Update(TEAMS, ("name",), hidden, 1), "Zelda", '{"name": "x"}', who=ANN).rows == 0
    assert vault.ask(pipeline, Delete(TEAMS, hidden), "Zelda", who=ANN).rows == 0
    assert vault.ask(pipeline, Update(TEAMS, ("name",), hidden, 1), "Ada", '{"name": "x"}', who=ANN).rows == 1


def test_a_cast_is_tried_on_no_hidden_related_row(vault: Vault) -> None:
    vault.sql("UPDATE accounts SET name = '7' WHERE id < 3")
    where = Through("accounts", Compare(Field("name", cast="integer"), Operator.EQ, Slot(0)))
    assert ids(vault, TEAMS, where, "7") == [1]


def test_a_bad_value_is_one_whether_or_not_there_are_related_rows(vault: Vault) -> None:
    vault.reset("")
    with pytest.raises(Problem) as refused:
        ids(vault, TEAMS, Through("accounts", equals("points")), "many")
    assert refused.value.code == "22P02"


def count(
    of: str, field: str | None = None, where: Condition = TRUE, function: Aggregate = Aggregate.COUNT
) -> Aggregation:
    return Aggregation(function, None if field is None else Field(field), where, Through(of, TRUE))


@pytest.mark.parametrize(
    ("left", "value", "expected"),
    [
        (count("accounts"), "2", [1]),
        (count("accounts"), "0", [2]),
        (count("accounts"), "1", []),
        (count("accounts", "salary"), "1", [1]),
        (count("accounts", "salary", function=Aggregate.SUM), "990", [1]),
        (count("accounts", "points", function=Aggregate.MAX), "20", [1]),
        (count("accounts", "points", function=Aggregate.MAX), "990", []),
        (count("accounts", where=Is(Field("name"), Truth.NULL)), "1", []),
        (count("accounts", where=Through("sponsored", TRUE)), "1", [1]),
    ],
)
def test_an_aggregate_of_related_rows_is_of_those_that_are_seen(
    vault: Vault, left: Aggregation, value: str, expected: list[int]
) -> None:
    assert ids(vault, TEAMS, Compare(left, Operator.EQ, Slot(0)), value) == expected


def test_a_hidden_related_row_does_not_sort(vault: Vault) -> None:
    """Of Ada's sponsored accounts one is Zelda's, with more points than any."""
    vault.sql("UPDATE accounts SET sponsor_id = 2 WHERE id = 3")
    most = Aggregation(Aggregate.MAX, Field("points"), of=Through("sponsored", TRUE))
    read = Read(
        ACCOUNTS, (Pick(Field("id")),), order=(Order(most, descending=True, nulls=Nulls.LAST), Order(Field("id")))
    )
    body = vault.ask(vault.pipeline(clerks()), read, who=ANN).body
    assert json.loads(body or b"") == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("kind", [Count.EXACT, Count.PLANNED, Count.ESTIMATED])
def test_counts_do_not_tell_of_hidden_rows_that_are_counted(vault: Vault, kind: Count) -> None:
    where = Compare(count("accounts"), Operator.GTE, Slot(0))
    read = Read(TEAMS, (), where, count=kind, format=Format.NONE)
    assert vault.ask(vault.pipeline(clerks()), read, "1", who=ANN).total == 1


def test_a_masked_value_counts_in_no_group(vault: Vault) -> None:
    """Of the two accounts that are seen, one shows its salary."""
    pipeline = vault.pipeline(clerks())
    salaries = Aggregation(Aggregate.SUM, Field("salary"))
    for least, found in (("990", 1), ("991", 0)):
        grouped = Read(ACCOUNTS, (Pick(Field("team_id")),), having=Compare(salaries, Operator.GTE, Slot(0)))
        assert vault.ask(pipeline, grouped, least, who=ANN).rows == found
    secret = Pick(None, "n", Aggregate.COUNT, where=Compare(Field("salary"), Operator.EQ, Slot(0)))
    body = vault.ask(pipeline, Read(ACCOUNTS, (secret,)), "991", who=ANN).body
    assert json.loads(body or b"") == [{"n": 0}]


def test_a_hidden_row_is_in_no_group_and_first_of_none(vault: Vault) -> None:
    pipeline = vault.pipeline(clerks())
    vault.sql("UPDATE accounts SET team_id = 2, sponsor_id = 1 WHERE id = 3")
    most = Order(Field("points"), descending=True)
    first = Read(ACCOUNTS, (Pick(Field("id")),), order=(most,), distinct=(Field("team_id"),), count=Count.EXACT)
    result = vault.ask(pipeline, first, who=ANN)
    assert (json.loads(result.body or b""), result.total) == ([{"id": 2}], 1)
    alike = Read(ACCOUNTS, (Pick(Field("team_id")),), distinct=(), count=Count.EXACT)
    assert vault.ask(pipeline, alike, who=ANN).total == 1


@pytest.mark.parametrize(
    "having",
    [PEEK, Related(0), Compare(Aggregation(Aggregate.COUNT), Operator.EQ, Field("pin_code")), Present(Claim(("sub",)))],
)
def test_a_condition_on_groups_is_about_their_aggregates(vault: Vault, having: Condition) -> None:
    read = Read(ACCOUNTS, (Pick(Field("team_id")),), having=having)
    told = vault.told(vault.pipeline(clerks()), read, "zq-pin", who=ANN)
    assert isinstance(told, Problem)
    assert told.code == "MS465"


@pytest.mark.parametrize(
    ("where", "code"),
    [
        (Related(0, PEEK), "MS465"),
        (Not(Or((FALSE, Related(0)))), "MS465"),
        (Present(Claim(("sub",))), "MS465"),
        (Through("accounts", Related(0, PEEK)), "MS465"),
        (Compare(Field("name"), Operator.EQ, Field("pin_code")), "42703"),
        (Compare(Field("name"), Operator.EQ, Call("lower", (Field("pin_code"),))), "42703"),
        (Compare(Aggregation(Aggregate.MAX, Field("pin_code"), of=Related(0)), Operator.EQ, Slot(0)), "MS465"),
        (Compare(Aggregation(Aggregate.COUNT), Operator.EQ, Slot(0)), "MS465"),
        (Compare(Field("id"), Operator.EQ, count("sponsored")), "MS465"),
        (Compare(Call("pg_sleep", (Field("id"),)), Operator.EQ, Slot(0)), "MS465"),
    ],
)
def test_an_operation_made_by_hand_holds_no_condition_of_a_policy(vault: Vault, where: Condition, code: str) -> None:
    with pytest.raises(Problem) as refused:
        ids(vault, ACCOUNTS, where, "zq-pin")
    assert refused.value.code == code


def test_a_mask_that_comes_with_a_request_is_not_kept(vault: Vault) -> None:
    named = Is(Field("name", mask=PEEK), Truth.NOT_NULL)
    assert ids(vault, ACCOUNTS, named, "none") == [1, 2]
    read = Read(TEAMS, (Pick(Field("name", mask=PEEK)),), order=(Order(Field("id", mask=PEEK)),))
    assert len(json.loads(vault.ask(vault.pipeline(clerks()), read, "none", who=ANN).body or b"")) == 2

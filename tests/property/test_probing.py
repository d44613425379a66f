"""Questions made to find out what is hidden: by bad values, by constraints, by counts, by what fails on some rows."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Integer, cast

from mainstay.core.condition import (
    Aggregate,
    And,
    Compare,
    Condition,
    Field,
    Is,
    Not,
    Operator,
    Or,
    Quantifier,
    Slot,
    Step,
    Truth,
)
from mainstay.core.operation import (
    Conflict,
    Count,
    Delete,
    Embed,
    Format,
    Insert,
    Item,
    Join,
    Operation,
    Order,
    Pick,
    Read,
    Returning,
    Shape,
    TableRef,
    Update,
)
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.policy.declare import Policies, Role, claim
from property.vault import Account, Broker, Team, Vault, given_away, texts_of

ANN = Principal("clerk", {"sub": "ann", "level": 5})
ACCOUNTS = TableRef("accounts")
MINE = Account.team.has(Team.owner == claim.sub)
VISIBLE = ["id", "name", "email", "team_id", "sponsor_id", "points", "notes", "share"]
MANY_ZELDAS = """
INSERT INTO accounts (id, name, team_id, pin_code) SELECT n, 'Zelda', 2, 'zq-pin' FROM generate_series(10, 5000) n
"""
OFTEN = 12  # PostgreSQL plans a prepared statement anew for the first five times


@pytest.fixture(scope="module")
def shared_vault(postgres: Any) -> Iterator[Vault]:
    vault = Vault(postgres.create_database())
    yield vault
    vault.close()


@pytest.fixture
def vault(shared_vault: Vault) -> Vault:
    shared_vault.reset()
    return shared_vault


def clerk(**read: Any) -> tuple[Policies, Role]:
    policies = Policies()
    role = policies.role("clerk")
    role.may("read", Account, **({"columns": VISIBLE, "rows": MINE} | read))
    role.may("read", Team, columns="*")
    return policies, role


def ids(where: Condition, *items: Item, **rest: Any) -> Read:
    return Read(ACCOUNTS, (Pick(Field("id")), *items), where, (Order(Field("id")),), **rest)


def compare(column: str, operator: Operator, slot: int, *path: Step, to: str | None = None) -> Compare:
    return Compare(Field(column, path, to), operator, Slot(slot))


NAMED = compare("name", Operator.EQ, 0)
PROBES: dict[str, tuple[Condition, tuple[Any, Any], Any]] = {
    # what is asked; a value that a hidden row has, and one that no row has; a value that can't be read
    "number": (And((NAMED, compare("id", Operator.EQ, 1))), ("Zelda", "Nobody"), "x"),
    "negated": (Not(Or((Not(NAMED), compare("points", Operator.LT, 1)))), ("Zelda", "Nobody"), "x"),
    "list": (
        And((NAMED, Compare(Field("id"), Operator.IN, Slot(1, many=True)))),
        ("Zelda", "Nobody"),
        ("1", "x"),
    ),
    "expression": (And((NAMED, compare("email", Operator.MATCH, 1))), ("Zelda", "Nobody"), "("),
    "expressions": (
        And((NAMED, Compare(Field("email"), Operator.IMATCH, Slot(1, many=True), Quantifier.ANY))),
        ("Zelda", "Nobody"),
        ("zelda", "("),
    ),
    "pattern": (compare("name", Operator.LIKE, 0), ("Zel\\", "Nob\\"), None),
    "patterns": (
        Compare(Field("name"), Operator.ILIKE, Slot(0, many=True), Quantifier.ALL),
        (("zel\\",), ("nob\\",)),
        None,
    ),
    "words": (And((NAMED, compare("email", Operator.FTS, 1))), ("Zelda", "Nobody"), "a &"),
    "document": (And((NAMED, compare("notes", Operator.CS, 1))), ("Zelda", "Nobody"), "{"),
}


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("shape", ["read", "embed", "count", "update", "delete"])
def test_a_bad_value_fails_whatever_hidden_rows_there_are(shape: str, probe: str, vault: Vault) -> None:
    policies, role = clerk()
    role.may("update", Account, columns=["name"], rows=MINE)
    role.may("delete", Account, rows=MINE)
    pipeline = vault.pipeline(policies)
    condition, candidates, bad = PROBES[probe]
    shapes: dict[str, Shape] = {
        "read": ids(condition),
        "embed": Read(TableRef("teams"), (Embed("accounts", select=(Pick(Field("id")),), where=condition),)),
        "count": ids(condition, count=Count.EXACT, format=Format.NONE),
        "update": Update(ACCOUNTS, ("name",), condition, payload=2),
        "delete": Delete(ACCOUNTS, condition),
    }
    told = [
        vault.told(pipeline, shapes[shape], candidate, bad, '{"name": "Ann"}', who=ANN)
        for _ in range(OFTEN)
        for candidate in candidates
    ]
    codes = {each.code if isinstance(each, Problem) else "answered" for each in told}
    assert len(codes) == 1
    assert codes <= {"22P02", "2201B", "22025", "42601"}


@pytest.mark.parametrize("probe", PROBES)
def test_a_bad_value_fails_in_a_batch_as_it_does_alone(probe: str, vault: Vault) -> None:
    pipeline = vault.pipeline(clerk()[0])
    condition, candidates, bad = PROBES[probe]

    async def ask(candidate: Any) -> str:
        try:
            await pipeline.run(Operation(ids(condition), (candidate, bad)), ANN)
        except Problem as problem:
            return problem.code
        return "answered"

    async def at_once() -> list[str]:
        return await asyncio.gather(*(ask(candidate) for candidate in candidates * OFTEN))

    assert len(set(vault.run(at_once()))) == 1


@pytest.mark.parametrize(
    "condition",
    [
        compare("notes", Operator.GT, 0, Step("level", text=True), to="integer"),
        compare("share", Operator.GT, 0),
        Not(compare("share", Operator.LTE, 0)),
        Or((compare("share", Operator.GT, 0), compare("name", Operator.EQ, 0, to="integer"))),
    ],
    ids=["cast", "computed", "negated", "or"],
)
def test_what_fails_on_a_hidden_row_alone_does_not_fail(condition: Condition, vault: Vault) -> None:
    vault.sql("UPDATE accounts SET name = '7' WHERE id < 3")
    pipeline = vault.pipeline(clerk()[0])
    for _ in range(OFTEN):
        assert vault.ask(pipeline, ids(condition), "0", who=ANN).rows == 2


@pytest.mark.parametrize(
    "rows",
    [
        Account.notes["level"].as_integer() <= claim.level,
        cast(Account.notes["level"].astext, Integer) == 1,
        Account.team.has(Team.accounts.any(cast(Account.notes["level"].astext, Integer) == claim.level)),
        Account.share > 1,
    ],
    ids=["JSON", "cast", "related", "computed"],
)
def test_a_rule_that_fails_on_a_hidden_row_does_not_quote_it(rows: Any, vault: Vault) -> None:
    problem = vault.told(vault.pipeline(clerk(rows=rows)[0]), ids(And()), who=ANN)
    assert isinstance(problem, Problem)
    assert problem.code in ("22P02", "22012")
    assert given_away(problem) == []


def test_what_the_database_lacks_is_not_named(vault: Vault) -> None:
    pipeline = vault.pipeline(clerk(rows=Account.salary > 1)[0])
    vault.sql("ALTER TABLE accounts RENAME salary TO earned")
    try:
        problem = vault.told(pipeline, ids(And()), who=ANN)
    finally:
        vault.sql("ALTER TABLE accounts RENAME earned TO salary")
    assert isinstance(problem, Problem)
    assert problem.code == "42703"
    assert given_away(problem) == []


@pytest.mark.parametrize("column", ["name", "email", "points"])
def test_an_order_that_does_not_fit_groups_is_refused_by_its_own_name(column: str, vault: Vault) -> None:
    policies, role = clerk(columns=["id", "team_id"])
    role.may("read", Account, columns=["name", "email", "points"], rows=Account.salary == 990)
    read = Read(ACCOUNTS, (Pick(Field("id")), Pick(None, None, Aggregate.COUNT)), order=(Order(Field(column)),))
    problem = vault.told(vault.pipeline(policies), read, who=ANN)
    assert isinstance(problem, Problem)
    assert (problem.code, given_away(problem)) == ("42803", [])
    assert f"accounts.{column}" in problem.message
    grouped = Read(ACCOUNTS, (Pick(Field(column)), Pick(None, None, Aggregate.COUNT)), order=(Order(Field(column)),))
    assert vault.ask(vault.pipeline(policies), grouped, who=ANN).rows


@pytest.mark.parametrize("count", [Count.EXACT, Count.PLANNED, Count.ESTIMATED])
@pytest.mark.parametrize(
    "read",
    [
        ids(NAMED),
        Read(TableRef("teams"), (Embed("accounts", join=Join.INNER, where=NAMED),)),
        Read(TableRef("teams"), (Embed("accounts"),), Is(Field("accounts"), Truth.NOT_NULL)),
        ids(Not(NAMED), limit=1),
    ],
    ids=["filter", "inner embed", "null test", "negated"],
)
def test_a_count_of_any_kind_tells_nothing_of_hidden_rows(read: Read, count: Count, vault: Vault) -> None:
    counted = Read(**{name: getattr(read, name) for name in read.__struct_fields__} | {"count": count})
    pipeline = vault.pipeline(clerk()[0])
    before = vault.ask(pipeline, counted, "Zelda", who=ANN).total
    vault.sql(MANY_ZELDAS)
    vault.sql("ANALYZE accounts")
    assert vault.ask(pipeline, counted, "Zelda", who=ANN).total == before


def writer(**create: Any) -> Policies:
    policies, role = clerk()
    role.may("create", Account, **({"columns": ["id", "name"], "presets": {"pin_code": "zq-pin"}} | create))
    role.may("update", Account, columns=["name", "team_id"], rows=MINE)
    role.may("delete", Account, unfiltered=True)
    role.may("delete", Team)
    return policies


NEW = Insert(ACCOUNTS, ("id", "name"), single=True, returning=Returning((Pick(Field("id")),), format=Format.OBJECT))
UPSERT = Insert(ACCOUNTS, ("id", "name"), single=True, conflict=Conflict.MERGE)
EVERYTHING = Returning(format=Format.ARRAY)
BY_ID = compare("id", Operator.EQ, 0)
REFUSALS: dict[str, tuple[dict[str, Any], Shape, tuple[Any, ...], str]] = {
    "not null": ({"presets": None}, NEW, ('{"id": 9}',), "23502"),
    "null": ({"presets": {"pin_code": claim.nothing}}, NEW, ('{"id": 9}',), "42501"),
    "unique": ({"presets": {"pin_code": "zq-pin", "vault_number": 990}}, NEW, ('{"id": 9}',), "23505"),
    "unique in an upsert": (
        {"presets": {"pin_code": "zq-pin", "vault_number": 990}},
        UPSERT,
        ('{"id": 9, "name": "a"}',),
        "23505",
    ),
    "check": ({"presets": {"pin_code": "zq-pin", "salary": -990}}, NEW, ('{"id": 9}',), "23514"),
    "foreign key": ({"presets": {"pin_code": "zq-pin", "broker_id": 992}}, NEW, ('{"id": 9}',), "23503"),
    "key of a hidden row": ({}, NEW, ('{"id": 3}',), "23505"),
    "referenced by a hidden table": ({}, Delete(TableRef("teams"), BY_ID), ("1",), "23503"),
    "referenced by a hidden junction": ({}, Delete(ACCOUNTS, BY_ID), ("1",), "23503"),
    "a hidden row by key": ({}, UPSERT, ('{"id": 3, "name": "mine"}',), "42501"),
    "a value that is too large": ({}, NEW, ('{"id": 99999999999}',), "22003"),
    "a value of another type": ({}, NEW, ('{"id": "x"}',), "22P02"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_write_names_nothing_hidden(case: str, vault: Vault) -> None:
    create, shape, values, code = REFUSALS[case]
    problem = vault.told(vault.pipeline(writer(**create)), shape, *values, who=ANN)
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert given_away(problem) == [], texts_of(problem)


def test_a_refused_write_names_what_the_role_reads(vault: Vault) -> None:
    policies = Policies()
    role = policies.role("clerk")
    for model in (Account, Team, Broker):
        role.may("all", model, columns="*")
    insert = Insert(ACCOUNTS, ("id", "pin_code", "broker_id"), single=True)
    problem = vault.told(vault.pipeline(policies), insert, '{"id": 9, "pin_code": "a", "broker_id": 992}', who=ANN)
    assert isinstance(problem, Problem)
    assert problem.code == "23503"
    assert "accounts_broker" in problem.message


def test_returning_shows_readable_columns_of_readable_rows(vault: Vault) -> None:
    policies, role = clerk()
    role.may("update", Account, columns=["name"])
    role.may("delete", Account)
    pipeline = vault.pipeline(policies)
    update = Update(ACCOUNTS, ("name",), compare("id", Operator.GT, 0), 1, returning=EVERYTHING)
    result = vault.ask(pipeline, update, "0", '{"name": "Eve"}', who=ANN)
    assert shown(result) == [{"id": 1, "name": "Eve"}, {"id": 2, "name": "Eve"}]
    assert (
        vault.sql("SELECT name FROM accounts WHERE id = 3")[0]["name"] == "Zelda"
    )  # a filter sees what its caller sees
    vault.sql("DELETE FROM account_labels")
    deleted = vault.ask(pipeline, Delete(ACCOUNTS, BY_ID, EVERYTHING), "2", who=ANN)
    assert shown(deleted) == [{"id": 2, "name": "Eve"}]


def test_an_insert_that_its_writer_can_not_see_returns_nothing(vault: Vault) -> None:
    policies, role = clerk()
    role.may("create", Account, columns=["id", "team_id"], presets={"pin_code": "zq-pin"})
    insert = Insert(ACCOUNTS, ("id", "team_id"), returning=EVERYTHING)
    result = vault.ask(vault.pipeline(policies), insert, '[{"id": 8, "team_id": 1}, {"id": 9, "team_id": 2}]', who=ANN)
    assert [row["id"] for row in shown(result)] == [8]
    assert result.affected == 2


def shown(result: Result) -> list[dict[str, Any]]:
    rows = json.loads(result.body or b"[]")
    assert all(set(row) <= set(VISIBLE) for row in rows)
    return [{key: value for key, value in row.items() if key in ("id", "name")} for row in rows]

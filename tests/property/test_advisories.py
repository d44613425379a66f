"""What the field's advisories taught: holes that others had in the same place, each as a plain test.

Among them CVEs and advisories of generated and mapped APIs: rules skipped by update-many, empty lists that mean no
filter, missing claims that compare as equal, relations that lead around a rule, hints that name what is hidden.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import and_, func, not_, or_

from mainstay.core.condition import TRUE, And, Compare, Condition, Field, Is, Not, Operator, Or, Slot, Truth
from mainstay.core.limits import Limits
from mainstay.core.operation import (
    Conflict,
    Delete,
    Embed,
    Format,
    Insert,
    Item,
    Join,
    Order,
    Pick,
    Put,
    Read,
    Returning,
    Shape,
    Star,
    TableRef,
    Update,
)
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.plan import decide
from mainstay.policy.declare import Policies, Role, claim
from mainstay.policy.select import Policy
from property import market
from property.vault import Account, Broker, Label, Team, Vault, account_labels, given_away

ANN = Principal("clerk", {"sub": "ann"})
ACCOUNTS, TEAMS = TableRef("accounts"), TableRef("teams")
MINE = Account.team.has(Team.owner == claim.sub)
BY_ID = Compare(Field("id"), Operator.EQ, Slot(0))
ANY_ID = Compare(Field("id"), Operator.GT, Slot(0))
LISTED = Compare(Field("id"), Operator.IN, Slot(0, many=True))
IDS = Read(ACCOUNTS, (Pick(Field("id")),), order=(Order(Field("id")),))
NAMES = "SELECT id, name, team_id, points FROM accounts ORDER BY id"
BEFORE = [(1, "Ada", 1, 10), (2, "Bea", 1, 20), (3, "Zelda", 2, 990)]


@pytest.fixture(scope="module")
def shared_vault(postgres: Any) -> Iterator[Vault]:
    vault = Vault(postgres.create_database())
    yield vault
    vault.close()


@pytest.fixture
def vault(shared_vault: Vault) -> Vault:
    shared_vault.reset()
    return shared_vault


def roles() -> tuple[Policies, Role]:
    policies = Policies()
    return policies, policies.role("clerk")


def inheriting() -> tuple[Policies, Role, Role]:
    policies = Policies()
    base = policies.role("base")
    return policies, base, policies.role("clerk", inherits=[base])


def everything(*more: Any) -> Policies:
    """A clerk who reads all, and may `more`."""
    policies, clerk = roles()
    for model in (Account, Team, Broker, Label, account_labels):
        clerk.may("read", model, columns="*")
    for arguments, keywords in more:
        clerk.may(*arguments, **keywords)
    return policies


def may(*arguments: Any, **keywords: Any) -> Any:
    return arguments, keywords


def told(vault: Vault, policies: Policies, shape: Shape, *values: Any, who: Principal = ANN) -> Problem | Result:
    return vault.told(vault.pipeline(policies), shape, *values, who=who)


def code(vault: Vault, policies: Policies, shape: Shape, *values: Any, who: Principal = ANN) -> str:
    found = told(vault, policies, shape, *values, who=who)
    return found.code if isinstance(found, Problem) else "answered"


def body(vault: Vault, policies: Policies, shape: Shape, *values: Any, who: Principal = ANN) -> Any:
    return json.loads(vault.ask(vault.pipeline(policies), shape, *values, who=who).body or b"null")


def ids(vault: Vault, policies: Policies, where: Condition = TRUE, *values: Any, who: Principal = ANN) -> list[int]:
    read = Read(ACCOUNTS, (Pick(Field("id")),), where, (Order(Field("id")),))
    return [row["id"] for row in body(vault, policies, read, *values, who=who)]


def stored(vault: Vault) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in vault.sql(NAMES)]


def let_go(vault: Vault) -> None:
    """Nothing refers to an account any more, so that each can be deleted."""
    vault.sql("DELETE FROM account_labels")
    vault.sql("UPDATE accounts SET sponsor_id = NULL")


# Update-many and delete-many


def test_an_update_of_many_stays_within_the_rows_of_its_rule(vault: Vault) -> None:
    policies = everything(may("update", Account, columns=["name"], rows=MINE))
    result = vault.ask(
        vault.pipeline(policies), Update(ACCOUNTS, ("name",), ANY_ID, 1), "0", '{"name": "Eve"}', who=ANN
    )
    assert result.rows == 2
    assert stored(vault) == [(1, "Eve", 1, 10), (2, "Eve", 1, 20), BEFORE[2]]


def test_a_delete_of_many_stays_within_the_rows_of_its_rule(vault: Vault) -> None:
    let_go(vault)
    policies = everything(may("delete", Account, rows=MINE, unfiltered=True))
    assert vault.ask(vault.pipeline(policies), Delete(ACCOUNTS), who=ANN).rows == 2
    assert stored(vault) == BEFORE[2:]


@pytest.mark.parametrize("shape", [Update(ACCOUNTS, ("name",)), Delete(ACCOUNTS)], ids=["update", "delete"])
def test_without_a_filter_nothing_is_written_unless_a_rule_allows_it(shape: Shape, vault: Vault) -> None:
    policies = everything(may(["update", "delete"], Account, columns=["name"]))
    assert code(vault, policies, shape, '{"name": "Eve"}') == "21000"
    assert stored(vault) == BEFORE


def test_a_rule_that_allows_no_filter_allows_it_for_its_own_rows_alone(vault: Vault) -> None:
    policies, base, clerk = inheriting()
    base.may("read", Account, columns="*").may("update", Account, columns=["name"]).may("delete", Account)
    clerk.may(["update", "delete"], Account, columns=["name"], rows=Account.id == 1, unfiltered=True)
    assert code(vault, policies, Update(ACCOUNTS, ("name",)), '{"name": "Eve"}') == "answered"
    assert stored(vault) == [(1, "Eve", 1, 10), *BEFORE[1:]]
    let_go(vault)
    assert code(vault, policies, Delete(ACCOUNTS)) == "answered"
    assert stored(vault) == BEFORE[1:]


# Empty lists


def test_in_an_empty_list_is_nothing_and_outside_it_is_all_that_is_visible(vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=MINE).may("read", Team, columns="*")
    assert ids(vault, policies, LISTED, ()) == []
    assert ids(vault, policies, Not(LISTED), ()) == [1, 2]
    assert ids(vault, policies, Or(())) == []
    assert ids(vault, policies, And(())) == [1, 2]


@pytest.mark.parametrize(
    "shape", [Update(ACCOUNTS, ("name",), LISTED, 1), Delete(ACCOUNTS, LISTED)], ids=["update", "delete"]
)
def test_an_empty_list_writes_nothing(shape: Shape, vault: Vault) -> None:
    policies = everything(may(["update", "delete"], Account, columns=["name"]))
    assert code(vault, policies, shape, (), '{"name": "Eve"}') == "answered"
    assert stored(vault) == BEFORE


# Missing and null claims

CLAIMLESS: dict[str, Any] = {
    "equal": Account.name == claim.who,
    "unequal": Account.name != claim.who,
    "negated": not_(Account.name == claim.who),
    "or true": or_(Account.points > 0, Account.name == claim.who),
    "or no value": or_(Account.name.is_(None), Account.name != claim.who),
    "distinct": Account.name.is_distinct_from(claim.who),
    "not distinct": Account.email.is_not_distinct_from(claim.who),
    "in": Account.name.in_(claim.who),
    "not in": Account.name.not_in(claim.who),
    "like": Account.name.not_like(claim.who),
    "coalesced": func.coalesce(Account.email, claim.who) != "",
    "any": Account.sponsored.any(Account.name != claim.who),
    "not any": not_(Account.sponsored.any(Account.name == claim.who)),
    "has": Account.team.has(or_(Team.id > 0, Team.owner == claim.who)),
    "not has": not_(Account.team.has(Team.owner == claim.who)),
    "nested": Account.team.has(not_(Team.accounts.any(Account.name == claim.who))),
    "deep": and_(Account.id > 0, or_(Account.id > 0, not_(and_(Account.id > 5, Account.name == claim.who)))),
    "inner claim": Account.name != claim.org.who,
}
NOBODIES = {
    "missing": {},
    "null": {"who": None, "org": {"who": None}},
    "null parent": {"who": None, "org": None},
    "a text for a parent": {"org": "who"},
    "a list for a parent": {"org": ["who"]},
}


@pytest.mark.parametrize("claims", NOBODIES.values(), ids=NOBODIES)
@pytest.mark.parametrize("rule", CLAIMLESS)
def test_a_missing_or_null_claim_widens_nothing(rule: str, claims: dict[str, Any], vault: Vault) -> None:
    rows = CLAIMLESS[rule]
    who = Principal("clerk", claims)
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=rows).may("update", Account, columns=["name"], rows=rows)
    clerk.may("create", Account, columns=["id", "name", "points"], presets={"pin_code": "zq-pin"}, check=rows)
    clerk.may("delete", Account, rows=rows, unfiltered=True)
    assert ids(vault, policies, who=who) == []
    assert code(vault, policies, Insert(ACCOUNTS, ("id",), single=True), '{"id": 9}', who=who) == "42501"
    assert vault.ask(vault.pipeline(policies), Delete(ACCOUNTS), who=who).rows == 0
    assert stored(vault) == BEFORE
    blind = everything(may("update", Account, columns=["name"], rows=rows))
    update = Update(ACCOUNTS, ("name",), ANY_ID, 1)
    assert vault.ask(vault.pipeline(blind), update, "0", '{"name": "Eve"}', who=who).rows == 0
    assert stored(vault) == BEFORE


@pytest.mark.parametrize("rule", CLAIMLESS)
def test_a_claim_that_is_there_lets_something_through(rule: str, vault: Vault) -> None:
    """Or the test above would hold of rules that never grant anything."""
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=CLAIMLESS[rule])
    found: set[int] = set()
    for who in ("Ada", "ada@example.org", "x"):
        found.update(ids(vault, policies, who=Principal("clerk", {"who": who, "org": {"who": who}})))
    assert found


@pytest.mark.parametrize("claims", NOBODIES.values(), ids=NOBODIES)
def test_a_missing_or_null_claim_is_no_preset(claims: dict[str, Any], vault: Vault) -> None:
    policies = everything(
        may("create", Account, columns=["id"], presets={"pin_code": "zq-pin", "name": claim.who}),
        may("update", Account, columns=["points"], presets={"name": claim.org.who}),
    )
    who = Principal("clerk", claims)
    assert code(vault, policies, Insert(ACCOUNTS, ("id",)), '[{"id": 9}]', who=who) == "42501"
    assert code(vault, policies, Update(ACCOUNTS, ("points",), BY_ID, 1), "1", '{"points": 0}', who=who) == "42501"
    assert stored(vault) == BEFORE


@pytest.mark.parametrize(
    ("claims", "inside", "outside"),
    [
        ([], [], [1, 2, 3]),
        ([None], [], [1, 2, 3]),
        (["Ada", None], [1], [2, 3]),
        ("Ada", [1], [2, 3]),
        ([["Ada"]], [], [1, 2, 3]),
        ({"Ada": True}, [], [1, 2, 3]),
        (["Ada,Bea"], [], [1, 2, 3]),
        (['Ada","Bea'], [], [1, 2, 3]),
        (False, [], [1, 2, 3]),
    ],
    ids=repr,
)
def test_a_claim_that_is_a_list_means_its_items(
    claims: Any, inside: list[int], outside: list[int], vault: Vault
) -> None:
    who = Principal("clerk", {"names": claims})
    for rows, wanted in ((Account.name.in_(claim.names), inside), (Account.name.not_in(claim.names), outside)):
        policies, clerk = roles()
        clerk.may("read", Account, columns="*", rows=rows)
        assert ids(vault, policies, who=who) == wanted


@pytest.mark.parametrize("value", ["one", [1], {"a": 1}, True, 1.5, "1 or true"])
def test_a_claim_that_its_column_can_not_read_fails_and_grants_nothing(value: Any, vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=Account.id != claim.number)
    assert code(vault, policies, IDS, who=Principal("clerk", {"number": value})) == "22P02"


def test_a_role_that_nobody_declared_may_do_nothing(vault: Vault) -> None:
    for role in ("nobody", "", "base"):
        assert code(vault, everything(), IDS, who=Principal(role, {"sub": "ann"})) == "PGRST205"


# Relations that lead around a rule


@pytest.mark.parametrize(
    "read",
    [
        Read(TEAMS, (Pick(Field("id")), Embed("accounts", join=Join.INNER, where=BY_ID))),
        Read(TEAMS, (Pick(Field("id")), Embed("accounts", where=BY_ID)), Is(Field("accounts"), Truth.NOT_NULL)),
        Read(ACCOUNTS, (Pick(Field("id")), Embed("sponsored", join=Join.INNER, where=BY_ID))),
        Read(
            ACCOUNTS,
            (
                Pick(Field("id")),
                Embed("sponsor", join=Join.INNER, select=(Embed("sponsored", join=Join.INNER, where=BY_ID),)),
            ),
        ),
    ],
    ids=["inner", "null test", "self", "two steps"],
)
def test_a_filter_on_related_rows_sees_visible_ones_alone(read: Read, vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=MINE).may("read", Team, columns="*")
    assert body(vault, policies, read, "3") == []
    assert body(vault, policies, read, "2") != []


def test_rows_that_are_hidden_are_not_embedded_at_any_depth(vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=MINE).may("read", Team, columns="*")
    nested = Embed("accounts", select=(Pick(Field("name")), Embed("sponsored", select=(Pick(Field("name")),))))
    found = body(vault, policies, Read(TEAMS, (Pick(Field("id")), nested), order=(Order(Field("id")),)))
    assert "Zelda" not in json.dumps(found)
    assert [len(team["accounts"]) for team in found] == [2, 0]


def test_many_to_many_leads_through_visible_rows_of_the_junction(vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns="*").may("read", Label, columns="*")
    labels = Read(ACCOUNTS, (Pick(Field("id")), Embed("labels", select=(Pick(Field("name")),))), BY_ID)
    assert code(vault, policies, labels, "1") == "PGRST200"
    clerk.may("read", account_labels, columns="*", rows=account_labels.c.account_id == 2)
    assert body(vault, policies, labels, "1") == [{"id": 1, "labels": []}]
    assert body(vault, policies, labels, "2") == [{"id": 2, "labels": [{"name": "new"}]}]


def test_a_policy_about_the_table_s_own_rows_looks_at_the_related_row(vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=Account.sponsor.has(Account.name == claim.name))
    assert ids(vault, policies, who=Principal("clerk", {"name": "Ada"})) == [2, 3]
    assert ids(vault, policies, who=Principal("clerk", {"name": "Bea"})) == []
    grand = Account.sponsor.has(Account.sponsored.any(Account.name == claim.name))
    policies, clerk = roles()
    clerk.may("read", Account, columns="*", rows=grand)
    assert ids(vault, policies, who=Principal("clerk", {"name": "Zelda"})) == [2, 3]
    assert ids(vault, policies, who=Principal("clerk", {"name": "Ada"})) == []


# Rules that overlap


def overlapping() -> Policies:
    policies, base, clerk = inheriting()
    base.may("read", Account, columns=["id", "name"], rows=Account.id <= 2)
    clerk.may("read", Account, columns=["id", "points"], rows=Account.id >= 2)
    base.may("update", Account, columns=["name"], rows=Account.id <= 2)
    clerk.may("update", Account, columns=["points"], rows=Account.id >= 2)
    base.may("create", Account, columns=["id", "name"], presets={"pin_code": "zq-pin"}, check=Account.id < 10)
    clerk.may("create", Account, columns=["id", "points"], presets={"pin_code": "zq-pin"}, check=Account.id >= 10)
    return policies


def test_one_rule_s_rows_are_not_read_with_another_s_columns(vault: Vault) -> None:
    found = body(vault, overlapping(), Read(ACCOUNTS, (Star(),), order=(Order(Field("id")),)))
    assert found == [
        {"id": 1, "name": "Ada", "points": None},
        {"id": 2, "name": "Bea", "points": 20},
        {"id": 3, "name": None, "points": 990},
    ]
    assert ids(vault, overlapping(), Compare(Field("name"), Operator.EQ, Slot(0)), "Zelda") == []
    assert ids(vault, overlapping(), Not(Compare(Field("name"), Operator.EQ, Slot(0))), "Nobody") == [1, 2]


@pytest.mark.parametrize(
    ("columns", "id", "wanted"),
    [
        (("name",), "1", (1, "Eve", 1, 10)),
        (("name",), "3", None),
        (("points",), "1", None),
        (("points",), "3", (3, "Zelda", 2, 5)),
    ],
)
def test_one_rule_s_rows_are_not_updated_with_another_s_columns(
    columns: tuple[str, ...], id: str, wanted: Any, vault: Vault
) -> None:
    payload = json.dumps({"name": "Eve", "points": 5})
    assert code(vault, overlapping(), Update(ACCOUNTS, columns, BY_ID, 1), id, payload) == "answered"
    assert [row for row in stored(vault) if row not in BEFORE] == ([wanted] if wanted else [])


def test_columns_of_two_rules_are_not_updated_together(vault: Vault) -> None:
    payload = json.dumps({"name": "Eve", "points": 5})
    assert code(vault, overlapping(), Update(ACCOUNTS, ("name", "points"), BY_ID, 1), "2", payload) == "42501"
    assert stored(vault) == BEFORE


@pytest.mark.parametrize(
    ("columns", "payload", "code_"),
    [
        (("id", "name"), {"id": 9, "name": "Eve"}, "answered"),
        (("id", "name"), {"id": 10, "name": "Eve"}, "42501"),
        (("id", "points"), {"id": 10, "points": 1}, "answered"),
        (("id", "points"), {"id": 9, "points": 1}, "42501"),
        (("id", "name", "points"), {"id": 9, "name": "Eve", "points": 1}, "42501"),
        (("id",), {"id": 9}, "answered"),
    ],
)
def test_one_rule_s_check_does_not_serve_another_s_columns(
    columns: tuple[str, ...], payload: Any, code_: str, vault: Vault
) -> None:
    assert code(vault, overlapping(), Insert(ACCOUNTS, columns, single=True), json.dumps(payload)) == code_


def test_each_updated_row_must_pass_the_check_of_a_rule_that_let_it_be_updated(vault: Vault) -> None:
    policies, base, clerk = inheriting()
    base.may("read", Account, columns="*")
    base.may("update", Account, columns=["name"], rows=Account.id == 1, check=Account.name == "one")
    clerk.may("update", Account, columns=["name"], rows=Account.id == 2, check=Account.name == "two")
    update = Update(ACCOUNTS, ("name",), ANY_ID, 1)
    assert code(vault, policies, update, "0", '{"name": "two"}') == "42501"
    assert stored(vault) == BEFORE
    assert code(vault, policies, update, "1", '{"name": "two"}') == "answered"
    assert stored(vault)[1] == (2, "two", 1, 20)


# Hints

MISSPELT = ("account_label", "vault_number", "pin_code", "salarry", "brokerz", "brokr")


@pytest.mark.parametrize(
    ("shape", "hinted"),
    [
        (Read(TableRef("brokerz")), ""),
        (Read(TableRef("account_label")), "accounts"),
        (Read(TableRef("accountz")), "accounts"),
        (Read(ACCOUNTS, (Pick(Field("salarry")),)), ""),
        (Read(ACCOUNTS, (Pick(Field("vault_numbers")),)), ""),
        (Read(ACCOUNTS, (Pick(Field("emial")),)), "email"),
        (Read(ACCOUNTS, (Embed("brokr", select=(Star(),)),)), ""),
        (Insert(ACCOUNTS, ("pin_codes",)), ""),
        (Insert(ACCOUNTS, ("emails",)), "email"),
        (Read(TEAMS, (Embed("accounts", hint="vault_number", select=(Star(),)),)), ""),
    ],
    ids=str,
)
def test_a_hint_names_visible_names_alone(shape: Shape, hinted: str, vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Account, columns=["id", "name", "email", "team_id"]).may("read", Team, columns="*")
    clerk.may("create", Account, columns=["id", "name", "email"], presets={"pin_code": "zq-pin"})
    problem = told(vault, policies, shape, "[]")
    assert isinstance(problem, Problem)
    said = [name for name in MISSPELT if name in str(shape)]
    assert given_away(problem, said) == []
    assert hinted in (problem.hint or "")
    assert bool(hinted) or problem.hint is None


def test_a_relation_that_is_hidden_is_no_choice() -> None:
    policies, clerk = roles()
    clerk.may("read", market.Region, columns="*").may("read", market.Store, columns=["id", "region_id"])
    read = Read(TableRef("stores"), (Embed("regions", select=(Star(),)),))
    assert decide(read, "clerk", market.CATALOG, Policy(market.CATALOG, policies), Limits())
    clerk.may("read", market.Store, columns=["return_region_id"])
    with pytest.raises(Problem) as raised:
        decide(read, "clerk", market.CATALOG, Policy(market.CATALOG, policies), Limits())
    assert raised.value.code == "PGRST201"
    assert "return_region_id" in str(raised.value.details)


# Rows that move, and rows that are another's


@pytest.mark.parametrize("rest", [{}, {"check": MINE}], ids=["no check", "check"])
def test_an_update_can_not_move_a_row_out_of_reach(rest: dict[str, Any], vault: Vault) -> None:
    policies = everything(may("update", Account, columns=["team_id"], rows=MINE, **rest))
    assert code(vault, policies, Update(ACCOUNTS, ("team_id",), BY_ID, 1), "1", '{"team_id": 2}') == "42501"
    assert code(vault, policies, Update(ACCOUNTS, ("team_id",), ANY_ID, 1), "0", '{"team_id": null}') == "42501"
    assert stored(vault) == BEFORE


@pytest.mark.parametrize(
    ("shape", "values", "wanted"),
    [
        (Update(ACCOUNTS, ("team_id",), BY_ID, 1), ("3", '{"team_id": 1}'), "answered"),
        (Insert(ACCOUNTS, ("id", "team_id"), conflict=Conflict.MERGE), ('[{"id": 3, "team_id": 1}]',), "42501"),
        (Insert(ACCOUNTS, ("id", "team_id"), conflict=Conflict.IGNORE), ('[{"id": 3, "team_id": 1}]',), "answered"),
        (Put(ACCOUNTS, ("id", "team_id"), BY_ID, 1), ("3", '{"id": 3, "team_id": 1}'), "42501"),
        (Put(ACCOUNTS, ("id", "team_id"), BY_ID, 1), ("1", '{"id": 3, "team_id": 1}'), "PGRST115"),
    ],
    ids=["update", "merge", "ignore", "put", "put of another key"],
)
@pytest.mark.parametrize(
    "rows",
    [MINE, Account.team.has(Team.owner == "ann"), Account.team_id == 1, Account.sponsor.has(Account.name == "Nobody")],
    ids=["related to a claim", "related to a constant", "own", "self"],
)
def test_no_write_moves_a_row_into_reach(shape: Shape, values: Any, wanted: str, rows: Any, vault: Vault) -> None:
    policies = everything(
        may("create", Account, columns=["id", "team_id"], presets={"pin_code": "zq-pin"}),
        may("update", Account, columns=["id", "team_id"], rows=rows),
    )
    assert code(vault, policies, shape, *values) == wanted
    assert stored(vault) == BEFORE


@pytest.mark.parametrize("check", [MINE, or_(MINE, Account.id < 0)], ids=["claim", "or"])
def test_an_insert_that_breaks_its_check_inserts_no_row_at_all(check: Any, vault: Vault) -> None:
    policies = everything(
        may("create", Account, columns=["id", "team_id"], presets={"pin_code": "zq-pin"}, check=check)
    )
    rows = '[{"id": 8, "team_id": 1}, {"id": 9, "team_id": 2}]'
    assert code(vault, policies, Insert(ACCOUNTS, ("id", "team_id")), rows) == "42501"
    assert code(vault, policies, Insert(ACCOUNTS, ("id", "team_id"), single=True), '{"id": 9}') == "42501"
    assert stored(vault) == BEFORE


@pytest.mark.parametrize(
    ("name", "wanted"), [("Eve", "42501"), ("Bob", "answered"), (None, "42501")], ids=["broken", "kept", "unknown"]
)
@pytest.mark.parametrize("action", ["create", "update"])
def test_a_negated_check_is_kept_or_broken_as_a_whole(action: str, name: str | None, wanted: str, vault: Vault) -> None:
    check = not_(and_(Account.id > 0, Account.name == "Eve"))
    policies = everything(
        may("create", Account, columns=["id", "name"], presets={"pin_code": "zq-pin"}, check=check),
        may("update", Account, columns=["id", "name"], check=check),
    )
    shape: Shape = Insert(ACCOUNTS, ("id", "name"), payload=1, single=True)
    if action == "update":
        shape = Update(ACCOUNTS, ("name",), BY_ID, 1)
    assert code(vault, policies, shape, "1", json.dumps({"id": 9, "name": name})) == wanted


def test_an_upsert_updates_nothing_for_a_role_that_may_only_create(vault: Vault) -> None:
    policies = everything(may("create", Account, columns=["id", "name"], presets={"pin_code": "zq-pin"}))
    merge = Insert(ACCOUNTS, ("id", "name"), conflict=Conflict.MERGE)
    assert code(vault, policies, merge, '[{"id": 1, "name": "Eve"}]') == "42501"
    assert code(vault, policies, Put(ACCOUNTS, ("id", "name"), BY_ID, 1), "1", '{"id": 1, "name": "Eve"}') == "42501"
    assert stored(vault) == BEFORE


def test_an_upsert_updates_the_columns_that_the_role_may_update_alone(vault: Vault) -> None:
    policies = everything(
        may("create", Account, columns=["id", "name", "points"], presets={"pin_code": "zq-pin"}),
        may("update", Account, columns=["name"]),
    )
    merge = Insert(ACCOUNTS, ("id", "name", "points"), conflict=Conflict.MERGE)
    assert code(vault, policies, merge, '[{"id": 1, "name": "Eve", "points": 1}]') == "42501"
    assert stored(vault) == BEFORE


@pytest.mark.parametrize(
    ("id_", "points", "wanted"), [(9, 50, "answered"), (9, 500, "42501"), (1, 50, "answered"), (1, 500, "42501")]
)
def test_whatever_an_upsert_writes_passes_the_checks_of_both_its_rules(
    id_: int, points: int, wanted: str, vault: Vault
) -> None:
    policies = everything(
        may("create", Account, columns=["id", "points"], presets={"pin_code": "zq-pin"}, check=Account.points < 1_000),
        may("update", Account, columns=["points"], check=Account.points < 100),
    )
    row = json.dumps([{"id": id_, "points": points}])
    assert code(vault, policies, Insert(ACCOUNTS, ("id", "points"), conflict=Conflict.MERGE), row) == wanted
    new = json.dumps([{"id": 10, "points": 500}])
    assert code(vault, policies, Insert(ACCOUNTS, ("id", "points")), new) == "answered"


def test_a_check_sees_other_rows_as_they_were_before_the_statement(vault: Vault) -> None:
    """As PostgreSQL's own row security does."""
    columns = ("id", "name", "sponsor_id")
    policies = everything(
        may(
            "create",
            Account,
            columns=columns,
            presets={"pin_code": "zq-pin"},
            check=or_(Account.sponsor_id.is_(None), Account.sponsor.has(Account.name == "Eve")),
        )
    )
    first, second = {"id": 8, "name": "Eve"}, {"id": 9, "name": "Bob", "sponsor_id": 8}
    insert = Insert(ACCOUNTS, columns)
    assert code(vault, policies, insert, json.dumps([first, second])) == "42501"
    assert code(vault, policies, insert, json.dumps([first])) == "answered"
    assert code(vault, policies, insert, json.dumps([second])) == "answered"


@pytest.mark.parametrize("column", ["pin_code", "name"])
def test_a_payload_does_not_overrule_a_preset(column: str, vault: Vault) -> None:
    policies = everything(may("create", Account, columns="*", presets={"pin_code": "zq-pin", "name": claim.sub}))
    told(vault, policies, Insert(ACCOUNTS, ("id", column)), json.dumps([{"id": 9, column: "mine"}]))
    assert [tuple(row) for row in vault.sql("SELECT pin_code, name FROM accounts WHERE id = 9")] in (
        [],
        [("zq-pin", "ann")],
    )


# Filters of writes


@pytest.mark.parametrize(
    ("where", "value", "wanted"),
    [
        (BY_ID, "3", 0),
        (BY_ID, "2", 1),
        (Compare(Field("name"), Operator.EQ, Slot(0)), "Zelda", 0),
        (Not(Compare(Field("name"), Operator.EQ, Slot(0))), "Nobody", 2),
        (Compare(Field("points"), Operator.EQ, Slot(0)), "10", 1),
        (Compare(Field("points"), Operator.EQ, Slot(0)), "20", 0),
        (Is(Field("points"), Truth.NULL), "", 1),
    ],
    ids=str,
)
def test_a_write_s_filter_sees_what_its_caller_reads(where: Condition, value: str, wanted: int, vault: Vault) -> None:
    """Else the number of affected rows would answer any question about the others."""
    policies, clerk = roles()
    clerk.may("read", Account, columns=["id", "name"], rows=MINE).may("read", Team, columns="*")
    clerk.may("read", Account, columns=["points"], rows=Account.id == 1)
    clerk.may("update", Account, columns=["name"]).may("delete", Account)
    update = Update(ACCOUNTS, ("name",), where, 1)
    assert vault.ask(vault.pipeline(policies), update, value, '{"name": "Eve"}', who=ANN).rows == wanted


def test_a_write_by_a_role_that_reads_nothing_takes_no_filter(vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("update", Account, columns=["name"], unfiltered=True).may("delete", Account)
    assert code(vault, policies, Update(ACCOUNTS, ("name",), BY_ID, 1), "1", '{"name": "Eve"}') == "42501"
    assert code(vault, policies, Delete(ACCOUNTS, BY_ID), "1") == "42501"
    assert code(vault, policies, Update(ACCOUNTS, ("name",), returning=Returning(format=Format.ARRAY)), "{}") == "42501"
    assert stored(vault) == BEFORE


# Pages


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        (Embed("accounts", select=(Pick(Field("id")),)), 1),
        (Embed("accounts", select=(Pick(Field("id")),), limit=100), 1),
        (Embed("accounts", select=(Pick(Field("id")),), limit=0), 0),
    ],
    ids=["no limit", "a larger limit", "a smaller limit"],
)
def test_an_embed_holds_no_more_rows_than_its_own_table_s_rule_allows(item: Item, wanted: int, vault: Vault) -> None:
    policies, clerk = roles()
    clerk.may("read", Team, columns="*").may("read", Account, columns="*", rows_max=1)
    (team,) = body(vault, policies, Read(TEAMS, (item,), BY_ID), "1")
    assert len(team["accounts"]) == wanted
    assert len(ids(vault, policies)) == 1
    spread = Embed("accounts", spread=True, select=(Pick(Field("id"), "ids"),), limit=100)
    assert [len(row["ids"]) for row in body(vault, policies, Read(TEAMS, (spread,), BY_ID), "1")] == [1]

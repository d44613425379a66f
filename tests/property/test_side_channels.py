"""What a role can't see is to it as if it were not there: whatever it does with the name, a made-up one fares the same.

How long an answer takes is out of scope.
"""

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from mainstay.core.condition import (
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
    Field,
    Is,
    Not,
    Operator,
    Or,
    Slot,
    Step,
    Through,
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
from mainstay.core.rule import Action, Rule
from mainstay.policy.declare import Policies, claim
from mainstay.policy.select import Policy
from property import market
from property.stage import Stage
from property.vault import (
    HIDDEN_COLUMNS,
    Account,
    Label,
    Team,
    Vault,
    given_away,
    texts_of,
)
from property.worlds import World, random_database, random_rows

ANN = Principal("clerk", {"sub": "ann"})
COUNTED = Pick(None, None, Aggregate.COUNT)
NO_NAME = "qqqqqq"
MINE = Account.team.has(Team.owner == claim.sub)

Template = Callable[[str, str], Shape]
"""(table, name) → an operation that says the name somewhere."""


def where(table: str, condition: Condition, **rest: Any) -> Read:
    return Read(TableRef(table), (), condition, **rest)


def select(table: str, *items: Item, **rest: Any) -> Read:
    return Read(TableRef(table), items, **rest)


def equals(name: str, *path: Step, to: str | None = None) -> Compare:
    return Compare(Field(name, path, to), Operator.EQ, Slot(0))


def over(name: str) -> Aggregation:
    return Aggregation(Aggregate.MAX, Field(name), of=Through("sponsored", TRUE))


def total(name: str) -> Aggregation:
    return Aggregation(Aggregate.MAX, Field(name))


def returning(*items: Item) -> Returning:
    return Returning(items, format=Format.ARRAY)


COLUMN_TEMPLATES: dict[str, Template] = {
    "filter": lambda table, name: where(table, equals(name)),
    "filter in": lambda table, name: where(table, Compare(Field(name), Operator.IN, Slot(1, many=True))),
    "filter like": lambda table, name: where(table, Compare(Field(name), Operator.LIKE, Slot(0))),
    "filter by text": lambda table, name: where(table, Compare(Field(name), Operator.FTS, Slot(0))),
    "filter through cast": lambda table, name: where(table, equals(name, to="text")),
    "filter through arrow": lambda table, name: where(table, equals(name, Step("a", text=True))),
    "null test": lambda table, name: where(table, Is(Field(name), Truth.NULL)),
    "or tree": lambda table, name: where(table, Or((Or(()), Not(And((equals(name), equals(name))))))),
    "filter of related rows": lambda table, name: where(table, Not(Through("sponsored", equals(name)))),
    "filter by aggregate": lambda table, name: where(table, Compare(over(name), Operator.GT, Slot(0))),
    "null test on aggregate": lambda table, name: where(table, Not(Is(over(name), Truth.NULL))),
    "filter in aggregate": lambda table, name: where(
        table,
        Compare(Aggregation(Aggregate.COUNT, None, equals(name), Through("sponsored", TRUE)), Operator.GT, Slot(0)),
    ),
    "order by aggregate": lambda table, name: select(table, Star(), order=(Order(over(name)),)),
    "filter of a relation": lambda table, name: where(table, Or((Through(name, TRUE), equals("id")))),
    "count": lambda table, name: where(table, equals(name), count=Count.EXACT, format=Format.NONE),
    "order": lambda table, name: select(table, Star(), order=(Order(Field(name)),)),
    "order through arrow": lambda table, name: select(table, Star(), order=(Order(Field(name, (Step("a"),))),)),
    "select": lambda table, name: select(table, Pick(Field(name))),
    "select with alias": lambda table, name: select(table, Pick(Field(name), "other")),
    "select through arrow": lambda table, name: select(table, Pick(Field(name, (Step("a"),)), "other")),
    "select through cast": lambda table, name: select(table, Pick(Field(name, (), "text"), "other")),
    "aggregate": lambda table, name: select(table, Pick(Field(name), None, Aggregate.MAX)),
    "aggregate filter": lambda table, name: select(table, Pick(None, None, Aggregate.COUNT, where=equals(name))),
    "having": lambda table, name: select(table, COUNTED, having=Compare(total(name), Operator.GT, Slot(0))),
    "having filter": lambda table, name: select(
        table, COUNTED, having=Is(Aggregation(Aggregate.COUNT, None, equals(name)), Truth.NULL)
    ),
    "order of groups": lambda table, name: select(table, COUNTED, order=(Order(total(name)),)),
    "distinct": lambda table, name: select(table, Star(), distinct=(Field(name),)),
    "page by key": lambda table, name: select(table, Star(), order=(Order(Field(name)),), after=(Slot(0), Slot(0))),
    "counted values": lambda table, name: select(table, Pick(Field(name), None, Aggregate.COUNT)),
    "group": lambda table, name: select(table, Pick(Field(name)), Pick(None, None, Aggregate.COUNT)),
    "embed": lambda table, name: select(table, Embed(name, select=(Star(),))),
    "null test on embed": lambda table, name: select(table, Embed(name), where=Is(Field(name), Truth.NULL)),
    "inner embed": lambda table, name: select(table, Star(), Embed(name, join=Join.INNER)),
    "insert": lambda table, name: Insert(TableRef(table), (name,)),
    "insert with default": lambda table, name: Insert(TableRef(table), (name,), defaults=True),
    "update": lambda table, name: Update(TableRef(table), (name,), Is(Field(name), Truth.NULL), payload=0),
    "update where": lambda table, name: Update(TableRef(table), (), equals(name)),
    "delete where": lambda table, name: Delete(TableRef(table), equals(name)),
    "put where": lambda table, name: Put(TableRef(table), (), equals(name)),
    "upsert on": lambda table, name: Insert(
        TableRef(table), (), conflict=Conflict.MERGE, on_conflict=(name,), returning=Returning(format=Format.NONE)
    ),
    "insert or ignore on": lambda table, name: Insert(
        TableRef(table), (), conflict=Conflict.IGNORE, on_conflict=(name,)
    ),
    "insert returning": lambda table, name: Insert(TableRef(table), (), returning=returning(Pick(Field(name)))),
    "delete returning": lambda table, name: Delete(TableRef(table), returning=returning(Pick(Field(name)))),
}
TABLE_TEMPLATES: dict[str, Template] = {
    "read": lambda _, name: select(name, Star()),
    "count of rows": lambda _, name: select(name, count=Count.EXACT, format=Format.NONE),
    "insert into": lambda _, name: Insert(TableRef(name), ("id",)),
    "update of": lambda _, name: Update(TableRef(name), ("id",), equals("id")),
    "delete from": lambda _, name: Delete(TableRef(name), equals("id")),
    "put into": lambda _, name: Put(TableRef(name), ("id",), equals("id")),
    "embed": COLUMN_TEMPLATES["embed"],
    "embed by hint": lambda table, name: select(table, Embed("teams", hint=name, select=(Star(),))),
    "null test on embed": COLUMN_TEMPLATES["null test on embed"],
    "order by relation": lambda table, name: select(table, Star(), order=(Order(Field("id"), relation=name),)),
    "filter of related rows": lambda table, name: where(table, Through(name, equals("id"))),
    "filter by number of related rows": lambda table, name: where(
        table, Compare(Aggregation(Aggregate.COUNT, of=Through(name, TRUE)), Operator.GT, Slot(0))
    ),
    "order by number of related rows": lambda table, name: select(
        table, Star(), order=(Order(Aggregation(Aggregate.COUNT, of=Through(name, TRUE))),)
    ),
    "filter of rows related by hint": lambda table, name: where(table, Through("teams", TRUE, name)),
    "filter of rows further on": lambda table, name: where(table, Through("team", Through(name, equals("id")))),
    "spread": lambda table, name: select(table, Embed(name, spread=True, select=(Star(),))),
    "returning": lambda table, name: Delete(TableRef(table), returning=returning(Embed(name, select=(Star(),)))),
}
VALUES = ('{"id": 1}', ("1",))


@pytest.fixture(scope="module")
def vault(postgres: Any) -> Iterator[Vault]:
    vault = Vault(postgres.create_database())
    yield vault
    vault.close()


@pytest.fixture
def fresh(vault: Vault) -> Vault:
    vault.reset()
    return vault


def clerks(**update: Any) -> Policies:
    """A clerk sees and writes the accounts of teams that she owns, but for their hidden columns."""
    policies = Policies()
    clerk = policies.role("clerk")
    visible = ["id", "name", "email", "team_id", "sponsor_id", "points", "notes", "share"]
    clerk.may("read", Account, columns=visible, rows=MINE)
    clerk.may("read", Team, columns="*")
    clerk.may("read", Label, columns="*")
    clerk.may("create", Account, columns=["id", "name", "email", "team_id"], presets={"pin_code": "zq-pin"})
    clerk.may("update", Account, columns=["name", "email"], rows=MINE, **update)
    clerk.may("delete", Account, rows=MINE, unfiltered=True)
    clerk.may("delete", Team)
    return policies


@pytest.mark.parametrize("hidden", HIDDEN_COLUMNS)
@pytest.mark.parametrize("template", COLUMN_TEMPLATES)
def test_a_hidden_column_is_as_unknown_as_none(template: str, hidden: str, fresh: Vault) -> None:
    same_problem(fresh, COLUMN_TEMPLATES[template], "accounts", hidden)


@pytest.mark.parametrize("hidden", ["brokers", "account_labels", "broker", "accounts_broker", "junction_account"])
@pytest.mark.parametrize("template", TABLE_TEMPLATES)
def test_a_hidden_table_or_relation_is_as_unknown_as_none(template: str, hidden: str, fresh: Vault) -> None:
    same_problem(fresh, TABLE_TEMPLATES[template], "accounts", hidden)


@pytest.mark.parametrize("template", ["embed", "spread", "null test on embed", "filter of related rows"])
def test_a_relation_through_a_hidden_junction_is_none(template: str, fresh: Vault) -> None:
    same_problem(fresh, TABLE_TEMPLATES[template], "accounts", "labels")
    same_problem(fresh, TABLE_TEMPLATES[template], "labels", "accounts")


@pytest.mark.parametrize("template", ["filter", "order", "select", "aggregate", "null test", "or tree"])
def test_a_hidden_column_is_as_unknown_inside_an_embed(template: str, fresh: Vault) -> None:
    def embedded(table: str, name: str) -> Shape:
        inner = COLUMN_TEMPLATES[template]("accounts", name)
        assert isinstance(inner, Read)
        select_ = inner.select or (Star(),)
        return select(table, Embed("accounts", select=select_, where=inner.where, order=inner.order))

    same_problem(fresh, embedded, "teams", "salary")


def same_problem(vault: Vault, template: Template, table: str, hidden: str) -> None:
    pipeline = vault.pipeline(clerks())
    problems = [vault.told(pipeline, template(table, name), *VALUES, who=ANN) for name in (hidden, NO_NAME)]
    for name, problem in zip((hidden, NO_NAME), problems, strict=True):
        assert isinstance(problem, Problem)
        assert given_away(problem, [name]) == []
    assert said(problems[0], hidden) == said(problems[1], NO_NAME)


def said(problem: Problem | Result, name: str) -> tuple[str, ...]:
    """What a problem says of the name; its hint aside, which is made of known names that look like it."""
    assert isinstance(problem, Problem)
    code, message, details, _, where = (re.sub(rf"\b{name}\b", "NAME", text) for text in texts_of(problem))
    return code, message, details, where


@pytest.mark.parametrize("number", range(40))
def test_under_any_policy_what_is_not_granted_is_as_unknown_as_none(number: int, stage: Stage) -> None:
    random = Random(f"hidden/{number}")
    policy = random_grants(random)
    world = World(f"hidden/{number}", policy, random_database(random))
    stage.fill(world)
    pipeline = stage.pipeline(world)
    who = Principal("clerk", {"sub": "ann", "level": 1, "stores": [1], "names": ["ann"]})
    compared = 0
    known = {key: {name for rule in rules_of(policy, key) for name in rule.columns} for key in market.CATALOG.tables}
    base = next(key.name for key in known if known[key])
    for key, table in market.CATALOG.tables.items():
        hidden = [name for name in table.columns if name not in known[key]] if known[key] else [key.name]
        templates = COLUMN_TEMPLATES if known[key] else TABLE_TEMPLATES
        for name in hidden:
            for template in templates.values():
                shapes = [template(key.name if known[key] else base, each) for each in (name, NO_NAME)]
                one, other = (stage.run(telling(pipeline, shape, who)) for shape in shapes)
                assert said(one, name) == said(other, NO_NAME), (key, name)
                compared += 1
    assert compared


async def telling(pipeline: Any, shape: Shape, who: Principal) -> Problem | Result:
    try:
        result: Result = await pipeline.run(Operation(shape, VALUES), who)
    except Problem as problem:
        return problem
    return result


def rules_of(policy: Policy, key: Any) -> list[Rule]:
    return [rule for action in Action for rule in policy.rules("clerk", action, key)]


def random_grants(random: Random) -> Policy:
    """One role with grants of every action on some columns of some tables."""
    policies = Policies()
    role = policies.role("clerk")
    for key, model in market.MODELS.items():
        table = market.CATALOG.tables[key]
        columns = random.sample(list(table.columns), random.randint(1, len(table.columns) - 1))
        if random.random() < 0.3:
            continue
        rows = None if random.random() < 0.5 else random_rows(random, model, table, 1)
        role.may("read", model, columns=columns, rows=rows)
        role.may("create", model, columns=columns[: random.randint(1, len(columns))])
        role.may("update", model, columns=columns[: random.randint(1, len(columns))], rows=rows, check=None)
        role.may("delete", model, rows=rows)
    return Policy(market.CATALOG, policies)

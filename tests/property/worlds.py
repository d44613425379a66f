"""Random worlds: what the tables hold, who may see what of it, and who asks."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from sqlalchemy import and_, false, func, not_, or_

from mainstay.core.catalog import Column, Kind, Table, TableKey
from mainstay.core.principal import Principal
from mainstay.core.rule import Action
from mainstay.policy.declare import Policies, claim
from mainstay.policy.select import Policy
from mainstay.testing.oracle import Database
from mainstay.testing.values import JSON_NULL
from property.market import CATALOG, MODELS

TEXTS = ["ann", "bob", "cy", "Ann", "", "a_b", "100%", "it's", 'say "x"', "a,b", "{x}", "back\\slash", "ü", "null", "7"]
COMMON = ["ann", "bob", "cy"]
DATES = [date(2024, 2, 29), date(2024, 12, 31), date(2025, 1, 1)]
NUMBERS = [Decimal("0"), Decimal("1.5"), Decimal("2.50"), Decimal("-3"), Decimal("10")]
DOCUMENTS: list[Any] = [
    JSON_NULL,
    7,
    "ann",
    [1, "ann", None],
    {"s": "ann", "n": 1},
    {"s": "bob", "n": 2, "in": {"k": True}, "list": [1, 2.5, None, {"k": "ann"}]},
    {"s": None, "n": None, "in": {"k": None}},
    {"s": "", "list": []},
]
LABELS: list[Any] = [[], ["ann"], ["bob", "ann"], ["a,b", 'say "x"'], ["x", None]]
SOME_CLAIMS: dict[str, list[Any]] = {
    "sub": ["ann", "bob", "cy", ""],
    "level": [0, 1, 2, 3],
    "stores": [[1, 2], [3], [], [None, 2], 1],
    "names": [["ann"], ["bob", "cy", "100%"], [], [None], "ann"],
    "flag": [True, False],
    "pattern": ["a%", "%b%", "_n_"],
    "org": [{"region": 1}, {"region": 2}, {"region": None}, {}],
}


class World(msgspec.Struct, frozen=True, eq=False):
    """All that an answer depends on but the operation and who asks."""

    name: str
    policy: Policy
    database: Database


def make_world(random: Random, name: str) -> World:
    return World(name, Policy(CATALOG, random_policies(random)), random_database(random))


def random_database(random: Random) -> dict[TableKey, list[dict[str, Any]]]:
    return {key: _rows(random, table) for key, table in CATALOG.tables.items()}


def _rows(random: Random, table: Table) -> list[dict[str, Any]]:
    """Rows in order of their key: that is the order in which they are stored, too."""
    wanted = random.choice([0, 1, 4, 6, 8, 10]) if random.random() < 0.3 else 7
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _ in range(wanted):
        row = {name: random_value(random, column) for name, column in table.columns.items()}
        found[tuple(row[name] for name in table.primary_key)] = row
    return [found[key] for key in sorted(found)]


def random_value(random: Random, column: Column) -> Any:
    if column.nullable and random.random() < 0.2:
        return None
    match column.type.kind:
        case Kind.INTEGER:
            return random.randint(1, 5) if not column.nullable else random.randint(0, 4)
        case Kind.TEXT:
            return random.choice(COMMON if random.random() < 0.6 else TEXTS)
        case Kind.NUMERIC:
            return random.choice(NUMBERS)
        case Kind.BOOLEAN:
            return random.random() < 0.6
        case Kind.DATE:
            return random.choice(DATES)
        case Kind.JSON:
            return random.choice(DOCUMENTS)
        case Kind.ARRAY:
            return random.choice(LABELS)
    raise NotImplementedError(column.type.kind)


def random_principal(random: Random, role: str) -> Principal:
    claims: dict[str, Any] = {}
    for name, values in SOME_CLAIMS.items():
        chance = random.random()
        if chance < 0.8:
            claims[name] = random.choice(values)
        elif chance < 0.9:
            claims[name] = None
    return Principal(role, claims)


def random_policies(random: Random) -> Policies:
    """One to four roles; each may inherit from those before it."""
    policies = Policies()
    for number in range(random.randint(1, 4)):
        earlier = list(policies.roles.values())
        inherited = [role for role in earlier if random.random() < 0.5]
        role = policies.role(f"role{number}", inherits=inherited)
        for key, model in MODELS.items():
            chance = random.random()
            for _ in range(0 if chance < 0.15 else 1 if chance < 0.8 else 2):
                role.may("read", model, **random_rule(random, CATALOG.tables[key], model))
    return policies


def random_rule(random: Random, table: Table, model: Any) -> dict[str, Any]:
    columns: Any = "*"
    if random.random() < 0.6:
        named = [name for name in table.columns if random.random() < (0.85 if name in table.primary_key else 0.6)]
        columns = named or [random.choice(list(table.columns))]
    rows = None if random.random() < 0.45 else random_rows(random, model, table, 2)
    rule: dict[str, Any] = {"columns": columns, "rows": rows}
    if random.random() < 0.08:
        rule["rows_max"] = random.randint(1, 4)
    return rule


def random_rows(random: Random, model: Any, table: Table, depth: int) -> Any:
    """A policy's expression over the model, with claims, relations, and, or and not."""
    chance = random.random()
    if depth and chance < 0.3:
        parts = [random_rows(random, model, table, depth - 1) for _ in range(2)]
        return random.choice([and_, or_])(*parts)
    if depth and chance < 0.4:
        return not_(random_rows(random, model, table, depth - 1))
    relations = [relation for relation in table.relations if relation.name is not None]
    if depth and relations and chance < 0.65:
        return _related(random, model, random.choice(relations), depth)
    if chance > 0.98:
        return false()
    return _leaf(random, model, random.choice(list(table.columns.values())))


def _related(random: Random, model: Any, relation: Any, depth: int) -> Any:
    attribute = getattr(model, relation.name)
    target = MODELS[relation.target]
    exists = attribute.has if relation.to_one else attribute.any
    if random.random() < 0.2:
        return exists()
    return exists(random_rows(random, target, CATALOG.tables[relation.target], depth - 1))


def _leaf(random: Random, model: Any, column: Column) -> Any:
    attribute = model.c[column.name] if hasattr(model, "c") else getattr(model, column.name)
    if random.random() < 0.12:
        return random.choice([attribute.is_(None), attribute.is_not(None)])
    return random.choice(LEAVES[column.type.kind])(random, attribute)


Leaf = Callable[[Random, Any], Any]
LEAVES: dict[Kind, list[Leaf]] = {
    Kind.TEXT: [
        lambda random, column: column == claim.sub,
        lambda random, column: column == claim.sub,
        lambda random, column: column != claim.sub,
        lambda random, column: column.is_distinct_from(claim.sub),
        lambda random, column: column.in_(claim.names),
        lambda random, column: column.not_in(claim.names),
        lambda random, column: column.like(claim.pattern),
        lambda random, column: column == random.choice(TEXTS),
        lambda random, column: column.in_(random.sample(TEXTS, 3)),
        lambda random, column: column.startswith("a", autoescape=True),
        lambda random, column: column.not_ilike("A%"),
        lambda random, column: func.lower(column) == "ann",
        lambda random, column: func.coalesce(column, "ann") == claim.sub,
        lambda random, column: func.length(column) > 2,
    ],
    Kind.INTEGER: [
        lambda random, column: column == claim.level,
        lambda random, column: column <= claim.level,
        lambda random, column: column != claim.level,
        lambda random, column: column.is_not_distinct_from(claim.level),
        lambda random, column: column.in_(claim.stores),
        lambda random, column: column.not_in(claim.stores),
        lambda random, column: column == claim.org.region,
        lambda random, column: column >= random.randint(1, 3),
        lambda random, column: column.between(1, 3),
        lambda random, column: column.in_([1, 2, 4]),
        lambda random, column: column < column.table.c[random.choice(_integers(column))],
    ],
    Kind.NUMERIC: [
        lambda random, column: column > random.choice(NUMBERS),
        lambda random, column: column <= claim.level,
    ],
    Kind.BOOLEAN: [
        lambda random, column: column,
        lambda random, column: ~column,
        lambda random, column: column.is_(True),
        lambda random, column: column.is_not(False),
        lambda random, column: column == claim.flag,
    ],
    Kind.DATE: [lambda random, column: column >= DATES[1], lambda random, column: column != DATES[0]],
    Kind.JSON: [
        lambda random, column: column["s"].astext == claim.sub,
        lambda random, column: column["in"]["k"].astext == "true",
        lambda random, column: column["s"].astext.in_(claim.names),
        lambda random, column: column[("list", 0)].astext.is_not(None),
    ],
    Kind.ARRAY: [
        lambda random, column: column.contains(["ann"]),
        lambda random, column: column.overlap(["bob", "a,b"]),
    ],
}


def _integers(column: Any) -> list[str]:
    return [name for name, each in column.table.c.items() if str(each.type) == "INTEGER"]


def full_policies() -> Policies:
    """One role that reads everything."""
    policies = Policies()
    role = policies.role("all")
    for model in MODELS.values():
        role.may("read", model, columns="*")
    return policies


def roles_that_read(world: World) -> list[str]:
    return [
        role
        for role in world.policy.roles
        if any(Action.READ in world.policy.actions(role, key) for key in CATALOG.tables)
    ]

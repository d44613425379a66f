"""The rules of a world as PostgreSQL's own: grants on columns and row-level security, for roles of the same names."""

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import sqlalchemy as sa

from mainstay.core.catalog import Table
from mainstay.core.condition import TRUE, Claim, Field, Slot
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, Item, Pick, Read, Star
from mainstay.core.problem import Problem
from mainstay.core.rule import Action
from mainstay.plan.relation import find_relation
from mainstay.plan.view import View
from mainstay.policy.declare import Policies
from mainstay.policy.select import Policy
from mainstay.sql.binds import DIALECT, Binds, inline
from mainstay.sql.condition import Conditions, Scope, plain_table
from property.market import CATALOG, MODELS
from property.worlds import World, random_database, random_rows

ROLES = ("role0", "role1", "role2")


class ClaimsInSql(Binds):
    """Claims as code in the database reads them; a policy has no request's values."""

    def text(self, source: Slot | Claim, *, constant: bool = False) -> Any:
        assert isinstance(source, Claim)
        path = inline("{" + ",".join(source.path) + "}")
        claims = sa.literal_column("current_setting('request.jwt.claims')::json", sa.Text())
        value = claims.op("#>>")(path)
        if not source.many:
            return value
        json = claims.op("#>")(path)
        found = sa.literal_column("item.value", sa.Text())
        every = sa.func.json_array_elements_text(
            sa.case((sa.func.json_typeof(json) == inline("array"), json), else_=sa.func.json_build_array(value))
        )
        items = sa.select(sa.func.array_agg(found)).select_from(every.table_valued("value").alias("item"))
        array = sa.func.coalesce(items.where(found.is_not(None)).scalar_subquery(), sa.literal_column("'{}'::text[]"))
        return sa.case((value.is_not(None), sa.cast(array, sa.Text())), else_=sa.null())


def make_world(random: Random, name: str) -> World:
    """Some roles, each with at most one rule a table, which looks at no other table: what both can say alike."""
    policies = Policies()
    for role_name in ROLES:
        role = policies.role(role_name)
        for key, model in MODELS.items():
            if random.random() < 0.85:
                alone = msgspec.structs.replace(CATALOG.tables[key], relations=())
                rows = None if random.random() < 0.3 else random_rows(random, model, alone, 2)
                role.may("read", model, columns=random_columns(random, alone), rows=rows)
    return World(name, Policy(CATALOG, policies), random_database(random))


def random_columns(random: Random, table: Table) -> Any:
    if random.random() < 0.4:
        return "*"
    return [name for name in table.columns if random.random() < 0.7] or [*table.columns][:1]


def statements(world: World) -> Iterator[str]:
    """What makes the database enforce the world's rules, in the place of another world's."""
    for key, table in CATALOG.tables.items():
        name = f"{key.schema}.{key.name}"
        yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
        yield f"REVOKE ALL ON {name} FROM {', '.join(ROLES)}"
        for role in ROLES:
            yield f"DROP POLICY IF EXISTS {role} ON {name}"
            for rule in world.policy.rules(role, Action.READ, key):
                columns = ", ".join(f'"{column}"' for column in sorted(rule.columns))
                yield f"GRANT SELECT ({columns}) ON {name} TO {role}"
                scope = Scope(table, plain_table(table))
                rows = (
                    sa.true() if rule.rows == TRUE else Conditions(CATALOG, ClaimsInSql()).condition(scope, rule.rows)
                )
                text = rows.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True, "render_postcompile": True})
                yield f"CREATE POLICY {role} ON {name} FOR SELECT TO {role} USING ({text})"


def spelt_out(read: Read, policy: Policy, role: str) -> Read:
    """The read with every column named: to the database, a star is all columns, granted or not."""
    table = CATALOG.find(read.table.schema or "public", read.table.name)
    if table is None:
        return read
    view = View(CATALOG, policy, role, Limits())
    return msgspec.structs.replace(read, select=_spelt_out(read.select, table, view))


def _spelt_out(items: tuple[Item, ...], table: Table, view: View) -> tuple[Item, ...]:
    found: list[Item] = []
    for item in items:
        match item:
            case Star():
                found += [Pick(Field(name)) for name in view.star(table)]
            case Embed():
                found.append(msgspec.structs.replace(item, select=_spelt_out_in(item, table, view)))
            case _:
                found.append(item)
    return tuple(found)


def _spelt_out_in(embed: Embed, table: Table, view: View) -> tuple[Item, ...]:
    try:
        relation = find_relation(view, table, embed.target, embed.hint, "select")
        return _spelt_out(embed.select, view.target(relation), view)
    except Problem:  # a name that means nothing, which both have to say
        return embed.select

"""Rules in Python and the same as row-level security show the same; so do declared tables and reflected ones.

PostgreSQL is the oracle here: it enforces its own policies, whatever statement Mainstay makes.
"""

import asyncio
from collections.abc import Iterator, Sequence
from random import Random

import msgspec
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint

from mainstay.cache.bounded import Bounded
from mainstay.core.catalog import Catalog, Relation, Table
from mainstay.pipeline import Pipeline
from mainstay.policy.defer import Deferred
from mainstay.policy.environment import Impersonation
from mainstay.reflect.database import reflect_database
from mainstay.stores.postgres.introspect import introspect
from property import rls
from property.market import CATALOG, Base
from property.operations import random_read
from property.stage import Answer, Example, Stage, agree, expected, report, shares
from property.worlds import World, make_world, random_principal, roles_that_read
from services.postgres import Postgres

WORLDS = 40
READS = 12
QUESTIONS = 3


@pytest.fixture(scope="module")
def guarded(postgres: Postgres) -> Iterator[Stage]:
    """A stage of its own, because what row-level security is put on it stays."""
    postgres.run(
        *(f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$" for role in rls.ROLES)
    )
    stage = Stage(postgres.create_database())
    yield stage
    stage.close()


def test_row_level_security_shows_what_the_same_rules_in_python_do(
    guarded: Stage, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[Answer] = []
    for number in range(WORLDS):
        answers += compare_with_the_database(guarded, f"{seed}/{number}")
    share = shares(answers)
    with capsys.disabled():
        print(f"\n{len(answers):,} reads under row-level security: {share['filled']:.0%} hold something")
    assert share["filled"] > 0.3
    assert share["refused"] < 0.3


def compare_with_the_database(stage: Stage, name: str) -> list[Answer]:
    random = Random(f"rls {name}")
    world = rls.make_world(random, name)
    stage.fill(world)
    stage.run(stage.connection.execute(";".join(rls.statements(world))))
    examples = list(random_examples(random, world))
    paths = dict.fromkeys((None, *CATALOG.schemas), "public")
    impersonation = Impersonation(paths, mentioned={"request.jwt.claims"})
    deferring = Pipeline(CATALOG, Deferred(CATALOG), stage.store, stage.limits, Bounded(1_000), impersonation)
    ours = stage.ask(stage.pipeline(world), examples)
    theirs = stage.ask(deferring, examples)
    for example, mine, other in zip(examples, ours, theirs, strict=True):
        # A column that a rule hides is not there in policy mode; the database denies it, unless the statement came
        # out without it (`true OR hidden IS NULL`).
        refused = mine.code is not None and (other.code is not None or mine.code == "42703")
        alike = refused or agree(mine, other, ordered=example.asked.ordered)
        if not alike:
            pytest.fail(report(world, example, other, mine, deferring), pytrace=False)
    return theirs


def random_examples(random: Random, world: World) -> Iterator[Example]:
    roles = roles_that_read(world)
    for _ in range(READS if roles else 0):
        role = random.choice(roles)
        asked = random_read(random, world.policy, role)
        asked = asked._replace(read=rls.spelt_out(asked.read, world.policy, role))
        for _ in range(QUESTIONS):
            values = tuple(make(random) for make in asked.makers)
            yield Example(asked, values, random_principal(random, role))


@pytest.fixture(scope="module")
def related(postgres: Postgres) -> Iterator[tuple[Stage, Catalog]]:
    """A stage whose tables have the foreign keys that the models declare, and what is reflected of it."""
    stage = Stage(postgres.create_database())
    keys = [key for table in Base.metadata.sorted_tables for key in table.foreign_key_constraints]
    for key in keys:
        text = str(AddConstraint(key).compile(dialect=postgresql.dialect()))
        stage.run(stage.connection.execute(f"{text} NOT VALID"))
    stage.run(stage.connection.execute("SET session_replication_role = replica"))  # rows may still point nowhere
    found = asyncio.run(introspect(stage.url, ("public",)))
    yield stage, reflect_database(found, ("public",), 1)
    stage.close()


def test_the_same_tables_are_the_same_declared_and_reflected(related: tuple[Stage, Catalog]) -> None:
    _, reflected = related
    assert reflected.tables.keys() == CATALOG.tables.keys()
    for key, table in CATALOG.tables.items():
        found = reflected.tables[key]
        assert {name: (column.type.kind, column.nullable) for name, column in found.columns.items()} == {
            name: (column.type.kind, column.nullable) for name, column in table.columns.items()
        }
        assert found.primary_key == table.primary_key
        assert {identity(each) for each in found.relations} == {identity(each) for each in table.relations}


def test_declared_and_reflected_tables_answer_alike(related: tuple[Stage, Catalog], seed: int) -> None:
    stage, reflected = related
    named = with_names(reflected)
    answers: list[Answer] = []
    for number in range(WORLDS):
        random = Random(f"reflected {seed}/{number}")
        world = make_world(random, f"{seed}/{number}")
        stage.fill(world)
        examples = list(any_examples(random, world))
        there = Pipeline(named, world.policy, stage.store, stage.limits, Bounded(1_000))
        for example, got in zip(examples, stage.ask(there, examples), strict=True):
            want = expected(world, example)
            if not agree(want, got, ordered=example.asked.ordered):
                pytest.fail(report(world, example, want, got, there), pytrace=False)
            answers.append(got)
    assert shares(answers)["filled"] > 0.3


def any_examples(random: Random, world: World) -> Sequence[Example]:
    roles = roles_that_read(world)
    examples = []
    for _ in range(READS if roles else 0):
        role = random.choice(roles)
        asked = random_read(random, world.policy, role)
        examples.append(Example(asked, tuple(make(random) for make in asked.makers), random_principal(random, role)))
    return examples


def with_names(reflected: Catalog) -> Catalog:
    """The reflected catalog with its relations in the declared order and by their models' names.

    A policy knows a relation by its place, and only a model gives it a name.
    """

    def renamed(table: Table) -> Table:
        found = {identity(each): each for each in table.relations}
        relations = tuple(
            msgspec.structs.replace(found[identity(each)], name=each.name)
            for each in CATALOG.tables[table.key].relations
        )
        return msgspec.structs.replace(table, relations=relations)

    return msgspec.structs.replace(reflected, tables={key: renamed(table) for key, table in reflected.tables.items()})


def identity(relation: Relation) -> object:
    """What a relation is, whatever it is called."""
    middle = relation.junction
    through = None if middle is None else (middle.table, frozenset(middle.source_pairs), frozenset(middle.target_pairs))
    return (relation.target, relation.to_one, frozenset(relation.pairs), relation.outgoing, through)

"""Tables with constraints that hold, and much in them that a clerk may not see.

What is hidden has names and values that occur nowhere else, so that a text which holds one of them gives it away.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.schema import CreateTable

from mainstay.cache.bounded import Bounded
from mainstay.core.limits import Limits
from mainstay.core.operation import Operation, Shape, Value
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.pipeline import Pipeline
from mainstay.policy.declare import Policies
from mainstay.policy.select import Policy
from mainstay.reflect.models import reflect_models
from mainstay.stores.postgres import PostgresSettings, PostgresStore

T = TypeVar("T")


class Base(DeclarativeBase):
    pass


account_labels = Table(
    "account_labels",
    Base.metadata,
    Column("account_id", ForeignKey("accounts.id", name="junction_account"), primary_key=True),
    Column("label_id", ForeignKey("labels.id", name="junction_label"), primary_key=True),
    Column("strength", Integer),
)


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    accounts: Mapped[list["Account"]] = relationship(back_populates="team")


class Broker(Base):
    __tablename__ = "brokers"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    codename: Mapped[str | None] = mapped_column(Text, unique=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", name="brokers_team"))


class Label(Base):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(Text)
    accounts: Mapped[list["Account"]] = relationship(secondary=account_labels, back_populates="labels")


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("salary >= 0", name="salary_is_paid"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text, unique=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", name="accounts_team"))
    sponsor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", name="accounts_sponsor"))
    points: Mapped[int | None]
    notes: Mapped[Any] = mapped_column(JSONB, nullable=True)
    parts: Mapped[int | None]
    salary: Mapped[int | None]
    pin_code: Mapped[str] = mapped_column(Text)
    vault_number: Mapped[int | None] = mapped_column(unique=True)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("brokers.id", name="accounts_broker"))

    team: Mapped["Team | None"] = relationship(back_populates="accounts")
    sponsor: Mapped["Account | None"] = relationship(remote_side=[id], back_populates="sponsored")
    sponsored: Mapped[list["Account"]] = relationship(back_populates="sponsor")
    broker: Mapped["Broker | None"] = relationship()
    labels: Mapped[list["Label"]] = relationship(secondary=account_labels, back_populates="accounts")

    @hybrid_property
    def share(self) -> Any:
        return self.points / self.parts


CATALOG = reflect_models(Base)
HIDDEN_COLUMNS = ["salary", "pin_code", "vault_number", "broker_id", "parts"]
HIDDEN_TABLES = ["brokers", "account_labels"]
OTHER_HIDDEN_NAMES = [
    "broker",
    "codename",
    "strength",
    "salary_is_paid",
    "accounts_broker",
    "accounts_vault_number_key",
    "brokers_codename_key",
    "brokers_team",
    "junction_account",
    "junction_label",
]
HIDDEN_VALUES = ["990", "991", "zq-pin", "zq-codename", "Zelda", "zelda@", "zq-level"]
SECRETS = [*HIDDEN_COLUMNS, *HIDDEN_TABLES, *OTHER_HIDDEN_NAMES, *HIDDEN_VALUES]

# Ann's accounts are 1 and 2; Zelda's, which is hidden from her, is 3.
ROWS = """
INSERT INTO teams VALUES (1, 'red', 'ann'), (2, 'blue', 'zoe');
INSERT INTO brokers VALUES (990, 'zq-codename', 1), (991, NULL, NULL);
INSERT INTO labels VALUES (1, 'vip'), (2, 'new');
INSERT INTO accounts
    (id, name, email, team_id, sponsor_id, points, notes, parts, salary, pin_code, vault_number, broker_id)
VALUES
    (1, 'Ada', 'ada@example.org', 1, NULL, 10, '{"level": 1}', 2, 990, 'zq-pin', 990, 990),
    (2, 'Bea', 'bea@example.org', 1, 1, 20, '{"level": 2}', 4, 991, 'zq-pin', 991, NULL),
    (3, 'Zelda', 'zelda@example.org', 2, 1, 990, '{"level": "zq-level"}', 0, 990, 'zq-pin', NULL, 991);
INSERT INTO account_labels VALUES (1, 1, 5), (2, 2, 5), (3, 1, 5);
"""


class Vault:
    """The tables in a database of their own, with ROWS in them after each `reset`."""

    def __init__(self, url: str) -> None:
        dialect = postgresql.dialect()
        tables = [str(CreateTable(table).compile(dialect=dialect)) for table in Base.metadata.sorted_tables]
        self.loop = asyncio.new_event_loop()
        self.connection: Any = self.run(asyncpg.connect(url))
        self.run(self.connection.execute(";".join(tables)))
        self.store = PostgresStore(url, PostgresSettings(lanes_read=1, lanes_write=1))
        self.run(self.store.start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def sql(self, text: str) -> Any:
        return self.run(self.connection.fetch(text))

    def reset(self, rows: str = ROWS) -> None:
        names = ", ".join(table.name for table in Base.metadata.sorted_tables)
        self.run(self.connection.execute(f"TRUNCATE {names} CASCADE; {rows}"))

    def close(self) -> None:
        self.run(self.store.close())
        self.run(self.connection.close())
        self.loop.close()

    def pipeline(self, policies: Policies) -> Pipeline:
        return Pipeline(CATALOG, Policy(CATALOG, policies), self.store, Limits(), Bounded(1_000))

    def ask(self, pipeline: Pipeline, shape: Shape, *values: Value, who: Principal) -> Result:
        return self.run(pipeline.run(Operation(shape, values), who))

    def told(self, pipeline: Pipeline, shape: Shape, *values: Value, who: Principal) -> Problem | Result:
        """The answer, or the problem instead of it."""
        try:
            return self.ask(pipeline, shape, *values, who=who)
        except Problem as problem:
            return problem


def texts_of(problem: Problem) -> tuple[str, str, str, str, str]:
    """All that a caller reads of a problem."""
    return (problem.code, problem.message, str(problem.details), str(problem.hint), str(problem.where))


def given_away(problem: Problem, asked: Sequence[str] = ()) -> list[str]:
    """The secrets in a problem's texts, but for what the caller has said."""
    text = " ".join(texts_of(problem))
    for each in asked:
        text = text.replace(each, "")
    return [secret for secret in SECRETS if secret in text]

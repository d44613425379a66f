"""A few boards with notes on them, who may read which, and a stage: an app on a database, and those who subscribe."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mainstay import Mainstay, claim
from mainstay.app import announcing
from mainstay.app.running import Answering
from mainstay.core.environment import NONE, Environment
from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.core.result import Result
from mainstay.core.statement import Statement
from mainstay.evolve.sync import create_missing
from mainstay.wires.graphql import Question
from mainstay.wires.graphql.request import read_question

WAIT_S = 20.0
NEVER_MS = 600_000
ROWS = """
INSERT INTO boards VALUES (1, 'Sea'), (2, 'Weather');
INSERT INTO notes VALUES (1, 1, 'ada', 'Tide'), (2, 1, 'ben', 'Salt'), (3, 2, 'ada', 'Rain');
"""


class Base(DeclarativeBase):
    pass


class Board(Base):
    __tablename__ = "boards"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    notes: Mapped[list["Note"]] = relationship(back_populates="board")


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[int] = mapped_column(ForeignKey("boards.id"))
    owner: Mapped[str]
    text: Mapped[str]
    board: Mapped[Board] = relationship(back_populates="notes")


def boards(**settings: Any) -> Mainstay:
    app = Mainstay(Base, **settings)
    visitor = app.role("anonymous")
    visitor.may("read", Board, columns="*")
    visitor.may("read", Note, columns="*")
    member = app.role("member")
    member.may("read", Note, columns="*", rows=Note.owner == claim.sub)
    friend = app.role("friend")
    friend.may("read", Board, columns="*", rows=Board.notes.any(Note.owner == claim.sub))
    return app


def question(text: str, variables: Any = None) -> Question:
    body = json.dumps({"query": text, "variables": variables}).encode()
    return read_question(Request("POST", "/graphql", "", {"content-type": "application/json"}, body))


class Listening:
    """One subscriber."""

    def __init__(self, answers: AsyncIterator[bytes]) -> None:
        self.answers = answers

    async def next(self) -> Any:
        """The value of the one root field in his next answer."""
        async with asyncio.timeout(WAIT_S):
            [value] = json.loads(await anext(self.answers))["data"].values()
            return value


class Stage:
    """A started app, its database, and the statements that its live queries came to: for each, how many it answers."""

    def __init__(self, app: Mainstay, database: "asyncpg.Connection[Any]") -> None:
        self.app = app
        self.database = database
        self.statements: list[int] = []
        self.gate = asyncio.Event()
        """What was asked comes back once it is set."""

        self.gate.set()
        self._ask = self.answering.pipeline.store.execute_many
        self.answering.pipeline.store.execute_many = self._counted

    @property
    def answering(self) -> Answering:
        assert self.app._running is not None
        return self.app._running.current

    def subscribe(self, text: str, variables: Any = None, role: str = "anonymous", **claims: Any) -> Listening:
        principal = Principal(role, claims)
        return Listening(self.answering.graph.subscribe(question(f"subscription {text}", variables), principal))

    async def run(self, sql: str) -> None:
        await self.database.execute(sql)

    async def _counted(
        self, statement: Statement, many: Sequence[Sequence[str | None]], environment: Environment = NONE
    ) -> list[Result]:
        self.statements.append(len(many))
        results = await self._ask(statement, many, environment)
        await self.gate.wait()
        return results


Play = Callable[[Stage], Awaitable[None]]


def on_stage(
    url: str, play: Play, *before: str, app: Mainstay | None = None, announces: bool = True, **settings: Any
) -> None:
    """Play on a new database, that announces its changes; nothing is polled, unless `live_poll_ms` says so.

    `before` are statements that the database begins with.
    """

    async def main() -> None:
        served = app or boards()
        served.configure(served.settings.replace(**{"database_url": url, "live_poll_ms": NEVER_MS, **settings}))
        database = await asyncpg.connect(url)
        await create_missing(database, served.metadata)
        for statement in (ROWS, *before):
            await database.execute(statement)
        if served.reflects:
            await served.load()
        if announces:
            await announcing.carry_out(url, await announcing.installation(served, url))
        await served.start()
        try:
            await play(Stage(served, database))
        finally:
            await database.close()
            await served.stop()

    asyncio.run(main())

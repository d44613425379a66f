"""The corridor: one plan for a role, nothing of a caller in it, and an exact price for a warm request."""

import asyncio
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import pytest

from cinema.app import ANNA, BERT, cinema
from mainstay import Mainstay
from mainstay.cache.bounded import Bounded
from mainstay.core.environment import NONE, Environment
from mainstay.core.exchange import Request
from mainstay.core.operation import Ending, Operation
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Statement
from mainstay.pipeline import Pipeline, StatementKey, bind_value
from mainstay.stores.postgres import PostgresStore

# Python calls of one warm GET by key between the server's hands and the store's: parse, authenticate, look the
# statement up, bind, render with an entity tag. A change of this number changes what every request costs: mean it.
WARM_READ_CALLS = 25


class Recorder:
    """A store that answers at once, and remembers what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[Statement, Sequence[str | None]]] = []

    async def execute(
        self, statement: Statement, binds: Sequence[str | None], ending: Ending, environment: Environment = NONE
    ) -> Result:
        self.asked.append((statement, binds))
        return Result(body=b"[]", rows=0)

    async def start(self) -> None: ...

    async def close(self) -> None: ...


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    for name in ("start", "execute", "close"):
        monkeypatch.setattr(PostgresStore, name, getattr(recorder, name))
    return recorder


def operation(app: Mainstay, query: str, table: str = "reviews") -> Operation:
    return app.parse(Request("GET", f"/rest/v1/{table}", query, {}))


def pipeline(app: Mainstay, store: Recorder, memory: Bounded[StatementKey, Statement]) -> Pipeline:
    return Pipeline(app.catalog, app.policy, store, app.limits, memory)  # type: ignore[arg-type]


def test_two_principals_of_a_role_share_a_plan_and_differ_in_their_binds_alone() -> None:
    app, store, memory = cinema(), Recorder(), Bounded[StatementKey, Statement](10)
    corridor = pipeline(app, store, memory)
    for sub in (ANNA, BERT):
        asyncio.run(corridor.run(operation(app, "id=eq.1"), Principal("member", {"sub": sub})))
    (first, for_anna), (second, for_bert) = store.asked
    assert first is second
    assert len(memory) == 1
    assert set(for_anna) == {"1", ANNA}
    assert set(for_bert) == {"1", BERT}
    assert ANNA not in first.text


def test_roles_do_not_share_a_plan() -> None:
    app, memory = cinema(), Bounded[StatementKey, Statement](10)
    corridor = pipeline(app, Recorder(), memory)
    for role in ("anonymous", "member"):
        asyncio.run(corridor.run(operation(app, "id=eq.1"), Principal(role, {"sub": ANNA})))
    assert len(memory) == 2


def test_another_policy_never_meets_an_old_plan() -> None:
    memory = Bounded[StatementKey, Statement](10)
    before, after = cinema(), cinema()
    after.policies.roles["anonymous"].grants.clear()
    after.policies.roles["anonymous"].may("read", "reviews", columns=["id"])
    texts = []
    for app in (before, after):
        store = Recorder()
        asyncio.run(pipeline(app, store, memory).run(operation(app, ""), Principal("anonymous")))
        texts.append(store.asked[0][0].text)
    assert "stars" in texts[0]
    assert "stars" not in texts[1]


def test_plans_are_kept_within_their_bound() -> None:
    app, memory = cinema(), Bounded[StatementKey, Statement](3)
    corridor = pipeline(app, Recorder(), memory)
    for limit in range(10):
        asyncio.run(corridor.run(operation(app, f"limit={limit}"), Principal("anonymous")))
    assert len(memory) == 3


@pytest.mark.parametrize("sub", [None, ...])
def test_a_preset_without_its_claim_sends_nothing(sub: Any) -> None:
    app, store = cinema(), Recorder()
    request = Request(
        "POST", "/rest/v1/reviews", "", {"content-type": "application/json"}, b'{"film_id": 1, "stars": 1}'
    )
    claims = {} if sub is ... else {"sub": sub}
    with pytest.raises(Problem) as refused:
        asyncio.run(pipeline(app, store, Bounded(10)).run(app.parse(request), Principal("member", claims)))
    assert refused.value.code == "42501"
    assert store.asked == []


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("x", "x"),
        (7, "7"),
        (True, "true"),
        (1.5, "1.5"),
        ({"a": 1}, '{"a":1}'),
        (None, None),
    ],
)
def test_a_claim_is_sent_as_postgresql_reads_it(claim: Any, text: str | None) -> None:
    app = cinema()
    _, statement = app.prepare(operation(app, ""), Principal("member"))
    (bind,) = statement.binds
    assert bind_value(bind, (), Principal("member", {"sub": claim})) == text


def test_a_warm_read_makes_exactly_so_many_calls(recorder: Recorder) -> None:
    app = cinema(database_url="postgresql://nowhere")
    requests = [Request("GET", "/rest/v1/films", f"id=eq.{number}", {"accept": "*/*"}) for number in range(3)]

    async def main() -> list[str]:
        await app.start()
        for request in requests[:2]:
            await app.handle(request)
        calls = await counted(app, requests[2])
        await app.stop()
        return calls

    calls = asyncio.run(main())
    assert len(calls) == WARM_READ_CALLS, calls
    assert len({id(statement) for statement, _ in recorder.asked}) == 1


async def counted(app: Mainstay, request: Request) -> list[str]:
    """The Python functions of ours that the request calls, in order."""
    calls: list[str] = []

    def profile(frame: FrameType, event: str, _: Any) -> None:
        comprehension = frame.f_code.co_name.startswith("<")  # a frame of its own up to Python 3.11 alone
        if event == "call" and "/mainstay/" in frame.f_code.co_filename and not comprehension:
            calls.append(frame.f_code.co_qualname)

    sys.setprofile(profile)
    try:
        await app.handle(request)
    finally:
        sys.setprofile(None)
    return calls

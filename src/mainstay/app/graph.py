"""GraphQL's way through the rooms: what a role may name, the operation, the answer.

The names of a role are gathered the first time that it sends a document which is not known yet, and kept.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TypeAlias

from mainstay.app.granting import Granting
from mainstay.app.locking import Recorder
from mainstay.app.served import Served
from mainstay.cache.bounded import Bounded
from mainstay.core.exchange import Request, Response
from mainstay.core.idempotency import kept, parse_once, replayed
from mainstay.core.operation import Operation
from mainstay.core.ports import Transaction
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.told import told_of
from mainstay.event.expiry import expires
from mainstay.event.live import Asked, Live, changing
from mainstay.event.stream import batches
from mainstay.pipeline import Pipeline
from mainstay.plan.describe import Seen
from mainstay.sql.ledger import Ledger
from mainstay.transact.together import Transacted, transact
from mainstay.wires.graphql import CONVENTIONS, GraphWire, Index, Prepared, Question, Vocabulary

VOCABULARIES_MAX = 20
"""Roles whose names are kept."""


Told: TypeAlias = tuple[tuple[str, str], ...]


class Graph:
    """Answers GraphQL for one catalog."""

    def __init__(  # noqa: PLR0913, PLR0917 - the rooms that it joins
        self,
        wire: GraphWire,
        pipeline: Pipeline,
        granting: Granting,
        ledger: Ledger,
        served: Served,
        live: Live,
        current: "Callable[[], Graph]",
        *,
        aggregates: bool,
        naming: str,
        recorder: Recorder | None = None,
    ) -> None:
        self.wire = wire
        self.ledger = ledger
        self.pipeline = pipeline
        self.granting = granting
        self.told = served.wire.told
        self.live = live
        self.current = current
        """What answers now, which a subscription may outlast."""
        self.aggregates = aggregates
        self.recorder = recorder
        catalog = pipeline.catalog
        self.index = Index(catalog.named, catalog.schemas, exposure=served.exposure, names=CONVENTIONS[naming])
        self._vocabularies: Bounded[str, Vocabulary] = Bounded(VOCABULARIES_MAX)

    async def answer(self, request: Request, principal: Principal) -> Response:
        """Raises Problem."""
        question, settings = self.wire.parse(request), told_of(request, self.told)
        prepared = await self.prepared(question, principal, settings)
        if prepared.live:
            return self.wire.answer(request, prepared, ())
        operations = self.wire.operations(prepared, question, settings)
        if prepared.writes:
            return await self._transact(request, prepared, operations, principal)
        results = [await self.pipeline.run(operation, principal) for operation in operations]
        return self.wire.answer(request, prepared, results)

    async def answers(self, request: Request, principal: Principal) -> AsyncGenerator[bytes, None]:
        """One answer to a query or a mutation, and those to a subscription for as long as it lasts. Raises Problem."""
        question, settings = self.wire.parse(request), told_of(request, self.told)
        if (await self.prepared(question, principal, settings)).live:
            async with aclosing(self.subscribe(question, principal, settings)) as answers:
                async for answer in answers:
                    yield answer
        else:
            yield (await self.answer(request, principal)).body or b""

    async def prepared(self, question: Question, principal: Principal, settings: Told = ()) -> Prepared:
        """What the question comes to for the role: a query, a mutation or a subscription. Raises Problem."""
        role = principal.role
        prepared = self.wire.known(question, role)
        if prepared is None:  # what is wrong with it tells of names, so it is asked first whether the caller is served
            await self.pipeline.admit(principal, settings)
            vocabulary = await self._vocabulary(role)
            if self.wire.is_long(question):  # as a tool's introspection is, which no list of operations is to hold
                return await asyncio.to_thread(self.wire.prepare, question, role, vocabulary)
            prepared = self.wire.prepare(question, role, vocabulary)
            if self.recorder is not None:
                self.recorder.record(question.text)
        return prepared

    async def subscribe(
        self, question: Question, principal: Principal, settings: Told = ()
    ) -> AsyncGenerator[bytes, None]:
        """A subscription's answer `{"data": …}` at once, and again whenever it is another one.

        Raises Problem; PGRST303 when the caller's token expires meanwhile. `settings` are what code in the database may
        ask about the request (`told_of`).
        """
        prepared = await self.prepared(question, principal, settings)
        if not prepared.live:
            raise Problem("unexpected-payload", "only subscriptions can be subscribed to", where="$")

        async def ask() -> Asked:
            nonlocal prepared
            graph = self.current()
            prepared = await graph.prepared(question, principal, settings)
            [operation] = graph.wire.operations(prepared, question, settings)
            return Asked(graph.pipeline, operation, principal)

        results = batches if prepared.streams else changing
        async with aclosing(results(self.live, ask, expires(principal, self.live.rules.leeway_s))) as found:
            async for result in found:
                yield self.wire.body(prepared, [result])

    async def _transact(
        self, request: Request, prepared: Prepared, operations: Sequence[Operation], principal: Principal
    ) -> Response:
        """All writes in order: one is a statement that commits by itself, several are one transaction."""

        async def answer(transaction: Transaction | None) -> Response:
            results = []
            for step, operation in zip(prepared.steps, operations, strict=True):
                with placed(step.place):
                    results.append(await self.pipeline.run(operation, principal, transaction))
            return self.wire.answer(request, prepared, results)

        once = parse_once(request, self.pipeline.limits.idempotency_key_max)
        if once is None and len(operations) < 2:
            return await answer(None)
        transacted = Transacted(answer, kept, once)
        response, again = await transact(self.pipeline.store, self.ledger, principal, transacted)
        return replayed(response, ()) if again else response

    async def _vocabulary(self, role: str) -> Vocabulary:
        known = self._vocabularies.get(role)
        if known is None:
            catalog, policy = self.pipeline.catalog, await self.granting(role)
            limits = self.pipeline.limits_of(role)
            known = Vocabulary(
                Seen(catalog, policy, role, limits), self.index, aggregates=self.aggregates, limits=limits
            )
            self._vocabularies.put(role, known)
        return known


@contextmanager
def placed(place: str) -> Iterator[None]:
    """A problem in here that names no place of the document is with this one."""
    try:
        yield
    except Problem as problem:
        if problem.where is None or not problem.where.startswith("$"):
            problem.where = place
        raise

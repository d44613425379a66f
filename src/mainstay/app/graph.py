"""GraphQL's way through the rooms: what a role may name, the operation, the answer.

The names of a role are gathered the first time that it sends a document which is not known yet, and kept.
"""

from mainstay.app.granting import Granting
from mainstay.cache.bounded import Bounded
from mainstay.core.exchange import Request, Response
from mainstay.core.principal import Principal
from mainstay.core.told import told_of
from mainstay.pipeline import Pipeline
from mainstay.plan.describe import describe
from mainstay.wires.graphql import GraphWire, Vocabulary

VOCABULARIES_MAX = 20
"""Roles whose names are kept."""


class Graph:
    """Answers GraphQL for one catalog. `told` are the settings that tell code in the database of a request."""

    def __init__(
        self, wire: GraphWire, pipeline: Pipeline, granting: Granting, told: frozenset[str], *, aggregates: bool
    ) -> None:
        self.wire = wire
        self.pipeline = pipeline
        self.granting = granting
        self.told = told
        self.aggregates = aggregates
        self._vocabularies: Bounded[str, Vocabulary] = Bounded(VOCABULARIES_MAX)

    async def answer(self, request: Request, principal: Principal) -> Response:
        """Raises Problem."""
        question, role = self.wire.parse(request), principal.role
        settings = told_of(request, self.told)
        prepared = self.wire.known(question, role)
        if prepared is None:  # what is wrong with it tells of names, so it is asked first whether the caller is served
            await self.pipeline.admit(principal, settings)
            prepared = self.wire.prepare(question, role, await self._vocabulary(role))
        if prepared.empty:
            return self.wire.answer(request, prepared, None)
        operation = self.wire.operation(prepared, question, settings)
        return self.wire.answer(request, prepared, await self.pipeline.run(operation, principal))

    async def _vocabulary(self, role: str) -> Vocabulary:
        known = self._vocabularies.get(role)
        if known is None:
            catalog, policy = self.pipeline.catalog, await self.granting(role)
            limits = self.pipeline.limits
            described = [describe(catalog, policy, role, limits, schema=schema) for schema in catalog.schemas]
            known = Vocabulary(described, aggregates=self.aggregates)
            self._vocabularies.put(role, known)
        return known

"""Requests against a reflected database: the catalog as it was found, and a policy that leaves all to the database."""

import asyncio
import json
from typing import Any

from mainstay.cache.bounded import Bounded
from mainstay.core.catalog import Catalog
from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.operation import Ending
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.pipeline import Pipeline
from mainstay.policy.declare import Policies
from mainstay.policy.defer import Deferred
from mainstay.policy.select import Policy
from mainstay.reflect.database import reflect_database
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from mainstay.stores.postgres.introspect import introspect
from mainstay.wires.rest import RestWire

LIMITS = Limits()


class Reflected:
    """`ask` a reflected database: as one who may do whatever its owner may, or under policies as one of their roles.

    What a request writes is rolled back.
    """

    def __init__(
        self,
        url: str,
        schemas: tuple[str, ...],
        extra_search_path: tuple[str, ...],
        policies: Policies | None = None,
    ) -> None:
        self.runner = asyncio.Runner()
        found = self.runner.run(introspect(url, schemas, extra_search_path))
        self.catalog: Catalog = reflect_database(found, schemas, 1)
        self.wire = RestWire(prefix="", schemas=schemas, ending=Ending.ROLLBACK)
        self.store = PostgresStore(url, PostgresSettings(lanes_read=1, lanes_write=1, lanes_shared=1))
        deferred = Deferred(self.catalog, unfiltered=True)
        policy = deferred if policies is None else Policy(self.catalog, policies)
        self.pipeline = Pipeline(self.catalog, policy, self.store, LIMITS, Bounded(100))
        self.runner.run(self.store.start())

    def ask(self, asked: str, body: object = None, role: str = "anyone", **headers: str) -> Any:
        """The answer's JSON. `asked` is such as `GET /films?id=eq.1`, `role` one of the policies. Raises Problem."""
        method, _, target = asked.partition(" ")
        path, _, query = target.partition("?")
        payload = b"" if body is None else json.dumps(body).encode()
        call = self.wire.parse(Request(method, path, query, headers, payload))
        assert call.operation is not None
        answer = self.runner.run(self.pipeline.run(call.operation, Principal(role, {})))
        return json.loads(answer.body or b"null")

    def refusal(self, asked: str, role: str = "anyone") -> Problem:
        """The problem that the request is answered with."""
        try:
            answer = self.ask(asked, role=role)
        except Problem as problem:
            return problem
        raise AssertionError(f"it was answered: {answer}")

    def close(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()

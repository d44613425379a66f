"""A started app: the rooms put together for a catalog, and a request's way through them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

import msgspec

from mainstay.app.conversing import Conversing
from mainstay.app.granting import Granting
from mainstay.app.graph import Graph
from mainstay.app.locking import Recorder, read_lock
from mainstay.app.refresh import Refresher
from mainstay.app.served import Served
from mainstay.auth.authenticate import Authenticator, Known
from mainstay.auth.jwt import TokenRules
from mainstay.auth.session import DEFAULT_ROLE, Sessions
from mainstay.cache.bounded import Bounded
from mainstay.core.exchange import Request, Response, Upgrade
from mainstay.core.idempotency import kept
from mainstay.core.operation import Operation
from mainstay.core.ports import Store, Transaction
from mainstay.core.principal import Principal
from mainstay.core.problem import DeclarationError, Problem
from mainstay.core.result import Result
from mainstay.core.statement import Statement
from mainstay.event.live import Asked, Live, LiveRules, alive
from mainstay.event.silent import Silent
from mainstay.pipeline import Pipeline, StatementKey
from mainstay.plan.describe import describe
from mainstay.settings import Settings
from mainstay.sql.dialect import POSTGRESQL, SQLITE, Dialect
from mainstay.sql.ledger import ledger_of
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from mainstay.stores.postgres.feed import PostgresFeed
from mainstay.stores.sqlite import SQLiteSettings, SQLiteStore
from mainstay.transact.precondition import isolation_of, run_within
from mainstay.transact.together import Transacted, about, transact
from mainstay.why import why
from mainstay.wires.graphql import GraphWire
from mainstay.wires.rest import Batch, BatchWire, Call, RestWire
from mainstay.wires.rest.openapi import openapi_document

DescriptionKey = tuple[str, str | None, bool]

# What OPTIONS says of a function that changes nothing.
READABLE = ("OPTIONS", "GET", "HEAD", "POST")

RECORDED = ".mainstay/operations"

OTHERS = frozenset({"mysql", "mariadb", "mongodb", "mssql", "oracle"})

# OpenAPI documents kept, one for each role, schema and way of asking; a role comes from a token, so it is bounded.
DESCRIPTIONS_MAX = 100


class Running:
    """What exists between `start` and `stop`. `current` answers; a database read anew puts another in its place."""

    current: "Answering"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = _store(settings, database_url(settings))
        self.authenticator = _authenticator(settings)
        self.conversing = Conversing(lambda: self.current, settings.jwt_leeway_s)
        self.refresher: Refresher | None = None
        feed = PostgresFeed(database_url(settings), self.store) if isinstance(self.store, PostgresStore) else Silent()
        self.live = Live(feed, _live_rules(settings))

    async def refresh(self, load: Callable[[], Awaitable[object]]) -> None:
        """From now on call `load` whenever a NOTIFY asks for it."""
        if self.settings.reload_channel:
            self.refresher = Refresher(database_url(self.settings), self.settings.reload_channel, load)
            await self.refresher.start()

    async def stop(self) -> None:
        if self.refresher is not None:
            await self.refresher.stop()
        await self.live.stop()
        await self.store.close()

    def connect(self, request: Request) -> Response | Upgrade:
        """The answer to a request for a socket. What is then said over it is answered by whatever is current."""
        wire = self.current.graph.wire
        if request.path not in wire.paths:
            nowhere = Problem("PGRST125", "There is no socket at this path", where="path")
            return self.current.wire.refuse(nowhere, anonymous=True, request=request)
        try:
            return wire.open(request, self.conversing, self.settings.cors_origins)
        except Problem as problem:
            return wire.refuse(problem, request, anonymous=True)

    def serve(self, served: Served) -> None:
        granting = Granting(served, self.store, unfiltered=self.settings.unfiltered_allowed)
        pipeline = make_pipeline(served, self.store, self.settings, granting)
        self.current = Answering(
            self.settings, served, pipeline, granting, self.authenticator, self.live, self.conversing
        )
        self.live.serve(served.catalog.named)


class Answering:
    """The rooms, put together for one catalog."""

    def __init__(  # noqa: PLR0913, PLR0917 - the rooms that it joins
        self,
        settings: Settings,
        served: Served,
        pipeline: Pipeline,
        granting: Granting,
        authenticator: Authenticator,
        live: Live,
        conversing: Conversing,
    ) -> None:
        self.settings = settings
        self.granting = granting
        self.log_requests = settings.log_requests
        self.trace_header = None if settings.trace_header is None else settings.trace_header.lower()
        self.finishes = self.log_requests or self.trace_header is not None
        self.served = served
        self.wire = served.wire
        self.pipeline = pipeline
        self.batches = BatchWire(served.wire, settings.batch_path)
        self.ledger = ledger_of(settings.idempotency_hours)
        self.authenticator = authenticator
        self.conversing = conversing
        self.live = live
        self.sessions = _sessions(settings)
        self.descriptions: Bounded[DescriptionKey, bytes] = Bounded(DESCRIPTIONS_MAX)
        self.graph = Graph(
            _graph_wire(settings),
            pipeline,
            granting,
            self.ledger,
            served,
            live,
            lambda: conversing.current().graph,
            aggregates=settings.aggregates_enabled,
            naming=settings.graphql_naming,
            recorder=_recorder(settings),
        )

    async def handle(self, request: Request) -> Response:
        if request.method == "OPTIONS" and (answer := self.wire.preflight(request)) is not None:
            return answer  # a browser sends no token with it (Fetch standard, CORS-preflight fetch)
        if request.path in self.graph.wire.paths:
            return await self._graph(request)
        principal: Principal | None = None
        call: Call | None = None
        times = [perf_counter()]
        try:
            principal = await self.authenticate(request)
            times.append(perf_counter())
            wire = self.served.wires.get(principal.role, self.wire) if self.served.wires else self.wire
            batched = request.path == self.batches.path and self._is_batch(request, principal)
            if not batched:
                call = wire.parse(request)
                if self.wire.told:
                    call = self.wire.tell(call, request)
            times.append(perf_counter())
            if call is None:
                response = await self._batch(self._batches(wire).parse(request), principal)
            elif call.operation is None:
                response = await self._answer(call, request, principal, times)
            elif call.reply.why:
                told = await why(self.pipeline, call.operation, principal)
                response = self.wire.tell_why(call, msgspec.json.encode(told))
            elif call.reply.live:
                response = await self._live(call, request, principal)
            elif call.once is not None or call.operation.addressed is not None:
                response = await self._transact(call, call.operation, principal)
            else:
                result = await self.pipeline.run(call.operation, principal)
                times.append(perf_counter())
                response = self.wire.render(call, result, times)
        except Problem as problem:
            # Also with a token of the anonymous role, as Supabase's `anon` key is: another token could help.
            response = self.wire.refuse(problem, anonymous=self._anonymous(principal), call=call, request=request)
        return self._finished(response, request, principal) if self.finishes else response

    async def _graph(self, request: Request) -> Response:
        principal: Principal | None = None
        try:
            principal = await self.authenticate(request)
            several = self.graph.wire.several(request)
            if several is not None:
                response = self.graph.wire.join([await self._graph_one(each, principal) for each in several])
            else:
                stream = self.graph.wire.stream(request, principal, self.conversing)
                response = stream or await self.graph.answer(request, principal)
        except Problem as problem:
            response = self.graph.wire.refuse(problem, request, anonymous=self._anonymous(principal))
        response.headers.extend(self.wire.cors(request))
        return self._finished(response, request, principal)

    async def _graph_one(self, request: Request, principal: Principal) -> Response:
        """One request of several. A problem is its answer."""
        try:
            return await self.graph.answer(request, principal)
        except Problem as problem:
            return self.graph.wire.refuse(problem, request, anonymous=self._anonymous(principal))

    def _anonymous(self, principal: Principal | None) -> bool:
        return principal is None or principal.role == self.settings.anonymous_role

    def _finished(self, response: Response, request: Request, principal: Principal | None) -> Response:
        """The response with what every wire's has: the header that is repeated, and whom it answers, for the log."""
        traced = None if self.trace_header is None else request.headers.get(self.trace_header)
        if self.trace_header is not None and traced is not None:
            response.headers.append((self.trace_header, traced))
        if self.log_requests and principal is not None:
            return msgspec.structs.replace(response, role=principal.role)
        return response

    async def _live(self, call: Call, request: Request, principal: Principal) -> Response:
        """The rows, and again whenever they are other ones. The first are waited for: they may be a problem."""

        async def ask() -> Asked:
            current = self.conversing.current()
            wire = current.wire
            operation = (wire.tell(wire.parse(request), request) if wire.told else wire.parse(request)).operation
            if operation is None:
                raise TypeError("what was a read is none any more")
            return Asked(current.pipeline, operation, principal)

        until, period_s = self.conversing.expires(principal), self.settings.limits.socket_ping_ms / 1000
        results = alive(self.live, ask, until, period_s)
        first = None
        while first is None:
            first = await anext(results)
        return self.wire.stream(call, first, results, request)

    async def _transact(self, call: Call, operation: Operation, principal: Principal) -> Response:
        """What takes more than one statement, all of them in one transaction."""

        async def answer(transaction: Transaction) -> Response:
            return self.wire.render(call, await run_within(self.pipeline, transaction, operation, principal))

        if operation.explain:  # nothing will be done
            return self.wire.render(call, await self.pipeline.run(operation, principal))
        transacted = Transacted(answer, kept, call.once, operation.ending, isolation_of([operation]))
        response, again = await transact(self.pipeline.store, self.ledger, principal, transacted)
        return self.wire.replay(call, response) if again else response

    async def _batch(self, batch: Batch, principal: Principal) -> Response:
        """All operations of a batch, in their order, in one transaction."""

        async def answer(transaction: Transaction) -> Response:
            answers: list[bytes] = []
            for step in batch.steps:
                with about(len(answers)):
                    operation = self.batches.fill(step, answers)
                    result = await run_within(self.pipeline, transaction, operation, principal)
                    answers.append(self.batches.write(step, result))
            return self.batches.answer(batch, answers)

        isolation = isolation_of([step.operation for step in batch.steps])
        transacted = Transacted(answer, kept, batch.once, batch.ending, isolation)
        response, again = await transact(self.pipeline.store, self.ledger, principal, transacted)
        return self.batches.replay(batch, response) if again else response

    def _batches(self, wire: RestWire) -> BatchWire:
        """Those that read with the wire of a role."""
        return self.batches if wire is self.wire else BatchWire(wire, self.settings.batch_path)

    def _is_batch(self, request: Request, principal: Principal) -> bool:
        """Not where the role has a table of that name, which goes before."""
        if request.method != "POST":
            return False
        catalog, policy, name = self.served.catalog, self.served.policy, self.batches.name or ""
        tables = (catalog.find(schema, name) for schema in catalog.schemas)
        return not any(table is not None and policy.actions(principal.role, table.key) for table in tables)

    async def authenticate(self, request: Request) -> Principal:
        authorization, api_key = request.headers.get("authorization"), request.headers.get("apikey")
        if self.sessions is not None and (trusted := self.sessions.principal(request.headers)) is not None:
            return trusted
        known = self.authenticator.known(authorization, api_key)
        principal = known or await self.authenticator.verify(authorization, api_key)
        return principal if self.sessions is None else self.sessions.chosen(principal, request.headers)

    async def _answer(self, call: Call, request: Request, principal: Principal, times: list[float]) -> Response:
        """What needs no operation: a preflight, OPTIONS, the description of the API."""
        if call.function is not None or call.table is not None or call.describe:
            await self.pipeline.admit(principal, self.wire.settings(request))
        if call.function is not None and self.pipeline.may_read(call.function, principal.role):
            return self.wire.allow(call, READABLE)
        if call.table is not None:
            table, actions = await self.pipeline.possible(call.table, principal.role)
            return self.wire.admit(call, actions, keyed=bool(table.primary_key))
        if not call.describe:
            return self.wire.render(call, Result(body=None, rows=0))
        body = await self._describe(call, principal)
        times.append(perf_counter())
        return self.wire.render(call, Result(body=body, rows=0), times)

    async def _describe(self, call: Call, principal: Principal) -> bytes:
        """The OpenAPI document of what the role may see, made once. Raises PGRST126 where it is switched off."""
        if not self.settings.openapi_enabled:
            raise Problem("PGRST126", "Root endpoint metadata is disabled", where="path")
        key = (principal.role, call.schema, principal.anonymous)
        known = self.descriptions.get(key)
        if known is None:
            served, settings = self.served, self.settings
            policy = await self.granting(principal.role)
            limits = self.pipeline.limits_of(principal.role)
            described = describe(served.catalog, policy, principal.role, limits, schema=call.schema)
            known = openapi_document(
                described, prefix=settings.rest_prefix, title="Mainstay", anonymous=principal.anonymous
            )
            self.descriptions.put(key, known)
        return known


def _role_claim(settings: Settings) -> str | tuple[str, ...]:
    namespace = settings.jwt_claims_namespace
    return settings.jwt_role_claim if namespace is None else (namespace, DEFAULT_ROLE)


def _store(settings: Settings, url: str) -> PostgresStore | SQLiteStore:
    limits = settings.limits
    if dialect_of(url) is SQLITE:
        return SQLiteStore(
            url,
            SQLiteSettings(
                lanes_read=settings.lanes_read, statement_ms_max=limits.statement_ms_max, batch_max=limits.batch_max
            ),
        )
    return PostgresStore(
        url,
        PostgresSettings(
            lanes_read=settings.lanes_read,
            lanes_write=settings.lanes_write,
            lanes_shared=settings.lanes_shared,
            statement_ms_max=limits.statement_ms_max,
            batch_max=limits.batch_max,
            queue_max=limits.queue_max,
            server_settings=tuple(map(_parted, settings.database_settings)),
        ),
    )


def _live_rules(settings: Settings) -> LiveRules:
    return LiveRules(
        poll_ms=settings.live_poll_ms,
        interval_ms=settings.live_interval_ms,
        batch_max=settings.limits.live_batch_max,
        subscribers_max=settings.limits.subscriptions_max,
        leeway_s=settings.jwt_leeway_s,
    )


def _parted(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not name or not equals:
        raise DeclarationError(
            f"{setting!r} sets nothing", where="setting database_settings", hint="Write it as app.settings.host=films."
        )
    return name, value


def _graph_wire(settings: Settings) -> GraphWire:
    wanted = settings.graphql_introspection
    introspection = wanted == "always" or (wanted == "development" and settings.dev)
    allowed = None if settings.dev else settings.graphql_allow_list
    return GraphWire(
        settings.graphql_paths,
        settings.limits,
        introspection=introspection,
        number_texts=settings.graphql_number_texts,
        lock=None if allowed is None else read_lock(Path(allowed)),
    )


def _recorder(settings: Settings) -> Recorder | None:
    directory = settings.graphql_record or (RECORDED if settings.dev else None)
    return None if directory is None else Recorder(Path(directory))


def dialect_of(url: str | None) -> Dialect:
    """By the URL's scheme. Raises DeclarationError for a database that is not served yet."""
    scheme = (url or "").partition(":")[0].partition("+")[0]
    if scheme in OTHERS:
        raise DeclarationError(
            f"{scheme} is not served yet", where="setting database_url", hint="Use postgresql://… or sqlite:///…"
        )
    return SQLITE if scheme == "sqlite" else POSTGRESQL


def make_pipeline(served: Served, store: Store, settings: Settings, granting: Granting | None = None) -> Pipeline:
    limits = settings.limits
    statements: Bounded[StatementKey, Statement] = Bounded(limits.plans_max)
    speaking = granting if served.policy.defers else None
    return Pipeline(
        served.catalog,
        served.policy,
        store,
        limits,
        statements,
        served.impersonation,
        speaking,
        served.bounds,
        dialect_of(settings.database_url),
    )


def database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise DeclarationError(
            "no database is named",
            where="setting database_url",
            hint="Set MAINSTAY_DATABASE_URL, or use `mainstay dev`, which runs PostgreSQL itself.",
        )
    return settings.database_url


def _sessions(settings: Settings) -> Sessions | None:
    """Hasura's ways of saying who asks, where a setting has any."""
    said = (settings.admin_secret, settings.admin_open, settings.jwt_claims_namespace)
    if not any(said):
        return None
    return Sessions(settings.admin_secret, open=settings.admin_open, namespace=settings.jwt_claims_namespace)


def _authenticator(settings: Settings) -> Authenticator:
    tokens: Bounded[bytes, Known] = Bounded(settings.limits.tokens_max)
    rules = TokenRules(
        secret=settings.jwt_secret,
        secret_is_base64=settings.jwt_secret_is_base64,
        public_key=settings.jwt_public_key,
        keys=settings.jwt_jwks,
        jwks_url=settings.jwt_jwks_url,
        algorithms=settings.jwt_algorithms or None,
        audience=settings.jwt_audience or None,
        audience_required=settings.jwt_audience_required,
        issuer=settings.jwt_issuer,
        leeway_s=settings.jwt_leeway_s,
        lifetime_s_max=settings.jwt_lifetime_s_max,
        role_claim=_role_claim(settings),
        anonymous_role=settings.anonymous_role,
    )
    return Authenticator(rules, tokens)

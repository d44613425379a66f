"""What a team declares, and the one place that names the members of each family and puts the rooms together.

`Mainstay(models)` with its roles is a declaration; `start` makes a server of it. The object is an ASGI and an RSGI
application.
"""

from collections.abc import Sequence
from functools import cached_property
from time import perf_counter
from typing import Any

import msgspec
from sqlalchemy import MetaData

from mainstay.auth.authenticate import Authenticator, Known
from mainstay.auth.jwt import TokenRules
from mainstay.cache.bounded import Bounded
from mainstay.core.catalog import Catalog
from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.operation import Operation
from mainstay.core.plan import Plan
from mainstay.core.principal import Principal
from mainstay.core.problem import DeclarationError, Problem
from mainstay.core.result import Result
from mainstay.core.statement import Statement
from mainstay.pipeline import Pipeline, StatementKey
from mainstay.plan.describe import describe
from mainstay.policy.declare import Policies, Role
from mainstay.policy.select import Policy
from mainstay.reflect.models import reflect_models
from mainstay.reflect.sources import gather
from mainstay.serve.asgi import Asgi
from mainstay.serve.rsgi import Rsgi
from mainstay.settings import Settings
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from mainstay.wires.docs import DocsWire
from mainstay.wires.rest import Call, RestWire
from mainstay.wires.rest.openapi import openapi_document

DescriptionKey = tuple[str, str | None, bool]

# OpenAPI documents kept, one for each role, schema and way of asking; a role comes from a token, so it is bounded.
DESCRIPTIONS_MAX = 100


class Mainstay:
    """An app: models, roles and settings.

    `models`: a declarative base, a MetaData, SQLModel, a registry, or a list of them or of mapped classes.
    `settings`, or any of its fields as keywords, else the environment's (`MAINSTAY_…`). Raises DeclarationError.
    """

    def __init__(self, models: Any, *, settings: Settings | None = None, **overrides: Any) -> None:
        if settings is not None and overrides:
            raise DeclarationError("settings are given twice", where="Mainstay", hint="Use settings=… or keywords.")
        self.models = models
        self.settings = settings or Settings.load(overrides)
        self.policies = Policies()
        self._running: _Running | None = None

    def role(self, name: str, *, inherits: Sequence[str | Role] = ()) -> Role:
        """A new role; call `may` on it. It may do nothing that no rule says, and all that the inherited ones may."""
        return self.policies.role(name, inherits=inherits)

    def configure(self, settings: Settings) -> None:
        """Other settings, before `start`."""
        self.settings = settings
        for made_from_them in ("wire", "docs", "rsgi", "asgi"):
            self.__dict__.pop(made_from_them, None)

    @cached_property
    def catalog(self) -> Catalog:
        """What the models declare. Raises DeclarationError for what does not hold together."""
        return reflect_models(self.models)

    @cached_property
    def policy(self) -> Policy:
        """The roles' rules, lowered. Raises DeclarationError for a rule that does not fit the models."""
        return Policy(self.catalog, self.policies)

    @property
    def metadata(self) -> tuple[MetaData, ...]:
        """The models' tables as SQLAlchemy holds them."""
        return tuple({table.metadata: None for table in gather(self.models).tables})

    @property
    def limits(self) -> Limits:
        return self.settings.limits

    @cached_property
    def wire(self) -> RestWire:
        settings = self.settings
        return RestWire(
            prefix=settings.rest_prefix,
            limits=settings.limits,
            cors_origins=settings.cors_origins,
            plan_enabled=settings.plan_enabled,
            rollback_allowed=settings.rollback_allowed,
            schemas=self.catalog.schemas,
            server_timing=settings.server_timing,
        )

    @cached_property
    def docs(self) -> DocsWire | None:
        """The API reference page; None where the settings serve none."""
        path = self.settings.docs_path
        return None if path is None else DocsWire(path=path, rest_prefix=self.settings.rest_prefix)

    @cached_property
    def rsgi(self) -> Rsgi:
        """The app for Granian, which also finds it on the app itself (`__rsgi__`)."""
        return Rsgi(self)

    @cached_property
    def asgi(self) -> Asgi:
        """The app for any ASGI server, or to be mounted in another ASGI app."""
        return Asgi(self)

    async def start(self) -> None:
        """Connect. Raises DeclarationError for a declaration that does not hold together, MS503 for no database."""
        if self._running is None:
            running = _Running(self)
            await running.store.start()
            self._running = running

    async def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running.store.close()

    async def ready(self) -> bool:
        return self._running is not None and await self._running.store.ready()

    async def handle(self, request: Request) -> Response:
        """Answer a request. Every Problem becomes an answer here; anything else is a fault of ours."""
        running = self._running
        if self.docs is not None and (page := self.docs.answer(request)) is not None:
            return page
        if running is None:
            return self.refuse(Problem("MS503", "The server is not started", retry_after_s=1))
        return await running.handle(request)

    def refuse(self, problem: Problem, request: Request | None = None) -> Response:
        """The answer to a request that never came to an operation."""
        return self.wire.refuse(problem, anonymous=True, request=request)

    def parse(self, request: Request) -> Operation:
        """What a request asks for. Raises Problem, also for a request that asks for no table."""
        operation = self.wire.parse(request).operation
        if operation is None:
            raise Problem("PGRST125", "The request names no table", where="path")
        return operation

    def prepare(self, operation: Operation, principal: Principal) -> tuple[Plan, Statement]:
        """What would be done, and the SQL of it, without a database. Raises Problem."""
        pipeline = _pipeline(self, PostgresStore(""))
        plan = pipeline.plan(operation.shape, principal.role)
        key = (operation.shape, principal.role, self.catalog.version, self.policy.version)
        return plan, pipeline.prepare(key)

    def __rsgi_init__(self, loop: Any) -> None:
        self.rsgi.__rsgi_init__(loop)

    def __rsgi_del__(self, loop: Any) -> None:
        self.rsgi.__rsgi_del__(loop)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        await self.rsgi.__rsgi__(scope, protocol)


class _Running:
    """The rooms, put together: what exists between `start` and `stop`."""

    def __init__(self, app: Mainstay) -> None:
        settings = app.settings
        if settings.database_url is None:
            raise DeclarationError(
                "no database is named",
                where="setting database_url",
                hint="Set MAINSTAY_DATABASE_URL, or use `mainstay dev`, which runs PostgreSQL itself.",
            )
        self.app = app
        self.log_requests = settings.log_requests
        self.wire = app.wire
        self.descriptions: Bounded[DescriptionKey, bytes] = Bounded(DESCRIPTIONS_MAX)
        self.store = _store(settings, settings.database_url)
        self.pipeline = _pipeline(app, self.store)
        self.authenticator = _authenticator(settings)

    async def handle(self, request: Request) -> Response:
        principal: Principal | None = None
        call: Call | None = None
        times = [perf_counter()]
        try:
            principal = await self._authenticate(request)
            times.append(perf_counter())
            call = self.wire.parse(request)
            times.append(perf_counter())
            if call.operation is None:
                response = self._answer(call, principal)
            else:
                result = await self.pipeline.run(call.operation, principal)
                times.append(perf_counter())
                response = self.wire.render(call, result, times)
        except Problem as problem:
            anonymous = principal is None or principal.anonymous
            response = self.wire.refuse(problem, anonymous=anonymous, call=call, request=request)
        if self.log_requests and principal is not None:
            return msgspec.structs.replace(response, role=principal.role)
        return response

    async def _authenticate(self, request: Request) -> Principal:
        authorization, api_key = request.headers.get("authorization"), request.headers.get("apikey")
        known = self.authenticator.known(authorization, api_key)
        return known or await self.authenticator.verify(authorization, api_key)

    def _answer(self, call: Call, principal: Principal) -> Response:
        """What needs no database: a preflight, OPTIONS, the description of the API."""
        body = self._describe(call, principal) if call.describe else None
        return self.wire.render(call, Result(body=body, rows=0))

    def _describe(self, call: Call, principal: Principal) -> bytes:
        """The OpenAPI document of what the role may see, made once. Raises PGRST126 where it is switched off."""
        app = self.app
        if not app.settings.openapi_enabled:
            raise Problem("PGRST126", "Root endpoint metadata is disabled", where="path")
        key = (principal.role, call.schema, principal.anonymous)
        known = self.descriptions.get(key)
        if known is None:
            described = describe(app.catalog, app.policy, principal.role, app.limits, schema=call.schema)
            known = openapi_document(
                described, prefix=app.settings.rest_prefix, title="Mainstay", anonymous=principal.anonymous
            )
            self.descriptions.put(key, known)
        return known


def _store(settings: Settings, url: str) -> PostgresStore:
    limits = settings.limits
    return PostgresStore(
        url,
        PostgresSettings(
            lanes_read=settings.lanes_read,
            lanes_write=settings.lanes_write,
            lanes_shared=settings.lanes_shared,
            statement_ms_max=limits.statement_ms_max,
            batch_max=limits.batch_max,
            queue_max=limits.queue_max,
        ),
    )


def _pipeline(app: Mainstay, store: PostgresStore) -> Pipeline:
    statements: Bounded[StatementKey, Statement] = Bounded(app.limits.plans_max)
    return Pipeline(app.catalog, app.policy, store, app.limits, statements)


def _authenticator(settings: Settings) -> Authenticator:
    tokens: Bounded[bytes, Known] = Bounded(settings.limits.tokens_max)
    rules = TokenRules(
        secret=settings.jwt_secret,
        secret_is_base64=settings.jwt_secret_is_base64,
        keys=settings.jwt_jwks,
        jwks_url=settings.jwt_jwks_url,
        algorithms=settings.jwt_algorithms or None,
        audience=settings.jwt_audience or None,
        issuer=settings.jwt_issuer,
        leeway_s=settings.jwt_leeway_s,
        role_claim=settings.jwt_role_claim,
        anonymous_role=settings.anonymous_role,
    )
    return Authenticator(rules, tokens)

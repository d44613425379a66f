"""The app as a team declares it: models, or a database that exists, with roles and settings.

`Mainstay(models)` with its roles is a declaration; `start` makes a server of it. `asgi` is for any other server.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import MetaData

from mainstay.app.running import Running, database_url, dialect_of, make_pipeline
from mainstay.app.served import Served, rest_wire, serve_catalog
from mainstay.core.catalog import Catalog, TableKey
from mainstay.core.exchange import Request, Response, Upgrade
from mainstay.core.exposure import Naming
from mainstay.core.found import Found
from mainstay.core.limits import Limits
from mainstay.core.operation import Operation
from mainstay.core.plan import Plan
from mainstay.core.principal import Principal
from mainstay.core.problem import DeclarationError, Problem
from mainstay.core.statement import Statement
from mainstay.core.tracking import FieldKind, Tracked
from mainstay.plan.view import Policy
from mainstay.policy.declare import Policies, Role
from mainstay.reflect.database import reflect_database
from mainstay.reflect.declared import CHOICES_MAX, Computing, Relating, Said, listing, with_choices
from mainstay.reflect.joined import joined
from mainstay.reflect.models import reflect_models
from mainstay.reflect.sources import gather
from mainstay.serve.asgi import Asgi
from mainstay.settings import Settings
from mainstay.sql.dialect import SQLITE
from mainstay.stores.postgres import PostgresStore
from mainstay.stores.postgres.introspect import introspect, listed
from mainstay.wires.docs import DocsWire, GraphiqlWire, PageWire
from mainstay.wires.rest import RestWire


class Mainstay:
    """An app: models, roles and settings.

    `models`: a declarative base, a MetaData, SQLModel, a registry, or a list of them or of mapped classes; none where
    the database's own tables are served. `reflect`: the URL of a database whose tables, views and functions are served
    besides (True: the settings' database). `settings`, or any of its fields as keywords, else the environment's
    (`MAINSTAY_…`). Raises DeclarationError.
    """

    def __init__(
        self, models: Any = None, *, reflect: str | bool = False, settings: Settings | None = None, **overrides: Any
    ) -> None:
        if settings is not None and overrides:
            raise DeclarationError("settings are given twice", where="Mainstay", hint="Use settings=… or keywords.")
        if models is None and not reflect:
            raise DeclarationError(
                "there is nothing to serve", where="Mainstay", hint="Give it models, or reflect=True for a database."
            )
        self.models = models
        self.reflects = bool(reflect)
        if isinstance(reflect, str):
            overrides.setdefault("database_url", reflect)
        self.settings = settings or Settings.load(overrides)
        self.policies = Policies()
        self.said = Said()
        self._served: Served | None = None
        self._running: Running | None = None
        self._loading = asyncio.Lock()

    def role(self, name: str, *, inherits: Sequence[str | Role] = ()) -> Role:
        """A new role; call `may` on it. It may do nothing that no rule says, and all that the inherited ones may."""
        return self.policies.role(name, inherits=inherits)

    def track(self, function: str, *, kind: str | None = None, name: str | None = None) -> None:
        """Serve a function as a GraphQL field of queries or mutations (`kind`), for the roles that may call it.

        A kind that is not said is that of mutations for a function that may change the database (VOLATILE).

        It is "schema.function", or "function" of the first schema, and returns rows of a table. One of a query can't
        change the database. `name` is the field's, if not the function's own. Whether the function is there is checked
        when the app starts.
        """
        if kind is not None and kind not in {each.value for each in FieldKind}:
            raise DeclarationError(f"no field is a {kind!r}", where="track", hint="kind='query' or kind='mutation'")
        self.policies.tracked[function] = Tracked(None if kind is None else FieldKind(kind), name)

    def relate(  # noqa: PLR0913 - what joins two tables
        self,
        table: str,
        name: str,
        *,
        to: str | None = None,
        by: str | Iterable[str] = (),
        on: Mapping[str, str] | None = None,
        many: bool = False,
        incoming: bool = False,
    ) -> None:
        """Name a relation of a table that no model describes: what is related to each of its rows, one or `many`.

        `by` are the columns of a foreign key: the table's own, or with `to` that of the other table to this one. `on`
        are the columns that are equal, {own: other}, where no key says so; `incoming` where the other's refer to the
        own, so that nested rows are written after this table's. Whoever reads rows of both tables may go it. Checked
        when the app starts.
        """
        columns = (by,) if isinstance(by, str) else tuple(by)
        if bool(columns) == bool(on):
            raise DeclarationError(
                "it is not said what joins", where=f"relate {table!r}, {name!r}", hint="Say by=, or to= and on=."
            )
        self.said.relations.append(Relating(table, name, to, columns, tuple((on or {}).items()), many, incoming))

    def compute(  # noqa: PLR0913 - what a function is passed
        self,
        table: str,
        name: str,
        function: str,
        *,
        row: str | None = None,
        session: str | None = None,
        comment: str | None = None,
    ) -> None:
        """Serve a function of the table's row as a column of that name, or as a relation where it returns rows.

        `row` names the argument that takes the row, by default the first of its type; `session` the one that takes all
        of the caller's claims, as JSON. What else it takes a GraphQL request passes as `args`. `comment` describes the
        column, by default as the database does. Checked when the app starts.
        """
        self.said.computed.append(Computing(table, name, function, row, session, comment))

    def name(  # noqa: PLR0913 - each names another thing
        self,
        table: str,
        name: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        roots: Mapping[str, str] | None = None,
        comment: str | None = None,
        comments: Mapping[str, str] | None = None,
        enum: bool = False,
    ) -> None:
        """What GraphQL calls a table, its columns {column: name}, and its root fields {"select_by_pk": name}.

        `comment` and `comments` {column: text} describe them, in the place of the database's comments. `enum`: the keys
        of its rows, as they are when the database is read, are the values of an enum, which columns that refer to it
        then are of. REST keeps the database's own names and types. Checked when the app starts.
        """
        said = dict(columns or {}), dict(roots or {}), comment, dict(comments or {})
        self.said.names[table] = Naming(name, *said, enum)

    def configure(self, settings: Settings) -> None:
        """Other settings, before `start`."""
        self.settings = settings
        self._served = None
        for made_from_them in ("pages", "asgi", "_refusing"):
            self.__dict__.pop(made_from_them, None)

    @property
    def served(self) -> Served:
        """What is served now. Raises DeclarationError for a declaration that does not hold together."""
        if self._served is None:
            if self.reflects:
                raise DeclarationError(
                    "the database was not read yet", where="Mainstay", hint="await app.load(), or app.start(), first."
                )
            catalog = with_choices(reflect_models(self.models), self.said, {})
            self._served = serve_catalog(self.settings, self.policies, catalog, said=self.said)
        return self._served

    async def load(self) -> Served:
        """Read the database, where one is reflected, and put what is there now in the place of what was served.

        Requests that are under way end as they began. Raises DeclarationError, and MS503 for no database.
        """
        self._require_fitting()
        if self.reflects:
            async with self._loading:  # or an older one, read more slowly, would take the place of a newer one
                self._served = await self._reflect(1 if self._served is None else self._served.catalog.version + 1)
        if self._running is not None:
            self._running.serve(self.served)
        return self.served

    def _require_fitting(self) -> None:
        """Raises DeclarationError for what SQLite can't be asked for."""
        if dialect_of(self.settings.database_url) is not SQLITE:
            return
        if self.reflects:
            raise DeclarationError(
                "a SQLite database can't be read yet",
                where="Mainstay(reflect=...)",
                hint="Declare models for its tables.",
            )
        if self.settings.security != "policy":
            raise DeclarationError(
                "SQLite has no roles that could decide", where="setting security", hint='Leave it "policy".'
            )

    async def _reflect(self, version: int) -> Served:
        settings = self.settings
        url = database_url(settings)
        found = await introspect(url, settings.schemas, settings.extra_search_path)
        keys = listing(self.said, settings.schemas)
        rows = await listed(url, keys, CHOICES_MAX) if keys else {}
        return await asyncio.to_thread(self._made, found, version, rows)  # which for thousands of tables takes a while

    def _made(self, found: Found, version: int, rows: Mapping[TableKey, Sequence[Mapping[str, object]]]) -> Served:
        settings = self.settings
        catalog = reflect_database(found, settings.schemas, version)
        if self.models is not None:
            catalog = joined(reflect_models(self.models), catalog)
        catalog = with_choices(catalog, self.said, rows)
        return serve_catalog(settings, self.policies, catalog, role_settings=found.role_settings, said=self.said)

    @property
    def catalog(self) -> Catalog:
        """What is served. Raises DeclarationError for what does not hold together."""
        return self.served.catalog

    @property
    def policy(self) -> Policy:
        """The roles' rules, lowered. Raises DeclarationError for a rule that does not fit the models."""
        return self.served.policy

    @property
    def wire(self) -> RestWire:
        return self.served.wire

    @property
    def metadata(self) -> tuple[MetaData, ...]:
        """The models' tables as SQLAlchemy holds them."""
        if self.models is None:
            return ()
        return tuple({table.metadata: None for table in gather(self.models).tables})

    @property
    def limits(self) -> Limits:
        return self.settings.limits

    @cached_property
    def pages(self) -> tuple[PageWire, ...]:
        """The API reference and GraphiQL, where the settings serve them."""
        settings = self.settings
        served: list[PageWire] = []
        if settings.docs_path is not None:
            served.append(DocsWire(settings.docs_path, settings.rest_prefix))
        if settings.graphql_paths and (
            settings.graphiql == "always" or (settings.graphiql == "development" and settings.dev)
        ):
            served.append(GraphiqlWire(settings.graphiql_path, settings.graphql_paths[0]))
        return tuple(served)

    @cached_property
    def asgi(self) -> Asgi:
        """The app for any ASGI server, or to be mounted in another ASGI app."""
        return Asgi(self)

    async def start(self) -> None:
        """Connect. Raises DeclarationError for a declaration that does not hold together, MS503 for no database."""
        if self._running is None:
            self._require_fitting()
            running = Running(self.settings)
            try:
                if self.reflects:
                    await running.refresh(self.load)  # first, so that no change falls between reading and listening
                running.serve(await self.load())
                await running.store.start()
            except BaseException:
                await running.stop()
                raise
            self._running = running
            running.serve(self.served)  # which may have been read anew meanwhile

    async def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            await running.stop()

    async def ready(self) -> bool:
        return self._running is not None and await self._running.store.ready()

    async def handle(self, request: Request) -> Response:
        """Answer a request. Every Problem becomes an answer here; anything else is a fault of ours."""
        running = self._running
        for page in self.pages:
            if (answer := page.answer(request)) is not None:
                return answer
        if running is None:
            return self.refuse(Problem("MS503", "The server is not started", retry_after_s=1))
        return await running.current.handle(request)

    async def connect(self, request: Request) -> Response | Upgrade:
        """Answer a request for a WebSocket. Every Problem becomes an answer here."""
        if self._running is None:
            return self.refuse(Problem("MS503", "The server is not started", retry_after_s=1))
        return self._running.connect(request)

    def refuse(self, problem: Problem, request: Request | None = None) -> Response:
        """The answer to a request that never came to an operation."""
        return self._refusing.refuse(problem, anonymous=True, request=request)

    @cached_property
    def _refusing(self) -> RestWire:
        """A wire that knows no catalog."""
        return rest_wire(self.settings, (), ())

    def parse(self, request: Request) -> Operation:
        """What a request asks for. Raises Problem, also for a request that asks for no table."""
        operation = self.wire.parse(request).operation
        if operation is None:
            raise Problem("PGRST125", "The request names no table", where="path")
        return operation

    def prepare(self, operation: Operation, principal: Principal) -> tuple[Plan, Statement]:
        """What would be done, and the SQL of it, without a database. Raises Problem."""
        pipeline = make_pipeline(self.served, PostgresStore(""), self.settings)
        plan = pipeline.plan(operation.shape, principal.role)
        key = (operation.shape, principal.role, self.catalog.version, self.policy.version)
        return plan, pipeline.prepare(key)

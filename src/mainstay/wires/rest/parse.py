"""Turns one HTTP request into a `Call`, without any memory of those before it. Never looks a name up."""

from urllib.parse import quote

from mainstay.core.condition import TRUE, And, Compare, Condition, Operator
from mainstay.core.exchange import Request, Response
from mainstay.core.operation import (
    Count,
    Delete,
    Ending,
    Format,
    FunctionRef,
    Insert,
    NestedRows,
    Operation,
    Put,
    Read,
    Returning,
    Shape,
    TableRef,
    Update,
)
from mainstay.core.problem import Problem
from mainstay.wires.rest.accept import EVENTS, negotiate, negotiate_root
from mainstay.wires.rest.call import Call, Headers, Reply
from mainstay.wires.rest.conditional import parse_precondition
from mainstay.wires.rest.cors import cors_headers, preflight
from mainstay.wires.rest.filter import Slots
from mainstay.wires.rest.invoke import function_of, parse_invoke
from mainstay.wires.rest.keyset import read_after
from mainstay.wires.rest.long_query import FORM
from mainstay.wires.rest.nested import may_nest, read_children
from mainstay.wires.rest.page import parse_range
from mainstay.wires.rest.payload import Payload, only_object, read_payload
from mainstay.wires.rest.prefer import parse_prefer
from mainstay.wires.rest.query import Query, parse_query, split
from mainstay.wires.rest.select import close, refuse_aggregates
from mainstay.wires.rest.setup import METHODS, PAYLOADS, READS, Setup, media_headers, out_of_place, profile

ALLOWED = "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"
ALLOWED_AT_ROOT = "OPTIONS,GET,HEAD"
ALLOWED_ON_FUNCTION = "OPTIONS,POST"


def parse_call(request: Request, setup: Setup) -> Call:
    """The call of a request. Raises `Problem` with PostgREST's codes, or MS4xx (docs/reference/problems.md)."""
    if request.method == "OPTIONS":
        return _parse_options(request, setup)
    function = function_of(request.path, setup)
    if function is not None:
        return parse_invoke(request, function, setup)
    table = table_of(request.path, setup.prefix)
    cors = cors_headers(setup.cors.allow(request.headers.get("origin")))
    if table == "":
        return _parse_root(request, setup, cors)
    if request.method not in METHODS:
        raise Problem("PGRST117", f"Unsupported HTTP method: {request.method}", where="method")
    return _Parser(request, TableRef(table, profile(request, setup)), setup, cors).parse()


def table_of(path: str, prefix: str) -> str:
    """The table that a path names; the empty text at the root. Raises PGRST125."""
    if path != prefix and not path.startswith(f"{prefix}/"):
        raise _no_such_path()
    name = path[len(prefix) + 1 :]
    if "/" in name:
        raise _no_such_path()
    return name


def _no_such_path() -> Problem:
    return Problem("PGRST125", "Invalid path specified in request URL", where="path")


def _parse_options(request: Request, setup: Setup) -> Call:
    """A preflight is answered wherever it asks; without one, a table says what can be done with it."""
    answer = preflight(setup.cors, request.headers)
    if answer is None:
        function = function_of(request.path, setup)
        origin = "*" if "*" in setup.cors.origins else setup.cors.allow(request.headers.get("origin"))
        if function is not None:
            answer = Response(200, [*cors_headers(origin), ("allow", ALLOWED_ON_FUNCTION)])
            return Call(Reply("OPTIONS"), answer=answer, function=FunctionRef(function, profile(request, setup)))
        table = table_of(request.path, setup.prefix)
        allowed = ALLOWED if table else ALLOWED_AT_ROOT
        queries = (("accept-query", FORM),) if table else ()  # RFC 10008, 3
        answer = Response(200, [*cors_headers(origin), ("allow", allowed), *queries])
        if table:
            return Call(Reply("OPTIONS"), answer=answer, table=TableRef(table, profile(request, setup)))
    return Call(Reply("OPTIONS"), answer=answer)


def _parse_root(request: Request, setup: Setup, cors: Headers) -> Call:
    if request.method not in READS:
        raise Problem("PGRST117", f"Unsupported HTTP method: {request.method}", where="method")
    media = negotiate_root(request.headers.get("accept"))
    schema = profile(request, setup)
    reply = Reply(request.method, headers=(*media_headers(media, schema), *cors), body=request.method == "GET")
    return Call(reply, describe=True, schema=schema)


class _Parser:
    """One request for a table's rows, its headers read; what is left is the method's own."""

    def __init__(self, request: Request, table: TableRef, setup: Setup, cors: Headers) -> None:
        self.request = request
        self.table = table
        self.setup = setup
        self.cors = cors
        self.method = request.method
        self.slots = Slots(setup.limits)
        self.media, self.accepts = negotiate(
            request.headers.get("accept"),
            plan_enabled=setup.plan_enabled,
            written=setup.written,
            live=self.method == "GET",
        )
        self.precondition = parse_precondition(request.headers)
        self.preferences = parse_prefer(
            request.headers.get("prefer"), ending_chosen=setup.ending_chosen, why_told=setup.why_told
        )

    def parse(self) -> Call:
        parameters = split(self.request.query)
        payload = self._read_payload(uniform=all(name != "columns" for name, _ in parameters))
        header = self.request.headers.get("range") if self.method == "GET" else None
        ranged = parse_range(header) if header is not None else None
        query = parse_query(parameters, ranged, self.slots, self.setup.limits)
        if not self.setup.aggregates_enabled:
            refuse_aggregates(query.root, self.slots)
        self._refuse_out_of_place(query)
        operation = Operation(
            self._shape(query, payload),
            tuple(self.slots.values),
            Ending(self.preferences.chosen.get("tx", self.setup.ending)),
            explain=self.media.options is not None,
            explain_options=self.media.options or frozenset(),
            settings=self.preferences.settings,
            precondition=self.precondition,
            addressed=self._addressed(query),
        )
        return Call(self._reply(), operation, schema=self.table.schema, query=self.request.query)

    def _read_payload(self, *, uniform: bool) -> Payload | None:
        """The payload, whose text is always the first value."""
        if self.method not in PAYLOADS:
            return None
        content_type = self.request.headers.get("content-type")
        payload = read_payload(self.request.body, content_type, self.setup.limits.insert_rows_max, uniform=uniform)
        if self.method != "POST":
            payload = only_object(payload)
        self.slots.add(payload.text)
        return payload

    def _refuse_unstreamable(self) -> None:
        """A stream has no place for what stands in the head of an answer that is given once."""
        wanted = {
            "a total": self.preferences.count is not Count.NONE,
            "If-Match or If-None-Match": self.precondition is not None,
            "a reason": self.preferences.why,
        }
        for what, asked in wanted.items():
            if asked:
                raise Problem("MS489", f"A stream of events does not go with {what}", where="Accept")

    def _refuse_out_of_place(self, query: Query) -> None:
        """What a method can't honour is never ignored."""
        if self.media is EVENTS:
            self._refuse_unstreamable()
        if query.paged and self.method == "PUT":
            raise Problem("PGRST114", "limit/offset querystring parameters are not allowed for PUT", where="limit")
        limits_answer = self.method == "POST" and query.offset is None  # of what an insert answers with
        if query.paged and self.method not in READS and not limits_answer:
            raise out_of_place("Limit and offset do", self.method, "limit", "MS445")
        if query.root.where and self.method == "POST":
            raise out_of_place("Filters do", "POST", "filter", "MS446")
        if query.columns is not None and self.method not in ("POST", "PATCH"):
            raise out_of_place("The parameter 'columns' does", self.method, "columns", "MS447")
        if query.on_conflict is not None and self.method != "POST":
            raise out_of_place("The parameter 'on_conflict' does", self.method, "on_conflict", "MS447")
        if query.after is not None and (self.method not in READS or query.offset is not None):
            raise out_of_place(
                "A page by key does", "an offset" if self.method in READS else self.method, "after", "MS469"
            )
        if self.method not in READS and (query.root.having != TRUE or query.distinct is not None):
            raise out_of_place("Having and distinct do", self.method, "them", "MS470")
        if self.precondition is not None and self.method == "POST":
            raise out_of_place("If-Match and If-None-Match do", "POST", "them", "MS476")

    def _addressed(self, query: Query) -> Read | None:
        """What a write's precondition is about: what GET would answer at the same URL."""
        if self.precondition is None or self.method in READS:
            return None
        return Read(
            table=self.table,
            select=close(query.root),
            where=query.where,
            order=query.order,
            format=Format.CSV if self.media.format is Format.CSV else Format.ARRAY,
            strip_nulls=self.media.strip_nulls,
        )

    def _shape(self, query: Query, payload: Payload | None) -> Shape:
        if self.method == "DELETE":
            return Delete(
                self.table, query.where, self._returning(query), self.preferences.count, self.preferences.affected_max
            )
        if payload is None:
            return self._read(query)
        columns = payload.columns if query.columns is None else query.columns
        children = self._children(payload, columns, uniform=query.columns is None)
        match self.method:
            case "POST":
                return self._insert(query, payload, columns, children)
            case "PATCH":
                return self._update(query, columns, children)
            case _:
                return self._put(query, columns, children)

    def _children(self, payload: Payload, columns: tuple[str, ...], *, uniform: bool) -> tuple[NestedRows, ...]:
        words = self.setup.nesting.of(self.table)
        if not may_nest(columns, words):
            return ()
        return read_children(
            payload,
            columns,
            words,
            self.setup.nesting,
            self.setup.limits,
            uniform=uniform,
            conflict=self.preferences.conflict if self.method == "POST" else None,
        )

    def _read(self, query: Query) -> Read:
        # What only the body can tell, HEAD needs too: whether there is one row, whether the database writes the type.
        telling = self.media.format is None or self.media.format is Format.OBJECT
        bodied = self.method == "GET" or self.precondition is not None or telling
        return Read(
            table=self.table,
            select=close(query.root),
            where=query.where,
            order=query.order,
            limit=query.page.limit,
            offset=query.offset,
            count=self.preferences.count,
            format=self.media.format if bodied else Format.NONE,
            strip_nulls=self.media.strip_nulls,
            accepts=self.accepts,
            having=query.root.having,
            distinct=query.distinct,
            after=None if query.after is None else read_after(query.after, self.table, query.order, self.slots),
        )

    def _insert(
        self, query: Query, payload: Payload, columns: tuple[str, ...], children: tuple[NestedRows, ...]
    ) -> Insert:
        conflict = self.preferences.conflict
        return Insert(
            table=self.table,
            columns=columns,
            single=payload.single,
            defaults=self.preferences.chosen.get("missing") == "default",
            conflict=conflict,
            on_conflict=query.on_conflict or () if conflict else (),
            returning=self._returning(query),
            count=self.preferences.count,
            affected_max=self.preferences.affected_max,
            children=children,
        )

    def _update(self, query: Query, columns: tuple[str, ...], children: tuple[NestedRows, ...]) -> Update:
        return Update(
            table=self.table,
            columns=columns,
            where=query.where,
            defaults=self.preferences.chosen.get("missing") == "default",
            returning=self._returning(query),
            count=self.preferences.count,
            affected_max=self.preferences.affected_max,
            children=children,
        )

    def _put(self, query: Query, columns: tuple[str, ...], children: tuple[NestedRows, ...]) -> Put:
        if not _is_key(query.where):
            raise Problem(
                "PGRST105",
                "Filters must include all and only primary key columns with 'eq' operators",
                where="filter",
            )
        return Put(
            table=self.table,
            columns=columns,
            where=query.where,
            returning=self._returning(query),
            count=self.preferences.count,
            children=children,
        )

    def _returning(self, query: Query) -> Returning:
        """What a write answers with.

        A request for one object must fail on two rows even where it wants no body; an empty select asks for just that.
        """
        returned = self.preferences.returned
        if returned == "representation":
            return Returning(
                select=close(query.root),
                order=query.order,
                limit=query.page.limit,
                format=self.media.format,
                strip_nulls=self.media.strip_nulls,
                accepts=self.accepts,
            )
        key = returned == "headers-only" and self.method == "POST"
        if self.media.format is None:
            return Returning(format=None, key=key, accepts=self.accepts, body=False)
        if self.media.format is Format.OBJECT:
            return Returning(select=(), format=Format.OBJECT, key=key)
        return Returning(format=Format.NONE, key=key)

    def _reply(self) -> Reply:
        explained = self.media.options is not None
        represented = self.method in READS or explained or self.preferences.returned == "representation"
        return Reply(
            method=self.method,
            headers=self._headers(),
            media=media_headers(self.media, self.table.schema) if represented else (),
            body=represented and self.method != "HEAD",
            location=f"{self.setup.prefix}/{quote(self.table.name, safe='', errors='replace')}",
            why=self.preferences.why,
            live=self.media is EVENTS,
        )

    def _headers(self) -> Headers:
        applied = self.preferences.applied(self.method)
        return (*self.cors, ("preference-applied", applied)) if applied is not None else self.cors


def _is_key(where: Condition) -> bool:
    """Equalities of columns and nothing else: whether of the whole key, the plan checks."""
    conditions = where.of if isinstance(where, And) else (where,)
    return bool(conditions) and all(
        isinstance(one, Compare)
        and one.operator is Operator.EQ
        and one.quantifier is None
        and not getattr(one.left, "path", ())
        for one in conditions
    )

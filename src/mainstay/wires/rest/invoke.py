"""Turns a request for `/rpc/<function>` into a `Call`: its arguments, and what is asked of the rows that come back.

Never looks a name up: which function is meant, and which media type it writes, is for the plan to say.
"""

from mainstay.core.condition import TRUE
from mainstay.core.exchange import Request
from mainstay.core.operation import Body, Ending, FunctionRef, Given, Invoke, Operation
from mainstay.core.problem import Problem
from mainstay.wires.rest.accept import JSON, negotiate_call
from mainstay.wires.rest.arguments import FORM, RAW, media_of, part, read_body, read_form, take_given
from mainstay.wires.rest.call import Call, Reply
from mainstay.wires.rest.conditional import parse_precondition
from mainstay.wires.rest.cors import cors_headers
from mainstay.wires.rest.filter import Slots
from mainstay.wires.rest.page import parse_range
from mainstay.wires.rest.prefer import parse_prefer
from mainstay.wires.rest.query import Parameter, Query, parse_query, split
from mainstay.wires.rest.scan import read_names
from mainstay.wires.rest.select import close, refuse_aggregates
from mainstay.wires.rest.setup import READS, Setup, media_headers, out_of_place, profile

PREFIX = "/rpc/"


def function_of(path: str, setup: Setup) -> str | None:
    """The function that a path names; None where it names none. One may have the place of the API's description."""
    prefix = setup.prefix
    if setup.root_function is not None and path in (prefix, f"{prefix}/"):
        return setup.root_function
    if not path.startswith(PREFIX, len(prefix)) or not path.startswith(prefix):
        return None
    name = path[len(prefix) + len(PREFIX) :]
    return name if name and "/" not in name else None


def parse_invoke(request: Request, name: str, setup: Setup) -> Call:
    """The call of a request for a function. Raises PGRST101 for a method that no function has."""
    if request.method not in READS and request.method != "POST":
        raise Problem("PGRST101", f"Cannot use the {request.method} method on RPC", where="method")
    return _Parser(request, FunctionRef(name, profile(request, setup)), setup).parse()


class _Parser:
    """One request for a function, its headers read."""

    def __init__(self, request: Request, function: FunctionRef, setup: Setup) -> None:
        self.request = request
        self.function = function
        self.setup = setup
        self.slots = Slots(setup.limits)
        self.precondition = parse_precondition(request.headers)
        self.media, self.accepts = negotiate_call(
            request.headers.get("accept"), plan_enabled=setup.plan_enabled, written=setup.written
        )
        self.preferences = parse_prefer(request.headers.get("prefer"), ending_chosen=setup.ending_chosen)

    def parse(self) -> Call:
        parameters = split(self.request.query)
        if self.request.method in READS:
            arguments, parameters = part(parameters)
            given, body = take_given(arguments, self.slots), None
        else:
            given, body = self._read_body(dict(parameters).get("columns"))
        query = self._query(parameters)
        options = self.media.options if self.media is not None else None
        operation = Operation(
            self._shape(given, body, query),
            tuple(self.slots.values),
            Ending(self.preferences.chosen.get("tx", self.setup.ending)),
            explain=options is not None,
            explain_options=options or frozenset(),
            settings=self.preferences.settings,
            precondition=self.precondition,
        )
        return Call(self._reply(), operation, schema=self.function.schema)

    def _read_body(self, listed: str | None) -> tuple[tuple[Given, ...], Body | None]:
        media = media_of(self.request.headers.get("content-type"))
        if listed is not None and (media == FORM or media in RAW):
            raise out_of_place("The parameter 'columns' does", media, "columns", "MS447")
        if media == FORM:
            return take_given(read_form(self.request.body), self.slots), None
        columns = None if listed is None else read_names(listed, "columns parameter", "columns")
        return (), read_body(self.request.body, media, columns, self.slots)

    def _query(self, parameters: list[Parameter]) -> Query:
        header = self.request.headers.get("range") if self.request.method == "GET" else None
        ranged = parse_range(header) if header is not None else None
        query = parse_query(parameters, ranged, self.slots, self.setup.limits)
        if not self.setup.aggregates_enabled:
            refuse_aggregates(query.root, self.slots)
        if query.columns is not None and self.request.method in READS:
            raise out_of_place("The parameter 'columns' does", self.request.method, "columns", "MS447")
        if self.precondition is not None and self.request.method == "POST":
            raise out_of_place("If-Match and If-None-Match do", "POST", "them", "MS476")
        if query.after is not None:
            raise out_of_place("A page by key does", "functions", "after", "MS469")
        if query.root.having != TRUE or query.distinct is not None:
            raise out_of_place("Having and distinct do", "functions", "them", "MS470")
        if query.on_conflict is not None:
            raise out_of_place("The parameter 'on_conflict' does", "functions", "on_conflict", "MS447")
        return query

    def _shape(self, given: tuple[Given, ...], body: Body | None, query: Query) -> Invoke:
        return Invoke(
            self.function,
            given=given,
            body=body,
            safe=self.request.method in READS,
            select=close(query.root),
            where=query.where,
            order=query.order,
            limit=query.page.limit,
            offset=query.offset,
            count=self.preferences.count,
            accepts=self.accepts,
            format=None if self.media is None else self.media.format,
            strip_nulls=self.media is not None and self.media.strip_nulls,
            affected_max=self.preferences.affected_max,
        )

    def _reply(self) -> Reply:
        """Of HEAD the answer is made as for GET, and its body left out: what fails for one fails for the other."""
        applied = self.preferences.applied("RPC")
        cors = cors_headers(self.setup.cors.allow(self.request.headers.get("origin")))
        return Reply(
            method=self.request.method,
            headers=cors if applied is None else (*cors, ("preference-applied", applied)),
            media=media_headers(self.media or JSON, self.function.schema),
            body=self.request.method != "HEAD",
        )

"""The REST wire in one piece: parse, render and refuse, with the memory that makes the usual request cheap."""

from collections.abc import AsyncGenerator, Collection, Sequence

import msgspec

from mainstay.core.exchange import Request, Response
from mainstay.core.idempotency import parse_once, replayed
from mainstay.core.limits import Limits
from mainstay.core.nesting import Nesting
from mainstay.core.operation import Ending, Invoke, NestedRows, Operation, TableRef
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.rule import Action
from mainstay.core.told import told_of
from mainstay.wires.rest.answered import as_the_database_says
from mainstay.wires.rest.call import Call
from mainstay.wires.rest.conditional import parse_precondition
from mainstay.wires.rest.cors import Cors, cors_headers, preflight
from mainstay.wires.rest.events import stream
from mainstay.wires.rest.long_query import unwrapped
from mainstay.wires.rest.memo import Memo, take_apart
from mainstay.wires.rest.nested import may_nest, read_children
from mainstay.wires.rest.parse import parse_call
from mainstay.wires.rest.payload import Payload, only_object, read_payload
from mainstay.wires.rest.problems import brief, respond
from mainstay.wires.rest.render import render, server_timing
from mainstay.wires.rest.setup import METHODS, PAYLOADS, READS, Setup, methods_of
from mainstay.wires.rest.told import telling

VARY = ("vary", "Accept, Prefer, Range")
"""What an answer depends on besides its URL and who asks, unless code in the database says it itself."""


class RestWire:
    """PostgREST 14's URL grammar, mounted at `prefix` (empty for the root).

    `schemas` are those that a profile header may name, the first the default; empty lets the plan decide.
    `nesting` has the words by which a body may nest related rows; without, a key is a column.
    `plan_enabled` allows EXPLAIN by media type, `aggregates_enabled` aggregates in `select`; `ending` is how
    transactions end, unless `ending_chosen` and the request says otherwise (`Prefer: tx=…`); with `why_told` a read
    may ask why (`Prefer: why`). `server_timing` tells where the time went, and `etags` gives reads an entity tag.
    `told` are the settings by which code in the database can ask about a request, such as `request.headers`.
    `memo_max` is the number of request forms that are remembered; 0 remembers none. `error_details`: problems tell
    more than a code and a message. `written` are the media types that the database writes itself, and `root_function`
    is what answers at the prefix in place of a description.
    """

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        prefix: str = "/rest/v1",
        limits: Limits | None = None,
        cors_origins: tuple[str, ...] = ("*",),
        plan_enabled: bool = False,
        *,
        ending: Ending = Ending.COMMIT,
        ending_chosen: bool = False,
        why_told: bool = False,
        told: Collection[str] = (),
        schemas: tuple[str, ...] = (),
        aggregates_enabled: bool = True,
        written: Collection[str] = (),
        server_timing: bool = False,
        etags: bool = True,
        error_details: bool = True,
        root_function: str | None = None,
        memo_max: int | None = None,
        nesting: Nesting | None = None,
    ) -> None:
        limits = limits or Limits()
        self.nesting = nesting or Nesting()
        self.setup = Setup(
            prefix,
            limits,
            Cors(cors_origins),
            schemas,
            plan_enabled,
            aggregates_enabled,
            frozenset(written),
            ending,
            ending_chosen,
            self.nesting,
            why_told,
            root_function,
        )
        self.server_timing = server_timing
        self.told = frozenset(told)
        self.etags = etags
        self.error_details = error_details
        self._memo = Memo(limits.plans_max if memo_max is None else memo_max)

    def parse(self, request: Request) -> Call:
        """The call of a request. Raises `Problem`, which `refuse` turns into a response."""
        if request.method == "QUERY" or request.path.endswith("/query"):
            request = unwrapped(request, self.setup.prefix)
        get = request.headers.get
        if get("idempotency-key") is not None and request.method not in READS:
            once = parse_once(request, self.setup.limits.idempotency_key_max)
            return msgspec.structs.replace(parse_call(request, self.setup), once=once)
        skeleton = take_apart(request.query)
        if skeleton is None or request.method not in METHODS or get("range") is not None:
            return parse_call(request, self.setup)
        conditional = get("if-none-match") is not None or get("if-match") is not None
        if conditional and request.method != "GET":
            return parse_call(request, self.setup)
        payload = None
        if request.method in PAYLOADS:
            payload = self._read_payload(request)
            if payload is None:
                return parse_call(request, self.setup)
        key = (
            request.method,
            request.path,
            skeleton.text,
            get("accept"),
            get("prefer"),
            get("accept-profile") if request.method in READS else get("content-profile"),
            self.setup.cors.allow(get("origin")),
            None if payload is None else (payload.single, payload.columns, self._children(request, payload)),
        )
        known = self._memo.get(key)
        if known is None or known.operation is None:
            call = parse_call(request, self.setup)
            if call.operation is None or _is_template(call.operation, skeleton.values, payload):
                self._memo.put(key, call)
            return call
        values = skeleton.values if payload is None else (payload.text, *skeleton.values)
        template = known.operation
        operation = Operation(
            template.shape, values, template.ending, template.explain, template.explain_options, template.settings
        )
        if conditional and known.reply.live:
            return parse_call(request, self.setup)
        if conditional:
            operation = msgspec.structs.replace(operation, precondition=parse_precondition(request.headers))
        return Call(known.reply, operation, False, None, known.schema, request.query)

    def tell(self, call: Call, request: Request) -> Call:
        """The call with what code in the database may ask about its request; for where `told` names anything."""
        return telling(call, request, self.setup.prefix, self.told)

    def settings(self, request: Request) -> tuple[tuple[str, str], ...]:
        """What code in the database may ask about a request that asks for no rows."""
        return told_of(request, self.told, self.setup.prefix)

    def _read_payload(self, request: Request) -> Payload | None:
        """The payload, or None where the full parse has to tell what is wrong with it."""
        try:
            payload = read_payload(request.body, request.headers.get("content-type"), self.setup.limits.insert_rows_max)
            return payload if request.method == "POST" else only_object(payload)
        except Problem:
            return None

    def _children(self, request: Request, payload: Payload) -> tuple[NestedRows, ...]:
        """What the parse will make of nested rows, or more: it looks at the keys that `columns` names alone."""
        name = request.path[len(self.setup.prefix) + 1 :]
        words = self.nesting.of(TableRef(name, request.headers.get("content-profile")))
        if not may_nest(payload.columns, words):
            return ()
        return read_children(payload, payload.columns, words, self.nesting, self.setup.limits, uniform=True)

    def render(self, call: Call, result: Result, times: Sequence[float] = ()) -> Response:
        """The response to a call that was run. For a description, `result.body` is its document.

        `times`: when the request came, and when it was authenticated, parsed and run, by `time.perf_counter`.
        """
        response = render(call, result, etags=self.etags)
        if result.status is not None or result.headers is not None:
            response = as_the_database_says(response, result)
        if response.status < 400 and call.answer is None:
            if result.headers is None or not _varies(response):
                response.headers.append(VARY)
        elif not self.error_details:
            response = brief(response)
        if self.server_timing and times:
            response.headers.append(("server-timing", server_timing(times, result.database_us)))
        return response

    def tell_why(self, call: Call, why: bytes) -> Response:
        """The answer to one who asked why the rows are these, as JSON."""
        headers = [("content-type", "application/json; charset=utf-8"), *call.reply.headers]
        return Response(200, headers, why if call.reply.body else None)

    def stream(
        self, call: Call, first: Result, later: AsyncGenerator[Result | None, None], request: Request
    ) -> Response:
        """The answer to a call that is live: `first`, then those of `later`, where None is a sign of life."""

        def told(problem: Problem) -> bytes | None:
            return self.refuse(problem, anonymous=False).body

        response = stream(call, first, later, request.headers.get("last-event-id"), told)
        response.headers.append(VARY)
        return response

    def replay(self, call: Call, response: Response) -> Response:
        """An answer that was kept, for a call that came again."""
        return replayed(response, call.reply.headers)

    def preflight(self, request: Request) -> Response | None:
        """The answer to a preflight, which asks for nothing that anyone has to be known for; None for what is none."""
        return preflight(self.setup.cors, request.headers)

    def cors(self, request: Request) -> tuple[tuple[str, str], ...]:
        """The headers by which a page of another origin may read an answer, whichever wire gives it."""
        return cors_headers(self.setup.cors.allow(request.headers.get("origin")))

    def refuse(
        self, problem: Problem, *, anonymous: bool, call: Call | None = None, request: Request | None = None
    ) -> Response:
        """The response that says why not. `request` lets a cross-origin reader read it, and HEAD go without a body."""
        headers: tuple[tuple[str, str], ...] = ()
        method = call.reply.method if call is not None else ""
        if request is not None:
            headers = cors_headers(self.setup.cors.allow(request.headers.get("origin")))
            method = request.method
        elif call is not None:
            headers = tuple(line for line in call.reply.headers if line[0].startswith("access-control-"))
        response = respond(problem, anonymous=anonymous, headers=headers, body=method != "HEAD")
        return response if self.error_details else brief(response)

    def admit(self, call: Call, actions: Collection[Action], *, keyed: bool) -> Response:
        """The answer to OPTIONS for a table with which `actions` can be done; PUT needs a key, too."""
        return self.allow(call, methods_of(actions, keyed=keyed))

    def allow(self, call: Call, methods: tuple[str, ...]) -> Response:
        """The answer to OPTIONS where only some methods are there.

        A preflight's answer stays as it is: it does not depend on the table.
        """
        answer = call.answer or Response(200, [])
        headers = [(name, ",".join(methods) if name == "allow" else value) for name, value in answer.headers]
        return Response(answer.status, headers, answer.body)


def _varies(response: Response) -> bool:
    """Whether it says what it depends on, besides the origin."""
    return any(name == "vary" and value != "Origin" for name, value in response.headers)


def _is_template(operation: Operation, values: tuple[str, ...], payload: Payload | None) -> bool:
    """Whether all of its values are those of plain filters: a function's come in another order, and an aggregate's
    filter has values inside of `select`."""
    return type(operation.shape) is not Invoke and len(operation.values) == len(values) + (payload is not None)

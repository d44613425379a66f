"""Turns a `Call` and its `Result` into a response. The body is passed through as the database wrote it."""

from collections.abc import Sequence
from time import perf_counter
from urllib.parse import quote

import msgspec

from mainstay.core.exchange import Response
from mainstay.core.operation import Conflict, Count, Delete, Insert, Invoke, Operation, Put, Read, Together, Update
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.rest.call import Call
from mainstay.wires.rest.conditional import tagged
from mainstay.wires.rest.keyset import links
from mainstay.wires.rest.problems import respond

# Microseconds as milliseconds: looking five texts up is twice as fast as writing them, and is on every request's path.
MS = tuple(f"{us / 1e3:.3f}" for us in range(10_000))
TIMING = "jwt;dur=%.3f, parse;dur=%.3f, plan;dur=%.3f, transaction;dur=%.3f, response;dur=%.3f"
QUERY_MAX = 2_048
"""Characters of a query string that an answer repeats: proxies hold its whole head to 4 or 8 KiB."""
KEY = msgspec.json.Decoder(dict[str, msgspec.Raw])
MERGING = "resolution=merge-duplicates"


def render(call: Call, result: Result, *, etags: bool = True) -> Response:
    """The response to a call that went well, save for an offset past the end, which only the result can tell: 416.

    With `etags`, an answer with all that was asked for has its entity tag. Raises MS475 where If-Match does not hold.
    """
    if call.answer is not None:
        return call.answer
    operation = call.operation
    if operation is None or operation.explain:
        return _respond(call, 200, result)
    match operation.shape:
        case Read() as read:
            offset = _offset(read, operation) if not read.after else None
            response = _render_read(call, offset, result)
            if read.after is not None and response.status < 300:
                response.headers.extend(links(call.reply.location, call.query, read, result))
            if etags and response.status < 300:
                # A part (206) has none: its tag would have to be the whole's.
                return tagged(response, result.body if response.status == 200 else None, operation.precondition)
            return response
        case Together():
            return _respond(call, 200, result)
        case Insert() as insert:
            return _render_insert(call, insert, result)
        case Update() as update:
            affected = _affected(result)
            span = content_range(0, affected, affected if update.count is not Count.NONE else None)
            return _render_change(call, span, result)
        case Delete() as delete:
            total = _affected(result) if delete.count is not Count.NONE else None
            return _render_change(call, content_range(0, 0, total), result)
        case Put():
            return _render_put(call, result)
        case Invoke() as invoke:
            response = _render_invoke(call, _offset(invoke, operation), result)
            if etags and invoke.safe and response.status < 300:
                return tagged(response, result.body if response.status == 200 else None, operation.precondition)
            return response


def content_range(offset: int | None, rows: int, total: int | None) -> str:
    """`0-9/100`: first and last row and the total; `*` for what is not there or not known (RFC 9110, 14.4)."""
    span = f"{offset}-{offset + rows - 1}" if offset is not None and rows > 0 and total != 0 else "*"
    return f"{span}/{'*' if total is None else total}"


def content_location(path: str, query: str) -> str:
    """Where a read's answer can be had again (RFC 9110, 8.7), the same for all orders of the parameters."""
    if "&" in query:
        query = "&".join(sorted(query.split("&")))
    return f"{path}?{query}" if query else path


def server_timing(times: Sequence[float], database_us: int) -> str:
    """PostgREST's metrics in milliseconds (https://www.w3.org/TR/server-timing/); `plan` is all that `run` did but
    wait for the database, and `response` is what rendering took."""
    came, authenticated, parsed, ran = times
    jwt, parse = int((authenticated - came) * 1e6), int((parsed - authenticated) * 1e6)
    plan, response = max(int((ran - parsed) * 1e6) - database_us, 0), int((perf_counter() - ran) * 1e6)
    try:
        return (
            f"jwt;dur={MS[jwt]}, parse;dur={MS[parse]}, plan;dur={MS[plan]}, "
            f"transaction;dur={MS[database_us]}, response;dur={MS[response]}"
        )
    except IndexError:  # one of them took longer than the table reaches
        return TIMING % (jwt / 1e3, parse / 1e3, plan / 1e3, database_us / 1e3, response / 1e3)


def _offset(read: Read | Invoke, operation: Operation) -> int:
    if read.offset is None:
        return 0
    value = operation.values[read.offset]
    return int(value) if isinstance(value, str) else 0


def _affected(result: Result) -> int:
    return result.rows if result.affected is None else result.affected


def _respond(call: Call, status: int, result: Result, *headers: tuple[str, str]) -> Response:
    reply = call.reply
    media = reply.media
    if result.media is not None:
        media = (("content-type", result.media), *(line for line in media if line[0] != "content-type"))
    return Response(status, [*headers, *media, *reply.headers], result.body if reply.body else None)


def _render_read(call: Call, offset: int | None, result: Result) -> Response:
    rows, total = result.rows, result.total
    span = ("content-range", content_range(offset, rows, total))
    if total is None or offset is None or offset <= total:
        headers = [span]
        query = call.query
        if call.reply.location and len(query) <= QUERY_MAX and query.isprintable() and query.isascii():
            headers.append(("content-location", content_location(call.reply.location, query)))
        return _respond(call, 200 if total is None or rows >= total else 206, result, *headers)
    problem = Problem(
        "PGRST103",
        "Requested range not satisfiable",
        details=f"An offset of {offset} was requested, but there are only {total} rows.",
    )
    return respond(problem, anonymous=False, headers=(span, *call.reply.headers), body=call.reply.body)


def _render_invoke(call: Call, offset: int, result: Result) -> Response:
    """A function that returns nothing is answered by 204, any other like a read."""
    if result.body is not None:
        return _render_read(call, offset, result)
    span = ("content-range", content_range(offset, result.rows, result.total))
    return Response(204, [span, *call.reply.headers], None)


def _render_insert(call: Call, insert: Insert, result: Result) -> Response:
    total = _affected(result) if insert.count is not Count.NONE else None
    headers = [("content-range", content_range(0, 0, total))]
    if result.key is not None and insert.returning.key:
        headers.append(("location", call.reply.location + _key_query(result.key)))
    if insert.conflict is not Conflict.MERGE:
        return _respond(call, 201, result, *headers)
    if result.inserted is None:
        return _without_merging(_respond(call, 201, result, *headers))
    return _respond(call, 201 if result.inserted > 0 else 200, result, *headers)


def _without_merging(response: Response) -> Response:
    """What was asked for was not applied where there was no key to merge by (RFC 7240, 3)."""
    lines: list[tuple[str, str]] = []
    for name, value in response.headers:
        if name != "preference-applied":
            lines.append((name, value))
        elif kept := [part for part in value.split(", ") if part != MERGING]:
            lines.append((name, ", ".join(kept)))
    return Response(response.status, lines, response.body)


def _render_change(call: Call, span: str, result: Result) -> Response:
    return _respond(call, 200 if call.reply.body else 204, result, ("content-range", span))


def _render_put(call: Call, result: Result) -> Response:
    if not call.reply.body:
        return _respond(call, 204, result)
    return _respond(call, 201 if result.inserted else 200, result)


def _key_query(key: bytes) -> str:
    """`?id=eq.1` from `{"id": 1}`; a null can only be asked for by `is`."""
    members = KEY.decode(key)
    return "?" + "&".join(f"{quote(name, safe='')}={_key_filter(bytes(raw))}" for name, raw in members.items())


def _key_filter(raw: bytes) -> str:
    """A number stays as it is spelt: it may be longer than a float is precise."""
    if raw == b"null":
        return "is.null"
    text = msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()
    return f"eq.{quote(text, safe='')}"

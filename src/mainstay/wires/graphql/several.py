"""Several requests in one body, as Apollo's and urql's batching clients send them: a list in, a list of answers out.

Each is a request of its own: a problem of one is its answer and no other's, and nothing is undone for it.
"""

from collections.abc import Sequence

import msgspec

from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.wires.graphql.accept import JSON
from mainstay.wires.graphql.problems import NO_REQUEST
from mainstay.wires.graphql.request import check_media

_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split(request: Request, limits: Limits) -> list[Request] | None:
    """The requests; None where the body is no list. Raises Problem."""
    if request.method != "POST" or request.body.lstrip()[:1] != b"[":
        return None
    check_media(request)
    try:
        bodies = _decode(request.body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("the body is not valid JSON") from error
    if not bodies:
        raise _bad("there is no request in the body")
    if len(bodies) > limits.graphql_batch_max:
        raise _bad(f"more than {limits.graphql_batch_max} requests in one body")
    if request.headers.get("idempotency-key") is not None:
        raise _bad("an Idempotency-Key is one request's, and there is a list of them")
    return [msgspec.structs.replace(request, body=bytes(body)) for body in bodies]


def join(answers: Sequence[Response]) -> Response:
    """Its status is 200 whatever the answers are: no other could say it of all of them."""
    body = b",".join(answer.body or b"null" for answer in answers)
    return Response(200, [("content-type", f"{JSON}; charset=utf-8")], b"[%b]" % body)


def _bad(message: str) -> Problem:
    return Problem("bad-request", message, where=NO_REQUEST)

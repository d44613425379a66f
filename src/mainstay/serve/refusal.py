"""What serve refuses before the application sees it, each with its code: `MS` and the HTTP status.

A refusal names the limit and what to try, and never repeats what the client sent.
"""

from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.serve.application import Application


def malformed(what: str) -> Problem:
    return Problem("MS400", what)


def too_slow(limits: Limits) -> Problem:
    return Problem("MS408", f"The request's body did not arrive within {limits.client_ms_max} ms")


def body_too_large(limits: Limits) -> Problem:
    return Problem(
        "MS413",
        f"The request's body is larger than {limits.body_bytes_max} bytes",
        hint="Send it in parts, or raise body_bytes_max.",
    )


def url_too_long(limits: Limits) -> Problem:
    return Problem("MS414", f"The path and query are longer than {limits.url_bytes_max} bytes")


def headers_too_large(limits: Limits) -> Problem:
    return Problem("MS431", f"The request's headers are larger than {limits.header_bytes_max} bytes")


def failed(request_id: str) -> Problem:
    return Problem("MS500", "Something went wrong here", details=f"request {request_id}")


def too_many_open(limits: Limits) -> Problem:
    return Problem(
        "MS503",
        f"More than {limits.sockets_max} sockets and streams are open",
        hint="Try again later.",
        retry_after_s=5,
    )


def unknown_coding() -> Problem:
    return Problem("MS501", "The only Transfer-Encoding that is understood is chunked")


def cut_off() -> Problem:
    return Problem("MS503", "The server is stopping", hint="Send the request again.", retry_after_s=1)


def render(application: Application, problem: Problem, request: Request, *, close: bool = False) -> Response:
    """The application's form of it. `close` asks the client to hang up, for where its next bytes can't be trusted."""
    response = application.refuse(problem, request)
    if close:
        headers = [*response.headers, ("connection", "close")]
        return Response(response.status, headers, response.body)
    return response

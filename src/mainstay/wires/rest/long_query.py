"""Queries that are too long for a URL: the query string comes as the body, and the request is then read as a GET.

By the method QUERY (RFC 10008), which is safe and idempotent as GET is, or for clients and proxies that do not know it
by POST to `<table>/query`. Never looks into the query string.
"""

import msgspec

from mainstay.core.exchange import Request
from mainstay.core.problem import Problem

METHOD = "QUERY"
FORM = "application/x-www-form-urlencoded"
SUFFIX = "/query"


def unwrapped(request: Request, prefix: str) -> Request:
    """The GET that a long query stands for; any other request as it is.

    Raises MS466 for a body of another type, PGRST100 for one that is not UTF-8.
    """
    path = _table_path(request, prefix)
    if path is None:
        return request
    _require_form(request)
    try:
        body = request.body.decode().strip()
    except UnicodeDecodeError as error:
        raise Problem(
            "PGRST100", "failed to parse the query string", details="It is not UTF-8", where="body"
        ) from error
    query = "&".join(part for part in (request.query, body) if part)
    return msgspec.structs.replace(request, method="GET", path=path, query=query, body=b"")


def _table_path(request: Request, prefix: str) -> str | None:
    if request.method == METHOD:
        return request.path if len(request.path) > len(prefix) + 1 else None  # the root has no rows to ask for
    if request.method != "POST" or not request.path.endswith(SUFFIX):
        return None
    path = request.path.removesuffix(SUFFIX)
    table = path[len(prefix) + 1 :]
    # `rpc/query` is a function of that name, and `query` a table.
    return None if not table or "/" in table or table == "rpc" else path


def _require_form(request: Request) -> None:
    content_type = request.headers.get("content-type")
    if content_type is None and not request.body:
        return
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise Problem(
            "MS466",
            "The body of a query has to be a query string",
            details=f"Its content type is {content_type}" if content_type else "It has no content type",
            hint=f"Send it as {FORM}",
            where="Content-Type",
        )

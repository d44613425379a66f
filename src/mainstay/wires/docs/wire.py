"""Answers for the pages and their files. Everything else in the house is none of its business."""

from functools import cached_property
from posixpath import dirname, relpath
from urllib.parse import quote

from mainstay.core.exchange import Request, Response
from mainstay.wires.docs.files import GRAPHIQL, REFERENCE, File, Page, read_files, read_page

READS = frozenset({"GET", "HEAD"})
YEAR_S = 31_536_000

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # icons
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style, no other host: a token is typed into these pages."""
FONTS = "; font-src data:"


class PageWire:
    """A page at `path`, its files below; it asks the server at `said`, a name in its text and the path there.

    All of its links are relative, so that an app mounted below another path finds them.
    """

    def __init__(self, page: Page, path: str, said: tuple[str, str]) -> None:
        self.page = page
        self.path = path.rstrip("/")
        self.said = said
        self.security = (
            ("content-security-policy", CONTENT_SECURITY_POLICY + (FONTS if page.fonts else "")),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        )

    def answer(self, request: Request) -> Response | None:
        """The response; None where the path is neither the page's nor below it."""
        path = request.path
        if path != self.path and not path.startswith(f"{self.path}/"):
            return None
        if request.method not in READS:
            return Response(405, [("allow", "GET, HEAD")])
        name = path[len(self.path) + 1 :]
        if path != self.path and not name:
            return Response(308, [("location", f"../{quote(self._name)}")])  # or else relative links would miss
        file = self._files.get(name) if name else self._page
        if file is None:
            return Response(404, [("content-type", "text/plain; charset=utf-8")], _body(request, b"Not found\n"))
        return self._send(request, file)

    @property
    def _name(self) -> str:
        """The last step of the path: what links relative to the page begin with."""
        return self.path.rpartition("/")[2]

    @cached_property
    def _files(self) -> dict[str, File]:
        return read_files(self.page)

    @cached_property
    def _page(self) -> File:
        name, place = self.said
        slash = "/" if place.endswith("/") else ""
        seen = quote(relpath(place, dirname(self.path))) + slash
        return read_page(self.page, self._files, base=quote(self._name), said={name: seen})

    def _send(self, request: Request, file: File) -> Response:
        packed = "gzip" in (request.headers.get("accept-encoding") or "")
        tag = f'"{file.tag}{"-gzip" if packed else ""}"'
        kept = f"public, max-age={YEAR_S}, immutable" if request.query == f"v={file.tag}" else "no-cache"
        headers = [("etag", tag), ("cache-control", kept), ("vary", "accept-encoding"), *self.security]
        if tag in (request.headers.get("if-none-match") or ""):
            return Response(304, headers)
        headers.append(("content-type", file.content_type))
        if packed:
            headers.append(("content-encoding", "gzip"))
        return Response(200, headers, _body(request, file.packed if packed else file.body))


class DocsWire(PageWire):
    """The API reference; it shows the OpenAPI document at `rest_prefix`."""

    def __init__(self, path: str = "/docs", rest_prefix: str = "/rest/v1") -> None:
        super().__init__(REFERENCE, path, ("document", f"{rest_prefix.rstrip('/')}/"))


class GraphiqlWire(PageWire):
    """GraphiQL; it asks GraphQL at `graphql_path`."""

    def __init__(self, path: str = "/graphiql", graphql_path: str = "/v1/graphql") -> None:
        super().__init__(GRAPHIQL, path, ("endpoint", graphql_path))


def _body(request: Request, body: bytes) -> bytes | None:
    return body if request.method == "GET" else None

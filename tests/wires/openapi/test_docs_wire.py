"""The reference page: what it serves, what it never does, and that its files are the ones that npm has."""

import gzip
import json
import re
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from mainstay.core.exchange import Request, Response
from mainstay.wires.docs import DocsWire, GraphiqlWire, PageWire

WIRE = DocsWire()
GRAPHIQL = GraphiqlWire()


def get(path: str, wire: PageWire = WIRE, method: str = "GET", **headers: str) -> Response:
    path, _, query = path.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = wire.answer(Request(method, path, query, named))
    assert response is not None
    return response


def page(wire: PageWire = WIRE, path: str = "/docs") -> str:
    return (get(path, wire).body or b"").decode()


class Elements(HTMLParser):
    """Every element's name and attributes, and the text inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style"):
            self.inline += data.strip()


def links(text: str) -> list[str]:
    urls = (attributes.get("src") or attributes.get("href") for _, attributes in Elements(text).found)
    return [url for url in urls if url and not url.startswith("data:")]


@pytest.mark.parametrize("path", ["/", "/doc", "/docsearch", "/rest/v1/docs", "/Docs"])
def test_other_paths_are_not_its_business(path: str) -> None:
    assert WIRE.answer(Request("GET", path, "", {})) is None


def test_every_link_of_the_page_leads_to_a_file_or_the_document() -> None:
    found = links(page())
    assert len(found) == 5
    for url in found:
        if url != "rest/v1/":
            assert get(f"/{url}").status == 200


def test_the_page_has_no_inline_code_and_asks_no_other_host() -> None:
    elements = Elements(page())
    assert elements.inline == ""
    assert not [attributes for _, attributes in elements.found if "style" in attributes or "onclick" in attributes]
    assert not [url for url in links(page()) if "//" in url]


def test_the_policy_allows_nothing_but_its_own_host() -> None:
    policy = dict(get("/docs").headers)["content-security-policy"]
    allowed = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert allowed["default-src"] == ["'none'"]
    assert allowed["script-src"] == allowed["style-src"] == allowed["connect-src"] == ["'self'"]
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("path", "prefix", "document"),
    [
        ("/docs", "/rest/v1", "rest/v1/"),
        ("/docs", "", "./"),
        ("/api/docs", "/api/rest", "rest/"),
        ("/help/api", "/rest/v1", "../rest/v1/"),
        ("/docs", '/a"><script>', "a%22%3E%3Cscript%3E/"),
    ],
)
def test_the_page_finds_the_document_from_where_it_is(path: str, prefix: str, document: str) -> None:
    text = page(DocsWire(path, prefix), path)
    (shown,) = (attributes["data-document"] for tag, attributes in Elements(text).found if tag == "main")
    assert shown == document
    assert all(url.startswith((document, f"{path.rpartition('/')[2]}/")) for url in links(text))


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../wire.py",
        "/docs/../../../etc/passwd",
        "/docs//etc/passwd",
        "/docs/assets/swagger-ui.css",
        "/docs/page/index.html",
        "/docs/viewer.json",
        "/docs/..\\wire.py",
        "/docs/swagger-ui.css\0",
        "/docs/swagger-ui.css/",
    ],
)
def test_nothing_but_the_pages_files_can_be_had(path: str) -> None:
    assert get(path).status == 404


def test_a_slash_too_many_leads_back_to_the_page() -> None:
    response = get("/docs/")
    assert (response.status, dict(response.headers)["location"]) == (308, "../docs")


def test_a_file_asked_for_by_its_tag_may_be_kept_for_good() -> None:
    url = next(url for url in links(page()) if "bundle" in url)
    assert "immutable" in dict(get(f"/{url}").headers)["cache-control"]
    assert dict(get("/docs/swagger-ui-bundle.js").headers)["cache-control"] == "no-cache"
    assert dict(get("/docs/swagger-ui-bundle.js?v=0").headers)["cache-control"] == "no-cache"
    assert dict(get("/docs").headers)["cache-control"] == "no-cache"


def test_who_has_a_file_already_is_not_sent_it_again() -> None:
    tag = dict(get("/docs/reference.css").headers)["etag"]
    again = get("/docs/reference.css", if_none_match=f'"other", {tag}')
    assert (again.status, again.body) == (304, None)
    assert get("/docs/reference.css", if_none_match='"other"').status == 200


def test_a_packed_file_is_the_same_file_under_another_tag() -> None:
    plain, packed = get("/docs/swagger-ui.css"), get("/docs/swagger-ui.css", accept_encoding="br, gzip")
    assert gzip.decompress(packed.body or b"") == plain.body
    assert dict(packed.headers)["content-encoding"] == "gzip"
    assert dict(packed.headers)["etag"] != dict(plain.headers)["etag"]
    assert dict(plain.headers)["vary"] == "accept-encoding"


def test_head_answers_without_a_body() -> None:
    assert (get("/docs", method="HEAD").status, get("/docs", method="HEAD").body) == (200, None)
    assert get("/docs/nothing", method="HEAD").body is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_is_only_read(method: str) -> None:
    response = get("/docs", method=method)
    assert (response.status, dict(response.headers)["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("folder", "note", "license"),
    [
        ("assets", "viewer.json", "LICENSE"),
        ("graphiql/assets", "graphiql.json", "graphiql.LICENSE"),
        ("graphiql/assets", "react.json", "react.LICENSE"),
        ("graphiql/assets", "react-dom.json", "react-dom.LICENSE"),
    ],
)
def test_the_pages_files_are_those_that_were_fetched(folder: str, note: str, license: str) -> None:
    place = files("mainstay.wires.docs").joinpath(folder)
    noted = json.loads(place.joinpath(note).read_text())
    found = {name: sha256(place.joinpath(name).read_bytes()).hexdigest() for name in noted["sha256"]}
    assert found == noted["sha256"]
    assert license in found


def test_graphiql_asks_graphql_and_has_no_inline_code_and_no_other_host() -> None:
    text = page(GRAPHIQL, "/graphiql")
    elements = Elements(text)
    (endpoint,) = (attributes["data-endpoint"] for tag, attributes in elements.found if tag == "main")
    assert endpoint == "v1/graphql"
    assert elements.inline == ""
    assert not [attributes for _, attributes in elements.found if "style" in attributes or "onclick" in attributes]
    assert len(links(text)) == 7
    for url in links(text):
        assert "//" not in url
        if url != endpoint:
            assert get(f"/{url}", GRAPHIQL).status == 200


def test_graphiql_may_bring_its_fonts_and_nothing_else_besides() -> None:
    policy = dict(get("/graphiql", GRAPHIQL).headers)["content-security-policy"]
    assert policy == f"{dict(get('/docs').headers)['content-security-policy']}; font-src data:"


def test_graphiqls_styles_load_nothing() -> None:
    style = (get("/graphiql/graphiql.min.css", GRAPHIQL).body or b"").decode()
    assert "@import" not in style
    assert set(re.findall(r"url\(\s*[\"']?([^\"')]{0,5})", style)) == {"data:"}


@pytest.mark.parametrize(
    "file", ["graphiql.json", "assets/graphiql.min.js", "../wire.py", "swagger-ui.css", "index.html"]
)
def test_of_graphiql_nothing_but_its_files_can_be_had(file: str) -> None:
    assert get(f"/graphiql/{file}", GRAPHIQL).status == 404


@pytest.mark.parametrize(
    ("path", "graphql", "endpoint"),
    [
        ("/graphiql", "/graphql", "graphql"),
        ("/try/it", "/v1/graphql", "../v1/graphql"),
        ("/v1/q", "/v1/graphql", "graphql"),
    ],
)
def test_graphiql_finds_graphql_from_where_it_is(path: str, graphql: str, endpoint: str) -> None:
    elements = Elements(page(GraphiqlWire(path, graphql), path))
    assert [attributes["data-endpoint"] for tag, attributes in elements.found if tag == "main"] == [endpoint]


def test_a_token_is_never_stored() -> None:
    explore = (get("/graphiql/explore.js", GRAPHIQL).body or b"").decode()
    assert not re.search(r"localStorage|sessionStorage|cookie|innerHTML", explore)
    assert "shouldPersistHeaders: false" in explore
    script = (get("/docs/reference.js").body or b"").decode()
    assert not re.search(r"localStorage|sessionStorage|cookie|persistAuthorization|innerHTML", script)

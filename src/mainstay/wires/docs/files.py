"""The pages' files: a fixed few for each, read from the package once. Never a path that a request spells."""

import gzip
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

import msgspec

SCRIPT = "text/javascript; charset=utf-8"
STYLE = "text/css; charset=utf-8"
HTML = "text/html; charset=utf-8"
TAG_LENGTH = 16


class Page(msgspec.Struct, frozen=True):
    """Where in the package a page is, and its files. `fonts` says whether its styles bring their own."""

    html: str
    files: tuple[tuple[str, str], ...]
    fonts: bool = False


REFERENCE = Page(
    "page/index.html",
    (
        ("assets/swagger-ui-bundle.js", SCRIPT),
        ("assets/swagger-ui.css", STYLE),
        ("page/reference.js", SCRIPT),
        ("page/reference.css", STYLE),
    ),
)
GRAPHIQL = Page(
    "graphiql/index.html",
    (
        ("graphiql/assets/react.production.min.js", SCRIPT),
        ("graphiql/assets/react-dom.production.min.js", SCRIPT),
        ("graphiql/assets/graphiql.min.js", SCRIPT),
        ("graphiql/assets/graphiql.min.css", STYLE),
        ("graphiql/explore.js", SCRIPT),
        ("graphiql/explore.css", STYLE),
    ),
    fonts=True,
)


class File(msgspec.Struct, frozen=True):
    """A file's bytes, also packed with gzip. `tag` differs where a byte does."""

    content_type: str
    body: bytes
    packed: bytes
    tag: str


def read_files(page: Page) -> dict[str, File]:
    """By name, without the folder."""
    folder = files("mainstay.wires.docs")
    return {path.rpartition("/")[2]: _file(kind, folder.joinpath(path).read_bytes()) for path, kind in page.files}


def read_page(page: Page, others: dict[str, File], *, base: str, said: Mapping[str, str]) -> File:
    """The page itself. `base` is where its files are, as seen from the page; `said` is what else its text names.

    Each file's URL names its tag, so that it may be kept for good.
    """
    text = files("mainstay.wires.docs").joinpath(page.html).read_text("utf-8")
    links = {name.replace(".", "_").replace("-", "_"): f"{base}/{name}?v={file.tag}" for name, file in others.items()}
    values = {name: escape(value) for name, value in (links | dict(said)).items()}
    return _file(HTML, Template(text).substitute(values).encode())


def _file(content_type: str, body: bytes) -> File:
    packed = gzip.compress(body, compresslevel=6, mtime=0)  # a fixed time: the same bytes in every process
    return File(content_type, body, packed, sha256(body).hexdigest()[:TAG_LENGTH])

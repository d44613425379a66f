"""The page's files: a fixed few, read from the package once. Never a path that a request spells."""

import gzip
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

import msgspec

FILES: dict[str, str] = {
    "assets/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "assets/swagger-ui.css": "text/css; charset=utf-8",
    "page/reference.js": "text/javascript; charset=utf-8",
    "page/reference.css": "text/css; charset=utf-8",
}
HTML = "text/html; charset=utf-8"
TAG_LENGTH = 16


class File(msgspec.Struct, frozen=True):
    """A file's bytes, also packed with gzip. `tag` differs where a byte does."""

    content_type: str
    body: bytes
    packed: bytes
    tag: str


def read_files() -> dict[str, File]:
    """By name, without the folder."""
    folder = files("mainstay.wires.docs")
    return {path.rpartition("/")[2]: _file(kind, folder.joinpath(path).read_bytes()) for path, kind in FILES.items()}


def read_page(others: dict[str, File], *, base: str, document: str) -> File:
    """The page. `base` is where its files are, `document` where the OpenAPI document is, both as seen from the page.

    Each file's URL names its tag, so that it may be kept for good.
    """
    text = files("mainstay.wires.docs").joinpath("page/index.html").read_text("utf-8")
    links = {name.replace(".", "_").replace("-", "_"): f"{base}/{name}?v={file.tag}" for name, file in others.items()}
    values = {name: escape(value) for name, value in (links | {"document": document}).items()}
    return _file(HTML, Template(text).substitute(values).encode())


def _file(content_type: str, body: bytes) -> File:
    packed = gzip.compress(body, compresslevel=6, mtime=0)  # a fixed time: the same bytes in every process
    return File(content_type, body, packed, sha256(body).hexdigest()[:TAG_LENGTH])

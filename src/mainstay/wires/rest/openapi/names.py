"""Names in foreign places: a component's key, which takes few characters, a URL, which quotes the rest, Markdown."""

import re
from urllib.parse import quote

from mainstay.wires.rest.scan import NAME

PLAIN = re.compile(r"[A-Za-z0-9_]+")
FOREIGN = re.compile(r"[^A-Za-z0-9_]")


def key_of(name: str) -> str:
    """The name as a part of a component's key, `[A-Za-z0-9._-]+`; the dash is kept for between the parts.

    No two names have one key: whatever else is in a name becomes its code point, `é` for one `.e9.`.
    """
    return name if PLAIN.fullmatch(name) else FOREIGN.sub(lambda found: f".{ord(found.group()):x}.", name)


def path_of(table: str) -> str:
    """The path of a table. Braces would be a template's."""
    return f"/{quote(table, safe='')}"


def quoted(name: str) -> str:
    """The name as the query string's grammar reads it: bare where it can be, else in double quotes."""
    if PLAIN.fullmatch(name) or (NAME.fullmatch(name) and all(part == part.strip() for part in name.split("-"))):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def code(text: str) -> str:
    """The text as Markdown's code, whatever is in it."""
    return f"`{text}`" if "`" not in text else f"`` {text} ``"

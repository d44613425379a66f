"""A noun that shows nothing of itself: keys, tokens and claims must not end up in a log or a traceback."""

from typing import Any

import msgspec


class Sealed(msgspec.Struct, frozen=True):
    """Its repr is its name and nothing else; so is what `rich` prints of it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []

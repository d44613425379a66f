"""Entity tags, and what a caller asks of them before anything is done (RFC 9110, 8.8.3 and 13).

A tag is of a representation as its caller reads it, so it tells nobody of rows and columns that are hidden from him.
"""

from hashlib import blake2b

import msgspec

from mainstay.core.problem import Problem


def entity_tag(body: bytes) -> str:
    """The strong tag of a representation: of its bytes alone, so that it is the same in every process."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


class Tags(msgspec.Struct, frozen=True):
    """Entity tags with their quotes, the strong ones and those that came as `W/"…"`; `any` is `*`."""

    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    any: bool = False


class Precondition(msgspec.Struct, frozen=True):
    """`match` is If-Match: one of the tags must be there. `none_match` is If-None-Match: none of them may be."""

    match: Tags | None = None
    none_match: Tags | None = None

    def matches(self, tags: frozenset[str], *, exists: bool) -> bool:
        """Whether If-Match holds, by strong comparison."""
        match = self.match
        return match is None or (match.any and exists) or not match.strong.isdisjoint(tags)

    def is_new(self, tags: frozenset[str], *, exists: bool) -> bool:
        """Whether If-None-Match holds, by weak comparison."""
        none = self.none_match
        return none is None or not ((none.any and exists) or not (none.strong | none.weak).isdisjoint(tags))


def failed() -> Problem:
    return Problem(
        "MS475",
        "The precondition does not hold",
        details="What is there is not what If-Match or If-None-Match says",
        hint="Read it again, and decide anew",
        where="If-Match",
    )

"""Which documents are served where not all are, and which are known by a hash: a lock file's, and clients' own.

A document is allowed in its normal form: white space, comments and the `__typename` that clients add do not count.
Clients register documents as Apollo's automatic persisted queries do; what they register is bounded.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec
from graphql import GraphQLSyntaxError
from graphql.language import Visitor, ast, parse, print_ast, visit

from mainstay.cache.bounded import Bounded
from mainstay.core.problem import Problem
from mainstay.wires.graphql.problems import NO_REQUEST, invalid

HASH = re.compile(r"[0-9a-f]{64}")
VERSION = 1


class Locked(msgspec.Struct, frozen=True):
    """One document as it was sent. `hash` is its SHA-256, `form` that of its normal form."""

    hash: str
    form: str
    text: str


class Lock(msgspec.Struct, frozen=True):
    """A lock file's content."""

    version: int
    operations: tuple[Locked, ...]


class Persisted(msgspec.Struct, frozen=True):
    """`extensions.persistedQuery` of a request."""

    sha256Hash: str
    version: int = VERSION


class Documents:
    """With a `lock`, no others are served than those in it."""

    def __init__(self, registered_max: int, lock: Lock | None = None) -> None:
        self._registered: Bounded[str, str] = Bounded(registered_max)
        self._locked = {} if lock is None else {each.hash: each.text for each in lock.operations}
        self._forms = None if lock is None else frozenset(each.form for each in lock.operations)

    def text(self, persisted: Persisted, text: str | None) -> str:
        """The document of the hash, which is registered where it comes along. Raises Problem for one not known."""
        if persisted.version != VERSION or not HASH.fullmatch(persisted.sha256Hash):
            raise Problem("bad-request", "the persisted query is none that is known of", where=NO_REQUEST)
        if text is None:
            found = self._locked.get(persisted.sha256Hash) or self._registered.get(persisted.sha256Hash)
            if found is None:
                raise Problem("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", where="$")
            return found
        if hash_of(text) != persisted.sha256Hash:
            raise Problem("bad-request", "the hash of the persisted query is not that of the query", where=NO_REQUEST)
        self._registered.put(persisted.sha256Hash, text)
        return text

    def check(self, parsed: ast.DocumentNode) -> None:
        """Raises Problem for a document that is not on the list."""
        if self._forms is not None and hash_of(normal(parsed)) not in self._forms:
            raise invalid("query is not allowed", "$")


class _WithoutTypeNames(Visitor):
    """Of a selection that holds nothing else, one stays."""

    def leave_selection_set(self, node: ast.SelectionSetNode, *_: Any) -> Any:
        kept = tuple(each for each in node.selections if not _is_type_name(each))
        return ast.SelectionSetNode(selections=kept or node.selections[:1])


def _is_type_name(node: ast.SelectionNode) -> bool:
    return isinstance(node, ast.FieldNode) and node.name.value == "__typename" and not node.alias


def normal(parsed: ast.DocumentNode) -> str:
    return print_ast(visit(parsed, _WithoutTypeNames()))


def hash_of(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()


def lock_of(texts: Iterable[str]) -> Lock:
    """A lock file's content, in an order of its own. A text that is no document is left out."""
    found = {}
    for text in texts:
        try:
            parsed = parse(text, no_location=True)
        except (GraphQLSyntaxError, RecursionError):
            continue
        found[hash_of(text)] = Locked(hash_of(text), hash_of(normal(parsed)), text)
    return Lock(VERSION, tuple(sorted(found.values(), key=lambda each: (each.form, each.hash))))

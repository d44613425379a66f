"""Reads root fields of queries and subscriptions: a read of one table, a call of a function, or what is known."""

from typing import TypeAlias

import msgspec

from mainstay.core.operation import Invoke, Read
from mainstay.core.problem import Problem
from mainstay.wires.graphql.call import read_call
from mainstay.wires.graphql.connection import read_connection
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, typename
from mainstay.wires.graphql.groups import read_groups
from mainstay.wires.graphql.introspect import FIELDS, read_introspection
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.roots import RootKind
from mainstay.wires.graphql.schema_roots import NOTHING, QUERY, SUBSCRIPTION
from mainstay.wires.graphql.select import read_aggregate, read_by_key, read_rows
from mainstay.wires.graphql.stream import read_stream
from mainstay.wires.graphql.translation import Translation

Root: TypeAlias = Read | Invoke | str | msgspec.Raw
"""One root field: what is asked of the database, a text, or JSON that introspection told."""


def read_query(translation: Translation) -> list[tuple[str, Root]]:
    """All root fields. Raises Problem for whatever the role has no name for, and past `roots_max`."""
    selection = translation.document.operation.selection_set
    roots = translation.document.fields([(selection, "$.selectionSet")], QUERY, translation.variables)
    if len(roots) > translation.limits.roots_max:
        message = f"The document has too many root fields: at most {translation.limits.roots_max} are allowed"
        raise Problem("MS491", message, where="$.selectionSet")
    return [(asked.key, _root(translation, asked)) for asked in roots]


def read_subscription(translation: Translation) -> list[tuple[str, Root]]:
    """The one root field (GraphQL, 5.2.3.1), which is read as a query's is. Raises Problem as `read_query` does."""
    selection = translation.document.operation.selection_set
    roots = translation.document.fields([(selection, "$.selectionSet")], SUBSCRIPTION, translation.variables)
    if len(roots) != 1 or roots[0].name == TYPENAME or roots[0].name in FIELDS:
        raise invalid("subscriptions must select one top level field", "$")
    [asked] = roots
    stream = translation.vocabulary.streams.get(asked.name)
    if stream is not None and asked.name not in translation.vocabulary.roots:
        return [(asked.key, read_stream(translation, stream[1], asked, SUBSCRIPTION))]
    return [(asked.key, _field(translation, asked, SUBSCRIPTION))]


def _root(translation: Translation, asked: Asked) -> Root:
    if asked.name == TYPENAME:
        return typename(asked, QUERY).value
    if asked.name in FIELDS:
        if not translation.introspection:
            raise invalid("introspection is not allowed", asked.place)
        return msgspec.Raw(read_introspection(translation, asked))
    if asked.name == NOTHING.name and not translation.vocabulary.readable:
        return msgspec.Raw(b"null")
    return _field(translation, asked, QUERY)


def _field(translation: Translation, asked: Asked, owner: str) -> Read | Invoke:
    if (function := translation.vocabulary.functions.get(asked.name)) is not None:
        return msgspec.structs.replace(read_call(translation, function, asked, owner), safe=True)
    found = translation.vocabulary.roots.get(asked.name)
    if found is None:
        raise unknown(asked.name, owner, asked.place)
    kind, table = found
    match kind:
        case RootKind.ROWS:
            return read_rows(translation, table, asked, owner)
        case RootKind.AGGREGATE:
            return read_aggregate(translation, table, asked, owner)
        case RootKind.KEY:
            return read_by_key(translation, table, asked, owner)
        case RootKind.CONNECTION:
            return read_connection(translation, table, asked, owner)
        case RootKind.GROUPS:
            return read_groups(translation, table, asked, owner)

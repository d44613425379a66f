"""Reads a query's root fields, each of them a read of one table or a call of a function."""

import msgspec

from mainstay.core.operation import Invoke, Read, Together
from mainstay.core.problem import Problem
from mainstay.wires.graphql.call import read_call
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.select import TYPENAME, read_aggregate, read_by_key, read_rows, typename
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import RootKind

ROOT = "query_root"
LIVE_ROOT = "subscription_root"
INTROSPECTION = frozenset({"__schema", "__type"})


def read_query(translation: Translation) -> Together:
    """All root fields. Raises Problem for whatever the role has no name for, and past `roots_max`."""
    selection = translation.document.operation.selection_set
    roots = translation.document.fields([(selection, "$.selectionSet")], ROOT, translation.variables)
    if len(roots) > translation.limits.roots_max:
        message = f"The document has too many root fields: at most {translation.limits.roots_max} are allowed"
        raise Problem("MS491", message, where="$.selectionSet")
    return Together(tuple((asked.key, _root(translation, asked)) for asked in roots))


def read_subscription(translation: Translation) -> Together:
    """The one root field (GraphQL, 5.2.3.1), which is read as a query's is. Raises Problem as `read_query` does."""
    selection = translation.document.operation.selection_set
    roots = translation.document.fields([(selection, "$.selectionSet")], LIVE_ROOT, translation.variables)
    if len(roots) != 1 or roots[0].name == TYPENAME or roots[0].name in INTROSPECTION:
        raise invalid("subscriptions must select one top level field", "$")
    [asked] = roots
    return Together(((asked.key, _field(translation, asked, LIVE_ROOT)),))


def _root(translation: Translation, asked: Asked) -> Read | Invoke | str:
    if asked.name == TYPENAME:
        return typename(asked, ROOT).value
    if asked.name in INTROSPECTION:
        raise unserved("introspection is", asked.place)
    return _field(translation, asked, ROOT)


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

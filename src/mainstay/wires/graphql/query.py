"""Reads a query's root fields, each of them a read of one table or a call of a function."""

import msgspec

from mainstay.core.operation import Invoke, Read, Together
from mainstay.core.problem import Problem
from mainstay.wires.graphql.call import read_call
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.problems import unknown, unserved
from mainstay.wires.graphql.select import TYPENAME, read_aggregate, read_by_key, read_rows, typename
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import RootKind

ROOT = "query_root"
INTROSPECTION = frozenset({"__schema", "__type"})


def read_query(translation: Translation) -> Together:
    """All root fields. Raises Problem for whatever the role has no name for, and past `roots_max`."""
    selection = translation.document.operation.selection_set
    roots = translation.document.fields([(selection, "$.selectionSet")], ROOT, translation.variables)
    if len(roots) > translation.limits.roots_max:
        message = f"The document has too many root fields: at most {translation.limits.roots_max} are allowed"
        raise Problem("MS491", message, where="$.selectionSet")
    return Together(tuple((asked.key, _root(translation, asked)) for asked in roots))


def _root(translation: Translation, asked: Asked) -> Read | Invoke | str:
    if asked.name == TYPENAME:
        return typename(asked, ROOT).value
    if asked.name in INTROSPECTION:
        raise unserved("introspection is", asked.place)
    if (function := translation.vocabulary.functions.get(asked.name)) is not None:
        return msgspec.structs.replace(read_call(translation, function, asked, ROOT), safe=True)
    found = translation.vocabulary.roots.get(asked.name)
    if found is None:
        raise unknown(asked.name, ROOT, asked.place)
    kind, table = found
    match kind:
        case RootKind.ROWS:
            return read_rows(translation, table, asked, ROOT)
        case RootKind.AGGREGATE:
            return read_aggregate(translation, table, asked, ROOT)
        case RootKind.KEY:
            return read_by_key(translation, table, asked, ROOT)

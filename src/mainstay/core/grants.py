"""What a database lets one of its roles do: for documents alone, because at each request the database decides anew."""

from collections.abc import Mapping

import msgspec

from mainstay.core.catalog import FunctionKey, TableKey


class TableGrant(msgspec.Struct, frozen=True):
    """Columns by what the role may do to them; `deletable` is of rows."""

    readable: frozenset[str] = frozenset()
    creatable: frozenset[str] = frozenset()
    updatable: frozenset[str] = frozenset()
    deletable: bool = False


class Grants(msgspec.Struct, frozen=True):
    """What is not here, the role may not touch."""

    tables: Mapping[TableKey, TableGrant] = {}
    functions: frozenset[FunctionKey] = frozenset()

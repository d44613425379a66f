"""What a team says of tables beside models: what they and their columns are called, and which functions are fields.

Names are for grammars that have fields, such as GraphQL; REST says the database's own.
"""

from collections.abc import Mapping

import msgspec

from mainstay.core.catalog import FunctionKey, TableKey
from mainstay.core.tracking import Tracked

ROOTS = (
    "select",
    "select_by_pk",
    "select_aggregate",
    "select_connection",
    "select_groups",
    "select_stream",
    "insert",
    "insert_one",
    "update",
    "update_by_pk",
    "update_many",
    "delete",
    "delete_by_pk",
)
"""The kinds of root fields that a table has, as Hasura's metadata calls them."""


class Naming(msgspec.Struct, frozen=True):
    """How one table is called: `name`, its columns by their own names, and its root fields by their kind in `ROOTS`.

    `comment` and `comments` describe it and its columns, in the place of the database's own comments. What is not said
    is called as the rest of the grammar has it. `enum`: its rows are the values of an enum.
    """

    name: str | None = None
    columns: Mapping[str, str] = {}
    roots: Mapping[str, str] = {}
    comment: str | None = None
    comments: Mapping[str, str] = {}
    enum: bool = False


class Exposure(msgspec.Struct, frozen=True):
    """All of it, for one catalog."""

    names: Mapping[TableKey, Naming] = {}
    functions: Mapping[FunctionKey, Tracked] = {}


PLAIN = Exposure()
"""Everything is called as it is in the database, and no function is a field."""

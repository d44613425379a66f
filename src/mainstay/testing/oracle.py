"""The oracle: what a read must answer, in plain Python, straight from the declared rules. Stores are held to it.

It shares nothing with the corridor but the nouns: no plan, no SQL, no joined `Reading`. A row is visible where the
rows of one of the role's rules hold of it, and a column of it where one of those rules grants it; the caller's filters,
orders and embeds then see that table and no other. Simplest obviously right code; never fast.
"""

from collections.abc import Sequence
from typing import Any

from mainstay.core.catalog import Catalog, TableKey
from mainstay.core.limits import Limits
from mainstay.core.operation import Format, Read, Value
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.policy.select import Policy
from mainstay.testing.selection import Selection
from mainstay.testing.sight import Sight
from mainstay.testing.truth import (
    Database,
    Row,
    holds,
)

__all__ = ["Database", "answer", "holds", "total", "visible_rows"]


def visible_rows(
    policy: Policy, principal: Principal, table: TableKey, database: Database, catalog: Catalog
) -> list[Row]:
    """The rows that the principal sees, without the columns that it may read in none, None where not in this row."""
    return Sight(catalog, policy, principal, database).rows(table)


def answer(  # noqa: PLR0913, PLR0917 - all that an answer may depend on
    read: Read,
    values: Sequence[Value],
    principal: Principal,
    database: Database,
    catalog: Catalog,
    policy: Policy,
    limits: Limits | None = None,
) -> Any:
    """The body as json.loads reads it: a list, for Format.OBJECT a dict; for Format.NONE the number of rows.

    Raises the Problem that the caller would get: PGRST205 and 42501 for the table, 42703 for a column, PGRST200 for a
    relation, PGRST116 where exactly one row was asked for, 22P02 for a value that its column can't read.
    """
    sight = Sight(catalog, policy, principal, database, values, limits)
    table = sight.find(read.table)
    offset = 0 if read.offset is None else int(str(values[read.offset] or 0))
    selection = Selection(sight, table, read.select, read.where, read.order, read.having, read.distinct)
    selection.require_values()
    rows = selection.page(read.limit, offset)
    if read.strip_nulls:
        rows = [_stripped(row) for row in rows]
    match read.format:
        case Format.NONE:
            return len(rows)
        case Format.ARRAY:
            return rows
        case Format.OBJECT if len(rows) == 1:
            return rows[0]
        case Format.OBJECT:
            raise Problem("PGRST116", "Cannot coerce the result to a single JSON object")
    raise NotImplementedError(f"the oracle writes no {read.format}")


def total(  # noqa: PLR0913, PLR0917 - as `answer`
    read: Read,
    values: Sequence[Value],
    principal: Principal,
    database: Database,
    catalog: Catalog,
    policy: Policy,
) -> int:
    """The number of rows without the page."""
    sight = Sight(catalog, policy, principal, database, values)
    return len(Selection(sight, sight.find(read.table), read.select, read.where, (), read.having, read.distinct).all())


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if item is not None}
    return [_stripped(item) for item in value] if isinstance(value, list) else value

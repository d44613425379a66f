"""How many rows of a table each of several conditions holds for: one statement, for one who asks why."""

from collections.abc import Sequence

import sqlalchemy as sa

from mainstay.core.catalog import Catalog, Table
from mainstay.core.condition import Condition
from mainstay.core.plan import Select
from mainstay.core.statement import Column, Statement
from mainstay.sql.binds import Binds, Expression, render
from mainstay.sql.condition import Conditions
from mainstay.sql.read import rows


def tally(table: Table, wheres: Sequence[Condition], catalog: Catalog) -> Statement:
    """A JSON array of the numbers of rows, in order."""
    binds = Binds()
    conditions = Conditions(catalog, binds)
    counts = [
        sa.select(sa.func.count())
        .select_from(rows(conditions, Select(table=table, outputs=(), where=where)).subquery(conditions.alias()))
        .scalar_subquery()
        for where in wheres
    ]
    one: Expression = sa.literal_column("1").label(Column.ROWS.value)
    text, names = render(sa.select(one, sa.func.json_build_array(*counts).label(Column.BODY.value)))
    return Statement(text=text, binds=binds.in_order(names), columns=(Column.ROWS, Column.BODY))

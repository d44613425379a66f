"""What must hold of the rows that a relation joins, so that a join shows no more than the tables themselves do."""

from collections.abc import Iterable

import msgspec

from mainstay.core.catalog import Relation, Table
from mainstay.core.condition import TRUE, Condition, Field, Is, Related, Truth, both
from mainstay.core.plan import Nested, Select
from mainstay.core.rule import Reading
from mainstay.plan.view import View


class Joined(msgspec.Struct, frozen=True):
    """What must hold of each row that a relation joins: the source's, the junction's, the target's."""

    source: Condition
    through: Condition
    target: Condition


def nest(view: View, table: Table, relation: Relation, name: str, select: Select) -> Nested:
    """The rows that `select` gives of the relation's target, joined where the role sees what joins them."""
    joined = join_conditions(view, table, relation)
    return Nested(
        name=name,
        relation=relation,
        target=select.table,
        select=msgspec.structs.replace(select, where=both(select.where, joined.target)),
        guard=joined.source,
        through=joined.through,
    )


def exists(table: Table, nested: Nested, where: Condition = TRUE) -> Condition:
    """There is such a related row, and `where` holds of it. True or false, never unknown."""
    index = table.relations.index(nested.relation)
    return both(nested.guard, Related(index, both(nested.select.where, where), nested.through))


def join_conditions(view: View, table: Table, relation: Relation) -> Joined:
    """Where the join's columns show. A masked column reads as NULL, and NULL joins nothing.

    A relation that the team named by itself joins whatever shows of its columns.
    """
    if relation.declared:
        return Joined(TRUE, TRUE, TRUE)
    source, target = view.reading(table), view.reading(view.target(relation))
    junction = relation.junction
    if junction is None:
        return Joined(
            source=_shows(source, (left for left, _ in relation.pairs)),
            through=TRUE,
            target=_shown(target, (right for _, right in relation.pairs)),
        )
    middle = view.reading(view.catalog.tables[junction.table])
    pairs = (*junction.source_pairs, *junction.target_pairs)
    return Joined(
        source=_shows(source, (left for left, _ in junction.source_pairs)),
        through=both(middle.rows, _shown(middle, (column for _, column in pairs))),
        target=_shown(target, (right for right, _ in junction.target_pairs)),
    )


def _shown(reading: Reading, columns: Iterable[str]) -> Condition:
    return both(*(mask for column in columns if (mask := reading.masks[column]) is not None))


def _shows(reading: Reading, columns: Iterable[str]) -> Condition:
    """As `_shown`, but never unknown: a test for no related rows negates it."""
    masked = ((column, reading.masks[column]) for column in columns)
    return both(*(Is(Field(column, mask=mask), Truth.NOT_NULL) for column, mask in masked if mask is not None))

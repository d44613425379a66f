"""Relations that only foreign keys tell of: both directions of each key, and many-to-many through junctions.

They have no name of their own; a request says the other table's name, with the constraint's as a hint. What a model's
relationship covers already is left to that.
"""

from collections.abc import Iterable, Iterator, Mapping

from mainstay.core.catalog import Junction, Relation, Table, TableKey
from mainstay.reflect.keys import ForeignKey

Ends = tuple[TableKey, TableKey, object]


def unnamed_relations(tables: Mapping[TableKey, Table], keys: Iterable[ForeignKey]) -> dict[TableKey, list[Relation]]:
    """By source table, for those not in the tables' relations; direct ones first, in order of the keys."""
    found: dict[TableKey, list[Relation]] = {key: [] for key in tables}
    covered = {ends(relation) for table in tables.values() for relation in table.relations}
    known = [key for key in keys if key.source in tables and key.target in tables]
    for relation in (*_direct(tables, known), *_through_junctions(tables, known)):
        if ends(relation) not in covered:
            found[relation.source].append(relation)
    return found


def ends(relation: Relation) -> Ends:
    """What two relations share that lead from the same rows to the same rows."""
    junction = relation.junction
    if junction is None:
        return relation.source, relation.target, frozenset(relation.pairs)
    through = junction.table, frozenset(junction.source_pairs), frozenset(junction.target_pairs)
    return relation.source, relation.target, through


def _direct(tables: Mapping[TableKey, Table], keys: list[ForeignKey]) -> Iterator[Relation]:
    for key in keys:
        yield Relation(None, key.source, key.target, to_one=True, pairs=key.pairs, constraint=key.name)
        yield Relation(
            None,
            key.target,
            key.source,
            to_one=is_unique(tables[key.source], key.columns),
            pairs=_turned(key),
            constraint=key.name,
            outgoing=False,
        )


def is_unique(table: Table, columns: Iterable[str]) -> bool:
    return any(set(columns) == set(unique) for unique in (table.primary_key, *table.unique))


def _through_junctions(tables: Mapping[TableKey, Table], keys: list[ForeignKey]) -> Iterator[Relation]:
    """A junction is a table with two foreign keys inside its primary key, as PostgREST has it.

    https://docs.postgrest.org/en/v14/references/api/resource_embedding.html#many-to-many-relationships
    """
    of: dict[TableKey, list[ForeignKey]] = {}
    for key in keys:
        of.setdefault(key.source, []).append(key)
    for near in keys:
        whole = set(tables[near.source].primary_key)
        for far in of[near.source]:
            if far is not near and whole.issuperset(near.columns + far.columns):
                junction = Junction(near.source, _turned(near), _turned(far), near.name, far.name)
                yield Relation(None, near.target, far.target, to_one=False, junction=junction, outgoing=False)


def _turned(key: ForeignKey) -> tuple[tuple[str, str], ...]:
    return tuple((there, here) for here, there in key.pairs)

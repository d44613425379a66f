"""Declared models and a database's other tables as one catalog: what is declared is as declared."""

import msgspec

from mainstay.core.catalog import Catalog, Relation, Table


def joined(declared: Catalog, reflected: Catalog) -> Catalog:
    """The reflected catalog with the declared tables in the place of their own.

    A declared table keeps its columns, keys and named relations, and gains the relations to tables that only the
    database knows.
    """
    tables = dict(reflected.tables)
    for key, table in declared.tables.items():
        found = tables.get(key)
        tables[key] = table if found is None else _with_relations(table, found.relations)
    schemas = tuple(dict.fromkeys((*reflected.schemas, *declared.schemas)))
    return msgspec.structs.replace(reflected, tables=tables, schemas=schemas)


def _with_relations(table: Table, found: tuple[Relation, ...]) -> Table:
    known = {_identity(relation) for relation in table.relations}
    new = tuple(relation for relation in found if _identity(relation) not in known)
    return msgspec.structs.replace(table, relations=(*table.relations, *new))


def _identity(relation: Relation) -> object:
    """What a relation is, whatever it is called."""
    junction = relation.junction
    if junction is not None:
        return (relation.target, junction.table, frozenset(junction.source_pairs), frozenset(junction.target_pairs))
    return (relation.target, frozenset(relation.pairs), relation.outgoing, relation.function)

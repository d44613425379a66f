"""What was found in a database → Catalog: read `reflect_database` to see what is taken, in which order.

The rules are those of PostgREST's schema cache, so that its clients find what they found before
(https://docs.postgrest.org/en/v14/references/schema_cache.html). Pure: it asks no database.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from mainstay.core.catalog import Catalog, Column, Relation, Table, TableForm, TableKey
from mainstay.core.found import Found, FoundColumn, FoundTable
from mainstay.reflect.computed import Computed
from mainstay.reflect.found_types import Types
from mainstay.reflect.links import Link, Shown, apart, links_of, relations_of
from mainstay.reflect.origins import origins_of
from mainstay.reflect.routines import routines_of

FORMS = {
    "r": TableForm.TABLE,
    "p": TableForm.PARTITIONED,
    "f": TableForm.FOREIGN,
    "v": TableForm.VIEW,
    "m": TableForm.MATERIALIZED,
}
UPDATABLE, INSERTABLE, DELETABLE = 4, 8, 16
"""Bits of `pg_relation_is_updatable`: 1 << CmdType, of src/include/nodes/nodes.h."""


def reflect_database(found: Found, schemas: tuple[str, ...], version: int) -> Catalog:
    """What requests to `schemas` can ask for. A partition is no table of its own, but a part of one that is."""
    columns: dict[int, list[FoundColumn]] = defaultdict(list)
    for column in found.columns:
        columns[column.table].append(column)
    types = Types(found, columns)
    exposed = [table for table in found.tables if _is_exposed(table, schemas)]
    computed = Computed(found, types, schemas)
    keys = _Keys(found, exposed, columns)
    links = keys.links()
    relations = relations_of(links, keys.primary)
    tables = {
        key: _table(table, columns[table.oid], types, computed, keys, relations.get(key, []))
        for table in exposed
        for key in [TableKey(table.schema, table.name)]
    }
    routines = routines_of(found, types, schemas, tables)
    return Catalog(
        tables=tables | routines.rows,
        schemas=schemas,
        version=version,
        functions=routines.functions,
        handlers=routines.handlers,
        time_zones=found.time_zones,
        mentioned=found.mentioned,
        postgis=next((each.schema for each in found.types if each.name == "geometry"), None),
        apart=apart(links),
    )


def _is_exposed(table: FoundTable, schemas: tuple[str, ...]) -> bool:
    return table.schema in schemas and table.kind in FORMS and not table.partition


class _Keys:
    """Primary keys, unique ones and foreign ones, as the exposed tables and views have them."""

    def __init__(self, found: Found, exposed: Iterable[FoundTable], columns: Mapping[int, list[FoundColumn]]) -> None:
        self._found = found
        self._names = {
            table.oid: {column.number: column.name for column in columns.get(table.oid, ())} for table in found.tables
        }
        origins = origins_of(found.views)
        self._shown: dict[int, list[Shown]] = defaultdict(list)
        for table in exposed:
            key = TableKey(table.schema, table.name)
            names = self._names[table.oid]
            self._shown[table.oid].append(Shown(key, False, {number: [name] for number, name in names.items()}))
            by_table: dict[int, dict[int, list[str]]] = defaultdict(dict)
            for (base, number), places in origins.get(table.oid, {}).items():
                by_table[base][number] = [names[place] for place in places if place in names]
            for base, shown in by_table.items():
                self._shown[base].append(Shown(key, True, shown))
        self.primary = self._primary()
        self._unique: dict[int, set[tuple[str, ...]]] = defaultdict(set)
        for unique in found.keys:
            if unique.kind in "ui":
                named = self._names.get(unique.table, {})
                self._unique[unique.table].add(tuple(named[number] for number in unique.columns if number in named))

    def _primary(self) -> dict[TableKey, tuple[str, ...]]:
        """A view's is made of its tables': all of those that it shows in full, by the first name of each column."""
        by_table = {key.table: key.columns for key in self._found.keys if key.kind == "p"}
        found: dict[TableKey, dict[str, None]] = defaultdict(dict)
        for table in self._found.tables:  # which are in order of their names, and so is a view's key
            for shown in self._shown.get(table.oid, ()) if table.oid in by_table else ():
                found[shown.key] |= dict.fromkeys(next(iter(shown.spellings(by_table[table.oid])), ()))
        return {key: tuple(names) for key, names in found.items()}

    def unique(self, table: FoundTable) -> tuple[tuple[str, ...], ...]:
        return tuple(sorted(self._unique.get(table.oid, ())))

    def constraints(self, table: FoundTable) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """By name: those over columns that are exposed, all of them."""
        names = self._names[table.oid]
        return tuple(
            (key.name, tuple(names[number] for number in key.columns))
            for key in self._found.keys
            if key.table == table.oid and key.kind in "pui" and names.keys() >= set(key.columns)
        )

    def links(self) -> list[Link]:
        """Of the keys that no partition merely inherits. Only constraints say that a key is one-to-one."""
        foreign = [key for key in self._found.keys if key.kind == "f" and not key.inherited]
        single = {(key.table, frozenset(key.columns)) for key in self._found.keys if key.kind in "pu"}
        return links_of(foreign, self._shown, single)


def _table(  # noqa: PLR0913, PLR0917 - what a table is made of
    table: FoundTable,
    columns: list[FoundColumn],
    types: Types,
    computed: Computed,
    keys: _Keys,
    detected: list[Relation],
) -> Table:
    key = TableKey(table.schema, table.name)
    own = {column.name: _column(column, types) for column in columns}
    return Table(
        key=key,
        columns=own | computed.columns(table, own),
        primary_key=keys.primary.get(key, ()),
        unique=keys.unique(table),
        constraints=keys.constraints(table),
        relations=_ordered(computed.relations(table), detected),
        comment=table.comment,
        writable=bool(table.events & (UPDATABLE | INSERTABLE | DELETABLE)),
        form=FORMS[table.kind],
        insertable=bool(table.events & INSERTABLE),
        updatable=bool(table.events & UPDATABLE),
        deletable=bool(table.events & DELETABLE),
    )


def _column(column: FoundColumn, types: Types) -> Column:
    domain = types.found(column.type)
    default = column.sequence or column.default or (domain.default if domain is not None else None)
    if column.generated:
        default = None
    nullable = not (column.not_null or (domain is not None and domain.not_null))
    return Column(
        name=column.name,
        type=types.named(column.type, column.declared),
        nullable=nullable,
        optional=nullable or column.generated or default is not None,
        generated=column.generated or column.identity == "a",
        comment=column.comment,
        default=None if default is None else sa.literal_column(default),
    )


def _ordered(computed: list[Relation], detected: list[Relation]) -> tuple[Relation, ...]:
    """Computed ones override those to a table of the function's name; the order is that of PGRST201's details."""
    overridden = {(relation.function.schema, relation.function.name) for relation in computed if relation.function}
    kept = [each for each in detected if (each.target.schema, each.target.name) not in overridden]
    return (*sorted(kept, key=_place), *computed)


def _place(relation: Relation) -> tuple[object, ...]:
    """By target; then one-to-many, many-to-one, one-to-one, many-to-many; then by constraint and columns."""
    junction = relation.junction
    if junction is not None:
        through = (junction.table.schema, junction.table.name)
        named = (junction.source_constraint or "", junction.target_constraint or "")
        return (*_ends(relation), 3, *through, *named, junction.source_pairs, junction.target_pairs)
    return (
        *_ends(relation),
        1 if relation.outgoing else 2 if relation.to_one else 0,
        relation.constraint or "",
        relation.pairs,
    )


def _ends(relation: Relation) -> tuple[str, str]:
    return relation.target.schema, relation.target.name

"""Types as a database has them: an object identifier → its family, and the name that a CAST takes."""

from collections.abc import Iterable, Mapping

import msgspec

from mainstay.core.catalog import ColumnType, FunctionKey, Kind, Representation
from mainstay.core.found import Found, FoundCast, FoundColumn, FoundTable, FoundType

BUILT_IN = {
    name: kind
    for kind, names in {
        Kind.BOOLEAN: "bool",
        Kind.INTEGER: "int2 int4 int8",
        Kind.NUMERIC: "numeric",
        Kind.FLOAT: "float4 float8",
        Kind.TEXT: "text varchar bpchar name char",
        Kind.DATE: "date",
        Kind.TIME: "time timetz",
        Kind.TIMESTAMP: "timestamp timestamptz",
        Kind.INTERVAL: "interval",
        Kind.UUID: "uuid",
        Kind.JSON: "json jsonb",
        Kind.BINARY: "bytea",
        Kind.TEXT_SEARCH: "tsvector",
        Kind.VOID: "void",
    }.items()
    for name in names.split()
}
VECTORS = frozenset({"vector", "halfvec", "sparsevec"})
FORMS = {"c": Kind.COMPOSITE, "e": Kind.ENUM, "r": Kind.RANGE, "m": Kind.RANGE}


class Types:
    """The types that were found. Each is made once, when it is asked for."""

    def __init__(self, found: Found, columns: Mapping[int, list[FoundColumn]]) -> None:
        self._found = {each.oid: each for each in found.types}
        self._tables = {each.oid: each for each in found.tables}
        self._columns = columns
        self._representations = _representations(found.casts)
        self._known: dict[int, ColumnType] = {}

    def named(self, oid: int, declared: str = "") -> ColumnType:
        """The type; `declared` is its spelling with modifiers, where the column that has it says more."""
        known = self._known.get(oid)
        if known is None:
            known = self._known[oid] = self._made(oid)
        return known if declared in ("", known.declared) else msgspec.structs.replace(known, declared=declared)

    def found(self, oid: int) -> FoundType | None:
        return self._found.get(oid)

    def base(self, oid: int) -> FoundType | None:
        """What a domain is a domain of, at the bottom; any other type itself."""
        found = self._found.get(oid)
        while found is not None and found.form == "d":
            found = self._found.get(found.base)
        return found

    def table(self, oid: int) -> FoundTable | None:
        """The table, view or composite type whose rows, or a domain of whose rows, the type is."""
        base = self.base(oid)
        return None if base is None or base.form != "c" else self._tables.get(base.table)

    def columns(self, table: FoundTable) -> list[FoundColumn]:
        return self._columns.get(table.oid, [])

    def _made(self, oid: int) -> ColumnType:
        found = self._found.get(oid)
        if found is None:
            return ColumnType(Kind.OTHER, "text")
        if found.form == "d":
            # Values are cast to the base, because a cast to a domain of varchar(3) would cut them without a word.
            return msgspec.structs.replace(
                self.named(found.base), declared=found.spelling, representation=self._representations.get(oid)
            )
        if found.element:
            element = self.named(found.element)
            return ColumnType(Kind.ARRAY, found.spelling, element=element, declared=found.spelling)
        return ColumnType(
            _kind(found), found.spelling, labels=found.labels, declared=found.spelling, members=self._members(found)
        )

    def _members(self, found: FoundType) -> tuple[tuple[str, ColumnType], ...]:
        if found.form != "c":
            return ()
        # Set before its members are made: no type holds itself, but the catalog is not ours.
        self._known[found.oid] = ColumnType(Kind.COMPOSITE, found.spelling, declared=found.spelling)
        members = self._columns.get(found.table, [])
        return tuple((column.name, self.named(column.type, column.declared)) for column in members)


def _kind(found: FoundType) -> Kind:
    if found.schema == "pg_catalog" and found.name in BUILT_IN:
        return BUILT_IN[found.name]
    return FORMS.get(found.form) or (Kind.VECTOR if found.name in VECTORS else Kind.OTHER)


def _representations(casts: Iterable[FoundCast]) -> dict[int, Representation]:
    made: dict[int, dict[str, FunctionKey]] = {}
    for cast in casts:
        field = "to_json" if cast.outward else f"from_{cast.form}"
        made.setdefault(cast.domain, {})[field] = FunctionKey(cast.schema, cast.name)
    return {domain: Representation(**functions) for domain, functions in made.items()}

"""Which root fields there may be, by their names: an index of a catalog that all roles share.

It knows keys of tables and what they are called, and nothing of who may do what.
"""

from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias, TypeVar

from mainstay.core.catalog import TableKey
from mainstay.core.exposure import PLAIN, Exposure, Naming
from mainstay.wires.graphql.naming import HASURA, NAME, Names


class RootKind(Enum):
    ROWS = "{}"
    KEY = "{}_by_pk"
    AGGREGATE = "{}_aggregate"
    CONNECTION = "{}_connection"
    GROUPS = "{}_groups"


class WriteKind(Enum):
    INSERT = "insert_{}"
    INSERT_ONE = "insert_{}_one"
    UPDATE = "update_{}"
    UPDATE_KEY = "update_{}_by_pk"
    UPDATE_MANY = "update_{}_many"
    DELETE = "delete_{}"
    DELETE_KEY = "delete_{}_by_pk"


class StreamKind(Enum):
    ROWS = "{}_stream"


AnyKind: TypeAlias = RootKind | StreamKind | WriteKind
K = TypeVar("K", RootKind, StreamKind, WriteKind)
Candidates: TypeAlias = dict[str, list[tuple[K, TableKey]]]
SAID: dict[AnyKind, str] = {
    RootKind.ROWS: "select",
    RootKind.KEY: "select_by_pk",
    RootKind.AGGREGATE: "select_aggregate",
    RootKind.CONNECTION: "select_connection",
    RootKind.GROUPS: "select_groups",
    StreamKind.ROWS: "select_stream",
    **{kind: kind.value.replace("_{}", "") for kind in WriteKind},
}
"""What a team calls the kinds, `core.exposure.ROOTS`."""


NOTHING_SAID = Naming()


class Index:
    """Of several tables that a name may mean, the first is meant that the role has such a field of."""

    def __init__(
        self,
        tables: Iterable[TableKey],
        schemas: tuple[str, ...],
        *,
        exposure: Exposure = PLAIN,
        names: Names = HASURA,
    ) -> None:
        self.exposure = exposure
        self.names = names
        self.first = schemas[0]
        self.reads: Candidates[RootKind] = {}
        self.streams: Candidates[StreamKind] = {}
        self.writes: Candidates[WriteKind] = {}
        self.types: dict[str, list[TableKey]] = {}
        order = {schema: place for place, schema in enumerate(schemas)}
        for key in sorted((key for key in tables if key.schema in order), key=lambda key: order[key.schema]):
            self._add(key)

    def _add(self, key: TableKey) -> None:
        name = self.name(key)
        if not NAME.fullmatch(name):
            return
        self.types.setdefault(self.names.type(name), []).append(key)
        self._add_roots(self.reads, RootKind, key, name)
        self._add_roots(self.streams, StreamKind, key, name)
        self._add_roots(self.writes, WriteKind, key, name)

    def _add_roots(self, candidates: Candidates[K], kinds: Iterable[K], key: TableKey, name: str) -> None:
        for kind in kinds:
            candidates.setdefault(self._root(key, kind, name), []).append((kind, key))

    def _root(self, key: TableKey, kind: AnyKind, name: str) -> str:
        return self.naming(key).roots.get(SAID[kind]) or self.names.field(kind.value.format(name))

    def naming(self, key: TableKey) -> Naming:
        return self.exposure.names.get(key) or NOTHING_SAID

    def name(self, key: TableKey) -> str:
        return self.naming(key).name or (key.name if key.schema == self.first else f"{key.schema}_{key.name}")

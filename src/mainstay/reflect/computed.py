"""What functions of a row add to its table: a column for each that gives a value, a relation for one that gives rows.

https://docs.postgrest.org/en/v14/references/api/computed_fields.html
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

from mainstay.core.catalog import Column, FunctionKey, Relation, TableKey
from mainstay.core.found import Found, FoundFunction, FoundTable
from mainstay.reflect.found_types import Types

RELATIONS = frozenset("rpfvm")


class Computed:
    """The functions of one row, by the row's type, those of the nearest schema first."""

    def __init__(self, found: Found, types: Types, exposed: Collection[str]) -> None:
        self._types = types
        self._exposed = exposed
        self._path = found.extra_search_path
        self._functions: Mapping[int, list[FoundFunction]] = defaultdict(list)
        for function in found.functions:
            if function.kind == "f" and not set(function.modes) - {"i"} and _takes_one(function):
                self._functions[function.types[0]].append(function)

    def columns(self, table: FoundTable, taken: Collection[str]) -> dict[str, Column]:
        """By name, where no column of the table's own has it."""
        found: dict[str, Column] = {}
        for schema in dict.fromkeys((table.schema, *self._path)):
            for function in self._of(table):
                known = function.name in taken or function.name in found
                if function.schema != schema or known or not self._gives_a_value(function):
                    continue
                found[function.name] = Column(
                    function.name,
                    self._types.named(function.returns),
                    optional=True,
                    generated=True,
                    comment=function.comment,
                    function=FunctionKey(function.schema, function.name),
                )
        return found

    def relations(self, table: FoundTable) -> list[Relation]:
        """Those to tables that can be asked for."""
        source = TableKey(table.schema, table.name)
        return [
            Relation(
                function.name,
                source,
                TableKey(target.schema, target.name),
                to_one=not function.many or function.rows == 1,
                outgoing=False,
                function=FunctionKey(function.schema, function.name),
            )
            for function in self._of(table)
            if function.schema == table.schema
            and (target := self._target(function)) is not None
            and target.schema in self._exposed
            and not target.partition
        ]

    def _of(self, table: FoundTable) -> list[FoundFunction]:
        return self._functions.get(table.row_type, []) if table.row_type else []

    def _target(self, function: FoundFunction) -> FoundTable | None:
        returned = self._types.found(function.returns)
        table = self._types.table(function.returns) if returned is not None and returned.form == "c" else None
        return table if table is not None and table.kind in RELATIONS else None

    def _gives_a_value(self, function: FoundFunction) -> bool:
        returned = self._types.found(function.returns)
        pseudo = returned is None or returned.form == "p"
        return not function.many and not pseudo and self._target(function) is None


def _takes_one(function: FoundFunction) -> bool:
    return len(function.types) >= 1 and len(function.types) - function.defaults <= 1

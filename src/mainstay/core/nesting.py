"""The words by which a body may nest related rows: all that a wire knows of the catalog when it reads a payload.

They say which values of a payload to look inside, for every role alike. Whether a role may write there is for `plan`.
"""

from collections.abc import Mapping
from typing import TypeAlias

from mainstay.core.catalog import Catalog, Table, TableKey
from mainstay.core.operation import TableRef

Words: TypeAlias = Mapping[str, frozenset[TableKey]]
"""Words that may name a relation of a table, and the tables that it may lead to."""

NONE: Words = {}


class Nesting:
    """The words of every table."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        tables = catalog.tables.values() if catalog else ()
        self._schema = catalog.schemas[0] if catalog else ""
        self._words: dict[TableKey, Words] = {table.key: _words(table) for table in tables}

    def of(self, table: TableRef) -> Words:
        """The words of a table as a request names it."""
        return self._words.get(TableKey(table.schema or self._schema, table.name), NONE)

    def below(self, tables: frozenset[TableKey]) -> Words:
        """The words of those tables together: a word may lead to several, and only the plan knows to which."""
        if len(tables) == 1:
            return self._words.get(next(iter(tables)), NONE)
        joined: dict[str, frozenset[TableKey]] = {}
        for table in tables:
            for word, targets in self._words.get(table, NONE).items():
                joined[word] = joined.get(word, frozenset()) | targets
        return joined


def _words(table: Table) -> Words:
    words: dict[str, frozenset[TableKey]] = {}
    for relation in table.relations:
        if relation.function is not None:  # computed rows are read, and never written
            continue
        for word in (relation.name, relation.target.name, relation.constraint):
            if word is not None and word not in table.columns:
                words[word] = words.get(word, frozenset()) | {relation.target}
    return words

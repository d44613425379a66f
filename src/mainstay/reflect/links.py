"""Foreign keys as ways between tables and views: of each key, every form in which views show its two ends.

The rules are those of PostgREST's schema cache:
https://docs.postgrest.org/en/v14/references/api/resource_embedding.html#foreign-key-joins-on-views
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations, product

import msgspec

from mainstay.core.catalog import Junction, Relation, TableKey
from mainstay.core.found import FoundKey

Names = tuple[str, ...]
Pairs = tuple[tuple[str, str], ...]


class Shown(msgspec.Struct, frozen=True):
    """A table, or a view of it: the names under which it shows each of the table's columns."""

    key: TableKey
    view: bool
    names: Mapping[int, list[str]]

    def spellings(self, columns: Iterable[int]) -> list[Names]:
        """Every way to say the columns in it; none where it leaves one of them out."""
        return list(product(*(self.names.get(column, []) for column in columns)))


class Link(msgspec.Struct, frozen=True):
    """A foreign key as one table or view has it towards another. `single`: at most one row refers to another."""

    source: Shown
    target: Shown
    pairs: Pairs
    constraint: str
    single: bool

    @property
    def columns(self) -> set[str]:
        return {column for column, _ in self.pairs}


def links_of(
    keys: Iterable[FoundKey], shown: Mapping[int, list[Shown]], unique: set[tuple[int, frozenset[int]]]
) -> list[Link]:
    """`shown` holds what can be asked for of each table, `unique` the sets of columns that are a key of theirs."""
    return [
        Link(source, target, tuple(zip(here, there, strict=True)), key.name, single)
        for key in keys
        for single in [(key.table, frozenset(key.columns)) in unique]
        for source, target in product(shown.get(key.table, []), shown.get(key.target, []))
        for here, there in product(source.spellings(key.columns), target.spellings(key.target_columns))
    ]


def apart(links: list[Link]) -> tuple[Relation, ...]:
    """Those of the keys between schemas."""
    return tuple(relation for relation in _direct(links) if relation.source.schema != relation.target.schema)


def relations_of(links: list[Link], primary_keys: Mapping[TableKey, Names]) -> dict[TableKey, list[Relation]]:
    """By source. Both ends are of one schema, that of the request which names them; a junction may be of another."""
    found: dict[TableKey, list[Relation]] = defaultdict(list)
    for relation in (*_direct(links), *_through_junctions(links, primary_keys)):
        if relation.source.schema == relation.target.schema:
            found[relation.source].append(relation)
    return found


def _direct(links: list[Link]) -> Iterator[Relation]:
    for link in links:
        source, target = link.source, link.target
        yield Relation(
            None,
            source.key,
            target.key,
            to_one=True,
            pairs=link.pairs,
            constraint=link.constraint,
            to_view=target.view,
        )
        yield Relation(
            None,
            target.key,
            source.key,
            to_one=link.single,
            pairs=_turned(link.pairs),
            constraint=link.constraint,
            outgoing=False,
            to_view=source.view,
        )


def _through_junctions(links: list[Link], primary_keys: Mapping[TableKey, Names]) -> Iterator[Relation]:
    """A junction is a table or view whose primary key holds the columns of two foreign keys, neither unique itself."""
    by_source: dict[TableKey, list[Link]] = defaultdict(list)
    for link in links:
        whole = primary_keys.get(link.source.key, ())
        if not link.single and link.columns.issubset(whole):
            by_source[link.source.key].append(link)
    for junction, ways in by_source.items():
        for near, far in permutations(ways, 2):
            if near.constraint != far.constraint:
                yield Relation(
                    None,
                    near.target.key,
                    far.target.key,
                    to_one=False,
                    junction=Junction(
                        junction, _turned(near.pairs), _turned(far.pairs), near.constraint, far.constraint
                    ),
                    outgoing=False,
                    to_view=far.target.view,
                )


def _turned(pairs: Pairs) -> Pairs:
    return tuple((there, here) for here, there in pairs)

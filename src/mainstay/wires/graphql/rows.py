"""Reads the rows that a mutation writes: their columns, the rows nested in them, and what to do where they conflict.

A row's values travel as one JSON text, whose members are named as the corridor names columns and relations.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from mainstay.core.catalog import Column, Kind
from mainstay.core.condition import Compare, Condition, Field, Operator, Slot, both
from mainstay.core.operation import Conflict, Delete, NestedRows
from mainstay.core.problem import Problem
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.roots import WriteKind
from mainstay.wires.graphql.spelling import check, json_text
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import RelationField, TableType
from mainstay.wires.graphql.where import read_where

SPELT = frozenset({Kind.INTEGER, Kind.BOOLEAN})
"""What a text may spell, as PostgreSQL reads it."""
NESTED = frozenset({"data", "on_conflict"})
REMOVED = "delete"
"""Beside `data` in an update of one row: which of the related rows go."""


class OnConflict(NamedTuple):
    conflict: Conflict | None = None
    columns: tuple[str, ...] = ()
    merge: tuple[str, ...] | None = None
    where: Condition | None = None


class Layout(NamedTuple):
    """How objects of one table are written: a member's name, and for nested rows their layout. `many`: as an array.

    `documents` are members that are arrays of JSON, whose items may be given as JSON's text.
    """

    names: dict[str, str]
    nested: dict[str, "Layout"]
    many: bool
    documents: frozenset[str] = frozenset()


class Level(NamedTuple):
    """The objects of one level, and of those below. `partial`: not every object has every key of its level."""

    columns: tuple[str, ...]
    children: tuple[NestedRows, ...]
    partial: bool
    layout: Layout

    @property
    def mixed(self) -> bool:
        """Whether an object of any level lacks what another of its level has."""
        return self.partial or any(_mixed(child) for child in self.children)

    def spell(self, value: Any) -> str:
        return json_text(_laid_out(value, self.layout))


class Rows:
    """Reads one root field's rows. `changing`: they are what rows that are there become.

    `key` is the one row's, by its columns: then related rows may go as well, by `removed`.
    """

    def __init__(
        self, translation: Translation, *, changing: bool = False, key: Mapping[str, Slot] | None = None
    ) -> None:
        self.translation = translation
        self.changing = changing
        self.key = key
        self.removed: list[Delete] = []
        self.count = 0

    def read(self, table: TableType, given: Given, place: str, *, single: bool, depth: int = 0) -> Level:
        """Raises Problem for a name that is not there to be written, and past `insert_rows_max`."""
        if single and isinstance(given.value, list):
            raise invalid(f"expected an object for type '{self._type_name(table)}'", place)
        items = [given] if single else items_of(given)
        places = [place if single else f"{place}[{index}]" for index in range(len(items))]
        return self._level(table, list(zip(items, places, strict=True)), depth, many=not single)

    def _level(self, table: TableType, items: Sequence[tuple[Given, str]], depth: int, *, many: bool) -> Level:
        type_name = self._type_name(table)
        columns: dict[str, str] = {}
        documents: set[str] = set()
        below: dict[str, list[tuple[Given, str]]] = {}
        objects = [(self.translation.members(given, type_name, place), place) for given, place in items]
        self._count_rows(len(objects), objects[0][1] if objects else "$")
        for members, place in objects:
            for name, each in members.items():
                inside = f"{place}.{name}"
                column = self._column(table, name)
                if column is not None:
                    columns[name] = column.name
                    if column.type.element is not None and column.type.element.kind is Kind.JSON:
                        documents.add(name)
                    _check(column, each, inside)
                elif self._relation(table, name) is not None:
                    below.setdefault(name, []).append((each, inside))
                else:
                    raise unknown(name, type_name, inside)
        nested = [self._nested(table, name, each, depth + 1) for name, each in below.items()]
        names = {**columns, **{name: child.key for name, (child, _) in zip(below, nested, strict=True)}}
        partial = any(len(members) != len(names) for members, _ in objects)
        said = self.translation.names.written
        layout = Layout(
            {said(name): each for name, each in names.items()},
            {said(name): level.layout for name, (_, level) in zip(below, nested, strict=True)},
            many,
            frozenset(map(said, documents)),
        )
        return Level(tuple(names.values()), tuple(child for child, _ in nested), partial, layout)

    def _type_name(self, table: TableType) -> str:
        return table.type("set_input") if self.changing else table.type("insert_input")

    def _column(self, table: TableType, name: str) -> Column | None:
        return (table.updated if self.changing else table.created).get(name)

    def _relation(self, table: TableType, name: str) -> tuple[RelationField, TableType] | None:
        relation = (table.merged if self.changing else table.nested).get(name)
        target = None if relation is None else self.translation.vocabulary.types.get(relation.key)
        return None if relation is None or target is None else (relation, target)

    def _count_rows(self, count: int, place: str) -> None:
        self.count += count
        rows_max = self.translation.limits.insert_rows_max
        if self.count > rows_max:
            message = f"The mutation writes too many rows: at most {rows_max} are allowed, at all levels together"
            raise Problem("MS444", message, where=place)

    def _nested(
        self, table: TableType, name: str, values: Sequence[tuple[Given, str]], depth: int
    ) -> tuple[NestedRows, Level]:
        """The rows under one relation, of all objects of a level."""
        found = self._relation(table, name)
        if found is None:
            raise TypeError("no relation is called so")
        relation, target = found
        self.translation.require_depth(depth, values[0][1])
        items = [item for given, place in values for item in self._items(relation, target, given, place, depth)]
        conflict = self._conflict(target, values)
        level = self._level(target, items, depth, many=not relation.to_one)
        child = NestedRows(
            target=relation.target,
            hint=relation.hint,
            columns=level.columns,
            children=level.children,
            single=relation.to_one if items else None,
            partial=level.partial,
            conflict=conflict.conflict,
            on_conflict=conflict.columns,
            merge=conflict.merge,
            merge_where=conflict.where,
        )
        return child, level

    def _remove(self, relation: RelationField, target: TableType, given: Given, place: str, depth: int) -> None:
        """Rows go that are related to the one row whose key is given, by that key."""
        key = self.key if self.key is not None and depth == 1 else {}
        if not relation.children or any(own not in key for own, _ in relation.children):
            raise unserved("rows that go with an update of another than one row by its key are", place)
        tied = (Compare(Field(theirs), Operator.EQ, key[own]) for own, theirs in relation.children)
        if given.value is None:
            type_name = target.type("bool_exp")
            raise invalid(f"unexpected null value for type '{type_name}'", place)
        self.removed.append(Delete(target.ref, both(*tied, read_where(self.translation, target, given, place))))

    def _items(
        self, relation: RelationField, target: TableType, given: Given, place: str, depth: int
    ) -> Iterator[tuple[Given, str]]:
        form = "obj" if relation.to_one else "arr"
        type_name = target.type(f"{form}_rel_{'set' if self.changing else 'insert'}_input")
        if given.value is None:
            return
        members = self.translation.members(given, type_name, place)
        removes = self.changing and removable(relation, target)
        for name in members:
            if name not in NESTED and not (name == REMOVED and removes):
                raise unknown(name, type_name, f"{place}.{name}")
        if REMOVED in members:
            self._remove(relation, target, members[REMOVED], f"{place}.{REMOVED}", depth)
        data = members.get("data", Given([]) if removes else None)
        if data is None or data.value is None:
            raise invalid("missing required field 'data'", place)
        if relation.to_one:
            yield data, f"{place}.data"
        else:
            for index, each in enumerate(items_of(data)):
                yield each, f"{place}.data[{index}]"

    def _conflict(self, target: TableType, values: Sequence[tuple[Given, str]]) -> OnConflict:
        found: list[OnConflict] = []
        for given, place in values:
            if isinstance(given.value, dict):
                said = given.value.get(self.translation.names.written("on_conflict"))
                found.append(read_conflict(self.translation, target, said, f"{place}.on_conflict"))
        if any(each != found[0] for each in found):  # also by the slots of their conditions
            raise unserved("conflicts of nested rows that differ from row to row are", f"{values[0][1]}.on_conflict")
        return found[0] if found else OnConflict()


def removable(relation: RelationField, target: TableType) -> bool:
    """Whether the role may delete rows of the relation, so that they might go with an update of the row above them."""
    return not relation.to_one and WriteKind.DELETE in target.kinds


def read_conflict(translation: Translation, table: TableType, given: Given | None, place: str) -> OnConflict:
    """`{constraint: …, update_columns: […], where: {…}}`: with no column to update, the row there stays."""
    if given is None or given.value is None:
        return OnConflict()
    type_name = table.type("on_conflict")
    members = translation.members(given, type_name, place)
    for name in members:
        if name not in {"constraint", "update_columns", "where"}:
            raise unknown(name, type_name, f"{place}.{name}")
    if "constraint" not in members:
        raise invalid("missing required field 'constraint'", place)
    inside = f"{place}.constraint"
    constraint = _one_of(translation, members["constraint"], table.constraints, table.type("constraint"), inside)
    updates = [
        _one_of(translation, each, table.updated, table.type("update_column"), f"{place}.update_columns[{index}]")
        for index, each in enumerate(items_of(members.get("update_columns", Given([]))))
    ]
    key = table.constraints[constraint]
    if not updates:
        return OnConflict(Conflict.IGNORE, key)
    where = read_where(translation, table, members.get("where"), f"{place}.where")
    return OnConflict(Conflict.MERGE, key, tuple(table.updated[name].name for name in updates), where)


def _one_of(translation: Translation, given: Given, known: Mapping[str, object], type_name: str, place: str) -> str:
    """An enum's value, which is a part of what the request is known by."""
    value = translation.variables.pin(given)
    if not isinstance(value, str) or value not in known:
        names = ", ".join(f"'{name}'" for name in known)
        raise invalid(f"expected one of the values [{names}] for type '{type_name}', but found '{value}'", place)
    return str(value)


def _mixed(rows: NestedRows) -> bool:
    return rows.partial or any(_mixed(child) for child in rows.children)


def _check(column: Column, given: Given, place: str) -> None:
    if given.value is None or column.type.kind is Kind.JSON:
        return
    if type(given.value) is not str or column.type.kind not in SPELT:
        check(column.type, given, place)


def _laid_out(value: Any, layout: Layout) -> Any:
    if isinstance(value, list):
        one = layout._replace(many=False)
        return [_laid_out(each, one) for each in value]
    row = {layout.names[name]: _member(name, each, layout) for name, each in value.items()}
    return [row] if layout.many else row


def _member(name: str, value: Any, layout: Layout) -> Any:
    if name in layout.documents and isinstance(value, list):
        return [_document(item) for item in value]
    nested = layout.nested.get(name)
    return value if nested is None or value is None else _laid_out(value.get("data", []), nested)


def _document(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    try:
        return msgspec.json.decode(item)
    except msgspec.DecodeError:
        return item

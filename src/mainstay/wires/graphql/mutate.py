"""Reads a mutation's root fields, each a write of its own: inserts, updates and deletes, and what they answer with.

What a document nests in a row, and what it does on a conflict, is read in `rows`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from mainstay.core.catalog import Column, ColumnType, Kind
from mainstay.core.comparisons import TEXT
from mainstay.core.condition import Compare, Condition, Field, Operator, Slot, both
from mainstay.core.operation import (
    Affected,
    Alteration,
    Constant,
    Delete,
    Format,
    How,
    Insert,
    Invoke,
    Nodes,
    Returning,
    Update,
    Write,
)
from mainstay.core.problem import Problem
from mainstay.wires.graphql.call import read_call
from mainstay.wires.graphql.compare import INTEGER
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, require_arguments, subfields, typename
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.roots import WriteKind
from mainstay.wires.graphql.rows import Rows, read_conflict
from mainstay.wires.graphql.select import read_items
from mainstay.wires.graphql.spelling import array_text, check, json_text, spelling, text
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import SUMMABLE, TableType
from mainstay.wires.graphql.where import read_where

ROOT = "mutation_root"
OPERATORS = {
    "_inc": How.ADD,
    "_append": How.APPEND,
    "_prepend": How.PREPEND,
    "_delete_key": How.DELETE_KEY,
    "_delete_elem": How.DELETE_ELEMENT,
    "_delete_at_path": How.DELETE_PATH,
}
CHANGES = ("_set", *OPERATORS)
TEXTS = ColumnType(Kind.ARRAY, "text[]", element=TEXT)


class Deed(NamedTuple):
    """One write, or a text that stands for itself. `place` is where a problem is that says nothing of where it is.

    `silent`: nothing of it is in the answer.
    """

    shape: Write | Invoke | str
    place: str
    silent: bool = False


class Root(NamedTuple):
    """One root field: one deed, or where `listed`, any number, whose answers are a list."""

    key: str
    deeds: tuple[Deed, ...]
    listed: bool = False


def read_mutation(translation: Translation) -> list[Root]:
    """All root fields, in order. Raises Problem for whatever the role has no name for, and past `roots_max`."""
    if not translation.vocabulary.mutable:
        raise invalid("no mutations exist", "$")
    selection = translation.document.operation.selection_set
    fields = translation.document.fields([(selection, "$.selectionSet")], ROOT, translation.variables)
    roots = [_root(translation, asked) for asked in fields]
    if sum(len(root.deeds) for root in roots) > translation.limits.roots_max:
        message = f"The document has too many root fields: at most {translation.limits.roots_max} are allowed"
        raise Problem("MS491", message, where="$.selectionSet")
    return roots


def _root(translation: Translation, asked: Asked) -> Root:
    if asked.name == TYPENAME:
        return Root(asked.key, (Deed(typename(asked, ROOT).value, asked.place),))
    if (function := translation.vocabulary.calls.get(asked.name)) is not None:
        return Root(asked.key, (Deed(read_call(translation, function, asked, ROOT), asked.place),))
    found = translation.vocabulary.writes.get(asked.name)
    if found is None:
        raise unknown(asked.name, ROOT, asked.place)
    kind, table = found
    if kind is WriteKind.UPDATE_MANY:
        return Root(asked.key, tuple(_update_many(translation, table, asked)), listed=True)
    if kind is WriteKind.UPDATE_KEY:
        return Root(asked.key, tuple(_update_by_key(translation, table, asked)))
    return Root(asked.key, (Deed(*READERS[kind](translation, table, asked)),))


def _insert(translation: Translation, table: TableType, asked: Asked) -> tuple[Write, str]:
    return _inserted(translation, table, asked, "objects", _response(translation, table, asked))


def _insert_one(translation: Translation, table: TableType, asked: Asked) -> tuple[Write, str]:
    return _inserted(translation, table, asked, "object", _row(translation, table, asked))


def _inserted(
    translation: Translation, table: TableType, asked: Asked, name: str, returning: Returning
) -> tuple[Write, str]:
    require_arguments(asked, frozenset({name, "on_conflict"}), ROOT)
    place = f"{asked.place}.args.{name}"
    rows = Rows(translation).read(table, _required(asked, name), place, single=name == "object")
    conflict = read_conflict(translation, table, asked.arguments.get("on_conflict"), f"{asked.place}.args.on_conflict")
    insert = Insert(
        table=table.ref,
        columns=rows.columns,
        payload=translation.slot(_required(asked, name), rows.spell).index,
        single=name == "object",
        defaults=rows.mixed,
        conflict=conflict.conflict,
        on_conflict=conflict.columns,
        merge=conflict.merge,
        merge_where=conflict.where,
        returning=returning,
        children=rows.children,
    )
    return insert, place


def _update(translation: Translation, table: TableType, asked: Asked) -> tuple[Write, str]:
    require_arguments(asked, frozenset({"where", *CHANGES}), ROOT)
    place = f"{asked.place}.args"
    where = _where(translation, table, _required(asked, "where"), f"{place}.where")
    return _changed(translation, table, asked.arguments, where, _response(translation, table, asked), place), "$"


def _update_by_key(translation: Translation, table: TableType, asked: Asked) -> Iterator[Deed]:
    """Related rows that go go first, so that others may come in their place."""
    require_arguments(asked, frozenset({"pk_columns", *CHANGES}), ROOT)
    place = f"{asked.place}.args"
    inside = f"{place}.pk_columns"
    given = translation.members(_required(asked, "pk_columns"), table.type("pk_columns_input"), inside)
    for name in given:
        if name not in table.primary_key:
            raise unknown(name, table.type("pk_columns_input"), inside)
    slots = _key_slots(translation, table, given, inside)
    rows = Rows(translation, changing=True, key=slots)
    returning = _row(translation, table, asked)
    update = _changed(translation, table, asked.arguments, _same(slots), returning, place, rows)
    for removal in rows.removed:
        yield Deed(removal, f"{place}._set", silent=True)
    yield Deed(update, "$")


def _update_many(translation: Translation, table: TableType, asked: Asked) -> Iterator[Deed]:
    require_arguments(asked, frozenset({"updates"}), ROOT)
    returning = _response(translation, table, asked)
    for index, each in enumerate(items_of(_required(asked, "updates"))):
        place = f"{asked.place}.args.updates[{index}]"
        members = translation.members(each, table.type("updates"), place)
        for name in members:
            if name not in {"where", *CHANGES}:
                raise unknown(name, table.type("updates"), place)
        if "where" not in members:
            raise invalid("missing required field 'where'", place)
        where = _where(translation, table, members["where"], f"{place}.where")
        yield Deed(_changed(translation, table, members, where, returning, place), "$")


def _delete(translation: Translation, table: TableType, asked: Asked) -> tuple[Write, str]:
    require_arguments(asked, frozenset({"where"}), ROOT)
    where = _where(translation, table, _required(asked, "where"), f"{asked.place}.args.where")
    return Delete(table.ref, where, _response(translation, table, asked)), "$"


def _delete_by_key(translation: Translation, table: TableType, asked: Asked) -> tuple[Write, str]:
    require_arguments(asked, frozenset(table.primary_key), ROOT)
    where = _keyed(translation, table, asked.arguments, f"{asked.place}.args")
    return Delete(table.ref, where, _row(translation, table, asked)), "$"


READERS: dict[WriteKind, Callable[[Translation, TableType, Asked], tuple[Write, str]]] = {
    WriteKind.INSERT: _insert,
    WriteKind.INSERT_ONE: _insert_one,
    WriteKind.UPDATE: _update,
    WriteKind.DELETE: _delete,
    WriteKind.DELETE_KEY: _delete_by_key,
}


def _required(asked: Asked, name: str) -> Given:
    given = asked.arguments.get(name)
    if given is None:
        raise invalid(f"missing required field '{name}'", f"{asked.place}.args")
    if given.value is None:
        raise invalid("unexpected null value", f"{asked.place}.args.{name}")
    return given


def _where(translation: Translation, table: TableType, given: Given, place: str) -> Condition:
    if given.value is None:
        type_name = table.type("bool_exp")
        raise invalid(f"unexpected null value for type '{type_name}'", place)
    return read_where(translation, table, given, place)


def _keyed(translation: Translation, table: TableType, given: dict[str, Given], place: str) -> Condition:
    """The row with that key."""
    return _same(_key_slots(translation, table, given, place))


def _same(slots: Mapping[str, Slot]) -> Condition:
    return both(*(Compare(Field(column), Operator.EQ, slot) for column, slot in slots.items()))


def _key_slots(translation: Translation, table: TableType, given: dict[str, Given], place: str) -> dict[str, Slot]:
    """The values of the key, by its columns."""
    slots: dict[str, Slot] = {}
    for name in table.primary_key:
        if name not in given:
            raise invalid(f"missing required field '{name}'", place)
        column = table.columns[name]
        check(column.type, given[name], f"{place}.{name}")
        slots[column.name] = translation.slot(given[name], spelling(column.type))
    return slots


def _changed(  # noqa: PLR0913, PLR0917 - an update's parts
    translation: Translation,
    table: TableType,
    given: dict[str, Given],
    where: Condition,
    returning: Returning,
    place: str,
    reader: Rows | None = None,
) -> Update:
    operators = {name: each for name in CHANGES if (each := given.get(name)) is not None and each.value is not None}
    if not operators:
        listed = ", ".join(f"'{name}'" for name in CHANGES)
        raise invalid(f"at least any one of {listed} operator is expected", place)
    reader = reader or Rows(translation, changing=True)
    rows = reader.read(table, operators.pop("_set", Given({})), f"{place}._set", single=True)
    alterations: list[Alteration] = []
    named = {*rows.columns}
    for operator, each in operators.items():
        for alteration in _alterations(translation, table, operator, each, f"{place}.{operator}"):
            if alteration.column in named:
                raise invalid(f"column found in multiple operators: '{alteration.column}'", place)
            named.add(alteration.column)
            alterations.append(alteration)
    return Update(
        table=table.ref,
        columns=rows.columns,
        where=where,
        payload=translation.slot(given.get("_set") or Given({}), rows.spell).index,
        alterations=tuple(alterations),
        returning=returning,
        children=rows.children,
    )


def _alterations(
    translation: Translation, table: TableType, operator: str, given: Given, place: str
) -> Iterator[Alteration]:
    type_name = table.type(f"{operator[1:]}_input")
    for name, each in translation.members(given, type_name, place).items():
        column = table.updated.get(name)
        if column is None or not takes(column, operator):
            raise unknown(name, type_name, f"{place}.{name}")
        type_, spell = operand(column, operator)
        check(type_, each, f"{place}.{name}")
        yield Alteration(column.name, OPERATORS[operator], translation.slot(each, spell))


def takes(column: Column, operator: str) -> bool:
    kind = column.type.kind
    return kind in SUMMABLE if operator == "_inc" else kind is Kind.JSON and column.type.name.lower() == "jsonb"


def operand(column: Column, operator: str) -> tuple[ColumnType, Callable[[object], str]]:
    match operator:
        case "_delete_key":
            return TEXT, text
        case "_delete_elem":
            return INTEGER, text
        case "_delete_at_path":
            return TEXTS, array_text
        case "_append" | "_prepend":
            return column.type, json_text
        case _:
            return column.type, text


def _response(translation: Translation, table: TableType, asked: Asked) -> Returning:
    """`{affected_rows returning {…}}`"""
    type_name = table.type("mutation_response")
    members: list[Nodes | Constant | Affected] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
        elif field.name == "affected_rows":
            require_arguments(field, frozenset(), type_name)
            members.append(Affected(field.key))
        elif field.name == "returning" and table.readable:
            require_arguments(field, frozenset(), type_name)
            members.append(Nodes(field.key, read_items(translation, table, field, 0)))
        else:
            raise unknown(field.name, type_name, field.place)
    return Returning(select=(), summary=tuple(members))


def _row(translation: Translation, table: TableType, asked: Asked) -> Returning:
    return Returning(read_items(translation, table, asked, 0), format=Format.FIRST)

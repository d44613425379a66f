"""A table's rows as JSON Schema: as they are read, created and updated."""

from collections.abc import Iterable
from typing import Any

from mainstay.core.catalog import Column, Table, TableKey
from mainstay.core.description import RelationDescription, TableDescription
from mainstay.core.rule import Action
from mainstay.wires.rest.openapi.names import code, key_of, quoted
from mainstay.wires.rest.openapi.types import Schema, type_example, type_schema

PART_OF_KEY = {True: "Primary key.", False: "Part of the primary key."}


def schema_ref(table: str, form: str = "") -> Schema:
    """Where the table's schema is: `form` is `.create`, `.update`, or nothing for rows as they are read."""
    return {"$ref": f"#/components/schemas/{_schema_key(table)}{form}"}


def _schema_key(table: str) -> str:
    """`Problem` is taken."""
    return "Problem.row" if table == "Problem" else key_of(table)


def table_schemas(table: TableDescription, named: frozenset[TableKey]) -> dict[str, Schema]:
    """The schemas that the table's operations need, by component key. `named` are tables that have schemas."""
    key = _schema_key(table.table.name)
    schemas: dict[str, Schema] = {}
    if Action.READ in table.actions:
        schemas[key] = _row(table, named)
    if Action.CREATE in table.actions:
        schemas[f"{key}.create"] = _written(table, table.creatable, "A new row.", table.required)
    if Action.UPDATE in table.actions:
        schemas[f"{key}.update"] = _written(table, table.updatable, "What to change: a column left out stays as it is.")
    return schemas


def _row(table: TableDescription, named: frozenset[TableKey]) -> Schema:
    """Nothing is required: `select` picks the members, and without it there are all columns that are not computed."""
    columns = {name: _read_column(table, table.table.columns[name]) for name in table.readable}
    embeds = {each.name: _embed(each, named) for each in table.relations if each.name not in columns}
    plain = [name for name in table.readable if not table.table.columns[name].computed]
    schema: Schema = {"type": "object", "properties": {**columns, **embeds}, "examples": [_example(table.table, plain)]}
    return {"description": table.table.comment, **schema} if table.table.comment else schema


def _example(table: Table, names: Iterable[str]) -> dict[str, Any]:
    return {name: type_example(table.columns[name].type) for name in names}


def _read_column(table: TableDescription, column: Column) -> Schema:
    masked = column.name in table.masked
    schema = type_schema(column.type, nullable=column.nullable or masked)
    computed = column.computed
    notes = [
        *_notes(table, column),
        *(["Null in rows of which it is not shown."] * masked),
        *([f"Computed: only where `select` names it, `select=*,{quoted(column.name)}`."] * computed),
    ]
    if column.generated:
        schema["readOnly"] = True
    return _annotated(schema, column, notes)


def _write_column(table: TableDescription, column: Column) -> Schema:
    return _annotated(type_schema(column.type, nullable=column.nullable), column, _notes(table, column))


def _annotated(schema: Schema, column: Column, notes: Iterable[str]) -> Schema:
    text = "\n\n".join(filter(None, (column.comment, " ".join(notes))))
    if text:
        schema["description"] = text
    schema["x-database-type"] = column.type.declared or column.type.name
    return schema


def _notes(table: TableDescription, column: Column) -> list[str]:
    key = table.table.primary_key
    notes = [PART_OF_KEY[len(key) == 1]] if column.name in key else []
    for relation in table.relations:
        pairs = dict(relation.relation.pairs) if relation.relation.outgoing else {}
        if column.name in pairs:
            notes.append(f"Refers to {code(f'{relation.target.name}.{pairs[column.name]}')}.")
    return list(dict.fromkeys(notes))


def _embed(relation: RelationDescription, named: frozenset[TableKey]) -> Schema:
    target = schema_ref(relation.target.name) if relation.target in named else {"type": "object"}
    what = "The related row" if relation.to_one else "Related rows"
    text = f"{what} of {code(relation.target.name)}, where `select` says so: {code(embedding(relation))}."
    if relation.to_one:
        return {"description": text, "anyOf": [target, {"type": "null"}]}
    return {"description": text, "type": "array", "items": target}


def embedding(relation: RelationDescription) -> str:
    name, _, hint = relation.select.partition("!")
    spelt = f"{quoted(name)}!{quoted(hint)}" if hint else quoted(name)
    return f"select=*,{spelt}(*)"


def _written(table: TableDescription, names: tuple[str, ...], text: str, required: tuple[str, ...] = ()) -> Schema:
    """The form of a payload, which must not name any other column."""
    properties = {name: _write_column(table, table.table.columns[name]) for name in names}
    schema: dict[str, Any] = {"type": "object", "description": text, "properties": properties}
    if required:
        schema["required"] = list(required)
    usual = required or tuple(name for name in names if name not in table.table.primary_key)
    return {**schema, "additionalProperties": False, "examples": [_example(table.table, usual)]}

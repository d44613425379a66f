"""Query parameters and headers. Each stands once among the components, and operations refer to it."""

from typing import Any

from mainstay.core.catalog import Column
from mainstay.core.description import TableDescription
from mainstay.core.rule import Action
from mainstay.wires.rest.openapi.filters import example_of, operators_of
from mainstay.wires.rest.openapi.names import code, key_of, quoted
from mainstay.wires.rest.openapi.schemas import embedding

Parameter = dict[str, Any]

PREFERENCES: dict[str, str] = {
    "return=representation": "answers with the rows written",
    "return=minimal": "answers without a body, as it does unless told otherwise",
    "return=headers-only": "answers with the new row's `Location`",
    "resolution=merge-duplicates": "updates rows whose key is there already",
    "resolution=ignore-duplicates": "leaves rows alone whose key is there already",
    "missing=default": "gives a column that an object lacks its default instead of null",
    "count=exact": "counts all rows for `Content-Range`; `count=planned` and `count=estimated` are quicker",
    "max-affected=100": "refuses to write more rows than this; needs `handling=strict`",
    "handling=strict": "refuses a preference that is not understood",
}

SHARED: dict[str, Parameter] = {
    "order": {
        "name": "order",
        "in": "query",
        "description": "Columns to sort by: `name.desc,id`, `stars.desc.nullslast`, `relation(name)` of a related row.",
        "schema": {"type": "string"},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "description": "Rows to answer with.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "offset": {
        "name": "offset",
        "in": "query",
        "description": "Rows to skip.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "and": {
        "name": "and",
        "in": "query",
        "description": "Conditions that must all hold: `(id.gt.10,or(name.is.null,name.eq.x))`. `not.and` negates it.",
        "schema": {"type": "string"},
    },
    "or": {
        "name": "or",
        "in": "query",
        "description": "Conditions of which one must hold: `(id.lt.10,id.gt.20)`. `not.or` negates it.",
        "schema": {"type": "string"},
    },
    "Range": {
        "name": "Range",
        "in": "header",
        "description": "Rows to answer with, from the first to the last, counted from 0: `0-9`.",
        "schema": {"type": "string"},
    },
}


class Parameters:
    """The parameters of a document, gathered as operations ask for them; each call gives a reference."""

    def __init__(self, schemas: tuple[str, ...]) -> None:
        self.components: dict[str, Parameter] = {}
        self.schemas = schemas
        self._prefers: dict[tuple[str, ...], str] = {}

    def shared(self, *names: str) -> list[Parameter]:
        return [self._refer(name, SHARED[name]) for name in names]

    def filters(self, table: TableDescription, names: tuple[str, ...]) -> list[Parameter]:
        return [self._filter(table, table.table.columns[name]) for name in names]

    def keys(self, table: TableDescription) -> list[Parameter]:
        """The filters of a PUT: the whole primary key."""
        return [
            {
                "name": quoted(name),
                "in": "query",
                "required": True,
                "description": f"The row's {code(name)}, by `eq.`; the body must say the same.",
                "schema": {"type": "string", "pattern": r"^eq\."},
            }
            for name in table.table.primary_key
        ]

    def select(self, table: TableDescription) -> list[Parameter]:
        """Nothing for a table that can't be read."""
        if Action.READ not in table.actions:
            return []
        text = "Columns of the answer, by default all: `a,b`, `alias:a`, `a::text`, `data->>key`."
        if table.relations:
            embeds = ", ".join(code(embedding(each).removeprefix("select=*,")) for each in table.relations)
            text += f" Related rows come along as {embeds}."
        parameter = {"name": "select", "in": "query", "description": text, "schema": {"type": "string"}}
        return [self._refer(f"select-{key_of(table.table.name)}", parameter)]

    def columns(self, names: tuple[str, ...]) -> list[Parameter]:
        text = "Columns to take from the body, where its objects have different or further members."
        return [_listing("columns", text, names)] if names else []

    def on_conflict(self, table: TableDescription) -> list[Parameter]:
        keys = [",".join(map(quoted, key)) for key in table.conflicts]
        if not keys:
            return []
        text = (
            "The key by which rows are found that are there already, with `Prefer: resolution=…`; "
            f"{'by default the primary key' if table.table.primary_key in table.conflicts else 'name it'}."
        )
        parameter = {"name": "on_conflict", "in": "query", "description": text}
        return [{**parameter, "schema": {"type": "string", "enum": keys}}]

    def prefer(self, *preferences: str) -> list[Parameter]:
        key = self._prefers.setdefault(preferences, f"prefer-{len(self._prefers) + 1}")
        lines = [f"- `{preference}` {PREFERENCES[preference]}" for preference in preferences]
        text = "\n".join(["Preferences (RFC 7240), with commas between them:", "", *lines])
        parameter = {"name": "Prefer", "in": "header", "description": text, "schema": {"type": "string"}}
        return [self._refer(key, parameter)]

    def profile(self, header: str) -> list[Parameter]:
        """The schema to read from (Accept-Profile) or write to (Content-Profile), where there are several."""
        if len(self.schemas) < 2:
            return []
        schema = {"type": "string", "enum": list(self.schemas)}
        parameter = {"name": header, "in": "header", "description": "The schema that is meant.", "schema": schema}
        return [self._refer(header, parameter)]

    def _filter(self, table: TableDescription, column: Column) -> Parameter:
        operators = "` `".join(operators_of(column.type))
        text = f"Rows by {code(column.name)}: `operator.value`, such as {code(example_of(column.type))}. `{operators}`"
        if column.comment:
            text = f"{column.comment}\n\n{text}"
        parameter = {"name": quoted(column.name), "in": "query", "description": text, "schema": {"type": "string"}}
        return self._refer(f"filter-{key_of(table.table.name)}-{key_of(column.name)}", parameter)

    def _refer(self, key: str, parameter: Parameter) -> Parameter:
        self.components.setdefault(key, parameter)
        return {"$ref": f"#/components/parameters/{key}"}


def _listing(name: str, text: str, items: tuple[str, ...]) -> Parameter:
    schema = {"type": "array", "items": {"type": "string", "enum": [quoted(item) for item in items]}}
    return {"name": name, "in": "query", "description": text, "style": "form", "explode": False, "schema": schema}

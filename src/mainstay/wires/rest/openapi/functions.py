"""The paths of functions: GET for those that change nothing, POST for all, with what each takes and returns."""

from collections.abc import Sequence
from typing import Any

from mainstay.core.catalog import Argument, Function, Kind, TableKey, Volatility
from mainstay.core.description import FunctionDescription
from mainstay.wires.rest.openapi.names import key_of, path_of
from mainstay.wires.rest.openapi.parameters import Parameter, Parameters
from mainstay.wires.rest.openapi.problems import problem_refs
from mainstay.wires.rest.openapi.schemas import schema_ref
from mainstay.wires.rest.openapi.types import Schema, type_schema

FUNCTIONS_TAG = {"name": "/rpc", "description": "Functions of the database"}
"""No table can be called this."""

UNNAMED = {Kind.TEXT: "text/plain", Kind.BINARY: "application/octet-stream", Kind.JSON: "application/json"}


def function_path(
    function: FunctionDescription, parameters: Parameters, named: frozenset[TableKey]
) -> dict[str, dict[str, Any]]:
    """`named` are the tables whose rows have a schema in the document."""
    operations = _Operations(function, parameters, named)
    methods = {"get": operations.read()} if operations.readable else {}
    return {f"/rpc{path_of(function.name)}": {**methods, "post": operations.call()}}


class _Operations:
    """The operations of one function."""

    def __init__(self, function: FunctionDescription, parameters: Parameters, named: frozenset[TableKey]) -> None:
        self.name = function.name
        self.overloads = function.overloads
        self.rows = function.rows
        self.parameters = parameters
        self.named = named
        self.readable = [
            each
            for each in function.overloads
            if each.volatility is not Volatility.VOLATILE and all(argument.name for argument in each.arguments)
        ]

    def read(self) -> dict[str, Any]:
        given = [_parameter(*each) for each in _merged(self.readable)]
        return self._operation("get", self.readable, [*given, *self._common("Accept-Profile")])

    def call(self) -> dict[str, Any]:
        operation = self._operation("call", self.overloads, self._common("Content-Profile"))
        return {**operation, "requestBody": _request_body(self.overloads)}

    def _operation(self, verb: str, overloads: Sequence[Function], parameters: list[Parameter]) -> dict[str, Any]:
        comments = list(dict.fromkeys(each.comment for each in overloads if each.comment))
        operation = {
            "operationId": f"{verb}-rpc-{key_of(self.name)}",
            "tags": [FUNCTIONS_TAG["name"]],
            "summary": f"Call {self.name}",
            "description": "\n\n".join(comments),
            "parameters": parameters,
            "responses": {**self._answers(overloads), **problem_refs(300, 400, 401, 403, 404, 406)},
        }
        return {name: value for name, value in operation.items() if value not in ("", [])}

    def _common(self, profile: str) -> list[Parameter]:
        make = self.parameters
        rows = make.shared("order", "limit", "offset") if any(each.rows for each in self.overloads) else []
        return [*rows, *make.prefer("count=exact", "handling=strict"), *make.profile(profile)]

    def _answers(self, overloads: Sequence[Function]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        schemas = _distinct(self._returned(each) for each in overloads if each.returns.kind is not Kind.VOID)
        if schemas:
            answers["200"] = {
                "description": "What it returns",
                "headers": {"Content-Range": {"$ref": "#/components/headers/Content-Range"}},
                "content": {"application/json": {"schema": _one_of(schemas)}},
            }
        if any(each.returns.kind is Kind.VOID for each in overloads):
            answers["204"] = {"description": "It was done, and returns nothing"}
        return answers

    def _returned(self, function: Function) -> Schema:
        value = self._value(function)
        return {"type": "array", "items": value} if function.many else value

    def _value(self, function: Function) -> Schema:
        if function.rows is None:
            return type_schema(function.returns, nullable=True)
        if function.rows in self.named:
            return schema_ref(function.rows.name)
        rows = self.rows.get(function.rows)
        if rows is None:
            return {"type": "object"}
        columns = {name: type_schema(column.type, nullable=True) for name, column in rows.columns.items()}
        return {"type": "object", "properties": columns}


def _merged(overloads: Sequence[Function]) -> list[tuple[Argument, bool]]:
    """Each argument of the overloads by its name, and whether all of them need it."""
    found = {argument.name: argument for each in overloads for argument in each.arguments}
    needing = [{argument.name for argument in each.arguments if argument.required} for each in overloads]
    return [(argument, all(name in names for names in needing)) for name, argument in found.items()]


def _parameter(argument: Argument, required: bool) -> Parameter:
    schema = type_schema(argument.type, nullable=False)
    if not argument.variadic and argument.type.kind in (Kind.ARRAY, Kind.JSON, Kind.COMPOSITE):
        schema = {"type": "string", "description": "As PostgreSQL writes it."}
    parameter = {"name": argument.name, "in": "query", "required": required, "schema": schema}
    return {**parameter, "x-database-type": argument.type.declared or argument.type.name}


def _request_body(overloads: Sequence[Function]) -> dict[str, Any]:
    """The arguments by name; and where there is one without a name, its value whole."""
    content: dict[str, Any] = {}
    named = _distinct(_arguments(each) for each in overloads if all(argument.name for argument in each.arguments))
    if named:
        content["application/json"] = {"schema": _one_of(named)}
    for each in overloads:
        if len(each.arguments) == 1 and not each.arguments[0].name:
            kind = each.arguments[0].type.kind
            content.setdefault(
                UNNAMED.get(kind, "text/xml"), {"schema": {} if kind is Kind.JSON else {"type": "string"}}
            )
    return {"content": content, "required": not any(_takes_nothing(each) for each in overloads)}


def _takes_nothing(function: Function) -> bool:
    return not any(argument.required for argument in function.arguments)


def _arguments(function: Function) -> Schema:
    properties = {
        argument.name: {
            **type_schema(argument.type, nullable=True),
            "x-database-type": argument.type.declared or argument.type.name,
        }
        for argument in function.arguments
    }
    required = [argument.name for argument in function.arguments if argument.required]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _distinct(schemas: Any) -> list[Schema]:
    found: list[Schema] = []
    for schema in schemas:
        if schema not in found:
            found.append(schema)
    return found


def _one_of(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

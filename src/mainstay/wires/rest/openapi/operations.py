"""The paths of a document: for each table, the methods that its role may use, with what each takes and answers."""

from functools import cached_property
from typing import Any
from urllib.parse import quote

from mainstay.core.description import TableDescription
from mainstay.core.limits import Limits
from mainstay.core.rule import Action
from mainstay.wires.rest.openapi.names import code, key_of, path_of
from mainstay.wires.rest.openapi.parameters import Parameter, Parameters
from mainstay.wires.rest.openapi.problems import problem_refs
from mainstay.wires.rest.openapi.schemas import schema_ref
from mainstay.wires.rest.openapi.types import Schema

Operation = dict[str, Any]

OBJECT = "application/vnd.pgrst.object+json"
ROOT_TAG = "/"
"""No table can be called this."""

COUNTS = ("count=exact",)
LIMITED = ("handling=strict", "max-affected=100")


def root_path(parameters: Parameters) -> dict[str, Operation]:
    """The document itself."""
    content = {"application/openapi+json": {"schema": {"type": "object"}}}
    get: Operation = {
        "operationId": "describe",
        "summary": "This document",
        "description": "What the caller's role may see and do, as OpenAPI 3.1.",
        "tags": [ROOT_TAG],
        "responses": {"200": {"description": "The document", "content": content}, **problem_refs(401, 406)},
    }
    profile = parameters.profile("Accept-Profile")
    return {"/": {"get": {**get, "parameters": profile} if profile else get}}


def table_path(table: TableDescription, parameters: Parameters, limits: Limits) -> dict[str, dict[str, Operation]]:
    operations = _Operations(table, parameters, limits)
    methods = {
        "get": operations.read if Action.READ in table.actions else None,
        "post": operations.create if Action.CREATE in table.actions else None,
        "put": operations.replace if table.replaceable else None,
        "patch": operations.update if Action.UPDATE in table.actions else None,
        "delete": operations.delete if Action.DELETE in table.actions else None,
    }
    return {path_of(table.table.name): {method: make() for method, make in methods.items() if make is not None}}


class _Operations:
    """The operations of one table."""

    def __init__(self, table: TableDescription, parameters: Parameters, limits: Limits) -> None:
        self.table = table
        self.parameters = parameters
        self.limits = limits
        self.name = table.table.name
        self.readable = Action.READ in table.actions

    def read(self) -> Operation:
        make = self.parameters
        found = {"description": "The rows", "headers": _headers("Content-Range"), "content": self._rows()}
        partial = {**found, "description": "The rows, and there are more: only with a count that says so"}
        return self._operation(
            "read",
            f"Read {self.name}",
            f"At most {self.table.rows_max} rows. HEAD answers the same without a body.",
            [
                *make.select(self.table),
                *self._filters,
                *make.shared("order", "limit", "offset", "Range"),
                *make.prefer(*COUNTS, "handling=strict"),
                *make.profile("Accept-Profile"),
            ],
            {"200": found, "206": partial, **problem_refs(300, 400, 401, 406, 416)},
        )

    def create(self) -> Operation:
        make, table = self.parameters, self.table
        resolutions = ("resolution=ignore-duplicates",) if table.conflicts else ()
        if table.upsertable:
            resolutions = ("resolution=merge-duplicates", *resolutions)
        operation = self._operation(
            "create",
            f"Create {self.name}",
            f"One row or several, at most {self.limits.insert_rows_max}.{_upsert_text(table)}",
            [
                *make.select(table),
                *make.columns(table.creatable),
                *make.on_conflict(table),
                *make.prefer(*self._returns("return=headers-only"), *resolutions, "missing=default", *COUNTS, *LIMITED),
                *make.profile("Content-Profile"),
            ],
            {
                "201": {**self._represented("Created"), "headers": _headers("Location", "Content-Range")},
                **({"200": self._represented("Nothing was new: all rows were merged")} if table.upsertable else {}),
                **problem_refs(400, 401, 403, 406, 409),
            },
        )
        return {**operation, "requestBody": self._new_rows()}

    def replace(self) -> Operation:
        make, table = self.parameters, self.table
        operation = self._operation(
            "replace",
            f"Put one of {self.name}",
            "Inserts the row, or puts it in the place of the one with its key.",
            [
                *make.keys(table),
                *make.select(table),
                *make.prefer(*self._returns(), "handling=strict"),
                *make.profile("Content-Profile"),
            ],
            {
                **self._changed("Put"),
                **({"201": self._represented("Created")} if self.readable else {}),
                **problem_refs(400, 401, 403, 405, 409),
            },
        )
        return {**operation, "requestBody": _body(schema_ref(self.name, ".create"))}

    def update(self) -> Operation:
        make, table = self.parameters, self.table
        operation = self._operation(
            "update",
            f"Update {self.name}",
            f"Changes all rows for which the filters hold.{self._unfiltered(Action.UPDATE)}",
            [
                *self._filters,
                *make.select(table),
                *make.columns(table.updatable),
                *self._order(),
                *make.prefer(*self._returns(), *COUNTS, *LIMITED),
                *make.profile("Content-Profile"),
            ],
            {**self._changed("Changed"), **problem_refs(400, 401, 403, 406, 409)},
        )
        return {**operation, "requestBody": _body(schema_ref(self.name, ".update"))}

    def delete(self) -> Operation:
        make, table = self.parameters, self.table
        return self._operation(
            "delete",
            f"Delete {self.name}",
            f"Deletes all rows for which the filters hold.{self._unfiltered(Action.DELETE)}",
            [
                *self._filters,
                *make.select(table),
                *self._order(),
                *make.prefer(*self._returns(), *COUNTS, *LIMITED),
                *make.profile("Content-Profile"),
            ],
            {**self._changed("Deleted"), **problem_refs(400, 401, 403, 406, 409)},
        )

    def _operation(
        self, verb: str, summary: str, text: str, parameters: list[Parameter], responses: dict[str, Any]
    ) -> Operation:
        return {
            "operationId": f"{verb}-{key_of(self.name)}",
            "tags": [self.name],
            "summary": summary,
            "description": text,
            "parameters": parameters,
            "responses": responses,
        }

    @cached_property
    def _filters(self) -> list[Parameter]:
        """Only what can be read can be filtered on."""
        if not self.readable:
            return []
        return [*self.parameters.filters(self.table, self.table.readable), *self.parameters.shared("and", "or")]

    def _order(self) -> list[Parameter]:
        return self.parameters.shared("order") if self.readable else []

    def _returns(self, *further: str) -> tuple[str, ...]:
        """A row that can't be read isn't answered with, and neither is its key."""
        return ("return=representation", *further, "return=minimal") if self.readable else ("return=minimal",)

    def _unfiltered(self, action: Action) -> str:
        if not self.readable:
            return " It takes no filter: this role reads nothing here."
        return " Without any, all rows." if action in self.table.unfiltered else " Without any it is refused."

    def _rows(self) -> dict[str, Schema]:
        row = schema_ref(self.name)
        return {
            "application/json": {"schema": {"type": "array", "items": row}},
            OBJECT: {"schema": row},
            "text/csv": {"schema": {"type": "string"}},
        }

    def _represented(self, text: str) -> dict[str, Any]:
        """A response with a body where `return=representation` asks for it."""
        if not self.readable:
            return {"description": text}
        return {"description": f"{text}; the rows only with `return=representation`", "content": self._rows()}

    def _changed(self, text: str) -> dict[str, Any]:
        silent = {"204": {"description": text}}
        return {"200": self._represented(text), **silent} if self.readable else silent

    def _new_rows(self) -> dict[str, Any]:
        row = schema_ref(self.name, ".create")
        several = {"type": "array", "items": row, "maxItems": self.limits.insert_rows_max}
        return {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [row, several]}},
                "text/csv": {"schema": {"type": "string", "description": "The first line names the columns."}},
                "application/x-www-form-urlencoded": {"schema": row},
            },
        }


def _upsert_text(table: TableDescription) -> str:
    if not table.conflicts:
        return ""
    keys = " or ".join(f"({', '.join(map(code, key))})" for key in table.conflicts)
    does = "updated or left alone" if table.upsertable else "left alone"
    return f" With `Prefer: resolution=…`, rows that are there already, by {keys}, are {does}."


def _body(schema: Schema) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}, "application/x-www-form-urlencoded": {"schema": schema}}
    return {"required": True, "content": content}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{quote(name)}"} for name in names}

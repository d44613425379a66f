"""The document: what is said once of the whole API, around the paths and schemas of its tables."""

from hashlib import blake2b
from typing import Any

import msgspec

from mainstay.core.catalog import TableKey
from mainstay.core.description import Description, TableDescription
from mainstay.core.rule import Action
from mainstay.wires.rest.openapi.filters import GUIDE
from mainstay.wires.rest.openapi.functions import FUNCTIONS_TAG, function_path
from mainstay.wires.rest.openapi.operations import ROOT_TAG, root_path, table_path
from mainstay.wires.rest.openapi.parameters import Parameters
from mainstay.wires.rest.openapi.problems import PROBLEM, problem_responses
from mainstay.wires.rest.openapi.schemas import table_schemas

VERSION = "3.1.1"

INTRODUCTION = """\
What {reader} may see and do; a token of another role sees another document. Rows are read and written as in
PostgREST 14, so that its clients work here.

{guide}
**Related rows** come along where `select` names them, to any depth up to {depth_max}: `select=*,relation(id,name)`.
`relation!inner(…)` leaves out rows that have none, and `relation.column=eq.value` filters them.

**Pages.** `limit` and `offset`, or a `Range` header; `Content-Range` says what came, and with `Prefer: count=exact`
of how many. No answer, and no list in it, has more than {rows_max} rows.

**Forms.** `Accept: application/vnd.pgrst.object+json` answers with one object rather than an array, `text/csv` with
CSV.

**Problems** have a `code`, a `message`, `details` and a `hint`.
"""

HEADERS: dict[str, Any] = {
    "Content-Range": {
        "description": "First and last row and how many there are, `*` where that was not asked: `0-9/100`.",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "The new row, with `return=headers-only`: the path with a filter on its primary key.",
        "schema": {"type": "string"},
    },
}

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token whose role decides what may be seen and done.",
    },
    "apikey": {
        "type": "apiKey",
        "in": "header",
        "name": "apikey",
        "description": "The same token, where a client can't send `Authorization`; that one wins.",
    },
}


def openapi_document(
    description: Description, *, prefix: str, title: str, server_url: str | None = None, anonymous: bool
) -> bytes:
    """OpenAPI 3.1 as JSON; the same description always gives the same bytes.

    `prefix` is where the API is mounted; `server_url`, if it is given, its whole URL. `anonymous`: the document is
    for a caller without a token, who may go without one in what it describes.
    """
    parameters = Parameters(description.schemas)
    paths = root_path(parameters)
    for table in description.tables:
        paths |= table_path(table, parameters, description.limits)
    named = _named(description)
    for function in description.functions:
        paths |= function_path(function, parameters, named)
    components = {
        "schemas": {**_schemas(description), "Problem": PROBLEM},
        "parameters": parameters.components,
        "headers": HEADERS,
        "responses": problem_responses(),
        "securitySchemes": SECURITY_SCHEMES,
    }
    body = {"paths": _raw(paths), "components": _raw(components)}
    info = {"title": title, "version": _version(body), "description": _introduce(description, anonymous)}
    document = {
        "openapi": VERSION,
        "info": info,
        "servers": [{"url": server_url or prefix or "/"}],
        "security": [*([{}] * anonymous), *({name: []} for name in SECURITY_SCHEMES)],
        "tags": [
            *map(_tag, description.tables),
            *([FUNCTIONS_TAG] if description.functions else []),
            {"name": ROOT_TAG, "description": "What this is"},
        ],
        **body,
    }
    return msgspec.json.encode(document)


def _raw(part: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(part))


def _version(body: dict[str, msgspec.Raw]) -> str:
    """Differs where what this role may see or do does, and only there."""
    digest = blake2b(digest_size=4)
    for part in body.values():
        digest.update(part)
    return digest.hexdigest()


def _introduce(description: Description, anonymous: bool) -> str:
    return INTRODUCTION.format(
        reader="a caller without a token" if anonymous else "this token's role",
        guide=GUIDE,
        depth_max=description.limits.depth_max,
        rows_max=description.limits.rows_max,
    )


def _tag(table: TableDescription) -> dict[str, str]:
    name, comment = table.table.name, table.table.comment
    return {"name": name, "description": comment} if comment else {"name": name}


def _named(description: Description) -> frozenset[TableKey]:
    """The tables whose rows have a schema."""
    return frozenset(each.table.key for each in description.tables if Action.READ in each.actions)


def _schemas(description: Description) -> dict[str, Any]:
    named = _named(description)
    schemas: dict[str, Any] = {}
    for table in description.tables:
        schemas |= table_schemas(table, named)
    return schemas

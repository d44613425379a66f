"""An HTTP request as the question that it asks: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/).

What a page of another origin may send without asking first (a form, plain text) is refused, and so is a mutation by
GET: no browser can be made to do anything here in its user's name.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from mainstay.core.exchange import Request
from mainstay.core.problem import Problem
from mainstay.wires.graphql.accept import JSON
from mainstay.wires.graphql.allowed import Documents, Persisted
from mainstay.wires.graphql.given import Numeral, form_of
from mainstay.wires.graphql.problems import NO_REQUEST

METHODS = ("GET", "POST")
PARAMETERS = frozenset({"query", "operationName", "variables", "extensions"})


class Question(msgspec.Struct, frozen=True):
    """What is asked: a document's text, the operation in it, and its variables. `form` is all but their values."""

    text: str
    name: str | None
    variables: Mapping[str, Any]
    form: object
    safe: bool = False
    """It came by GET, by which nothing is written."""


class Extensions(msgspec.Struct):
    """What else `extensions` holds is for other servers."""

    persistedQuery: Persisted | None = None


class Envelope(msgspec.Struct):
    """A body. The query may be left out where its hash is known."""

    query: str | None = None
    operationName: str | None = None
    variables: dict[str, Any] | None = None
    extensions: Extensions | None = None


_decode_envelope = msgspec.json.Decoder(Envelope, float_hook=Numeral).decode
_decode_extensions = msgspec.json.Decoder(Extensions | None).decode
_decode_variables = msgspec.json.Decoder(dict[str, Any] | None, float_hook=Numeral).decode


def read_question(request: Request, documents: Documents | None = None) -> Question:
    """Raises Problem for what is no GraphQL request. `documents` are those that a hash may stand for."""
    try:
        envelope = _posted(request) if request.method == "POST" else _got(request)
        variables = envelope.variables or {}
        safe = request.method != "POST"
        return Question(
            _text(envelope, documents), envelope.operationName, variables, form_of(variables, len(request.body)), safe
        )
    except msgspec.ValidationError as error:
        raise _bad(f"the request is none of GraphQL: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad("the body is not valid JSON") from error
    except RecursionError as error:
        raise _bad("the variables are nested too deep") from error


def _text(envelope: Envelope, documents: Documents | None) -> str:
    persisted = None if envelope.extensions is None else envelope.extensions.persistedQuery
    if persisted is not None:
        return (documents or Documents(1)).text(persisted, envelope.query)
    if envelope.query is None:
        raise _bad("the request is none of GraphQL: Object missing required field `query`")
    return envelope.query


def check_media(request: Request) -> None:
    """Raises Problem for a body that any page could have sent."""
    media = request.headers.get("content-type") or ""
    if media != JSON and media.partition(";")[0].strip().lower() != JSON:
        raise Problem("unsupported-media-type", f"The body must come as {JSON}", where=NO_REQUEST)


def _posted(request: Request) -> Envelope:
    check_media(request)
    return _decode_envelope(request.body)


def _got(request: Request) -> Envelope:
    if request.method not in METHODS:
        raise Problem("method-not-allowed", f"{request.method} is not served: use POST or GET", where=NO_REQUEST)
    parameters = parse_qsl(request.query, keep_blank_values=True, errors="strict")
    named = dict(parameters)
    if len(named) < len(parameters):
        raise _bad("a parameter came twice")
    extensions = _decode_extensions(named.get("extensions") or b"null")
    if not named.get("query") and (extensions is None or extensions.persistedQuery is None):
        raise _bad("the parameter 'query' is missing")
    variables = _decode_variables(named.get("variables") or b"null")
    return Envelope(named.get("query") or None, named.get("operationName") or None, variables, extensions)


def _bad(message: str) -> Problem:
    return Problem("bad-request", message, where=NO_REQUEST)

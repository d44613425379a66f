"""What can go wrong, for the document: the body of a problem, and a response for each status with its usual codes.

docs/reference/problems.md has all codes; here are those that a caller of a table should reckon with.
"""

from typing import Any

CODES: dict[int, dict[str, str]] = {
    300: {"PGRST201": "an embed could mean several relations", "PGRST203": "several functions take these arguments"},
    400: {
        "PGRST100": "the query string is not of the grammar",
        "PGRST102": "the body is not of its media type",
        "PGRST108": "a filter names an embed that is not selected",
        "PGRST122": "a preference was not understood, with `handling=strict`",
        "PGRST124": "more rows than `max-affected`",
        "PGRST200": "no such relation",
        "PGRST204": "no such column in the body",
        "21000": "a change without a filter",
        "22P02": "a value is not of its column's type",
        "23502": "a column must not be null",
        "23514": "a check constraint does not hold",
        "42703": "no such column in the query string",
    },
    401: {
        "PGRST301": "the token can't be verified",
        "PGRST303": "the token has expired, or is not meant for here",
        "42501": "not without a token",
    },
    403: {"42501": "the role may not, or may not write such a row"},
    404: {"PGRST202": "no function of this name takes these arguments"},
    405: {"PGRST105": "the filters are not exactly the primary key, each by `eq`"},
    406: {
        "PGRST106": "no such schema",
        "PGRST107": "none of the accepted media types can be had",
        "PGRST116": "one object was asked for, and there is not exactly one row",
    },
    409: {"23503": "a related row is missing, or still there", "23505": "a row with this key is there already"},
    416: {"PGRST103": "the range starts past the last row, or ends before it starts"},
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong, and what to try.",
    "required": ["code", "message", "details", "hint"],
    "properties": {
        "code": {
            "type": "string",
            "description": "PostgREST's code, PostgreSQL's SQLSTATE, or `MS` and a number.",
            "examples": ["PGRST100", "23505"],
        },
        "message": {"type": "string"},
        "details": {"description": "Text, a list of what was meant, or null."},
        "hint": {"type": ["string", "null"]},
    },
}


def problem_responses() -> dict[str, Any]:
    """The response components, by their keys."""
    responses = {f"Problem{status}": _response(_text(codes), status) for status, codes in CODES.items()}
    return {**responses, "Problem": _response("Any other problem, such as 413, 414, 503 (with Retry-After) or 504.", 0)}


def problem_refs(*statuses: int) -> dict[str, Any]:
    """An operation's responses for these statuses, and for all others."""
    refs = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}
    return {**refs, "default": {"$ref": "#/components/responses/Problem"}}


def _text(codes: dict[str, str]) -> str:
    return "; ".join(f"`{code}` {text}" for code, text in codes.items())


def _response(text: str, status: int) -> dict[str, Any]:
    response: dict[str, Any] = {"description": text}
    if status == 401:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "RFC 6750"}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {**response, "content": content}

"""Answers that code in the database raises: `RAISE SQLSTATE 'PGRST' USING message = '{…}', detail = '{…}'`.

The message is the body, the detail says status and headers, as JSON. The forms are PostgREST's
(https://docs.postgrest.org/en/v14/references/errors.html#raise-errors-with-http-status-codes). HTTP/2 has no text
beside a status, so that `status_text` is read, and not sent.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from mainstay.core.problem import Problem
from mainstay.wires.rest.answered import lines

RAISED = "PGRST"
MESSAGE_HINT = (
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
)
DETAIL_HINT = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."

T = TypeVar("T")


class Message(msgspec.Struct, frozen=True):
    code: str
    message: str
    details: str | None = None
    hint: str | None = None


class Detail(msgspec.Struct, frozen=True):
    status: Annotated[int, Meta(ge=200, le=599)]
    headers: dict[str, str]
    status_text: str | None = None


class Raised(msgspec.Struct, frozen=True):
    """What is answered: the problem as the body has it, its status, and headers."""

    problem: Problem
    status: int
    headers: tuple[tuple[str, str], ...]


def raised(problem: Problem) -> Raised | Problem:
    """The answer that was raised; the problem itself where it is none, PGRST121 for one that can't be read."""
    if problem.code != RAISED:
        return problem
    message = _read(problem.message, "MESSAGE", Message, MESSAGE_HINT)
    if isinstance(message, Problem):
        return message
    if problem.details is None:
        return _unreadable("DETAIL is missing in the RAISE statement", DETAIL_HINT)
    detail = _read(problem.details, "DETAIL", Detail, DETAIL_HINT)
    if isinstance(detail, Problem):
        return detail
    said = Problem(message.code, message.message, details=message.details, hint=message.hint)
    return Raised(said, detail.status, tuple(lines(detail.headers)))


def _read(text: Any, name: str, expected: type[T], hint: str) -> T | Problem:
    try:
        return msgspec.json.decode(text, type=expected)
    except msgspec.DecodeError:
        return _unreadable(f"Invalid JSON value for {name}: '{text}'", hint)


def _unreadable(details: str, hint: str) -> Problem:
    return Problem(
        "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error", details=details, hint=hint
    )

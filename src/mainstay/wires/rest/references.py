"""References of a batch's operations to the answers before them: JSON pointers (RFC 6901) into the list of answers.

`{"$ref": "/0/body/0/id"}` stands for a value anywhere in a body, `${/0/body/0/id}` for a whole value of a filter. They
take the place of values alone, once everything is parsed: what comes out of a reference is never read as a name or an
operator, and in the database it is a bind like any other.
"""

import re
from collections.abc import Sequence

import msgspec

from mainstay.core.operation import Invoke, Operation, Read, Value
from mainstay.core.problem import Problem

IN_FILTER = re.compile(r"\$\{(/[^{}]*)\}")
POINTER = re.compile(r"/(0|[1-9]\d{0,5})/(?:status|headers|body)(?:/.*)?", re.DOTALL)
MEMBER = "$ref"

OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
encode = msgspec.json.Encoder().encode


def filled(operation: Operation, answers: Sequence[bytes]) -> Operation:
    """The operation with what it refers to, of the answers so far, each a JSON object. Raises MS485."""
    payload = _payload(operation)
    values = tuple(
        _filled_body(value, answers) if index == payload else _filled_value(value, answers)
        for index, value in enumerate(operation.values)
    )
    return operation if values == operation.values else msgspec.structs.replace(operation, values=values)


def _payload(operation: Operation) -> int | None:
    """The slot that holds JSON, where one does."""
    match operation.shape:
        case Read():
            return None
        case Invoke(body=body):
            return None if body is None else body.value
        case shape:
            return getattr(shape, "payload", None)


def _filled_value(value: Value, answers: Sequence[bytes]) -> Value:
    if isinstance(value, tuple):
        return tuple(_filled_text(item, answers) for item in value)
    return None if value is None else _filled_text(value, answers)


def _filled_text(value: str, answers: Sequence[bytes]) -> str:
    found = IN_FILTER.fullmatch(value)
    if found is None:
        return value
    pointer = found[1]
    raw = look_up(pointer, answers)
    if raw == b"null" or raw[:1] in (b"{", b"["):
        raise _unusable(pointer, "It is null, a list or an object, and a filter compares with one value")
    return str(msgspec.json.decode(raw)) if raw[:1] == b'"' else raw.decode()


def _filled_body(text: Value, answers: Sequence[bytes]) -> Value:
    """The body with its references filled in, and all else as it was spelt."""
    if not isinstance(text, str) or MEMBER not in text:
        return text
    try:
        return _filled_json(text.encode(), answers).decode()
    except (msgspec.DecodeError, RecursionError):
        return text  # what is no JSON is refused where it is read


def _filled_json(raw: bytes, answers: Sequence[bytes]) -> bytes:
    match raw.lstrip()[:1]:
        case b"{":
            members = OBJECT.decode(raw)
            pointer = _pointer_of(members)
            if pointer is not None:
                return look_up(pointer, answers)
            pairs = (encode(name) + b":" + _filled_json(bytes(value), answers) for name, value in members.items())
            return b"{" + b",".join(pairs) + b"}"
        case b"[":
            return b"[" + b",".join(_filled_json(bytes(item), answers) for item in ARRAY.decode(raw)) + b"]"
        case _:
            return raw


def _pointer_of(members: dict[str, msgspec.Raw]) -> str | None:
    """What `{"$ref": "/0/…"}` points to; any other object, such as one of a JSON schema, is what it is."""
    if members.keys() != {MEMBER}:
        return None
    value = msgspec.json.decode(members[MEMBER])
    return value if isinstance(value, str) and POINTER.fullmatch(value) else None


def look_up(pointer: str, answers: Sequence[bytes]) -> bytes:
    """The JSON that the pointer finds. Raises MS485."""
    if POINTER.fullmatch(pointer) is None:
        raise _unusable(pointer, "A reference is /, an operation's number, /body, /headers or /status, and so on")
    number, *steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    if int(number) >= len(answers):
        raise _unusable(pointer, "An operation may refer to those before it, the first of which is 0")
    raw = answers[int(number)]
    for step in steps:
        found = _member(raw, step)
        if found is None:
            raise _unusable(pointer, "There is no such place in the answer; Prefer: return=representation gives a body")
        raw = found
    return raw


def _member(raw: bytes, step: str) -> bytes | None:
    raw = raw.lstrip()
    if raw[:1] == b"{":
        found = OBJECT.decode(raw).get(step)
        return None if found is None else bytes(found)
    if raw[:1] == b"[" and step.isascii() and step.isdecimal():
        items = ARRAY.decode(raw)
        return bytes(items[int(step)]) if len(step) < 7 and int(step) < len(items) else None
    return None


def _unusable(pointer: str, details: str) -> Problem:
    return Problem("MS485", f"The reference {pointer} can't be used", details=details, where="body")

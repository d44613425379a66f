"""The two protocols that GraphQL's clients speak over a WebSocket, as data: what their messages are called.

- `graphql-transport-ws`: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
- `graphql-ws`: https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md, the older one
"""

import msgspec

INVALID = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
INIT_TIMEOUT = 4408
ALREADY_EXISTS = 4409
TOO_MANY_INITS = 4429
TRY_AGAIN_LATER = 1013  # RFC 6455's registry

encode = msgspec.json.Encoder().encode


class Message(msgspec.Struct, frozen=True):
    """What a client sends; `payload` is what it is."""

    type: str
    id: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


read_message = msgspec.json.Decoder(Message).decode


class Closed(Exception):
    """The socket is to be closed, with a code and a reason that the client is told."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Dialect(msgspec.Struct, frozen=True):
    """`start` and `stop` are the client's words for an operation, `data` is ours for one of its answers.

    `lists_errors`: an error's payload is the list of errors itself, and ends the operation; else it is the answer that
    holds them, and a message of its own ends it. `keeps_alive`: clients look for a sign of life that they can see.
    """

    name: str
    start: str
    stop: str
    data: str
    lists_errors: bool
    keeps_alive: bool

    def answer(self, operation: str, body: bytes) -> bytes:
        return b'{"type":"%b","id":%b,"payload":%b}' % (self.data.encode(), encode(operation), body)

    def error(self, operation: str, body: bytes) -> bytes:
        """`body` is `{"errors": […]}`."""
        payload = body[len(b'{"errors":') : -1] if self.lists_errors else body
        return b'{"type":"error","id":%b,"payload":%b}' % (encode(operation), payload)


TRANSPORT = Dialect(
    "graphql-transport-ws", start="subscribe", stop="complete", data="next", lists_errors=True, keeps_alive=False
)
LEGACY = Dialect("graphql-ws", start="start", stop="stop", data="data", lists_errors=False, keeps_alive=True)
DIALECTS = {dialect.name: dialect for dialect in (TRANSPORT, LEGACY)}

ACKNOWLEDGED = b'{"type":"connection_ack"}'
KEEP_ALIVE = b'{"type":"ka"}'


def complete(operation: str) -> bytes:
    return b'{"type":"complete","id":%b}' % encode(operation)


def pong(payload: bytes) -> bytes:
    return b'{"type":"pong"}' if payload == b"null" else b'{"type":"pong","payload":%b}' % payload


def connection_error(reason: str) -> bytes:
    return b'{"type":"connection_error","payload":%b}' % encode(reason)

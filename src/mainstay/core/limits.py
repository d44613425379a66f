"""Every bound, named, unit last. Each has a default that is on."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """What one request, and one process, may cost."""

    body_bytes_max: int = 1 << 20
    """Bytes of a request's body; past it 413."""
    url_bytes_max: int = 8_192
    """Bytes of path and query; past it 414."""
    header_bytes_max: int = 16_384
    """Bytes of all header names and values; past it 431."""
    depth_max: int = 7
    """Levels of embedded relations, and of nested and/or; past it 400."""
    idempotency_key_max: int = 255
    """Characters of an Idempotency-Key; past it 400."""
    batch_operations_max: int = 100
    """Operations of one batch; past it 400."""
    terms_max: int = 100
    """Filter terms of a request; past it 400."""
    list_max: int = 1_000
    """Items of one in.(…) list; past it 400."""
    select_max: int = 300
    """Items of select in all; past it 400."""
    roots_max: int = 20
    """Root fields of one GraphQL operation; past it 400."""
    graphql_batch_max: int = 5
    """GraphQL requests in one body; past it 400."""
    persisted_max: int = 1_000
    """GraphQL documents that clients registered by a hash, in each worker, least recently used out first."""
    cost_max: int = 1_000_000_000_000_000
    """Values that a request may read, were there as many rows at each level as its limits let through; past it 400."""
    document_bytes_max: int = 32_768
    """Bytes of a GraphQL document; past it 400."""
    rows_max: int = 1_000
    """Rows of one answer, at the root and inside each embed; a larger or absent limit becomes this one."""
    insert_rows_max: int = 10_000
    """Rows of one insert, those nested in it among them; past it 400."""
    nested_max: int = 20
    """Relations that the body of one write nests, at all levels; past it 400."""
    statement_ms_max: int = 2_000
    """Milliseconds of one statement; past it the database cancels it: 504."""
    plans_max: int = 4_096
    """Plans kept, least recently used out first."""
    tokens_max: int = 10_000
    """Verified tokens kept, least recently used out first."""
    batch_max: int = 16
    """Requests of one shape in one statement."""
    queue_max: int = 1_000
    """Requests waiting for a connection; past it 503 with Retry-After."""
    subscriptions_max: int = 50_000
    """Live queries of one worker; past it 503 with Retry-After."""
    live_batch_max: int = 1_000
    """Live queries of one form in one statement."""
    client_ms_max: int = 10_000
    """Milliseconds that a client may take to send its request; past it 408."""
    sockets_max: int = 12_000
    """WebSockets and event streams open in each worker; past it 503."""
    socket_operations_max: int = 100
    """GraphQL operations at once on one WebSocket; past it that operation is refused."""
    socket_message_bytes_max: int = 1 << 20
    """Bytes of a message that a client sends over a WebSocket; past it the socket is closed."""
    socket_init_ms_max: int = 10_000
    """Milliseconds that a client may take to say who it is, once its WebSocket is open; past it that is closed."""
    socket_ping_ms: int = 20_000
    """Milliseconds between signs of life on a WebSocket or event stream; a WebSocket silent for two is closed."""
    drain_ms_max: int = 10_000
    """Milliseconds that requests in flight have to finish after SIGTERM."""


OF_ROLES = (
    "depth_max",
    "terms_max",
    "list_max",
    "select_max",
    "roots_max",
    "document_bytes_max",
    "cost_max",
    "rows_max",
    "insert_rows_max",
    "nested_max",
    "batch_operations_max",
    "statement_ms_max",
)
"""Those that a role may have of its own."""

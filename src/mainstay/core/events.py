"""Server-sent events: what is the same on every wire.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

COMMENT = b":\n\n"
"""A sign of life, which says nothing."""
HEADERS = (
    ("cache-control", "no-cache"),
    ("x-accel-buffering", "no"),  # else nginx would hold events back
)


def one_line(data: bytes) -> bytes:
    """JSON as an event's data. PostgreSQL's may have line breaks between its tokens, and never within them."""
    return data.replace(b"\r", b" ").replace(b"\n", b" ")

"""Sockets and life cycle: bytes in, bytes out, start, drain, reload. It knows nothing of what it serves."""

"""The sockets that the server listens on: bound once, by the parent, and kept open for as long as it serves.

Workers come and go; connections that arrive while one is away wait in its socket's queue instead of being refused. On
Linux each worker has a socket of its own on the same port, among which the kernel spreads connections.
"""

import contextlib
import errno
import os
import socket
import sys
from pathlib import Path

import msgspec

BACKLOG = 1024


class ListenError(Exception):
    """The address can't be listened on; its text says which and why."""


class Listening(msgspec.Struct, frozen=True):
    """One socket for each worker (the same one for several where they share it), and where they are reached."""

    sockets: tuple[socket.socket, ...]
    url: str
    path: Path | None = None

    def close(self) -> None:
        for listener in self.sockets:
            listener.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def listen(host: str, port: int, workers: int) -> Listening:
    """Listen on TCP. Port 0 is any free one. Raises `ListenError`."""
    where = f"{host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise ListenError(f"can't listen on {where}: there is no address of that name") from None
    spread = workers > 1 and sys.platform == "linux"  # elsewhere SO_REUSEPORT does not share connections out
    try:
        first = _bind(family, address, spread=False)  # without sharing, so that a port in use is noticed
        address = first.getsockname()
        if not spread:
            first.listen(BACKLOG)
            return Listening((first,) * workers, _url(host, address[1]))
        first.close()
        sockets = tuple(_bind(family, address, spread=True) for _ in range(workers))
    except OSError as error:
        raise ListenError(_why(where, error)) from None
    for listener in sockets:
        listener.listen(BACKLOG)
    return Listening(sockets, _url(host, address[1]))


def listen_unix(path: Path, workers: int) -> Listening:
    """Listen on a Unix socket, in the place of a dead one. Raises `ListenError`."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.is_socket() and not _is_answered(path):
            path.unlink()
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(_why(str(path), error)) from None
    return Listening((listener,) * workers, f"unix:{path}", path)


def _bind(family: int, address: object, *, spread: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if spread:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted connections inherit it
        listener.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
    except OSError:
        listener.close()
        raise
    return listener


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(where: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"can't listen on {where}: something else does already"
    return f"can't listen on {where}: {os.strerror(error.errno or 0)}"

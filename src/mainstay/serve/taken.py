"""A connection of Granian's, found by its client's address and held by a second descriptor.

Granian keeps what a stream sends until its client reads it, however much that is, and over RSGI it can choose no
protocol for a WebSocket, nor close one with a code. So what lasts is written by us, at the pace of its client (ADR
0021). A connection over a Unix socket has no address to find it by.
"""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_address

DESCRIPTORS = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
SPARE = 128
"""Descriptors for the database's connections, and whatever else a process has open."""
NEAR = 64

Address = tuple[object, int]


class Connections:
    """Finds connections of this process. `held` are descriptors that are known to be none of Granian's."""

    def __init__(self) -> None:
        self.held: set[int] = set()

    def take(self, client: str) -> socket.socket | None:
        """A socket of our own on the connection from `client`, `host:port`; None where it can't be told which it is.

        The caller's request keeps the connection open, so that no other one can have the address meanwhile. Raises
        OSError where the process has no descriptor to spare: two of five are Granian's.
        """
        address = _address(client)
        if address is None:
            return None
        if len(self.held) >= _descriptors_max() * 3 // 5 - SPARE:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        for descriptor in self._candidates():
            taken = _duplicate(descriptor, address)
            if taken is not None:
                self.held.add(taken.fileno())
                return taken
        return None

    def release(self, taken: socket.socket) -> None:
        self.held.discard(taken.fileno())
        taken.close()

    def _candidates(self) -> Iterator[int]:
        """Near the lowest number that is free first: that is what the kernel gave the connection when it came."""
        free = os.open(os.devnull, os.O_RDONLY)
        os.close(free)
        near = (*range(free - 1, max(free - NEAR, 0), -1), *range(free + 1, free + NEAR))
        yield from (number for number in near if number not in self.held)
        for name in os.listdir(DESCRIPTORS):
            if int(name) not in self.held:
                yield int(name)


def _descriptors_max() -> int:
    """As it is now: a worker raises its limit when it starts."""
    try:
        import resource
    except ImportError:  # on Windows, where this module is imported and not used
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def _duplicate(descriptor: int, address: Address) -> socket.socket | None:
    """Duplicated first and asked then: a number may be another connection's by the time that it is looked at."""
    try:
        number = os.dup(descriptor)
    except OSError:  # closed meanwhile
        return None
    try:
        found = socket.socket(fileno=number)
    except OSError:  # no socket
        os.close(number)
        return None
    try:
        if found.family in (socket.AF_INET, socket.AF_INET6) and _peer(found) == address:
            found.setblocking(False)
            return found
    except OSError:  # it listens
        pass
    found.close()
    return None


def _peer(found: socket.socket) -> Address:
    host, port = found.getpeername()[:2]
    return ip_address(host.partition("%")[0]), port


def _address(client: str) -> Address | None:
    host, _, port = client.rpartition(":")
    try:
        return ip_address(host.strip("[]").partition("%")[0]), int(port)
    except ValueError:
        return None

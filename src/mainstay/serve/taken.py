"""A connection of Granian's, found by its client's address and held by a second descriptor.

Granian keeps what a stream sends until its client reads it, however much that is, and over RSGI it can choose no
protocol for a WebSocket, nor close one with a code. So what lasts is written by us, at the pace of its client (ADR
0021). A connection over a Unix socket has no address to find it by.
"""

import os
import socket
import sys
from collections import deque
from ipaddress import ip_address

DESCRIPTORS = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
RECENT = 64
"""Descriptors that connections were found at lately: the kernel hands out the lowest that is free, over and over."""

Address = tuple[object, int]


class Connections:
    """Finds connections of this process. `held` are descriptors that are known to be none of Granian's."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self._recent: deque[int] = deque(maxlen=RECENT)

    def take(self, client: str) -> socket.socket | None:
        """A socket of our own on the connection from `client`, `host:port`; None where it can't be told which it is.

        The caller's request keeps the connection open, so that no other one can have the address meanwhile.
        """
        address = _address(client)
        if address is None:
            return None
        for descriptor in (*dict.fromkeys(self._recent), *self._others()):
            taken = _duplicate(descriptor, address)
            if taken is not None:
                self._recent.appendleft(descriptor)
                self.held.add(taken.fileno())
                return taken
        return None

    def release(self, taken: socket.socket) -> None:
        self.held.discard(taken.fileno())
        taken.close()

    def _others(self) -> list[int]:
        return [number for number in map(int, os.listdir(DESCRIPTORS)) if number not in self.held]


def _duplicate(descriptor: int, address: Address) -> socket.socket | None:
    """Duplicated first and asked then: a number may be another connection's by the time that it is looked at."""
    try:
        found = socket.socket(fileno=os.dup(descriptor))
    except OSError:  # closed meanwhile, or no socket
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

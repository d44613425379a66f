"""What happened, said once; listeners in `observe` decide what becomes of it.

No event holds a token, a claim's value, a bind or a body: what is not in here can't be logged.
"""

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class RequestHandled(msgspec.Struct, frozen=True):
    """One answered request. `parameters` are the names in the query, without their values."""

    method: str
    path: str
    parameters: tuple[str, ...]
    status: int
    elapsed_us: int
    role: str | None = None


class RequestFailed(msgspec.Struct, frozen=True):
    """A request that met a bug of ours or of the team's: answered 500 with `request_id`."""

    request_id: str
    method: str
    path: str
    error: BaseException


class ClientLeft(msgspec.Struct, frozen=True):
    """The client closed its connection before the answer was ready; the work for it was cancelled."""

    method: str
    path: str


class RequestCut(msgspec.Struct, frozen=True):
    """The drain time was up before the answer was ready: answered 503."""

    method: str
    path: str


class Started(msgspec.Struct, frozen=True):
    """Every worker answers at `url`."""

    url: str
    workers: int
    pid: int


class WorkerStarted(msgspec.Struct, frozen=True):
    worker: int
    pid: int


class WorkerExited(msgspec.Struct, frozen=True):
    """A worker ended without being asked to; `code` is negative where a signal ended it. It is replaced."""

    worker: int
    pid: int
    code: int


class WorkerError(msgspec.Struct, frozen=True):
    """A worker could not start, and why; a worker that it was to replace stays."""

    worker: int
    message: str


class Reloading(msgspec.Struct, frozen=True):
    """Workers are being replaced, one after another."""

    workers: int


class Reloaded(msgspec.Struct, frozen=True):
    workers: int


class Draining(msgspec.Struct, frozen=True):
    """Readiness fails from now on; requests in flight have `within_ms` to finish once the grace is over."""

    grace_ms: int
    within_ms: int


class Stopped(msgspec.Struct, frozen=True):
    """No worker is left. `killed` of them had to be, because they did not end within the drain time."""

    killed: int


Observation: TypeAlias = (
    RequestHandled
    | RequestFailed
    | ClientLeft
    | RequestCut
    | Started
    | WorkerStarted
    | WorkerExited
    | WorkerError
    | Reloading
    | Reloaded
    | Draining
    | Stopped
)

Observer: TypeAlias = Callable[[Observation], None]


def unobserved(observation: Observation, /) -> None:
    """The observer that does nothing."""

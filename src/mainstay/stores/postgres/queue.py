"""Who waits for a lane: requests in the order they came, those of one statement together.

Nothing waits for a batch to fill. A batch is what came in while every lane was busy.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from mainstay.core.environment import Environment
from mainstay.core.operation import Ending
from mainstay.core.statement import Mode, Statement
from mainstay.stores.postgres.lane import Lane

GroupKey = tuple[object, ...]


WORK = Statement(text="", binds=(), columns=(), mode=Mode.WRITE)
"""Stands for statements that are not known before the lane is there."""


class Waiting(msgspec.Struct, eq=False):
    """One request in the queue, `since` by `time.monotonic`. With `work`, the lane is all that it wants."""

    statement: Statement
    binds: Sequence[str | None]
    ending: Ending
    environment: Environment
    future: "asyncio.Future[Any]"
    since: float
    retried: bool = False
    work: Callable[[Lane], Awaitable[Any]] | None = None


class Queue:
    """Groups of waiting requests; `len()` counts requests."""

    def __init__(self, batch_max: int) -> None:
        self.batch_max = batch_max
        self._groups: OrderedDict[GroupKey, list[Waiting]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, waiting: Waiting, *, alone: bool) -> None:
        key = (waiting,) if alone else group_key(waiting)
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = [waiting]
        else:
            group.append(waiting)
        self._size += 1

    def take(self) -> list[Waiting]:
        """The group that has waited longest, at most `batch_max` of it; empty where nobody waits.

        The rest of a larger group goes to the back, so that one busy shape does not starve the others.
        """
        if not self._groups:
            return []
        key, group = self._groups.popitem(last=False)
        taken, rest = group[: self.batch_max], group[self.batch_max :]
        if rest:
            self._groups[key] = rest
        self._size -= len(taken)
        return [waiting for waiting in taken if not waiting.future.done()] or self.take()

    def expired(self, before: float) -> list[Waiting]:
        """Takes out those that came before the time."""
        found = []
        for key, group in list(self._groups.items()):
            old = [waiting for waiting in group if waiting.since < before]
            if not old:
                continue
            found += old
            self._size -= len(old)
            rest = [waiting for waiting in group if waiting.since >= before]
            if rest:
                self._groups[key] = rest
            else:
                del self._groups[key]
        return found


def group_key(waiting: Waiting) -> GroupKey:
    """Requests of one key can go out as one: same statement, same environment, same constants."""
    binds = waiting.binds
    return (waiting.statement, waiting.environment, *(binds[position] for position in waiting.statement.constants))

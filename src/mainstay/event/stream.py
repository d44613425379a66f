"""Rows behind a cursor, a batch at a time: each once, in order, those that are there and then those that come.

A batch is a live query like any other, of the rows behind the last one; nothing is asked while a client is slow.
"""

from collections.abc import AsyncGenerator

import msgspec

from mainstay.core.condition import Slot
from mainstay.core.operation import Operation, Read
from mainstay.core.result import Result
from mainstay.event.live import Ask, Live, Outdated

decode = msgspec.json.Decoder(list[str | None]).decode


async def batches(live: Live, ask: Ask, until: float) -> AsyncGenerator[Result, None]:
    """The first even where it is empty; then none that is. Raises Problem; PGRST303 at `until`."""
    asked, cursor, first = await ask(), None, True
    while True:
        operation = asked.operation if cursor is None else behind(asked.operation, cursor)
        subscription = await live.subscribe(asked._replace(operation=operation))
        try:
            result = await subscription.next(until)
            while result is None or not (first or result.rows):
                result = await subscription.next(until)
        except Outdated:
            asked = await ask()
            continue
        finally:
            subscription.close()
        yield result
        first, cursor = False, result.cursor or cursor


def behind(operation: Operation, cursor: bytes) -> Operation:
    """The same of the rows behind the one with these sort values."""
    shape, values = operation.shape, decode(cursor)
    if not isinstance(shape, Read):
        raise TypeError("only rows of a table have a cursor")
    first = len(operation.values)
    after = tuple(None if value is None else Slot(first + index) for index, value in enumerate(values))
    return msgspec.structs.replace(
        operation, shape=msgspec.structs.replace(shape, after=after), values=(*operation.values, *values)
    )

"""Rows behind a cursor, a batch at a time: each once, in order, those that are there and then those that come.

A batch is a live query like any other, of the rows behind the last one; nothing is asked while a client is slow.
"""

from collections.abc import AsyncGenerator

import msgspec

from mainstay.core.condition import Slot
from mainstay.core.operation import Operation, Read
from mainstay.core.principal import Principal
from mainstay.core.result import Result
from mainstay.event.live import Live
from mainstay.pipeline import Pipeline

decode = msgspec.json.Decoder(list[str | None]).decode


async def batches(
    live: Live, pipeline: Pipeline, operation: Operation, principal: Principal, until: float
) -> AsyncGenerator[Result, None]:
    """The first even where it is empty; then none that is. Raises Problem; PGRST303 at `until`."""
    subscription = await live.subscribe(pipeline, operation, principal)
    first = True
    try:
        while True:
            result = await subscription.next(until)
            if first or result.rows:
                yield result
            first = False
            if result.cursor is not None:
                subscription.close()
                subscription = await live.subscribe(pipeline, behind(operation, result.cursor), principal)
    finally:
        subscription.close()


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

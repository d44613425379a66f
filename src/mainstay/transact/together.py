"""One request's transaction: begun, done, recorded where it is to be done once, and committed. All of it or nothing."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import msgspec

from mainstay.core.environment import Isolation
from mainstay.core.exchange import Response
from mainstay.core.once import Once
from mainstay.core.operation import Ending
from mainstay.core.ports import Store, Transaction
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.sql.ledger import Ledger
from mainstay.transact.once import Records


class Transacted(msgspec.Struct, frozen=True):
    """What is to be done. `answer` does it; `keep` leaves out of its answer what another exchange would not have."""

    answer: Callable[[Transaction], Awaitable[Response]]
    keep: Callable[[Response], Response]
    once: Once | None = None
    ending: Ending = Ending.COMMIT
    isolation: Isolation | None = None


async def transact(store: Store, ledger: Ledger, principal: Principal, transacted: Transacted) -> tuple[Response, bool]:
    """The answer, and whether it was given before. Raises MS480, MS481, MS482, and what `answer` does."""
    once = transacted.once

    async def work(transaction: Transaction) -> tuple[Response, bool]:
        if once is None:
            return await transacted.answer(transaction), False
        records = Records(transaction, ledger, once, principal)
        known = await records.known()
        if known is not None:
            return known, True
        response = await transacted.answer(transaction)
        await records.keep(transacted.keep(response))
        return response, False

    return await store.transact(work, ending=transacted.ending, isolation=transacted.isolation)


@contextmanager
def about(operation: int) -> Iterator[None]:
    """A problem in here is about that one of several operations."""
    try:
        yield
    except Problem as problem:
        problem.operation = operation
        raise

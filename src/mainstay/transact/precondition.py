"""Writes only where the rows are still what the caller read (RFC 9110, 13.1): no update is lost.

The representation is read and the write is done in one transaction with one snapshot (REPEATABLE READ), in which
PostgreSQL refuses to write a row that another transaction changed since. So of two writers with the same tag one wins.
"""

from collections.abc import Sequence

from mainstay.core.environment import Isolation
from mainstay.core.operation import Operation, Put
from mainstay.core.ports import Transaction
from mainstay.core.precondition import Precondition, entity_tag, failed
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.pipeline import Pipeline

CHANGED_MEANWHILE = "40001"


def isolation_of(operations: Sequence[Operation]) -> Isolation | None:
    """What the operations' transaction needs: one view of the database where any has a precondition."""
    return Isolation.REPEATABLE_READ if any(each.addressed is not None for each in operations) else None


async def run_within(
    pipeline: Pipeline, transaction: Transaction, operation: Operation, principal: Principal
) -> Result:
    """The write's result, where its precondition holds; an operation without one just runs.

    The transaction's isolation must be REPEATABLE READ. Raises MS475, and what the corridor does.
    """
    precondition = operation.precondition
    if precondition is None or operation.addressed is None:
        return await pipeline.run(operation, principal, transaction)
    addressed = Operation(operation.addressed, operation.values, settings=operation.settings)
    before = await pipeline.run(addressed, principal, transaction)
    require(precondition, before)
    try:
        result = await pipeline.run(operation, principal, transaction)
    except Problem as problem:
        raise failed() if problem.code == CHANGED_MEANWHILE else problem from None
    _require_covered(operation, before, result)
    return result


def require(precondition: Precondition, before: Result) -> None:
    """Raises MS475 unless the rows are as the precondition says."""
    tags = tags_of(before)
    exists = before.rows > 0
    if not precondition.matches(tags, exists=exists) or not precondition.is_new(tags, exists=exists):
        raise failed()


def tags_of(before: Result) -> frozenset[str]:
    """The tags under which the rows may be known: one row is read as a list of one, or by itself."""
    body = before.body or b""
    found = {entity_tag(body)}
    if before.rows == 1 and body.startswith(b"["):
        found.add(entity_tag(body[1:-1]))
    return frozenset(found)


def _require_covered(operation: Operation, before: Result, result: Result) -> None:
    """Raises MS475 where the write touched a row that was not among those that were read: past a limit, or hidden."""
    if isinstance(operation.shape, Put):
        touched = 0 if result.inserted else 1
    else:
        touched = result.rows if result.affected is None else result.affected
    if touched > before.rows:
        raise failed()

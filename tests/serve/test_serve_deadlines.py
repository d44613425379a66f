"""Deadlines that share one ticker: who waits too long is told so, and nobody else."""

import asyncio

import pytest

from mainstay.serve.deadlines import Deadline, Deadlines


async def waiting(deadlines: Deadlines, for_what: "asyncio.Future[str]") -> str:
    task = asyncio.current_task()
    assert task is not None
    with Deadline(deadlines, task):
        return await for_what


def test_who_waits_longer_than_the_ticks_is_told_that_it_was_too_long() -> None:
    asyncio.run(wait_too_long())


def test_who_gets_what_it_waits_for_is_forgotten() -> None:
    asyncio.run(wait_a_little())


async def wait_too_long() -> None:
    deadlines, loop = Deadlines(2), asyncio.get_running_loop()
    early = asyncio.create_task(waiting(deadlines, loop.create_future()))
    await asyncio.sleep(0)
    deadlines.tick()
    late = asyncio.create_task(waiting(deadlines, loop.create_future()))
    await asyncio.sleep(0)
    deadlines.tick()
    assert not early.done()
    deadlines.tick()
    with pytest.raises(TimeoutError):
        await early
    assert early.cancelling() == 0
    assert [*deadlines.waiting] == [late]
    late.cancel()  # by somebody else
    with pytest.raises(asyncio.CancelledError):
        await late
    assert not deadlines.waiting


async def wait_a_little() -> None:
    deadlines, soon = Deadlines(1), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(waiting(deadlines, soon))
    await asyncio.sleep(0)
    soon.set_result("a body")
    assert await task == "a body"
    deadlines.tick()
    deadlines.tick()
    assert not deadlines.waiting

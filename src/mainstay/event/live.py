"""Live queries: evaluated when what they read has changed, those of one statement together, and told where it shows.

Nothing is asked while nothing happens. What the database does not tell of is asked for at an interval instead, with a
warning. Each evaluation goes through the corridor with the caller's own role and claims.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from time import perf_counter
from typing import NamedTuple, TypeAlias

import msgspec

from mainstay.core.catalog import TableKey
from mainstay.core.change import Change, Coverage, Feed
from mainstay.core.operation import Operation
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.event.group import Group, GroupKey, Member, group_key
from mainstay.event.subscriber import Subscriber, digest_of
from mainstay.pipeline import Pipeline

TIMED_OUT = "57014"
TRANSIENT = frozenset({"MS503", "MS504"})
RUNS_MAX = 2
"""Statements of live queries that run at a time, so that requests always find a lane."""

log = logging.getLogger("mainstay")


class LiveRules(msgspec.Struct, frozen=True):
    """How live queries are evaluated. `leeway_s`: how long a token is good after it expired."""

    poll_ms: int = 1_000
    interval_ms: int = 20
    """From one evaluation of a group to its next: what changes meanwhile is in one."""
    batch_max: int = 1_000
    """Members in one statement."""
    subscribers_max: int = 50_000
    leeway_s: int = 30


class Outdated(Exception):
    """Another catalog is served now: what is asked has to be looked up in that one."""


class Asked(NamedTuple):
    """A live query, as one catalog has it."""

    pipeline: Pipeline
    operation: Operation
    principal: Principal


Ask: TypeAlias = Callable[[], Awaitable[Asked]]
"""Looks up what is asked, in whatever is served by then. Raises Problem."""


class Live:
    """All live queries of a worker. Belongs to one event loop."""

    def __init__(self, feed: Feed, rules: LiveRules) -> None:
        self.rules = rules
        self.count = 0
        self._feed = feed
        self._tables: Collection[TableKey] = ()
        self._coverage: Coverage | None = None
        self._groups: dict[GroupKey, Group] = {}
        self._runs = asyncio.Semaphore(RUNS_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: asyncio.Task[None] | None = None
        self._looking = False
        self._warned: set[object] = set()

    def serve(self, tables: Collection[TableKey]) -> None:
        """The tables of the catalog that is served from now on. Who subscribed to another is told to ask anew."""
        self._tables = tables
        if self._ready is None:
            return
        self._ready = asyncio.create_task(self._look())
        for group in list(self._groups.values()):
            for member in group.members.values():
                _fail(member, Outdated())

    async def stop(self) -> None:
        for group in self._groups.values():
            for member in group.members.values():
                _fail(member, Problem("MS503", "The server is stopping", retry_after_s=1))
        tasks = [*self._tasks, *([self._ready] if self._ready is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._feed.stop()

    async def subscribe(self, asked: Asked) -> "Subscription":
        """Raises Problem for what can't be read; MS504 where there are too many."""
        pipeline, operation, principal = asked
        if self.count >= self.rules.subscribers_max:
            raise Problem("MS504", "There are too many live queries", retry_after_s=1)
        bound = await pipeline.bound(operation, principal)
        await self._start()
        key = group_key(bound)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(pipeline, pipeline.touched(bound), self._coverage or Coverage())
            self._warn_of(group)
        subscriber = Subscriber()
        member = group.join(bound, operation, principal, subscriber)
        self.count += 1
        self._wake(group)
        return Subscription(self, key, group, member, subscriber)

    def leave(self, key: GroupKey, group: Group, member: Member, subscriber: Subscriber) -> None:
        self.count -= 1
        group.leave(member, subscriber)
        if not group.members and self._groups.get(key) is group:
            del self._groups[key]

    async def _start(self) -> None:
        """Listen, from the first subscriber on. Whoever comes meanwhile waits for it too."""
        if self._ready is None:
            self._ready = asyncio.create_task(self._begin())
        await asyncio.shield(self._ready)

    async def _begin(self) -> None:
        await self._feed.start(self._heard)
        await self._look()
        self._spawn(self._tick())

    async def _look(self) -> None:
        """Find out what the database tells of."""
        try:
            self._coverage = await self._feed.coverage(self._tables)
        except Problem:
            self._coverage = None  # the next tick tries again
        for group in self._groups.values():
            group.watch(self._coverage or Coverage())

    def _heard(self, change: Change | None) -> None:
        if change is None:
            if not self._looking:
                self._looking = True
                self._spawn(self._look_anew())
            return
        for group in self._groups.values():
            group.heard(change)
            self._wake(group)

    async def _look_anew(self) -> None:
        self._looking = False  # what is heard from here on is in another look
        await self._look()
        for group in self._groups.values():
            self._warn_of(group)
            group.all_dirty()
            self._wake(group)

    async def _tick(self) -> None:
        """Ask for what is not told of."""
        while True:
            await asyncio.sleep(self.rules.poll_ms / 1000)
            told = self._feed.listening
            if self._coverage is None and self._groups:
                await self._look_anew()
            if not told and self._groups and "listening" not in self._warned:
                self._warned.add("listening")
                log.warning("the database can't be listened to; live queries are asked for at an interval meanwhile")
            elif told:
                self._warned.discard("listening")
            for group in self._groups.values():
                if group.polls or not told:
                    group.all_dirty()
                    self._wake(group)

    def _warn_of(self, group: Group) -> None:
        for table in group.untold(self._coverage or Coverage()):
            if table not in self._warned:
                self._warned.add(table)
                log.warning(
                    "changes of %s are not announced: live queries of it are asked for every %d ms; "
                    "run `mainstay live install`",
                    table,
                    self.rules.poll_ms,
                )

    def _wake(self, group: Group) -> None:
        if group.dirty and not group.running:
            group.running = True
            self._spawn(self._run(group))

    async def _run(self, group: Group) -> None:
        """Until all members are clean. What changes while they are asked for makes for one more time."""
        try:
            while group.dirty:
                async with self._runs:
                    started = perf_counter()
                    await self._evaluate(group, group.take(min(self.rules.batch_max, group.batch_max)))
                if group.dirty:  # what takes long is asked for half of the time at most
                    await asyncio.sleep(max(self.rules.interval_ms / 1000, perf_counter() - started))
        finally:
            group.running = False

    async def _evaluate(self, group: Group, members: Sequence[Member]) -> None:
        """Ask for all at once; where that fails, for each half, until those are found that can't be answered."""
        if not members:
            return
        try:
            results = await group.pipeline.answers([member.bound for member in members])
        except Problem as problem:
            if problem.code in TRANSIENT:
                self._postpone(group, members, problem)
            elif len(members) > 1:
                middle = len(members) // 2
                if problem.code == TIMED_OUT:
                    group.batch_max = middle
                await self._evaluate(group, members[:middle])
                await self._evaluate(group, members[middle:])
            else:
                _fail(members[0], problem)
            return
        except Exception:
            for member in members:
                _fail(member, Problem("XX000", "The live query met an error of the server's own"))
            raise
        for member, result in zip(members, results, strict=True):
            digest = digest_of(result)
            for subscriber in member.subscribers:
                subscriber.offer(result, digest)

    def _postpone(self, group: Group, members: Sequence[Member], problem: Problem) -> None:
        """Who waits for his first answer is told; who has one is told the next when it can be had."""
        for member in members:
            for subscriber in member.subscribers:
                if subscriber.is_new:
                    subscriber.fail(problem)
        asyncio.get_running_loop().call_later(self.rules.poll_ms / 1000, self._again, group, members)

    def _again(self, group: Group, members: Sequence[Member]) -> None:
        group.dirty.update((member, None) for member in members if member.subscribers)
        self._wake(group)

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("live queries met a bug", exc_info=error)


class Subscription:
    """One live query. `next` gives its answers; `close` ends it, and has to be called."""

    def __init__(self, live: Live, key: GroupKey, group: Group, member: Member, subscriber: Subscriber) -> None:
        self._live = live
        self._key = key
        self._group = group
        self._member = member
        self.subscriber = subscriber

    async def next(self, until: float, period_s: float | None = None) -> Result | None:
        """As the subscriber's."""
        return await self.subscriber.next(until, period_s)

    def close(self) -> None:
        self._live.leave(self._key, self._group, self._member, self.subscriber)


async def changing(live: Live, ask: Ask, until: float) -> AsyncGenerator[Result, None]:
    """The answer at once, and again whenever it is another one. Raises Problem; PGRST303 at `until`."""
    async with aclosing(alive(live, ask, until, None)) as results:
        async for result in results:
            if result is not None:
                yield result


async def alive(live: Live, ask: Ask, until: float, period_s: float | None) -> AsyncGenerator[Result | None, None]:
    """As `changing`, and None whenever there was nothing for a period."""
    given = b""
    while True:
        subscription = await live.subscribe(await ask())
        subscription.subscriber.given = given
        try:
            while True:
                yield await subscription.next(until, period_s)
        except Outdated:
            given = subscription.subscriber.given
        finally:
            subscription.close()


def _fail(member: Member, problem: Exception) -> None:
    for subscriber in member.subscribers:
        subscriber.fail(problem)

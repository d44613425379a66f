"""Subscribers whose answers come from one statement, and which of them have to be asked for anew."""

import sys
from collections.abc import Iterable, Mapping

from mainstay.core.catalog import TableKey
from mainstay.core.change import Change, Coverage
from mainstay.core.operation import Operation
from mainstay.core.principal import Principal
from mainstay.core.statement import Bind
from mainstay.event.subscriber import Subscriber
from mainstay.event.watch import Watch, is_covered, spelt, told_columns
from mainstay.pipeline import Bound, Pipeline, bind_value
from mainstay.plan.touched import Touched

GroupKey = tuple[object, ...]


class Member:
    """Those whose answer is one and the same: equal binds."""

    __slots__ = ("bound", "keys", "subscribers")

    def __init__(self, bound: Bound, keys: tuple[Mapping[str, str | None], ...]) -> None:
        self.bound = bound
        self.keys = keys
        self.subscribers: list[Subscriber] = []


class Group:
    """Members that differ in nothing but what may vary within a batch."""

    def __init__(self, pipeline: Pipeline, touched: Touched, coverage: Coverage) -> None:
        self.pipeline = pipeline
        self.touched = touched
        self.members: dict[tuple[str | None, ...], Member] = {}
        self.dirty: dict[Member, None] = {}
        self.running = False
        self.batch_max = sys.maxsize
        """As many as were too many for the time that a statement has were never asked for together again."""

        self.watch(coverage)

    def watch(self, coverage: Coverage) -> None:
        """From now on go by what the database tells of."""
        self.polls = self.touched.timed or not is_covered(self.touched.touches, coverage)
        self.any_change = any(touch.table is None for touch in self.touched.touches)
        self.watches: dict[TableKey, list[tuple[Watch[Member], bool]]] = {}
        self._all: list[Watch[Member]] = []
        for index, touch in enumerate(self.touched.touches):
            if touch.table is None:
                continue
            watch: Watch[Member] = Watch(index, touch, told_columns(touch.table, coverage))
            self._all.append(watch)
            for origin in coverage.origins.get(touch.table, ()):
                self.watches.setdefault(origin.table, []).append((watch, origin.same))
        for member in self.members.values():
            self._place(member)

    def join(self, bound: Bound, operation: Operation, principal: Principal, subscriber: Subscriber) -> Member:
        member = self.members.get(bound.binds)
        if member is None:
            member = self.members[bound.binds] = Member(bound, self._keys(operation, principal))
            self._place(member)
        member.subscribers.append(subscriber)
        self.dirty[member] = None
        return member

    def leave(self, member: Member, subscriber: Subscriber) -> None:
        if subscriber in member.subscribers:
            member.subscribers.remove(subscriber)
        if not member.subscribers and self.members.get(member.bound.binds) is member:
            del self.members[member.bound.binds]
            self.dirty.pop(member, None)
            for watch in self._all:
                watch.remove(member)

    def heard(self, change: Change) -> None:
        if self.any_change:
            self.all_dirty()
            return
        for watch, same in self.watches.get(change.table, ()):
            self.dirty.update(dict.fromkeys(watch.affected(change, same=same)))

    def all_dirty(self) -> None:
        self.dirty = dict.fromkeys(self.members.values())

    def untold(self, coverage: Coverage) -> list[TableKey]:
        """The tables of whose changes, or some of them, nothing is told."""
        return [touch.table for touch in self.touched.touches if touch.table and not is_covered([touch], coverage)]

    def take(self, count: int) -> list[Member]:
        """Some of those that are to be asked for, which from now on are clean."""
        taken = list(self.dirty)[:count]
        for member in taken:
            del self.dirty[member]
        return taken

    def _place(self, member: Member) -> None:
        for watch in self._all:
            watch.add(member)

    def _keys(self, operation: Operation, principal: Principal) -> tuple[Mapping[str, str | None], ...]:
        return tuple(
            {
                column: spelt(kind, bind_value(Bind(source), operation.values, principal))
                for column, kind, source in touch.equal
            }
            for touch in self.touched.touches
        )


def group_key(bound: Bound) -> GroupKey:
    """What of a read may not vary within a batch."""
    constants: Iterable[int] = bound.statement.constants
    return (bound.key, bound.environment, *(bound.binds[position] for position in constants))

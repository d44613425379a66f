"""Deadlines that share one ticker: who waits too long is told so, and nobody else."""

from mainstay.serve.deadlines import Deadlines


class Waiter:
    def __init__(self) -> None:
        self.told = 0

    def late(self) -> None:
        self.told += 1


def test_who_waits_longer_than_the_ticks_is_told_once() -> None:
    deadlines = Deadlines(2)
    early, late = Waiter(), Waiter()
    deadlines.begin(early)
    deadlines.tick()
    deadlines.begin(late)
    deadlines.tick()
    assert (early.told, late.told) == (0, 0)
    deadlines.tick()
    assert (early.told, late.told) == (1, 0)
    deadlines.tick()
    deadlines.tick()
    assert (early.told, late.told) == (1, 1)


def test_who_waits_no_longer_is_forgotten() -> None:
    deadlines, waiter = Deadlines(1), Waiter()
    deadlines.begin(waiter)
    deadlines.end(waiter)
    deadlines.end(waiter)
    for _ in range(5):
        deadlines.tick()
    assert waiter.told == 0


def test_who_begins_anew_has_its_whole_time_again() -> None:
    deadlines, waiter = Deadlines(2), Waiter()
    for _ in range(5):
        deadlines.begin(waiter)
        deadlines.tick()
        deadlines.tick()
    assert waiter.told == 0


def test_one_that_is_told_may_end_the_waiting_of_others() -> None:
    deadlines, other = Deadlines(0), Waiter()

    class Ending(Waiter):
        def late(self) -> None:
            super().late()
            deadlines.end(other)

    ending = Ending()
    deadlines.begin(ending)
    deadlines.begin(other)
    deadlines.tick()
    assert (ending.told, other.told) == (1, 0)

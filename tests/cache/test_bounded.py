"""Bounded: never past its bound, and the least recently used entry is the one that goes."""

import pytest

from mainstay.cache.bounded import Bounded


def full() -> Bounded[str, int]:
    cache: Bounded[str, int] = Bounded(3)
    for value, key in enumerate("abc", start=1):
        cache.put(key, value)
    return cache


def kept(cache: Bounded[str, int]) -> str:
    return "".join(key for key in "abcdefgh" if key in cache)


def test_a_value_that_was_put_is_got() -> None:
    assert full().get("b") == 2


def test_what_was_never_put_is_none() -> None:
    assert full().get("z") is None


def test_at_the_bound_everything_stays_and_one_past_it_the_oldest_goes() -> None:
    cache = full()
    assert kept(cache) == "abc"
    cache.put("d", 4)
    assert kept(cache) == "bcd"
    assert len(cache) == 3


def test_getting_an_entry_saves_it() -> None:
    cache = full()
    cache.get("a")
    cache.put("d", 4)
    assert kept(cache) == "acd"


def test_putting_an_entry_again_replaces_and_saves_it() -> None:
    cache = full()
    cache.put("a", 10)
    cache.put("d", 4)
    assert kept(cache) == "acd"
    assert cache.get("a") == 10


def test_asking_whether_an_entry_is_there_does_not_save_it() -> None:
    cache = full()
    assert "a" in cache
    cache.put("d", 4)
    assert kept(cache) == "bcd"


def test_it_stays_bounded_under_many_keys() -> None:
    cache: Bounded[int, int] = Bounded(10)
    for key in range(1_000):
        cache.put(key, key)
    assert [key for key in range(1_000) if key in cache] == list(range(990, 1_000))


def test_clearing_forgets_everything() -> None:
    cache = full()
    cache.clear()
    assert len(cache) == 0
    assert cache.get("a") is None


@pytest.mark.parametrize("entries_max", [0, -1])
def test_a_bound_below_one_is_refused(entries_max: int) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Bounded(entries_max)


def test_its_repr_shows_no_entry() -> None:
    cache: Bounded[str, str] = Bounded(2)
    cache.put("key", "claim")
    assert repr(cache) == "Bounded(1 of 2)"

"""The bounded memory behind stored responses, files and batches."""

import pytest

from proxy.store import Bounds, Store


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return Store(Bounds(entries=3, bytes=100, seconds=60), clock)


def names(store):
    return [name for name, _ in store.items()]


def test_what_was_put_is_there_until_it_is_taken(store):
    store.put("a", 1, 10)

    assert store.get("a") == 1
    assert store.pop("a") == 1
    assert store.get("a") is None
    assert store.pop("a") is None


def test_the_oldest_makes_room_when_there_are_too_many(store):
    for name in "abcd":
        store.put(name, name, 1)

    assert names(store) == ["b", "c", "d"]


def test_the_oldest_make_room_when_they_are_too_large(store):
    for name in "abc":
        store.put(name, name, 45)

    assert names(store) == ["b", "c"]


def test_an_entry_above_the_bound_is_refused_and_nothing_else_goes(store):
    store.put("a", 1, 10)

    with pytest.raises(ValueError, match="101 bytes are more than 100"):
        store.put("b", 2, 101)
    assert names(store) == ["a"]


def test_an_entry_ends_after_its_time(store, clock):
    store.put("a", 1, 10)
    clock.now = 30
    store.put("b", 2, 10)
    clock.now = 60

    assert store.get("a") is None
    assert names(store) == ["b"]


def test_putting_again_makes_an_entry_the_newest_and_frees_what_it_took(store, clock):
    store.put("a", 1, 90)
    store.put("b", 2, 5)
    store.put("a", 3, 95)

    assert store.items() == [("b", 2), ("a", 3)]


def test_what_has_ended_frees_its_room(store, clock):
    store.put("a", 1, 90)
    clock.now = 60
    store.put("b", 2, 90)
    clock.now = 61
    store.put("c", 3, 10)

    assert names(store) == ["b", "c"]


def test_owners_do_not_see_each_others_entries_and_share_the_bounds(store, clock):
    ours, theirs = store.part("ours"), store.part("theirs")
    ours.put("a", 1, 10)
    theirs.put("a", 2, 10)

    assert (ours.get("a"), theirs.get("a")) == (1, 2)
    assert ours.items() == [("a", 1)]
    assert ours.pop("a") == 1
    assert theirs.get("a") == 2
    for name in "bcd":
        ours.put(name, 0, 10)
    assert theirs.get("a") is None

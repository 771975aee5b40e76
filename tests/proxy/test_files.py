"""The files that clients leave: ids from digests, lifetimes, and bounds."""

import pytest

from proxy import files
from proxy.files import Files
from proxy.store import Bounds, Store


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


def files_of(clock, seed=0):
    return Files(seed, clock, Store(files.BOUNDS, clock).part(""))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(clock):
    return files_of(clock)


def test_the_same_upload_to_a_fresh_server_has_the_same_id_and_a_copy_another(kept, clock):
    first = kept.add("a.txt", "batch", b"1")

    assert kept.add("a.txt", "batch", b"1").id != first.id
    assert files_of(clock).add("a.txt", "batch", b"1").id == first.id
    assert len({first.id, *(kept.add(*each).id for each in (("b", "batch", b"1"), ("a.txt", "vision", b"1")))}) == 3
    assert files_of(clock, 1).add("a.txt", "batch", b"1").id != first.id


async def test_pieces_that_are_joined_in_a_thread_are_the_same_file(kept, clock):
    whole = await kept.add_large("a.txt", "batch", [b"1", b"", b"23"], 3600)

    assert whole == files_of(clock).add("a.txt", "batch", b"123", 3600)


def test_a_deleted_file_is_gone_and_may_come_again(kept):
    first = kept.add("a.txt", "batch", b"1")

    assert kept.pop(first.id) == first
    assert (kept.get(first.id), kept.pop(first.id), kept.all()) == (None, None, [])
    assert kept.add("a.txt", "batch", b"1").id == first.id


def test_a_file_goes_when_its_time_is_over(kept, clock):
    short, long = kept.add("a", "batch", b"1", 3600), kept.add("b", "batch", b"1")

    clock.seconds += 3599
    assert kept.all() == [short, long]
    clock.seconds += 1
    assert (kept.get(short.id), kept.all()) == (None, [long])
    clock.seconds += files.LONGEST_DAYS * 86_400
    assert kept.all() == []


def test_the_oldest_make_room(kept, clock, monkeypatch):
    monkeypatch.setattr(files, "BOUNDS", Bounds(entries=2, bytes=10_000, seconds=60))
    small = files_of(clock)
    one, two, three = [small.add(name, "batch", b"1") for name in "abc"]

    assert small.all() == [two, three]
    large = small.add("d", "batch", b"1" * 8000)
    assert small.all() == [large]
    assert small.get(one.id) is None

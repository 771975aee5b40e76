"""Buckets fill evenly, and the waits that they name are those of OpenAI's messages."""

import math

import pytest

from proxy.limits.bucket import Bucket


def filled(window, limit, used):
    bucket = Bucket("tokens", window, limit)
    bucket.take(used, 100.0)
    return bucket


@pytest.mark.parametrize(
    ("window", "limit", "used", "requested", "wait"),
    [
        ("min", 10_000, 6_701, 4_497, 7.188),
        ("min", 3, 3, 1, 20.0),
        ("day", 200, 200, 1, 432.0),
        ("day", 50, 50, 1, 1728.0),
        ("day", 2000, 2000, 1, 43.2),
        ("min", 10, 5, 5, 0.0),
    ],
)
def test_the_wait_is_what_openai_names(window, limit, used, requested, wait):
    assert filled(window, limit, used).wait(requested, 100.0) == pytest.approx(wait, abs=1e-9)


def test_who_waits_as_told_is_let_in_and_no_sooner():
    bucket = filled("min", 7, 7)
    wait = bucket.wait(1, 100.0)

    assert bucket.wait(1, 100.0 + wait) == 0
    assert bucket.wait(1, 100.0 + wait - 0.001) > 0


def test_use_comes_back_evenly_until_all_is_there():
    bucket = filled("min", 60, 30)

    assert [bucket.remaining(100.0 + seconds) for seconds in (0, 1, 15, 30, 1000)] == [30, 31, 45, 60, 60]
    assert bucket.full_in(110.0) == 20.0


def test_more_than_the_limit_never_fits():
    assert Bucket("tokens", "min", 10).wait(11, 0.0) == math.inf

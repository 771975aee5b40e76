"""The allowance of the x-ratelimit headers: it empties with use and fills with time."""

import pytest

from proxy.allowance import REQUESTS_A_MINUTE, TOKENS_A_MINUTE, Allowance, duration


class Clock:
    seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


def told(allowance, size=0):
    return list(allowance.spend(size).values())[2:]


def test_each_request_counts_with_the_tokens_of_its_body(clock):
    allowance = Allowance(clock)

    assert told(allowance) == [str(REQUESTS_A_MINUTE - 1), str(TOKENS_A_MINUTE - 1), "1ms", "1ms"]
    assert told(allowance, 4000)[:2] == [str(REQUESTS_A_MINUTE - 2), str(TOKENS_A_MINUTE - 1002)]


def test_time_gives_it_back(clock):
    allowance = Allowance(clock)
    for _ in range(10_000):
        allowance.spend(8 * 1024 * 1024)

    empty = told(allowance)
    clock.seconds += 30
    half = told(allowance)
    clock.seconds += 60
    whole = told(allowance)

    assert empty == ["989999", "0", "601ms", "1m0s"]
    assert half == ["999999", "499999999", "1ms", "30.001s"]
    assert whole == [str(REQUESTS_A_MINUTE - 1), str(TOKENS_A_MINUTE - 1), "1ms", "1ms"]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.00001, "1ms"),
        (0.25, "250ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9999, "1m0s"),
        (60, "1m0s"),
        (90.25, "1m30.25s"),
        (3600, "1h0m0s"),
        (86399, "23h59m59s"),
    ],
)
def test_durations_are_written_as_openai_writes_them(seconds, written):
    assert duration(seconds) == written

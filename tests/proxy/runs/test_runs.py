"""Runs are made on first use, end when unused, and are bounded; their rules strike the same requests again."""

import pytest
from yarl import URL

from proxy.faults.crlf import Crlf
from proxy.runs.rules import Rule
from proxy.runs.runs import IDLE_SECONDS, MOST_RUNS, Runs


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def runs(clock):
    return Runs(7, lambda: 1_700_000_000.0, clock)


def names(runs):
    return [run.name for run in runs.all()]


def test_a_run_is_made_on_first_use_and_is_the_same_afterwards(runs):
    assert runs.of("a") is runs.of("a")
    assert runs.of("a") is not runs.of("b")
    assert runs.of("") is runs.unnamed
    assert names(runs) == ["", "a", "b"]


def test_an_unused_run_ends_and_the_unnamed_one_does_not(runs, clock):
    runs.of("old")
    clock.time += IDLE_SECONDS / 2
    runs.of("young")
    clock.time += IDLE_SECONDS / 2 + 1

    assert names(runs) == ["", "young"]


def test_the_run_used_longest_ago_makes_room(runs):
    for number in range(MOST_RUNS):
        runs.of(str(number))
    runs.of("0")
    runs.of("one more")

    assert len(names(runs)) == MOST_RUNS + 1
    assert "0" in names(runs)
    assert "1" not in names(runs)


def test_reset_begins_a_run_again(runs):
    for name in ("", "a"):
        run = runs.of(name)
        run.journal.begin("GET", URL("/"), {})
        runs.reset(name)
        assert runs.of(name) is not run
        assert runs.of(name).journal.begun == 0


def struck(rule, model="m", path="/v1/chat/completions", seed=1, times=10):
    return [rule.strikes(model, path, seed) for _ in range(times)]


def test_a_rule_strikes_after_some_requests_and_so_many_times():
    assert struck(Rule("f", "crlf", Crlf(), after=2, times=3)) == [False] * 2 + [True] * 3 + [False] * 5


@pytest.mark.parametrize(
    ("fields", "hit"),
    [
        *[({"model": "m"}, 1), ({"model": "n*"}, 0), ({"path": "/v1/chat/*"}, 1), ({"path": "/v1/responses"}, 0)],
        *[({"path": path}, 1) for path in ("/chat/completions", "/chat/completions/", "/v1/chat/completions/")],
        *[({"path": path}, 1) for path in ("*", "/*", "/v1/*", "*/completions", "/v?/chat/*")],
        *[({"path": path}, 0) for path in ("/v1", "/completions", "chat/completions")],
    ],
)
def test_a_rule_meets_the_models_and_paths_it_names(fields, hit):
    rule = Rule("f", "crlf", Crlf(), **fields)
    assert struck(rule, times=1) == [bool(hit)]
    assert rule.met == hit


def test_probability_is_drawn_from_the_seed():
    first = struck(Rule("f", "crlf", Crlf(), probability=0.3), times=1000)

    assert first == struck(Rule("f", "crlf", Crlf(), probability=0.3), times=1000)
    assert first != struck(Rule("f", "crlf", Crlf(), probability=0.3), times=1000, seed=2)
    assert 250 < sum(first) < 350
    assert not any(struck(Rule("f", "crlf", Crlf(), probability=0.0)))

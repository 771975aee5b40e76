"""Timings are exact sums of the profile; slots make others wait, load makes them slow, known prompts make them fast."""

import pytest

from proxy.errors import UnavailableError
from proxy.latency.line import MOST as MOST_PLACES
from proxy.latency.line import Line
from proxy.latency.profile import Profile, Spread
from proxy.latency.prompts import KEPT_SECONDS, MOST, Prompts
from proxy.latency.timing import Latency


def latency(seed=0, **profile):
    return Latency(Profile(**profile), seed)


def timed(latency, arrived=0.0, prompt=0, cached=0, completion=3):
    return latency.timed(arrived, prompt, cached, completion)


def test_tokens_come_after_the_first_one_by_one():
    timing = timed(latency(ttft=500.0, per_token=20.0), completion=4)

    assert timing.tokens == pytest.approx((0.5, 0.52, 0.54, 0.56))
    assert (timing.first, timing.total, timing.queued) == (0.5, pytest.approx(0.56), 0)


def test_a_prompt_is_read_at_its_speed_less_what_is_cached():
    profile = {"ttft": 100.0, "prefill_tokens_per_second": 1000.0}

    assert timed(latency(**profile), prompt=2000).first == pytest.approx(2.1)
    assert timed(latency(**profile), prompt=2000, cached=1500).first == pytest.approx(0.6)


def test_who_finds_no_slot_waits_for_the_first_that_is_free():
    line = latency(ttft=1000.0, slots=2)

    queued = [timed(line, at, completion=1).queued for at in (0.0, 0.5, 0.6, 0.7, 0.8)]

    assert queued == pytest.approx([0, 0, 0.4, 0.8, 1.2])
    assert timed(line, 60.0).queued == 0


def test_a_queue_that_is_full_turns_away():
    line = latency(ttft=1000.0, slots=1, queue=1)
    timed(line)
    timed(line)

    with pytest.raises(UnavailableError, match="overloaded"):
        timed(line)
    timed(line, 1.5)


def test_who_leaves_the_queue_makes_room_in_it():
    line = latency(ttft=1000.0, slots=1, queue=1)
    timed(line)
    line.line.leave(timed(line).place, 0.25)

    assert timed(line, 0.5, completion=1).queued == pytest.approx(0.5)
    with pytest.raises(UnavailableError):
        timed(line, 0.5)


def test_a_slot_that_is_left_early_is_free_for_who_comes_then():
    line = latency(ttft=1000.0, slots=1)
    place = timed(line, completion=1).place
    line.line.leave(place, 0.25)

    assert timed(line, 0.5).queued == 0


def test_the_line_is_bounded_where_time_stands_still():
    line = Line(None, None)
    for _ in range(MOST_PLACES + 20):
        line.take(0.0, 1.0)

    assert line.beside(0.5) == MOST_PLACES


def test_load_makes_everybody_slower_up_to_the_slowdown():
    line = latency(ttft=100.0, per_token=10.0, slots=3, slowdown=3.0)

    assert [timed(line, completion=2).total for _ in range(3)] == pytest.approx([0.11, 0.22, 0.33])


def test_the_same_seed_draws_the_same_times():
    varying = {"per_token": Spread(ms=10, spread_ms=5, distribution="normal")}

    assert timed(latency(1, **varying)).tokens == timed(latency(1, **varying)).tokens
    assert timed(latency(1, **varying)).tokens != timed(latency(2, **varying)).tokens


@pytest.mark.parametrize(("tokens", "pieces"), [(10, 10), (10, 4), (4, 10), (1, 5), (7, 1)])
def test_pieces_share_the_tokens_and_the_last_comes_with_the_last(tokens, pieces):
    timing = timed(latency(per_token=10.0), completion=tokens)
    times = [timing.of_piece(number, pieces) for number in range(pieces)]

    assert times == sorted(times)
    assert times[-1] == timing.total


def conversation(*texts):
    return {"messages": [{"role": "user", "content": text} for text in texts]}


def test_a_prompt_that_begins_as_another_is_cached_in_steps_of_128_tokens():
    prompts, long = Prompts(), "x" * 6000

    assert prompts.cached(conversation(long), 0.0) == 0
    assert prompts.cached(conversation(long), 1.0) == 1408
    assert prompts.cached(conversation(long, "and then?"), 2.0) == 1408
    assert prompts.cached(conversation("another" + long), 3.0) == 0


def test_short_prompts_are_not_cached():
    prompts = Prompts()

    assert [prompts.cached(conversation("x" * 3000), 0.0) for _ in range(2)] == [0, 0]


def test_a_prompt_is_forgotten_after_a_while():
    prompts, asked = Prompts(), conversation("x" * 6000)
    prompts.cached(asked, 0.0)

    assert prompts.cached(asked, KEPT_SECONDS - 1) > 0
    assert prompts.cached(asked, 3 * KEPT_SECONDS) == 0


def test_what_is_remembered_is_bounded():
    prompts = Prompts()
    prompts.cached(conversation("x" * 512 * (MOST + 50)), 0.0)

    assert len(prompts._seen) == MOST

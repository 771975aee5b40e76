"""A run's limits at work, with a clock that the test moves."""

import pytest

from proxy.errors import RejectedError
from proxy.limits.ask import Ask
from proxy.limits.meter import MOST_TALLIES, Meter, release
from proxy.limits.plan import Budget, Limit, Plan, Price


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def ask(model="m", key="k", organization="o", tokens=10, images=0):
    return Ask(key, organization, model, tokens, tokens, images)


def refused(meter, asked):
    with pytest.raises(RejectedError) as caught:
        meter.admit(asked)
    assert (caught.value.status, caught.value.code) == (429, "rate_limit_exceeded")
    return caught.value


def test_a_refusal_has_openais_words_and_headers(clock):
    meter = Meter(Plan(limits=(Limit(requests_per_minute=3),)), clock)
    for _ in range(3):
        meter.admit(ask())

    error = refused(meter, ask())

    assert error.message == (
        "Rate limit reached for m in organization o on requests per min (RPM): Limit 3, Used 3, Requested 1. "
        "Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more."
    )
    assert error.type == "requests"
    assert error.headers == {"retry-after": "20", "retry-after-ms": "20000"}


@pytest.mark.parametrize(
    ("limit", "asked", "words", "kind", "again"),
    [
        (Limit(tokens_per_minute=25), ask(), "tokens per min (TPM): Limit 25, Used 20, Requested 10", "tokens", "12s"),
        (Limit(tokens_per_day=25), ask(), "tokens per day (TPD): Limit 25, Used 20, Requested 10", "tokens", "4h48m0s"),
        (
            Limit(requests_per_day=2),
            ask(),
            "requests per day (RPD): Limit 2, Used 2, Requested 1",
            "requests",
            "12h0m0s",
        ),
        (
            Limit(images_per_minute=5),
            ask(images=2),
            "images per min (IPM): Limit 5, Used 4, ",
            "images",
            "12s",
        ),
        (
            Limit(images_per_day=4),
            ask(images=2),
            "images per day (IPD): Limit 4, Used 4, ",
            "images",
            "12h0m0s",
        ),
        (Limit(concurrent=2), ask(), "concurrent requests: Limit 2, Used 2, Requested 1", "requests", "1s"),
    ],
)
def test_every_limit_refuses_in_its_own_words(clock, limit, asked, words, kind, again):
    meter = Meter(Plan(limits=(limit,)), clock)
    meter.admit(asked)
    meter.admit(asked)

    error = refused(meter, asked)

    assert f"on {words}" in error.message
    assert f"Please try again in {again}." in error.message
    assert error.type == kind


def test_a_request_larger_than_a_limit_is_told_so(clock):
    error = refused(Meter(Plan(limits=(Limit(tokens_per_minute=5),)), clock), ask())

    assert error.message.startswith(
        "Request too large for m in organization o on tokens per min (TPM): Limit 5, Requested 10. The input or output"
    )
    assert error.headers == {}


def test_the_longest_wait_is_named_and_nothing_is_used_by_the_refused(clock):
    meter = Meter(Plan(limits=(Limit(requests_per_minute=1, requests_per_day=1, tokens_per_minute=100),)), clock)
    meter.admit(ask())

    assert "(RPD)" in refused(meter, ask()).message
    assert meter.told(ask())["x-ratelimit-remaining-tokens"] == "90"


def test_who_waits_as_told_is_admitted(clock):
    meter = Meter(Plan(limits=(Limit(requests_per_minute=7),)), clock)
    for _ in range(7):
        meter.admit(ask())

    clock.time += int(refused(meter, ask()).headers["retry-after-ms"]) / 1000

    meter.admit(ask())


def test_an_answer_that_is_over_makes_room_for_another(clock):
    meter = Meter(Plan(limits=(Limit(concurrent=1),)), clock)
    running = meter.admit(ask())
    refused(meter, ask())
    release(running)

    meter.admit(ask())


@pytest.mark.parametrize("scope", ["key", "model", "organization"])
def test_each_that_a_limit_tells_apart_has_its_own(clock, scope):
    meter = Meter(Plan(limits=(Limit(per=(scope,), requests_per_minute=1),)), clock)
    meter.admit(ask())
    meter.admit(ask(**{scope: "another"}))

    refused(meter, ask())
    refused(meter, ask(**{other: "another" for other in ("key", "model", "organization") if other != scope}))


def test_the_first_limit_that_fits_holds_among_those_that_tell_apart_alike(clock):
    limits = (
        Limit(model="big-*", requests_per_minute=2),
        Limit(requests_per_minute=1),
        Limit(per=("key",), requests_per_minute=3),
    )
    meter = Meter(Plan(limits=limits), clock)
    meter.admit(ask("big-1"))
    meter.admit(ask("big-1"))
    meter.admit(ask("small"))

    assert "Limit 3," in refused(meter, ask("other")).message
    assert "Limit 1," in refused(meter, ask("small", key="b")).message


def test_headers_tell_the_limit_of_which_least_remains(clock):
    meter = Meter(Plan(limits=(Limit(requests_per_minute=6, requests_per_day=2, tokens_per_minute=60),)), clock)
    meter.admit(ask())

    assert meter.told(ask()) == {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "12h0m0s",
        "x-ratelimit-limit-tokens": "60",
        "x-ratelimit-remaining-tokens": "50",
        "x-ratelimit-reset-tokens": "10s",
    }


def test_a_budget_that_is_spent_is_a_quota_that_is_exceeded(clock):
    price = Price(model="*", input=1.0, cached_input=0.5, output=2.0)
    meter = Meter(Plan(budget=Budget(usd=0.000_003, per=("key",)), prices=(price,)), clock)
    meter.admit(ask())

    assert meter.spend(ask(), 2, 1, 1) == pytest.approx(0.000_003_5)
    with pytest.raises(RejectedError) as caught:
        meter.admit(ask())
    assert (caught.value.status, caught.value.type, caught.value.code) == (429, *["insufficient_quota"] * 2)
    meter.admit(ask(key="another"))


def test_those_told_apart_are_bounded(clock):
    meter = Meter(Plan(limits=(Limit(per=("key",), requests_per_minute=1),), budget=Budget(per=("key",))), clock)
    for number in range(MOST_TALLIES + 5):
        meter.admit(ask(key=str(number)))
        meter.spend(ask(key=str(number)), 1, 0, 1)

    assert len(meter.tallies) == len(meter.spent) == MOST_TALLIES

"""Which clients are accused of trying again too soon, too often or in vain, and which are not."""

import pytest

from tests.proxy.verdict.telling import HELLO, Telling, user

SOON = {"retry_after": "1", "retry_after_ms": "600"}


@pytest.fixture
def telling():
    return Telling()


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize(("told", "wait"), [({"retry_after": "2"}, 2.0), (SOON, 0.6), ({"retry_after_ms": "10"}, 0.01)])
def test_who_waits_as_told_is_not_accused_and_who_comes_sooner_is(status, told, wait):
    for part, accused in ((1.0, False), (0.5 - 0.02, True)):
        telling = Telling()
        telling.fail(status, at=0, took=0.1, told=told)
        telling.ask(at=0.1 + wait * part)

        found = telling.found("ignored_retry_after")
        assert [each["requests"] for each in found] == ([[1, 2]] if accused else [])


def test_the_message_has_the_numbers(telling):
    telling.fail(429, at=0, told=SOON)
    telling.fail(429, at=0.2, took=0.01, told=SOON)
    telling.ask(at=0.25)

    (found,) = telling.found("ignored_retry_after")
    assert found["message"] == (
        "request 2 came 100 ms after request 1, whose 429 said to wait 600 ms, and 1 more time too soon"
    )
    assert (found["certainty"], found["requests"]) == ("seen", [1, 2, 3])
    assert found["docs"] == "docs/verdict.md#ignored_retry_after"


def test_a_date_is_understood(telling):
    telling.fail(503, at=0, told={"retry_after": "Tue, 14 Nov 2023 22:30:30 GMT"})  # half a minute after 1,700,001,000
    telling.ask(at=1)

    (found,) = telling.found("ignored_retry_after")
    assert "said to wait 30.0 s" in found["message"] or "said to wait 29" in found["message"]


def test_an_error_that_says_nothing_of_use_is_not_taken_for_a_wait(telling):
    telling.fail(503, at=0, told={"retry_after": "soon"})
    telling.ask(at=0.15)

    assert telling.found("ignored_retry_after") == []


def test_parallel_clients_that_send_the_same_and_wait_are_not_accused(telling):
    for lane in range(50):
        telling.fail(429, at=lane * 0.01, took=0.001, told={"retry_after": "1"})
    for lane in range(50):
        telling.ask(at=lane * 0.01 + 1.002, took=0.001)

    assert telling.verdict(storm_tries=1000)["mistakes"] == []


def test_parallel_clients_of_the_sdk_are_told_apart_by_its_count(telling):
    telling.fail(429, at=0, took=0.01, told={"retry_after": "1"}, x_stainless_retry_count="0")
    telling.ask(at=0.5, took=0.01, x_stainless_retry_count="0")  # another's first try
    telling.ask(at=0.6, took=0.01, x_stainless_retry_count="1")  # too soon, and certainly the same client's

    (found,) = telling.found("ignored_retry_after")
    assert found["requests"] == [1, 3]


def test_a_numbered_try_is_not_paired_with_an_error_of_another_number(telling):
    telling.fail(429, at=0, took=0.01, told={"retry_after": "1"}, x_stainless_retry_count="1")
    telling.fail(429, at=0.1, took=0.01, told={"retry_after_ms": "200"}, x_stainless_retry_count="0")  # gives up
    telling.ask(at=0.5, x_stainless_retry_count="2")

    (found,) = telling.found("ignored_retry_after")
    assert found["requests"] == [1, 3]


def test_a_loop_without_waits_is_accused_of_each_time(telling):
    for number in range(10):
        left = 1 - number * 0.1
        telling.fail(429, at=number * 0.1, took=0.01, told={"retry_after_ms": f"{left * 1000:.0f}"})
    telling.ask(at=1.02)

    (found,) = telling.found("ignored_retry_after", storm_tries=20)
    assert found["requests"] == list(range(1, 11))


def test_another_request_after_an_error_is_no_retry(telling):
    telling.fail(429, at=0, told={"retry_after": "5"})
    telling.ask({"model": "m", "messages": [user("Something else.")]}, at=0.2)
    telling.ask(at=0.3, authorization="Bearer another-key")

    assert telling.verdict()["passed"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 415, 422])
def test_what_cannot_do_better_is_not_to_be_sent_again(telling, status):
    telling.fail(status, at=0)
    telling.ask(at=60)

    (found,) = telling.found("retried_non_retryable")
    assert found["message"] == f"request 1 was answered {status} and sent again once, unchanged"
    assert found["requests"] == [1, 2]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_may_do_better_can_be_sent_again(telling, status):
    telling.fail(status, at=0)
    telling.ask(at=1)

    assert telling.verdict()["passed"]


def test_a_spent_quota_does_not_come_back_however_often_one_asks(telling):
    for at in range(3):
        telling.fail(429, at=at**2, code="insufficient_quota")

    (found,) = telling.found("retried_non_retryable")
    assert found["message"] == "request 1 was answered 429 insufficient_quota and sent again 2 times, unchanged"


def test_the_server_has_the_last_word(telling):
    telling.fail(500, at=0, told={"x_should_retry": "false"})
    telling.ask(at=1)
    telling.fail(400, at=2, ask={"model": "n", "messages": [HELLO]}, told={"x_should_retry": "true"})
    telling.ask({"model": "n", "messages": [HELLO]}, at=3)

    (found,) = telling.found("retried_non_retryable")
    assert found["requests"] == [1, 2]


def test_the_same_wrong_request_of_another_key_is_not_a_retry(telling):
    telling.fail(401, at=0, authorization="Bearer old")
    telling.ask(at=1, authorization="Bearer new")

    assert telling.verdict()["passed"]


def tries(waits, told=None):
    telling = Telling()
    at = 0.0
    for wait in [*waits, None]:
        telling.fail(500, at=at, took=0.01, told=told or {})
        at += 0.01 + (wait or 0)
    return telling


@pytest.mark.parametrize(
    "waits",
    [
        [0.4, 0.8],  # the official SDK's, with its jitter
        [0.5, 0.75],
        [0.375, 1.0, 1.5, 4.0, 8.0, 8.0, 8.0],
        [1.7, 0.9, 3.1, 2.0],  # full jitter
        [0.01, 0.03, 0.09],  # a test's
        [3.0],
    ],
)
def test_waits_that_grow_or_differ_by_jitter_are_good(waits):
    assert tries(waits).found("no_backoff") == []


@pytest.mark.parametrize("waits", [[0, 0], [0.002, 0.004, 0.001], [1.0, 1.0], [1.0, 1.005, 1.002, 1.0], [0.08, 0.03]])
def test_waits_that_stay_the_same_or_are_none_are_accused(waits):
    (found,) = tries(waits).found("no_backoff")

    assert found["requests"] == list(range(1, len(waits) + 2))
    assert found["message"].startswith(f"{len(waits) + 1} tries of one request, from request 1 on, with waits of ")


def test_who_was_told_how_long_to_wait_need_not_wait_longer():
    assert tries([1.0, 1.0, 1.0], {"retry_after": "1"}).verdict()["passed"]


def test_repetitions_of_what_was_answered_are_no_tries(telling):
    for at in range(9):
        telling.ask(at=at)

    assert telling.verdict()["mistakes"] == []
    assert telling.history.after()[3]["kind"] == "repeated"


def test_a_storm_is_more_tries_than_there_may_be_in_a_time():
    telling = Telling()
    at = 0.0
    for number in range(12):
        telling.fail(500, at=at, took=0.001)
        at += 0.01 * 1.5**number

    (found,) = telling.found("storm", storm_s=3, storm_tries=10)
    assert found["message"].endswith("12 of them in vain, from request 1 on")
    assert found["certainty"] == "seen"
    assert telling.found("storm", storm_s=3, storm_tries=12) == []
    assert telling.found("storm", storm_s=0.5) == []


def test_the_same_request_side_by_side_may_be_a_storm(telling):
    entries = [telling.begin() for _ in range(11)]
    for entry in entries:
        telling.time += 0.01
        telling.end(entry, {"choices": []})

    (found,) = telling.found("storm")
    assert (found["certainty"], telling.verdict()["passed"]) == ("likely", True)


@pytest.mark.parametrize("told", [{}, {"retry_after": "1"}])
def test_many_callers_of_an_sdk_that_gives_up_are_at_most_likely_a_storm(telling, told):
    for retry in range(3):
        entries = [telling.begin(x_stainless_retry_count=str(retry)) for _ in range(15)]
        for entry in entries:
            telling.time += 0.001
            telling.end(entry, {"error": {}}, status=500 if not told else 429, **told)
        telling.time += 1.5 * (retry + 1)

    (found,) = telling.found("storm")
    assert (found["certainty"], telling.verdict()["passed"]) == ("likely", True)


def test_one_caller_of_an_sdk_that_goes_on_and_on_is_a_storm(telling):
    for number in range(12):
        telling.fail(500, at=number * 0.6, took=0.01, x_stainless_retry_count=str(number % 3))

    assert [found["certainty"] for found in telling.verdict()["mistakes"] if found["mistake"] == "storm"] == ["seen"]


def test_an_sdks_own_tries_after_a_spent_quota_are_likely_nobodys_mistake(telling):
    spent = {"error": {"code": "insufficient_quota"}}
    for retry in range(3):
        telling.ask(None, spent, status=429, at=2.0**retry, x_stainless_retry_count=str(retry))

    (found,) = telling.found("retried_non_retryable")
    assert (found["certainty"], telling.verdict()["passed"]) == ("likely", True)
    telling.ask(None, spent, status=429, at=20, x_stainless_retry_count="0")

    assert [found["certainty"] for found in telling.found("retried_non_retryable")] == ["seen"]


def test_many_different_requests_at_once_are_no_storm(telling):
    entries = [telling.begin({"model": "m", "messages": [user(str(number))]}) for number in range(50)]
    for entry in entries:
        telling.end(entry, {"choices": []})

    assert telling.verdict()["mistakes"] == []

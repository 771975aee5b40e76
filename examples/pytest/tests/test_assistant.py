"""The assistant against the simulator: no key, no cost, the same answers every time."""

import asyncio

import openai
import pytest

from assistant import Assistant, summary

QUESTION = "What is the weather in Paris?"


@pytest.mark.openai_sim(scenario="weather.yaml")
def test_the_tool_is_called_with_the_city_and_its_result_is_told(openai_sim):
    assert Assistant().answer(QUESTION) == "It has 22 degrees and sunny in Paris."

    first, second = openai_sim.requests()
    assert (first.rule, second.rule) == ("asks for the weather", "tells it")
    assert second.messages[-1]["content"] == "22 degrees and sunny in Paris"
    openai_sim.check({"requests": {"tool_called": "get_weather"}, "exactly": 1})


@pytest.mark.openai_sim(scenario="weather.yaml", fault="status;status=429;retry_after=7;times=2")
def test_a_busy_server_is_asked_again_as_late_as_it_says(openai_sim):
    waits = []

    assert Assistant(sleep=waits.append).answer(QUESTION) == "It has 22 degrees and sunny in Paris."
    assert waits == [7, 7]
    assert [request.status for request in openai_sim.requests()] == [429, 429, 200, 200]


def test_a_server_that_stays_down_is_given_up(openai_sim):
    openai_sim.fault("status", status=500)

    with pytest.raises(openai.InternalServerError):
        Assistant(tries=4, sleep=lambda _: None).answer(QUESTION)
    assert len(openai_sim.requests(status=500)) == 4


def test_an_answer_that_breaks_off_is_asked_for_again(openai_sim):
    openai_sim.fault("cut", times=1, after_bytes=100)

    assert Assistant(sleep=lambda _: None).answer("Hello!")
    assert [request.end for request in openai_sim.requests()] == ["broken", "whole"]


def test_an_empty_account_is_not_asked_again(openai_sim):
    openai_sim.limits(budget={"usd": 0})

    with pytest.raises(openai.RateLimitError):
        Assistant().answer(QUESTION)
    assert openai_sim.last_request.error["code"] == "insufficient_quota"
    assert len(openai_sim.requests()) == 1


def test_a_rate_limit_is_met_and_waited_for(openai_sim):
    openai_sim.limits(requests_per_minute=2)
    waits = []
    assistant = Assistant(tries=2, sleep=waits.append)

    assistant.answer("Hello!")
    assistant.answer("Hello!")
    with pytest.raises(openai.RateLimitError):  # for nobody waited in earnest
        assistant.answer("Hello!")
    assert waits == [30]


@pytest.mark.openai_sim(scenario="weather.yaml", latency={"preset": "gpt-4o", "virtual": True})
def test_two_turns_take_less_than_five_seconds_with_the_latency_of_gpt_4o(openai_sim):
    Assistant().answer(QUESTION)

    assert 0.1 < sum(request.timing["total_ms"] for request in openai_sim.requests()) / 1000 < 5


@pytest.mark.asyncio
async def test_summaries_run_side_by_side(openai_sim):
    openai_sim.scenario({"rules": [{"answer": {"text": "In short: {{last_user}}"}}]})

    said = await asyncio.gather(*[summary(text) for text in ("one", "two", "three")])

    assert said == ["In short: one", "In short: two", "In short: three"]
    assert all(request.stream for request in openai_sim.requests())


@pytest.mark.openai_sim(verdict=True)
@pytest.mark.asyncio
async def test_a_summary_survives_a_server_that_is_overloaded_once(openai_sim):
    openai_sim.fault("status", times=1, status=503, retry_after=0.01)

    assert await summary("Rivers run to the sea.")
    assert [request.retry for request in openai_sim.requests()] == [0, 1]

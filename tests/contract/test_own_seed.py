"""A run has a seed and a time of its own, in all that it is answered."""

from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests import running

CHAT = "/v1/chat/completions"
HELLO: Any = [{"role": "user", "content": "Tell me about tides."}]


@pytest.fixture
def client(run):
    """The official SDK as it comes."""
    with OpenAI(base_url=f"{run.base_url}v1", api_key="any") as client:
        yield client


def ask(run, model="gpt-sim-1", messages=HELLO, **more):
    return run.post(CHAT, json={"model": model, "messages": messages, "max_tokens": 50, **more})


def test_a_run_has_a_seed_and_a_time_of_its_own(run, client, server):
    def said():
        answer = client.chat.completions.create(model="gpt-sim-1", messages=HELLO, seed=1)
        return answer.choices[0].message.content, answer.system_fingerprint, answer.created

    before = said()
    shown = run.post("/_sim/runs", json={"seed": 7, "now": 1700000000, "frozen": True}).json()
    assert (shown["seed"], shown["now"], shown["frozen"]) == (7, 1700000000, True)
    text, fingerprint, created = said()

    assert (text, fingerprint, created) == said()
    assert fingerprint != before[1]
    assert created == 1700000000
    assert client.responses.create(model="gpt-sim-1", input="hello").created_at == 1700000000
    chunks = list(client.chat.completions.create(model="m", messages=HELLO, stream=True))
    assert {chunk.created for chunk in chunks} == {created}
    seeded = run.post("/v1/completions", json={"model": "m", "prompt": "Tides", "max_tokens": 9}).json()
    assert seeded["system_fingerprint"] == fingerprint
    with running.proxy("--seed", "7") as other:
        same = httpx.post(f"{other.url}{CHAT}", json={"model": "gpt-sim-1", "messages": HELLO, "seed": 1}).json()
    assert same["choices"][0]["message"]["content"] == text

    run.delete("/_sim/runs")
    assert said()[:2] == before[:2]


def test_a_time_goes_on_and_stands_still_when_it_is_frozen(run):
    first = run.post("/_sim/runs", json={"now": 1000}).json()["now"]
    again = run.post("/_sim/runs", json={}).json()["now"]
    assert 1000 <= first < again < 1100
    stopped = run.post("/_sim/runs", json={"frozen": True}).json()["now"]
    assert again < stopped == run.post("/_sim/runs", json={}).json()["now"]


def test_a_time_that_stands_still_goes_on_from_there_when_it_is_told_to(run):
    run.post("/_sim/runs", json={"now": 1700000000, "frozen": True})
    shown = run.post("/_sim/runs", json={"frozen": False}).json()

    assert shown["frozen"] is False
    assert 1700000000 < shown["now"] < 1700000060
    stopped = run.post("/_sim/runs", json={"frozen": True}).json()
    assert stopped["now"] > shown["now"]
    assert run.post("/_sim/runs", json={"seed": 1}).json()["now"] == stopped["now"]


@pytest.mark.parametrize(("wish", "word"), [({"sed": 1}, "sed"), ({"seed": "x"}, "seed"), ({"now": -1}, "now")])
def test_a_seed_or_a_time_that_makes_no_sense_is_told(run, wish, word):
    answer = run.post("/_sim/runs", json=wish)

    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


def test_a_seed_of_its_own_draws_other_faults(run):
    def struck(seed):
        run.delete("/_sim/runs")
        run.post("/_sim/runs", json={"seed": seed})
        run.post("/_sim/faults", json={"fault": "status", "probability": 0.5})
        return [ask(run).status_code for _ in range(20)]

    assert struck(1) == struck(1) != struck(2)


def test_a_fault_that_is_removed_and_added_again_meets_the_same_requests_again(run):
    def struck(remove):
        added = run.post("/_sim/faults", json={"fault": "status", "probability": 0.5}).json()
        statuses = [ask(run).status_code for _ in range(20)]
        run.delete(remove.format(**added))
        return statuses

    first = struck("/_sim/faults")
    assert set(first) == {200, 500}
    assert [struck("/_sim/faults/{id}"), struck("/_sim/faults")] == [first] * 2

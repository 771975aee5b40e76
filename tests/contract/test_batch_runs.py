"""Lines of a batch belong to the run that made it: its scenario answers them, its budget pays half their price."""

import json
import time
from typing import Any, Final

import httpx
import pytest
from openai import OpenAI

CHAT: Final = "/v1/chat/completions"
REAL = "Grüße aus München, schöne Stadt."  # what tests/upstreams/complete.py says


class Run:
    """A run of the test's own."""

    def __init__(self, server, name):
        self.http = httpx.Client(base_url=f"{server.url}/t/{name}", timeout=30)
        self.client = OpenAI(base_url=f"{server.url}/t/{name}/v1", api_key="any", max_retries=0)

    def batch(self, *texts, model="gpt-sim-1"):
        """Status and text, or error code, of each line in order."""
        bodies = [{"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 5} for text in texts]
        lines = [{"custom_id": str(n), "method": "POST", "url": CHAT, "body": body} for n, body in enumerate(bodies)]
        content = "\n".join(map(json.dumps, lines)).encode()
        file = self.client.files.create(file=("in.jsonl", content), purpose="batch")
        batch = self.client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        until = time.monotonic() + 30
        while batch.status != "completed":
            assert time.monotonic() < until, batch
            batch = self.client.batches.retrieve(batch.id)
        files = [name for name in (batch.output_file_id, batch.error_file_id) if name]
        told = [json.loads(line) for name in files for line in self.client.files.content(name).text.splitlines()]
        return [self._read(line["response"]) for line in sorted(told, key=lambda line: int(line["custom_id"]))]

    def _read(self, response):
        body: Any = response["body"]
        error = body.get("error")
        return response["status_code"], error["code"] if error else body["choices"][0]["message"]["content"]

    @property
    def spent(self):
        return self.http.get("/_sim/limits").json()["spent_usd"]


@pytest.fixture
def run(server, request):
    run = Run(server, "".join(c if c.isalnum() else "-" for c in request.node.name)[-60:].strip("-"))
    with run.http, run.client:
        yield run


def play(run, **scenario):
    assert run.http.post("/_sim/scenario", json=scenario).status_code == 201


def test_a_scenario_answers_lines_in_turn(run, server):
    play(run, rules=[{"when": {"user": "hello"}, "answers": [{"text": "one"}, {"text": "two {{last_user}}"}]}])

    assert run.batch("hello a", "hello b", "hello c") == [(200, "one"), (200, "two hello b"), (200, "two hello c")]
    (rule,) = run.http.get("/_sim/scenario").json()["rules"]
    assert rule["used"] == 3
    another = Run(server, "batch-another")
    with another.http, another.client:
        assert another.batch("hello a") != [(200, "one")]


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_errors_and_who_answers_are_as_written(run, model):
    answers = [{"error": 503}, {"error": 429}, {"fault": "context_length"}, {"fault": "cut", "text": "whole"}]
    rules = [{"when": {"user": "pass"}, "answer": {"pass": True}}, {"answers": answers, "repeat": "none"}]
    play(run, rules=rules, on_miss="fail")

    assert run.batch("a", "b", "c", "d", "e", "pass", model=model) == [
        (503, None),
        (429, "rate_limit_exceeded"),
        (400, "context_length_exceeded"),
        (200, "whole"),
        (404, "no_rule"),
        (200, REAL),
    ]


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_lines_cost_half_and_a_spent_budget_refuses_them(run, model):
    prices = [{"model": "*", "input": 1, "output": 10}]
    run.http.post("/_sim/limits", json={"budget": {"usd": 1}, "prices": prices})
    run.client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}], max_tokens=5)
    full = run.spent
    assert run.batch("hello", model=model)[0][0] == 200
    assert run.spent - full == pytest.approx(full / 2)

    run.http.post("/_sim/limits", json={"budget": {"usd": 0.000_000_1}, "prices": prices})
    assert run.batch("hello", model=model)[0][0] == 200
    assert run.batch("again", model=model) == [(429, "insufficient_quota")]


def test_lines_meet_no_rate_limits(run):
    run.http.post("/_sim/limits", json={"limits": [{"requests_per_minute": 1}]})

    assert [status for status, _ in run.batch(*"abcd")] == [200] * 4


def test_lines_are_recorded_and_replayed_as_requests_are(run, server):
    run.http.post("/_sim/recording")
    recorded = run.batch("hello a", "hello b", model="tiny")
    recording = run.http.get("/_sim/recording").text
    assert (recorded, recording.count("name:")) == ([(200, REAL)] * 2, 2)

    other = Run(server, "batch-replayed")
    with other.http, other.client:
        sent = recording.replace("München", "Hamburg")
        other.http.post("/_sim/scenario", content=sent, headers={"Content-Type": "application/yaml"})
        replayed = other.batch("hello a", "hello b", "and something else", model="tiny")
    assert replayed == [(200, REAL.replace("München", "Hamburg"))] * 2 + [(404, "no_rule")]

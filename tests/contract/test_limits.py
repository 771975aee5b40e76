"""Limits and budgets on both kinds of model: what test_limit_table.py does not say of each."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

HELLO: Any = [{"role": "user", "content": "Tell me about tides."}]
STREAM: dict[str, Any] = {"stream": True}
WITH_USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
PRICES = [{"model": "*", "input": 1.0, "output": 10.0}]
MODELS = ["gpt-sim-1", "tiny"]


@dataclass
class Run:
    """A run of the test's own: its control surface, and a client that never tries again."""

    http: httpx.Client
    client: OpenAI
    model: str

    def limit(self, **plan):
        answer = self.http.post("/_sim/limits", json=plan)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, **fields):
        answer = self.client.chat.completions.create(model=self.model, messages=HELLO, **fields)
        return list(answer) if fields.get("stream") else answer

    def raw(self, headers=None, **fields):
        ask = {"model": self.model, "messages": HELLO, "max_tokens": 5, **fields}
        return self.http.post("/v1/chat/completions", json=ask, headers=headers)

    @property
    def spent(self):
        return self.http.get("/_sim/limits").json()["spent_usd"]


@pytest.fixture(params=MODELS)
def run(server, request):
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[-60:].strip("-")
    base = f"{server.url}/t/{name}"
    with (
        httpx.Client(base_url=base, timeout=30) as http,
        OpenAI(base_url=f"{base}/v1", api_key="sk-one-of-mine", max_retries=0) as client,
    ):
        yield Run(http, client, request.param)


@pytest.mark.parametrize("fields", [{}, STREAM], ids=["plain", "stream"])
def test_requests_per_minute(run, fields):
    run.limit(limits=[{"requests_per_minute": 2}])
    run.ask(**fields)
    run.ask(**fields)

    with pytest.raises(openai.RateLimitError) as caught:
        run.ask(**fields)

    error, headers = caught.value, caught.value.response.headers
    assert (error.type, error.code, error.param) == ("requests", "rate_limit_exceeded", None)
    assert f"Rate limit reached for {run.model} in organization simulator on requests per min (RPM): Limit 2, " in str(
        error
    )
    assert 0 < int(headers["retry-after-ms"]) <= 30_000
    assert 0 < int(headers["retry-after"]) <= 30
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "0"


def test_headers_tell_what_is_left_on_plain_answers_and_streams(run):
    run.limit(limits=[{"requests_per_minute": 10, "tokens_per_minute": 1000}])

    seen = [run.raw(stream=stream).headers for stream in (False, True)]

    assert [each["x-ratelimit-limit-requests"] for each in seen] == ["10", "10"]
    assert [each["x-ratelimit-remaining-requests"] for each in seen] == ["9", "8"]
    assert [each["x-ratelimit-limit-tokens"] for each in seen] == ["1000", "1000"]
    assert [990 >= int(each["x-ratelimit-remaining-tokens"]) >= 980 for each in seen] == [True, True]
    assert seen[0]["x-ratelimit-reset-requests"].endswith("s")


def test_what_has_no_limit_is_told_as_ever(run):
    run.limit(limits=[{"tokens_per_minute": 1000}])

    headers = run.raw().headers

    assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-limit-tokens"]) == ("1000000", "1000")


@pytest.mark.parametrize("scope", ["key", "organization"])
def test_keys_and_organisations_are_told_apart(run, scope):
    run.limit(limits=[{"per": [scope], "requests_per_minute": 1}])
    header, before = {"key": ("Authorization", "Bearer "), "organization": ("OpenAI-Organization", "")}[scope]
    statuses = [run.raw(headers={header: before + name}).status_code for name in ("key-ann", "key-bob") * 2]

    assert statuses == [200, 200, 429, 429]
    shown = [used[scope] for used in run.http.get("/_sim/limits").json()["used"]]
    assert shown == (["…", "…"] if scope == "key" else ["key-ann", "key-bob"])


def test_models_are_told_apart(run):
    run.limit(limits=[{"per": ["model"], "requests_per_minute": 1}])
    other = next(name for name in MODELS if name != run.model)

    assert [run.raw(model=name).status_code for name in (run.model, other, run.model)] == [200, 200, 429]


def test_runs_are_told_apart(run, server):
    run.limit(limits=[{"requests_per_minute": 1}])
    run.ask()

    assert (
        httpx.post(f"{server.url}/v1/chat/completions", json={"model": run.model, "messages": HELLO}).status_code == 200
    )
    assert run.raw().status_code == 429


def test_the_sdk_waits_as_it_is_told_and_then_succeeds(run):
    run.limit(limits=[{"requests_per_minute": 240}])
    for _ in range(240):
        run.raw()
    patient = run.client.with_options(max_retries=5)

    assert patient.chat.completions.create(model=run.model, messages=HELLO).choices
    statuses = [each["status"] for each in run.http.get("/_sim/requests", params={"limit": 1000}).json()["data"]]
    assert statuses[-1] == 200


@pytest.mark.parametrize("fields", [{}, STREAM, WITH_USAGE], ids=["plain", "stream", "stream with usage"])
def test_a_budget_is_spent_and_then_the_quota_is_exceeded(run, fields):
    run.limit(budget={"usd": 0.000_001}, prices=PRICES)
    run.ask(**fields)

    assert run.spent > 0.000_001
    with pytest.raises(openai.RateLimitError) as caught:
        run.ask(**fields)
    assert caught.value.type == caught.value.code == "insufficient_quota"
    assert "retry-after" not in caught.value.response.headers


def test_a_plain_answer_says_what_it_cost(run):
    run.limit(budget={}, prices=PRICES)

    answer = run.raw()

    usage = answer.json()["usage"]
    cost = (usage["prompt_tokens"] + 10 * usage["completion_tokens"]) / 1e6
    assert float(answer.headers["x-sim-cost"]) == pytest.approx(cost)
    assert run.spent == pytest.approx(cost)
    (entry,) = run.http.get("/_sim/requests").json()["data"]
    assert entry["cost_usd"] == pytest.approx(cost)


def test_a_stream_costs_what_its_usage_says(run):
    run.limit(budget={"usd": 1}, prices=PRICES)

    usage = run.ask(**WITH_USAGE)[-1].usage

    assert run.spent == pytest.approx((usage.prompt_tokens + 10 * usage.completion_tokens) / 1e6)


def test_a_stream_without_usage_costs_about_as_much(run):
    run.limit(budget={"usd": 1}, prices=PRICES)
    run.ask(**WITH_USAGE)
    told = run.spent
    run.ask(**STREAM)

    assert run.spent - told == pytest.approx(told, rel=0.7)


def test_a_fault_does_not_change_what_an_answer_costs(run):
    run.limit(budget={"usd": 1}, prices=PRICES)
    whole = float(run.raw().headers["x-sim-cost"])

    assert float(run.raw(headers={"x-sim-fault": "no_usage"}).headers["x-sim-cost"]) == whole


@pytest.mark.parametrize("by", ["fault", "scenario"])
def test_a_429_that_was_asked_for_tells_the_runs_own_limit(run, by):
    run.limit(limits=[{"requests_per_minute": 5, "tokens_per_minute": 1000}])
    if by == "scenario":
        error = {"status": 429, "retry_after": 2}
        run.http.post("/_sim/scenario", json={"rules": [{"answer": {"error": error}}]})
    answer = run.raw({"x-sim-fault": "status;status=429;retry_after=2"} if by == "fault" else None)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    told = {name: answer.headers[f"x-ratelimit-{name}"] for name in ("limit-requests", "remaining-requests")}
    assert told == {"limit-requests": "5", "remaining-requests": "0"}
    assert (answer.headers["x-ratelimit-limit-tokens"], answer.headers["x-ratelimit-reset-requests"]) == ("1000", "2s")
    assert "Limit 5, Used 5, Requested 1. Please try again in 2s." in answer.json()["error"]["message"]


def test_the_stream_itself_is_not_changed(run):
    def events():
        lines = run.raw(stream=True, stream_options={"include_usage": True}).text.splitlines()
        documents = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        return [(document["choices"], document.get("usage")) for document in documents]

    free = events()
    run.limit(budget={"usd": 1})

    assert events() == free


def test_limits_are_shown_with_what_is_used_and_can_be_dropped(run):
    run.limit(limits=[{"per": ["key"], "requests_per_minute": 1, "concurrent": 5}])
    run.ask()

    (used,) = run.http.get("/_sim/limits").json()["used"]
    assert used["key"] == "…mine"
    assert (used["concurrent"], round(used["requests_per_minute"])) == (0, 1)
    assert run.http.delete("/_sim/limits").json()["deleted"]
    assert [run.raw().status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"preset": "tier6"}, "There is no preset 'tier6'. Did you mean 'tier-5'?"),
        ({"limits": [{"model": "x"}]}, "'limits[0]' limits nothing"),
        ({"limits": [{"model": "x" * 201, "concurrent": 1}]}, "maximum length 200"),
        ({"budget": {"per": ["key"] * 4}}, "maximum length 3"),
        ({"limits": [{"rpm": 3}]}, "rpm"),
        ({"limits": [{"requests_per_minute": 0}]}, "limits[0].requests_per_minute"),
        ({"budget": {"usd": -1}}, "budget.usd"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(run, plan, message):
    answer = run.http.post("/_sim/limits", json=plan)

    assert answer.status_code == 400
    assert message in answer.text


def test_images_per_minute(server):
    with httpx.Client(base_url=f"{server.url}/t/images", timeout=30) as http:
        http.post("/_sim/limits", json={"limits": [{"images_per_minute": 2}]})
        with OpenAI(base_url=f"{server.url}/t/images/v1", api_key="any", max_retries=0) as client:
            client.images.generate(model="gpt-image-1", prompt="A tide", size="1024x1024", n=2)

            with pytest.raises(
                openai.RateLimitError, match=r"images per min \(IPM\): Limit 2, Used 2, Requested 1"
            ) as caught:
                client.images.generate(model="gpt-image-1", prompt="A tide", size="1024x1024")
            form: Any = {"model": (None, "gpt-image-1"), "prompt": (None, "x"), "image": ("a.png", b"x", "image/png")}
            edit = http.post("/v1/images/edits", files=form)
    assert caught.value.type == "images"
    assert edit.json()["error"]["type"] == "images"


def test_a_form_that_limits_have_read_reaches_its_endpoint(server):
    with httpx.Client(base_url=f"{server.url}/t/form", timeout=30) as http:
        http.post("/_sim/limits", json={"limits": [{"requests_per_minute": 9}]})
        sound = http.post(
            "/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "Hi.", "response_format": "wav"}
        )
        form: Any = {"model": (None, "whisper-1"), "file": ("a.wav", sound.content, "audio/wav")}

        assert http.post("/v1/audio/transcriptions", files=form).json()["text"] == "Hi."


def test_anthropics_messages_are_limited_in_anthropics_shape(server):
    with httpx.Client(base_url=f"{server.url}/t/anthropic", timeout=30) as http:
        http.post("/_sim/limits", json={"limits": [{"requests_per_minute": 1}], "budget": {}})
        ask = {"model": "gpt-sim-1", "max_tokens": 9, "messages": HELLO}
        first, second = [http.post("/v1/messages", json=ask) for _ in range(2)]
        spent = http.get("/_sim/limits").json()["spent_usd"]
    assert float(first.headers["x-sim-cost"]) == spent > 0
    assert second.status_code == 429
    assert second.json()["error"]["type"] == "rate_limit_error"
    assert int(second.headers["retry-after"]) > 0


def test_what_has_no_usage_costs_nothing(server):
    with httpx.Client(base_url=f"{server.url}/t/free", timeout=30) as http:
        http.post("/_sim/limits", json={"budget": {"usd": 1}, "prices": PRICES})
        answers = [
            http.post("/v1/moderations", json={"model": "omni-moderation-latest", "input": "Hello there."}),
            http.post("/v1/images/generations", json={"model": "dall-e-3", "prompt": "A tide"}),
            http.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "Hi."}),
        ]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert not [answer for answer in answers if "x-sim-cost" in answer.headers]
        assert http.get("/_sim/limits").json()["spent_usd"] == 0
        http.post("/v1/embeddings", json={"model": "text-embedding-3-small", "input": "Hello there."})
        assert http.get("/_sim/limits").json()["spent_usd"] > 0


def test_what_a_paced_stream_cost_is_in_the_journal(run):
    run.limit(budget={"usd": 1}, prices=PRICES)
    pace = {} if run.model == "tiny" else {"delay_min_ms": 1}  # a real model has its own
    paced = run.raw(stream=True, stream_options={"include_usage": True, **pace})

    assert "x-sim-cost" not in paced.headers
    (entry,) = run.http.get("/_sim/requests").json()["data"]
    usage = entry["usage"]
    cost = (usage["prompt_tokens"] + 10 * usage["completion_tokens"]) / 1e6
    assert entry["cost_usd"] == pytest.approx(cost) == run.spent


def test_limits_for_all_runs(start_proxy, tmp_path):
    plan = tmp_path / "limits.toml"
    plan.write_text('[[limits]]\nmodel = "gpt-sim-*"\nrequests_per_minute = 1\n')
    proxy = start_proxy("--limits", str(plan))
    ask = {"model": "gpt-sim-1", "messages": HELLO}

    for run in ("", "/t/a", "/t/b"):
        statuses = [httpx.post(f"{proxy.url}{run}/v1/chat/completions", json=ask).status_code for _ in range(2)]
        assert statuses == [200, 429]


def test_a_preset_for_all_runs(start_proxy):
    proxy = start_proxy(LIMITS="free")
    ask = {"model": "gpt-sim-1", "messages": HELLO}

    answers = [httpx.post(f"{proxy.v1}/chat/completions", json=ask) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["x-ratelimit-limit-requests"] == "3"
    assert "Limit 3, Used 3, Requested 1" in answers[3].text

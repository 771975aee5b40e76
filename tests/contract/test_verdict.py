"""Verdicts and assertions on real clients: the official SDKs, which are not accused, and clients that are."""

import asyncio
import json
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
HELLO: Any = [{"role": "user", "content": "Tell me about tides."}]
MODELS = ["gpt-sim-1", "tiny"]
TOOL: Any = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
CALLS = {
    "rules": [
        {"when": {"tool_result": "degrees"}, "answer": {"text": "It is warm."}},
        {"answer": {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Rome"}}]}},
    ]
}


@pytest.fixture
def client(run):
    """The official SDK as it comes."""
    with OpenAI(base_url=f"{run.base_url}v1", api_key="any") as client:
        yield client


def harm(run, fault, times=1, **settings):
    assert run.post("/_sim/faults", json={"fault": fault, "settings": settings, "times": times}).status_code == 201


def mistakes(run, **query):
    answer = run.get("/_sim/verdict", params=query)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["passed"] is not any(each["certainty"] == "seen" for each in told["mistakes"])
    return [(each["mistake"], each["certainty"], each["requests"]) for each in told["mistakes"]]


def ask(run, model="gpt-sim-1", messages=HELLO, path=CHAT, **more):
    return run.post(path, json={"model": model, "messages": messages, "max_tokens": 50, **more})


def streamed(run, messages=HELLO, **more):
    """What comes of a stream to a client that takes whatever comes."""
    text = ""
    try:
        with run.stream("POST", CHAT, json={"model": "gpt-sim-1", "messages": messages, "stream": True, **more}) as it:
            for line in it.iter_lines():
                if line.startswith("data: {"):
                    choices = json.loads(line[6:]).get("choices") or [{}]
                    text += choices[0].get("delta", {}).get("content") or ""
    except httpx.HTTPError:
        pass
    return text


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [{"status": 429, "retry_after": 0.2}, {"status": 500}, {"status": 503}])
def test_the_official_sdk_gets_over_errors_without_a_mistake(run, client, model, stream, status):
    harm(run, "status", times=2, **status)
    answer = client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    assert list(answer) if stream else answer.choices

    assert mistakes(run) == []
    after = [entry["after"] for entry in run.get("/_sim/requests").json()["data"]]
    assert [(each or {}).get("kind") for each in after] == ["retried", "retried", None]
    assert [each["number"] for each in after[:2]] == [2, 3]


def test_the_asynchronous_sdk_too(run):
    harm(run, "status", times=2, status=429, retry_after=0.3)

    async def both():
        async with AsyncOpenAI(base_url=f"{run.base_url}v1", api_key="any") as client:
            ask: Any = {"model": "gpt-sim-1", "messages": HELLO}
            await asyncio.gather(client.chat.completions.create(**ask), client.chat.completions.create(**ask))
            async with client.chat.completions.stream(**ask) as stream:
                return await stream.get_final_completion()

    assert asyncio.run(both()).choices
    assert mistakes(run) == []


def test_a_stream_that_is_left_in_its_context_manager_is_no_mistake(run, client):
    for _ in range(2):
        with client.chat.completions.create(
            model="gpt-sim-1", messages=HELLO, stream=True, extra_body={"stream_options": {"delay_min_ms": 50}}
        ) as stream:
            next(iter(stream))
    run.get("/_sim/requests", params={"wait_for": 2})

    assert mistakes(run) == []


def test_the_loop_of_an_agent_with_tools_is_no_mistake_in_a_chat(run, client):
    run.post("/_sim/scenario", json=CALLS)
    messages = [*HELLO]
    tools: Any = [{"type": "function", "function": TOOL}]
    while calls := (
        said := client.chat.completions.create(model="tiny", messages=messages, tools=tools).choices[0].message
    ).tool_calls:
        messages.append(said.model_dump(exclude_none=True))
        messages += [{"role": "tool", "tool_call_id": call.id, "content": "31 degrees"} for call in calls]
    assert said.content == "It is warm."

    assert mistakes(run) == []
    assert run.get("/_sim/requests").json()["data"][0]["after"]["kind"] == "continued"


@pytest.mark.parametrize("by_id", [False, True])
def test_the_loop_of_an_agent_with_tools_is_no_mistake_in_responses(run, client, by_id):
    run.post("/_sim/scenario", json=CALLS)
    given: Any = [*HELLO]
    more: dict[str, Any] = {}
    tools: Any = [{"type": "function", **TOOL}]
    said = client.responses.create(model="gpt-sim-1", input=given, tools=tools)
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": "31 degrees"}
        for call in said.output
        if call.type == "function_call"
    ]
    if by_id:
        given, more = results, {"previous_response_id": said.id}
    else:
        given += [item.model_dump(exclude_none=True) for item in said.output] + results
    client.responses.create(model="gpt-sim-1", input=given, tools=tools, **more)

    assert mistakes(run) == []
    assert run.get("/_sim/requests").json()["data"][0]["after"]["number"] == 2


def test_the_loop_of_an_agent_with_tools_is_no_mistake_in_messages(run):
    run.post("/_sim/scenario", json=CALLS)
    tools = [{"name": "get_weather", "input_schema": TOOL["parameters"]}]
    said = ask(run, path=MESSAGES, tools=tools).json()["content"]
    results = [{"type": "tool_result", "tool_use_id": said[0]["id"], "content": "31 degrees"}]
    more = [{"role": "assistant", "content": said}, {"role": "user", "content": results}]
    ask(run, messages=HELLO + more, path=MESSAGES, tools=tools)

    assert mistakes(run) == []
    assert run.get("/_sim/requests").json()["data"][0]["after"]["kind"] == "continued"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_comes_at_once_is_accused_of_it(run, model, stream):
    harm(run, "status", status=429, retry_after=1)
    ask(run, model, stream=stream)
    ask(run, model, stream=stream)

    assert mistakes(run) == [("ignored_retry_after", "seen", [1, 2])]
    assert mistakes(run, ignore="ignored_retry_after, storm") == []


@pytest.mark.parametrize("status", [{"status": 400}, {"status": 401}, {"status": 429, "code": "insufficient_quota"}])
def test_a_client_that_sends_in_vain_is_accused_of_it(run, status):
    harm(run, "status", **status)
    ask(run)
    ask(run)

    assert ("retried_non_retryable", "seen", [1, 2]) in mistakes(run)


def test_a_client_that_does_not_wait_is_accused_of_it_and_then_of_a_storm(run):
    harm(run, "status", times=100, status=500)
    for _ in range(5):
        ask(run)
    assert mistakes(run) == [("no_backoff", "seen", [1, 2, 3, 4, 5])]
    for _ in range(10):
        ask(run)
    assert ("storm", "seen", list(range(1, 16))) in mistakes(run)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["cut", "reset", "no_finish_reason", "error_event"])
def test_a_client_that_takes_half_a_stream_is_accused_of_it(run, model, fault):
    harm(run, fault, **({} if fault == "no_finish_reason" else {"after_events": 4}))
    half = streamed(run, model=model)
    assert half
    ask(run, model, [*HELLO, {"role": "assistant", "content": half}, {"role": "user", "content": "And winds?"}])

    assert mistakes(run) == [("accepted_truncated_stream", "seen", [1, 2])]


def events(run, path, **fields):
    """What comes of a stream of another API to a client that takes whatever comes."""
    said = ""
    try:
        with run.stream("POST", path, json={"model": "gpt-sim-1", "stream": True, **fields}) as answer:
            for line in answer.iter_lines():
                event = json.loads(line[6:]) if line.startswith("data: {") else {}
                if event.get("type") in ("response.output_text.delta", "content_block_delta"):
                    said += event["delta"] if isinstance(event["delta"], str) else event["delta"]["text"]
    except httpx.HTTPError:
        pass
    return said


@pytest.mark.parametrize("fault", ["cut", "error_event"])
@pytest.mark.parametrize(("path", "named"), [(RESPONSES, "input"), (MESSAGES, "messages")])
def test_a_client_that_takes_half_a_stream_of_another_api_is_accused_of_it(run, path, named, fault):
    harm(run, fault, after_events=8)
    more = {"max_tokens": 50} if path == MESSAGES else {}
    half = events(run, path, **{named: HELLO}, **more)
    assert half
    carried = [*HELLO, {"role": "assistant", "content": half}, {"role": "user", "content": "And winds?"}]
    run.post(path, json={"model": "gpt-sim-1", named: carried, **more})

    assert mistakes(run) == [("accepted_truncated_stream", "seen", [1, 2])]


@pytest.mark.parametrize(
    ("path", "named"), [(RESPONSES, "input"), (MESSAGES, "messages"), ("/v1/completions", "prompt")]
)
def test_tries_of_the_other_apis_are_seen_too(run, path, named):
    body = {"model": "gpt-sim-1", named: "Tides" if named == "prompt" else HELLO, "max_tokens": 50}
    if path == RESPONSES:
        del body["max_tokens"]
    harm(run, "status", status=529, retry_after=5)
    assert [run.post(path, json=body).status_code for _ in range(2)] == [529, 200]

    assert mistakes(run) == [("ignored_retry_after", "seen", [1, 2])]


@pytest.mark.parametrize("model", MODELS)
def test_a_client_that_asks_again_after_half_a_stream_is_not(run, model):
    harm(run, "cut", after_events=4)
    half = streamed(run, model=model)
    whole = streamed(run, model=model)
    assert half != whole
    ask(run, model, [*HELLO, {"role": "assistant", "content": whole}, {"role": "user", "content": "And winds?"}])

    assert mistakes(run) == []
    kinds = [entry["after"]["kind"] for entry in run.get("/_sim/requests").json()["data"][:2]]
    assert kinds == ["retried", "continued"]


@pytest.mark.parametrize(
    ("finish", "mistake"), [("length", "ignored_length"), ("content_filter", "ignored_content_filter")]
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_does_not_look_at_finish_reason_is_accused_of_it(run, client, finish, mistake, stream):
    run.post("/_sim/scenario", json={"rules": [{"answer": {"text": "The tides come and", "finish_reason": finish}}]})
    text = streamed(run, model="tiny") if stream else ask(run).json()["choices"][0]["message"]["content"]
    carried = [*HELLO, {"role": "assistant", "content": text}]
    ask(run, messages=[*carried, {"role": "user", "content": "And winds?"}])
    assert mistakes(run) == [(mistake, "seen", [1, 2])]

    run.delete("/_sim/requests")
    ask(run)
    ask(run, messages=[*carried, {"role": "user", "content": "Continue."}])
    assert mistakes(run) == []


@pytest.mark.parametrize("by_id", [False, True])
def test_cut_responses_too(run, client, by_id):
    cut = client.responses.create(model="gpt-sim-1", input="Tell me about tides.", max_output_tokens=16)
    assert cut.status == "incomplete"
    said = {"role": "assistant", "content": cut.output_text}
    given: Any = [*HELLO, said, {"role": "user", "content": "And winds?"}]
    more = {"input": "And winds?", "previous_response_id": cut.id} if by_id else {"input": given}
    client.responses.create(model="gpt-sim-1", **more)

    assert mistakes(run)[0] == ("ignored_length", "seen", [1, 2])


@pytest.mark.parametrize("model", MODELS)
def test_a_client_that_mixes_up_the_results_of_tools_is_accused_of_it(run, model):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    called = [*HELLO, {"role": "assistant", "tool_calls": [call]}]
    ask(run, model, [*called, {"role": "tool", "tool_call_id": "call_2", "content": "31"}])

    assert mistakes(run) == [("mismatched_tool_ids", "seen", [1])] * 2  # a result without a call, a call without one


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", ["slow_start", "stall"])
def test_a_client_that_waits_and_waits_is_accused_of_it_and_one_that_leaves_is_not(run, model, fault):
    harm(run, fault, times=2, seconds=0.4)
    streamed(run, model=model)
    with pytest.raises(httpx.ReadTimeout):
        run.post(CHAT, json={"model": model, "messages": HELLO, "stream": True}, timeout=0.15)
    run.get("/_sim/requests", params={"wait_for": 2})

    assert mistakes(run, timeout_s=0.3) == [("no_timeout", "seen", [1])]
    assert mistakes(run) == []


@pytest.mark.parametrize("closed", [True, False])
def test_a_stream_that_is_left_without_being_closed_is_left_behind(run, closed):
    slow = {"model": "gpt-sim-1", "messages": HELLO, "stream": True, "stream_options": {"delay_min_ms": 100}}
    with run.stream("POST", CHAT, json=slow) as stream:
        lines = stream.iter_lines()
        text = ""
        while not text.strip():
            line = next(lines)
            text += json.loads(line[6:])["choices"][0]["delta"].get("content") or "" if line else ""
        if closed:
            stream.close()
            run.get("/_sim/requests", params={"wait_for": 1})
        ask(run, messages=[*HELLO, {"role": "assistant", "content": text}, {"role": "user", "content": "Enough."}])

    assert mistakes(run) == ([] if closed else [("left_without_cancelling", "seen", [1, 2])])


def test_a_background_response_that_nobody_fetches_is_left_behind(run, client):
    fetched = client.responses.create(model="gpt-sim-1", input="one", background=True)
    while client.responses.retrieve(fetched.id).status != "completed":
        pass
    cancelled = client.responses.create(model="gpt-sim-1", input="two", background=True)
    client.responses.cancel(cancelled.id)
    assert mistakes(run) == []
    client.responses.create(model="gpt-sim-1", input="three", background=True)

    ((mistake, certainty, _),) = mistakes(run)
    assert (mistake, certainty) == ("left_without_cancelling", "seen")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("timeout=3", "Unknown parameter: 'timeout'. Did you mean 'timeout_s'?"),
        ("timeout_s=soon", "Invalid 'timeout_s': expected a number above 0 and up to 86400, but got 'soon'."),
        ("ignore=storms", "There is no mistake 'storms'. Did you mean 'storm'?"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_told(run, query, message):
    answer = run.get(f"/_sim/verdict?{query}")

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


def test_two_hundred_runs_at_once_each_have_their_own_verdict(server):
    async def one_run(number):
        base = f"{server.url}/t/judged-{number}"
        bad = number % 2 == 1
        wait = 60 + number if bad else 0.1 + number % 5 / 10
        answers = [{"error": {"status": 429, "retry_after": wait}}, {"text": f"{number} said"}]
        async with httpx.AsyncClient(base_url=base, timeout=100) as http:
            assert (await http.post("/_sim/scenario", json={"rules": [{"answers": answers}]})).status_code == 201
            body = {"model": "gpt-sim-1", "messages": HELLO}
            if bad:
                await http.post(CHAT, json=body)
                await http.post(CHAT, json=body)
            else:
                async with AsyncOpenAI(base_url=f"{base}/v1", api_key="any", timeout=100) as client:
                    await client.chat.completions.create(**body)
            verdict = (await http.get("/_sim/verdict")).json()
            wish = [{"requests": {"text": {"exact": f"{number} said"}}, "exactly": 1}, {"exactly": 2}]
            held = (await http.post("/_sim/assertions", json=wish)).json()
            await http.delete("/_sim/runs")
        assert held["passed"], held
        return bad, [each["mistake"] for each in verdict["mistakes"]], verdict["requests"]

    async def all_runs():
        return await asyncio.gather(*[one_run(number) for number in range(200)])

    for bad, found, requests in asyncio.run(all_runs()):
        assert (found, requests) == (["ignored_retry_after"] if bad else [], 2)


def test_an_sdk_error_is_in_the_journal_with_its_body_also_where_a_header_asked_for_it(run, client):
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=1).chat.completions.create(
            model="gpt-sim-1", messages=HELLO, extra_headers={"x-sim-fault": "status"}
        )

    assert [
        (entry["model"], entry["after"] and entry["after"]["number"])
        for entry in run.get("/_sim/requests").json()["data"]
    ] == [
        ("gpt-sim-1", 2),
        ("gpt-sim-1", None),
    ]

"""Scenarios as clients see them: on simulated and real models, plain and streamed, in all four APIs, in parallel."""

import asyncio
import json
import time
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

HELLO: Any = [{"role": "user", "content": "hello"}]
ASK: dict[str, Any] = {"model": "gpt-sim-1", "messages": HELLO}
CHAT = "/v1/chat/completions"
REAL = "Grüße aus München, schöne Stadt."  # what tests/upstreams/complete.py says
TEXT = "Grüße aus München, hello."
SAYS = {
    "rules": [{"name": "greets", "when": {"user": "hello"}, "answer": {"text": "Grüße aus München, {{last_user}}."}}]
}
TOOL: Any = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
CALLS = {
    "rules": [
        {
            "when": {"tools": ["get_weather"], "turn": 0},
            "answer": {"tool_calls": [{"name": "get_weather", "arguments": {"city": "{{last_user}}"}}]},
        },
        {"when": {"tool_result": {"regex": "(\\d+) degrees"}}, "answer": {"text": "It has {{match.1}}."}},
    ],
    "on_miss": "fail",
}


@pytest.fixture
def client(run, sdk):
    return sdk(f"{run.base_url}v1")


def play(run, scenario):
    answer = run.post("/_sim/scenario", json=scenario)
    assert answer.status_code == 201, answer.text


def says(answer, **more):
    return {"rules": [{"answer": answer}], **more}


def streamed(client, **ask):
    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), chunks[-1].usage


@pytest.mark.parametrize("model", ["gpt-sim-1", "anything", "tiny"])
def test_a_chat_is_answered_plain_and_streamed_under_every_model_name(run, client, model):
    play(run, SAYS)
    whole = client.chat.completions.create(model=model, messages=HELLO)

    assert (whole.choices[0].message.content, whole.choices[0].finish_reason, whole.model) == (TEXT, "stop", model)
    assert streamed(client, model=model, messages=HELLO) == (TEXT, whole.usage)
    assert [entry["rule"] for entry in run.get("/_sim/requests").json()["data"]] == ["greets", "greets"]


def test_a_response_is_answered_plain_and_streamed(run, client):
    play(run, SAYS)

    assert client.responses.create(model="gpt-sim-1", input="hello").output_text == TEXT
    events = list(client.responses.create(model="gpt-sim-1", input="hello", stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == TEXT
    assert events[-1].response.output_text == TEXT


def test_a_completion_is_answered_plain_and_streamed(run, client):
    play(run, SAYS)
    ask: Any = {"model": "gpt-sim-1", "prompt": "hello", "max_tokens": 50}

    assert client.completions.create(**ask).choices[0].text == TEXT
    assert "".join(chunk.choices[0].text for chunk in client.completions.create(**ask, stream=True)) == TEXT


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_a_message_is_answered_plain_and_streamed(run, model):
    play(run, SAYS)
    ask = {"model": model, "max_tokens": 50, "messages": HELLO}

    assert run.post("/v1/messages", json=ask).json()["content"] == [{"type": "text", "text": TEXT}]
    events = [
        json.loads(line[6:])
        for line in run.post("/v1/messages", json=ask | {"stream": True}).text.splitlines()
        if line.startswith("data: ")
    ]
    assert "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta") == TEXT
    assert events[-1]["type"] == "message_stop"


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_of_tools_goes_as_written_in_a_chat(run, client, stream):
    play(run, CALLS)
    tools: Any = [{"type": "function", "function": TOOL}]
    ask: dict[str, Any] = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "Rome"}], "tools": tools}
    if stream:
        with client.chat.completions.stream(**ask) as events:
            message = events.get_final_completion().choices[0].message
    else:
        message = client.chat.completions.create(**ask).choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Rome"})

    results: Any = [
        {
            "role": "assistant",
            "tool_calls": [{"id": call.id, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "31 degrees"},
    ]
    last = client.chat.completions.create(**ask | {"messages": ask["messages"] + results})
    assert last.choices[0].message.content == "It has 31."


def test_a_loop_of_tools_goes_as_written_in_a_response(run, client):
    play(run, CALLS)
    tools: Any = [{"type": "function", **TOOL}]
    said: Any = [{"role": "user", "content": "Rome"}]
    (call,) = client.responses.create(model="gpt-sim-1", input=said, tools=tools).output
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Rome"})

    said += [
        call.model_dump(exclude_none=True),
        {"type": "function_call_output", "call_id": call.call_id, "output": "31 degrees"},
    ]
    assert client.responses.create(model="gpt-sim-1", input=said, tools=tools).output_text == "It has 31."


def test_a_loop_of_tools_goes_as_written_in_a_message(run):
    play(run, CALLS)
    tools = [{"name": "get_weather", "input_schema": TOOL["parameters"]}]
    said: list[Any] = [{"role": "user", "content": "Rome"}]
    ask = {"model": "gpt-sim-1", "max_tokens": 50, "messages": said, "tools": tools}
    answer = run.post("/v1/messages", json=ask).json()
    (call,) = answer["content"]
    assert (answer["stop_reason"], call["name"], call["input"]) == ("tool_use", "get_weather", {"city": "Rome"})

    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "31 degrees"}
    more = [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    answer = run.post("/v1/messages", json=ask | {"messages": said + more}).json()
    assert answer["content"] == [{"type": "text", "text": "It has 31."}]


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_the_sdks_exception_and_is_got_over_by_its_retries(run, client, model, stream):
    play(
        run,
        {
            "rules": [
                {"answers": [{"error": {"status": 429, "retry_after": 0.01}}, {"text": "well"}], "repeat": "cycle"}
            ]
        },
    )
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=model, messages=HELLO, stream=stream)
    assert caught.value.response.headers["retry-after-ms"] == "10"
    client.chat.completions.create(model=model, messages=HELLO)

    patient = client.with_options(max_retries=1)
    assert patient.chat.completions.create(model=model, messages=HELLO).choices[0].message.content == "well"


def test_an_error_has_the_words_that_are_given(run):
    play(run, says({"error": {"status": 403, "code": "no_way", "message": "Not today."}}))
    answer = run.post(CHAT, json=ASK)

    assert answer.status_code == 403
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == ("no_way", "Not today.")
    at_anthropics = run.post("/v1/messages", json={"model": "m", "max_tokens": 5, "messages": HELLO})
    assert at_anthropics.json()["error"]["type"] == "permission_error"


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_a_fault_alone_harms_the_answer_as_it_would_have_been(run, model):
    play(run, says({"fault": {"no_finish_reason": {}}}))
    choice = run.post(CHAT, json=ASK | {"model": model}).json()["choices"][0]

    assert choice["finish_reason"] is None
    assert (choice["message"]["content"] == REAL) is (model == "tiny")
    assert run.get("/_sim/requests").json()["data"][0]["faults"] == ["no_finish_reason"]


def test_a_fault_beside_a_text_harms_it_and_those_of_the_request_come_first(run, client):
    play(run, says({"text": TEXT, "fault": "cut;after_events=2"}))
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        list(client.chat.completions.create(**ASK, stream=True))
    run.post(CHAT, json=ASK | {"stream": True}, headers={"x-sim-fault": "status"})

    faults = [entry["faults"] for entry in run.get("/_sim/requests").json()["data"]]
    assert faults == [["cut"], ["status"]]
    assert run.get("/_sim/scenario").json()["rules"][0]["used"] == 1


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_a_fault_with_a_probability_meets_the_same_requests_again(run, model):
    def met():
        play(run, {"rules": [{"name": "now and then", "answer": {"fault": "status", "probability": 0.3}}]})
        return [run.post(CHAT, json=ASK | {"model": model}).status_code for _ in range(60)]

    first = met()
    assert 8 <= first.count(500) <= 28
    assert first.count(200) == 60 - first.count(500)
    assert met() == first


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_a_delay_comes_before_the_answer(run, model):
    play(run, says({"delay": 0.2}))
    begun = time.monotonic()
    assert run.post(CHAT, json=ASK | {"model": model}).status_code == 200

    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_a_request_can_be_passed_to_the_real_model_or_simulated_whatever_its_name(run, client, model):
    simulated = run.post(CHAT, json=ASK).json()["choices"]
    play(run, {"rules": [{"answer": {"pass": True}, "times": 2}, {"answer": {"simulate": True}}]})

    assert client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content == REAL
    assert streamed(client, model=model, messages=HELLO)[0] == REAL
    assert run.post(CHAT, json=ASK | {"model": model}).json()["choices"] == simulated


def test_without_a_real_model_passing_says_so(simulator):
    base = f"{simulator.url}/t/passing"
    httpx.post(f"{base}/_sim/scenario", json=says({"pass": True}))
    answer = httpx.post(f"{base}{CHAT}", json=ASK)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_unavailable")


def test_what_no_rule_answers_is_as_on_miss_says(run):
    other: dict[str, Any] = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "something else"}]}
    before = run.post(CHAT, json=other).json()["choices"]
    play(run, SAYS)
    assert run.post(CHAT, json=other).json()["choices"] == before
    play(run, SAYS | {"on_miss": "pass"})
    assert run.post(CHAT, json=other).json()["choices"][0]["message"]["content"] == REAL
    play(run, SAYS | {"on_miss": "fail"})
    missed = run.post(CHAT, json=other)

    assert (missed.status_code, missed.json()["error"]["code"]) == (404, "no_rule")
    assert "last user text 'something else'" in missed.json()["error"]["message"]
    assert run.get("/_sim/scenario").json()["missed"] == 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions", "/v1/chat/completions/"])
def test_every_way_to_write_a_path_is_the_same(run, path):
    play(run, SAYS)

    assert run.post(path, json=ASK).json()["choices"][0]["message"]["content"] == TEXT


def test_what_is_no_conversation_is_answered_as_ever(run):
    play(run, SAYS | {"on_miss": "fail"})

    assert run.post("/v1/embeddings", json={"model": "gpt-sim-1", "input": "hello"}).status_code == 200
    assert run.get("/v1/models").status_code == 200
    assert run.post("/v1/messages/count_tokens", json={"model": "m", "messages": HELLO}).status_code == 200
    wrong = run.post(CHAT, content=b"{", headers={"Content-Type": "application/json"})
    assert wrong.status_code == 400


def test_an_answer_that_was_remembered_is_not_given_again(run):
    plain = run.post(CHAT, json=ASK).json()["choices"][0]["message"]["content"]
    play(run, {"rules": [{"answers": [{"text": "1"}, {"text": "2"}], "repeat": "none"}]})

    assert [run.post(CHAT, json=ASK).json()["choices"][0]["message"]["content"] for _ in range(3)] == ["1", "2", plain]


def test_a_regex_that_would_go_on_for_ever_is_given_up_and_the_server_lives_on(run):
    slow = {"name": "slow", "when": {"user": {"regex": "(a+)+$"}}, "answer": {"text": "x"}}
    play(run, {"rules": [slow, {"answer": {"text": "y"}}]})
    begun = time.monotonic()
    answer = run.post(CHAT, json=ASK | {"messages": [{"role": "user", "content": "a" * 40 + "!"}]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "rule_too_slow")
    assert (
        "The rule 'slow' of this run's scenario could not be matched within 0.2 s" in answer.json()["error"]["message"]
    )
    assert time.monotonic() - begun < 30
    assert run.post(CHAT, json=ASK).json()["choices"][0]["message"]["content"] == "y"


@pytest.mark.parametrize("answer", [{"text": "{{last_user}}" * 100}, {"json": {"all": ["{{$.messages}}"] * 100}}])
def test_a_long_request_named_often_is_no_answer(run, answer):
    play(run, {"rules": [{"name": "echo", "answer": answer}]})
    long = run.post(CHAT, json=ASK | {"messages": [{"role": "user", "content": "a" * 50_000}]})

    assert (long.status_code, long.json()["error"]["code"]) == (400, "answer_too_long")
    assert run.post(CHAT, json=ASK).status_code == 200


def test_yaml_is_taken_too_and_what_is_wrong_is_told_with_its_line(run):
    yaml = {"Content-Type": "application/yaml"}
    good = run.post("/_sim/scenario", content="rules:\n- name: a\n  answer: {text: x}\n", headers=yaml)
    wrong = run.post("/_sim/scenario", content="rules:\n- name: a\n  answer: {txt: x}\n", headers=yaml)

    assert (good.status_code, good.json()["rules"][0]["name"]) == (201, "a")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "invalid_scenario")
    assert wrong.json()["error"]["message"] == "scenario.yaml:3: unknown key 'txt'; did you mean 'text'?"
    assert run.get("/_sim/scenario").json()["rules"][0]["name"] == "a"  # the good one stays


@pytest.mark.parametrize(("body", "status"), [(b"\xff", 400), (b"", 400), (b"{}", 400), (b" " * 2_100_000, 413)])
def test_a_body_that_is_no_scenario_is_refused(run, body, status):
    answer = run.post("/_sim/scenario", content=body)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_scenario_is_dropped(run):
    play(run, SAYS)
    assert run.delete("/_sim/scenario").json()["deleted"] is True

    assert run.get("/_sim/scenario").json()["error"]["code"] == "no_scenario"
    assert run.post(CHAT, json=ASK).json()["choices"][0]["message"]["content"] != TEXT


def test_the_schema_is_there_for_editors(run):
    assert run.get("/_sim/scenario.schema.json").json()["title"] == "Scenario of the OpenAI API Simulator"


def test_a_servers_files_are_every_runs_each_with_its_own_position(start_proxy, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("rules: [{answers: [{text: one}, {text: two}]}]")
    server = start_proxy("--scenario", str(file), "--strict-models")

    def said(run, model="some-model"):
        return httpx.post(f"{server.url}{run}{CHAT}", json=ASK | {"model": model}).json()["choices"][0]["message"][
            "content"
        ]

    assert [said(""), said("/t/a"), said(""), said("/t/a"), said("/t/b")] == ["one", "one", "two", "two", "one"]
    httpx.post(f"{server.url}/t/a/_sim/scenario", json=SAYS)
    assert (said("/t/a"), said("/t/b")) == (TEXT, "two")
    httpx.delete(f"{server.url}/t/a/_sim/scenario")
    assert said("/t/a") == "one"
    httpx.delete(f"{server.url}/t/b/_sim/runs")
    assert said("/t/b") == "one"


def test_a_hot_reload_under_load_loses_no_request(start_proxy, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("rules: [{answer: {text: version 0}}]")
    server = start_proxy("--scenario", str(file))
    versions, clients = 6, 32

    async def ask(run, until):
        seen: list[str] = []
        async with AsyncOpenAI(base_url=f"{server.url}/t/{run}/v1", api_key="any", max_retries=0, timeout=60) as client:
            while not until.is_set():
                if run % 2:
                    stream = await client.chat.completions.create(**ASK, stream=True)
                    seen.append("".join([chunk.choices[0].delta.content or "" async for chunk in stream]))
                else:
                    answer = await client.chat.completions.create(**ASK)
                    seen.append(answer.choices[0].message.content or "")
        return seen

    async def shown(client):
        return (await client.get("/t/0/_sim/scenario")).json()

    async def change(client):
        for number in range(1, versions):
            file.write_text("rules: [{answer: {txt: broken")
            while (await shown(client))["problem"] is None:
                await asyncio.sleep(0.02)
            file.write_text(f"rules: [{{answer: {{text: version {number}}}}}]")
            while (await shown(client))["reloads"] < number:
                await asyncio.sleep(0.02)

    async def load():
        until = asyncio.Event()
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            asking = [asyncio.create_task(ask(run, until)) for run in range(clients)]
            await change(client)
            last = await client.post(f"/t/0{CHAT}", json=ASK)
            until.set()
            return last.text, await asyncio.gather(*asking)

    last, seen = asyncio.run(load())
    assert f"version {versions - 1}" in last
    assert sum(map(len, seen)) > 10 * clients
    assert {text for texts in seen for text in texts} <= {f"version {number}" for number in range(versions)}
    assert all(texts == sorted(texts) for texts in seen), "nobody goes back to an older version"


def test_two_hundred_runs_at_once_each_have_their_own_script_and_position(server):
    async def one_run(number):
        base = f"{server.url}/t/scripted-{number}"
        answers = [{"text": f"{number} first"}, {"error": 400 + number % 28}, {"text": f"{number} last {{{{number}}}}"}]
        scenario = {"rules": [{"answers": answers, "repeat": "none"}], "on_miss": "fail"}
        async with (
            httpx.AsyncClient(base_url=base, timeout=100) as control,
            AsyncOpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0, timeout=100) as client,
        ):
            assert (await control.post("/_sim/scenario", json=scenario)).status_code == 201
            first = await client.chat.completions.create(**ASK)
            with pytest.raises(openai.APIStatusError) as caught:
                await client.chat.completions.create(**ASK)
            stream = await client.chat.completions.create(**ASK, stream=True)
            last = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(**ASK)
            shown = (await control.get("/_sim/scenario")).json()
            await control.delete("/_sim/runs")
        assert first.choices[0].message.content == f"{number} first"
        assert caught.value.status_code == 400 + number % 28
        assert last == f"{number} last 3"
        assert (shown["rules"][0]["used"], shown["missed"]) == (3, 1)

    async def all_runs():
        await asyncio.gather(*[one_run(number) for number in range(200)])

    asyncio.run(all_runs())

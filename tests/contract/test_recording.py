"""Recording and replaying as clients see it: bytes, secrets, edits, what happens on a miss, and the official SDK."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from typing import Any

import httpx
import pytest
from openai import OpenAI

from proxy.scenarios.load import load
from tests import running

KEY = "sk-live-real-key-0123456789abcdef"
CHAT = "/v1/chat/completions"
TEXT = "Grüße aus München."
YAML = {"Content-Type": "application/yaml"}
WEATHER = "Please tell me what the weather is going to be like in Rome"
APIS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": WEATHER}]},
    "/v1/completions": {"model": "gpt-4o-mini", "prompt": WEATHER},
    "/v1/responses": {"model": "gpt-4o-mini", "input": WEATHER},
    "/v1/messages": {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": WEATHER}]},
}
ASK = APIS[CHAT]


@pytest.fixture(scope="module")
def api():
    with running.upstream("api") as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(api):
    with (
        running.upstream("complete") as llama,
        running.proxy("--llama-url", llama.url, "--record-from", f"{api.url}/v1", RECORD_API_KEY=KEY) as proxy,
    ):
        yield proxy


@pytest.fixture
def run(server, request):
    """A client of one run, which is this test's own."""
    with client_of(server, request.node.name) as client:
        yield client


@pytest.fixture
def other(server, request):
    """A client of another run, which replays."""
    with client_of(server, "other-" + request.node.name) as client:
        yield client


def client_of(server, name):
    name = sha256(name.encode()).hexdigest()[:16]
    return httpx.Client(base_url=f"{server.url}/t/{name}", timeout=30)


def chat(text, **more):
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}


def ask(client, text, **more):
    return client.post(CHAT, json=chat(text, **more))


def replay(recorded_by, client, **head):
    """Give the other run what the first one recorded."""
    recording = recorded_by.get("/_sim/recording").text
    for name, value in head.items():
        recording = f"{name}: {value}\n" + recording.replace(f"{name}: fail\n", "")
    answer = client.post("/_sim/scenario", content=recording, headers=YAML)
    assert answer.status_code == 201, answer.text
    return recording


def report(client):
    return client.get("/_sim/scenario").json()["replay"]


@pytest.mark.parametrize("path", APIS)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_replayed_is_byte_for_byte_what_the_client_got_while_recording(run, other, path, stream):
    body = APIS[path] | {"stream": stream}
    run.post("/_sim/recording")
    recorded = [run.post(path, json=body) for _ in range(2)]
    replay(run, other)
    replayed = [other.post(path, json=body) for _ in range(2)]

    assert [answer.status_code for answer in recorded + replayed] == [200] * 4
    assert [answer.content for answer in replayed] == [answer.content for answer in recorded]
    assert {answer.headers["content-type"] for answer in recorded + replayed} == {recorded[0].headers["content-type"]}
    assert recorded[0].headers["x-sim-recorded"] == replayed[0].headers["x-sim-replay"]
    assert "München" in recorded[0].text
    assert report(other) == {"exact": 2, "edited": 0, "missed": 0, "edits": [], "misses": []}


def test_what_was_recorded_elsewhere_may_come_back_where_it_is_replayed(run, other):
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAABo" + "x" * 90}
    picture = {"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}
    said = {"role": "assistant", "content": "Rome is warm."}
    body = {"model": "gpt-4o-mini", "input": [picture, reasoning, said, {"role": "user", "content": "And then?"}]}
    run.post("/_sim/recording")
    ask(run, "hello")
    replay(run, other, on_miss="simulate")

    assert other.post("/v1/responses", json=body).status_code == 200
    other.delete("/_sim/scenario")
    assert other.post("/v1/responses", json=body).json()["error"]["code"] == "invalid_encrypted_content"


@pytest.mark.parametrize("stream", [False, True])
def test_recording_again_gives_the_same_file_but_for_the_milliseconds(run, stream):
    files = []
    for _ in range(2):
        run.post("/_sim/recording")
        ask(run, "hello", stream=stream)
        ask(run, "hello", stream=stream)
        rules = load([("r.yaml", run.get("/_sim/recording").text)]).rules
        files.append([[said(answer.replay) for answer in placed.rule.sequence] for placed in rules])

    assert files[0] == files[1]
    assert files[0][0][0] != files[0][0][1]  # each answer has an id of its own


def said(recorded):
    return recorded.body or [texts for _, *texts in recorded.events]


def test_nothing_secret_or_of_the_moment_is_in_a_recording(run, server):
    run.post("/_sim/recording")
    told = f"Bearer {KEY} and password=hunter22 and sk-ant-api03-abcdefghijklmnopqrstuv, AKIAIOSFODNN7EXAMPLE"
    with httpx.Client(base_url=run.base_url, headers={"Authorization": "Bearer my-own-client-key-1"}) as client:
        more = {"user": "jane@example.org", "metadata": {"who": "jane"}, "safety_identifier": "jane-1"}
        client.post(CHAT, json=chat(told, **more))
        answer = ask(client, "secret")
        client.post(CHAT, json=chat("what is my-own-client-key-1?", stream=True))
        ask(client, "secret", stream=True)
    recording = run.get("/_sim/recording").text

    secrets = [KEY, "my-own-client-key", "hunter22", "sk-ant", "AKIA", "jane", "sk-proj", "cookie", "req_", "acme"]
    assert [secret for secret in secrets if secret in recording] == []
    assert recording.count("[redacted]") >= 6
    assert "sk-proj" not in answer.text  # nor is it in what was answered while recording
    told_of = run.get("/_sim/recording", headers={"Accept": "application/json"}).json()
    assert told_of["skipped"] == {"a stream has a secret in pieces": 1}
    assert (told_of["rules"], told_of["from"].startswith("http://127.0.0.1:")) == (3, True)


def test_the_upstream_gets_the_clients_key_unless_the_server_has_one(api, start_proxy):
    proxy = start_proxy("--record-from", f"{api.url}/v1", "--on-miss", "record")
    refused = httpx.post(f"{proxy.url}{CHAT}", json=ASK, headers={"Authorization": "Bearer no"})
    with OpenAI(base_url=proxy.v1, api_key=KEY) as client:
        answer = client.chat.completions.create(**ASK)
    anthropics = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    message = httpx.post(f"{proxy.url}/v1/messages", json=APIS["/v1/messages"], headers=anthropics)

    assert (refused.status_code, refused.json()["error"]["message"]) == (401, "Incorrect API key provided.")
    assert (answer.choices[0].message.content, message.status_code) == (TEXT, 200)
    assert httpx.get(f"{proxy.url}/_sim/recording").text.count("name:") == 2
    seen = [each for each in httpx.get(f"{api.url}/seen").json() if each != "disconnected"]
    assert [each["headers"].get("anthropic-version") for each in seen if each["path"] == "/v1/messages"][
        -1
    ] == "2023-06-01"


@pytest.mark.parametrize(
    ("status", "recorded"),
    [*[(status, True) for status in (400, 404, 422)], *[(status, False) for status in (401, 403, 408, 429, 500, 503)]],
)
def test_an_answer_that_refuses_is_recorded_where_it_will_be_the_same_tomorrow(run, other, status, recorded):
    run.post("/_sim/recording")
    answer = ask(run, f"status {status} please")

    assert (answer.status_code, "No, says" in answer.text) == (status, True)
    assert ("name:" in run.get("/_sim/recording").text) is recorded
    if recorded:
        replay(run, other)
        again = ask(other, f"status {status} please")
        assert (again.status_code, again.content) == (status, answer.content)


def test_a_stream_that_breaks_or_tells_an_error_is_not_recorded(run):
    run.post("/_sim/recording")
    assert '"error"' in ask(run, "break", stream=True).text
    assert "no more" in httpx.post(f"{run.base_url}{CHAT[1:]}", json=chat("error in the stream", stream=True)).text

    assert not_recorded(run) == {"a stream broke off": 1, "a stream ended with an error": 1}


@pytest.mark.parametrize("fault", ["cut;after_events=2", "error_event;after_events=2"])
def test_a_stream_that_is_left_before_its_end_is_not_recorded(run, fault):
    run.post("/_sim/recording")
    with suppress(httpx.RemoteProtocolError):
        run.post(CHAT, json=chat("hello", stream=True), headers={"x-sim-fault": fault})

    assert not_recorded(run) == {"a stream was left before its end": 1}


def not_recorded(run):
    """Why what this run asked was not recorded, which nothing says it was."""
    entries = run.get("/_sim/requests", params={"wait_for": 1}).json()["data"]
    assert not [entry for entry in entries if "recorded" in entry]
    assert "rules: []" in run.get("/_sim/recording").text
    return run.get("/_sim/recording", headers={"Accept": "application/json"}).json()["skipped"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_journal_names_what_was_recorded(run, stream):
    run.post("/_sim/recording")
    answer = ask(run, "hello", stream=stream)

    (entry,) = run.get("/_sim/requests").json()["data"]
    assert entry["recorded"] == answer.headers["x-sim-recorded"]


@pytest.mark.parametrize("text", ["gzip", "crlf", "binary"])
@pytest.mark.parametrize("stream", [False, True])
def test_odd_bytes_are_replayed_as_they_came(run, other, text, stream):
    run.post("/_sim/recording")
    recorded = ask(run, text, stream=stream)
    replay(run, other)

    assert ask(other, text, stream=stream).content == recorded.content
    assert "content-encoding" not in recorded.headers


EDITS = {
    "a word": WEATHER.replace("Please", "Kindly"),
    "white space": WEATHER.replace(" ", "\n  ") + "\n",
    "a date": "On 2026-11-24 at 10:31, what is the weather",
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_edited_a_little_is_answered_and_reported(run, other, edit, stream):
    was = "On 2025-01-01 at 22:08, what is the weather" if edit == "a date" else WEATHER
    run.post("/_sim/recording")
    recorded = ask(run, was, stream=stream)
    replay(run, other)
    answer = ask(other, EDITS[edit], stream=stream, temperature=1)

    assert answer.content == recorded.content
    name, similarity = answer.headers["x-sim-replay"].split(";similarity=")
    assert name == recorded.headers["x-sim-recorded"]
    assert 0.8 <= float(similarity) <= 1
    (told,) = report(other)["edits"]
    assert told["recording"] == name
    changes = [{"path": "$.messages[0].content", "was": was, "is": EDITS[edit]}]
    assert told["changes"] == [*changes, {"path": "$.temperature", "was": None, "is": 1}]
    (entry,) = other.get("/_sim/requests").json()["data"]
    assert (entry["rule"], entry["replay"]["changes"]) == (name, told["changes"])


POEM = chat("Write a poem about the sea")


@pytest.mark.parametrize(
    "different",
    [
        POEM,
        chat(WEATHER) | {"model": "gpt-4o"},
        chat(WEATHER) | {"messages": [{"role": "system", "content": "Be brief."}, *ASK["messages"]]},
        chat(WEATHER) | {"tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}]},
        chat([{"type": "text", "text": WEATHER}, {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}]),
    ],
)
def test_another_question_is_missed_and_the_nearest_recording_is_named(run, other, different):
    run.post("/_sim/recording")
    ask(run, WEATHER)
    replay(run, other)
    missed = other.post(CHAT, json=different)

    assert (missed.status_code, missed.json()["error"]["code"]) == (404, "no_rule")
    nearest = report(other)["misses"][0]["nearest"]
    assert (nearest is None) is (different is not POEM)
    said = f"is '{nearest['recording']}'" if nearest else "No recording has this model, these roles, these tools"
    assert said in missed.json()["error"]["message"]
    assert other.get("/_sim/scenario").json()["unused"] != []


def test_how_similar_it_has_to_be_is_said_at_the_head_of_the_file(run, other):
    run.post("/_sim/recording")
    ask(run, "What is the capital of France?")
    replay(run, other, similarity=0.95)
    assert ask(other, "What is the capital of Spain?").status_code == 404
    replay(run, other, similarity=0.5)
    assert ask(other, "What is the capital of Spain?").headers["x-sim-replay"].endswith(";similarity=0.857")


@pytest.mark.parametrize("path", APIS)
@pytest.mark.parametrize("stream", [False, True])
def test_what_was_recorded_in_one_mode_is_answered_in_the_other(run, other, path, stream):
    run.post("/_sim/recording")
    run.post(path, json=APIS[path] | {"stream": not stream})
    replay(run, other)
    answer = other.post(path, json=APIS[path] | {"stream": stream})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream" if stream else "application/json")
    assert answer.headers["x-sim-replay"].endswith(";mode=other")
    assert "München" in answer.text
    assert report(other)["edits"][0]["mode"] == "made of the recorded one"


@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_tools_are_answered_in_the_other_mode_too(run, other, stream):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    run.post("/_sim/recording")
    ask(run, "call a tool", stream=not stream, tools=tools)
    replay(run, other)
    sdk: Any
    with OpenAI(base_url=f"{other.base_url}v1", api_key="any") as sdk:
        asked = chat("call a tool", tools=tools)
        if stream:
            with sdk.chat.completions.stream(**asked) as events:
                (call,) = events.get_final_completion().choices[0].message.tool_calls
        else:
            (call,) = sdk.chat.completions.create(**asked).choices[0].message.tool_calls

        assert (call.id, call.function.name, json.loads(call.function.arguments)) == ("call_abc", "look", {"at": "sky"})


def test_the_official_sdk_reads_what_is_replayed_plain_and_streamed(run, other):
    for client in (run, other):
        with OpenAI(base_url=f"{client.base_url}v1", api_key="any", max_retries=0) as sdk:
            if client is run:
                run.post("/_sim/recording")
            else:
                replay(run, other)
            assert sdk.chat.completions.create(**ASK).choices[0].message.content == TEXT
            chunks = list(sdk.chat.completions.create(**ASK, stream=True))
            assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
            assert sdk.responses.create(model="gpt-4o-mini", input=WEATHER).output_text == TEXT
            assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_on_a_miss_it_fails_simulates_records_or_asks_the_real_model(run, other, stream):
    run.post("/_sim/recording")
    ask(run, "something else")
    texts = {}
    for policy in ("fail", "simulate", "record", "pass"):
        replay(run, other, on_miss=policy)
        answer = ask(other, WEATHER, stream=stream)
        texts[policy] = answer.text
        assert answer.status_code == (404 if policy == "fail" else 200), answer.text
    assert "no_rule" in texts["fail"]
    assert "München" not in texts["simulate"]
    assert "gpt-4o-mini" in texts["record"]
    assert "München" in texts["record"]
    assert '"tiny"' in texts["pass"]
    assert other.get("/_sim/recording").text.count("name:") == 1


def test_a_run_that_is_recorded_answers_by_its_rules_first_and_stops_when_told(run):
    run.post("/_sim/scenario", json={"rules": [{"when": {"user": "hello"}, "answer": {"text": "by a rule"}}]})
    begun = run.post("/_sim/recording")
    assert begun.status_code == 201
    assert ask(run, "hello").json()["choices"][0]["message"]["content"] == "by a rule"
    assert ask(run, "else").json()["choices"][0]["message"]["content"] == TEXT
    assert run.get("/_sim/recording").text.count("name:") == 1

    assert run.delete("/_sim/recording").json()["deleted"] is True
    assert run.get("/_sim/recording").json()["error"]["code"] == "no_recording"
    assert "x-sim-recorded" not in ask(run, "else").headers


def test_recording_goes_on_when_the_scenario_is_dropped_and_ends_without_a_trace(run):
    run.post("/_sim/recording")
    run.delete("/_sim/scenario")
    assert "x-sim-recorded" in ask(run, "hello").headers
    run.delete("/_sim/recording")

    assert "x-sim-recorded" not in ask(run, "hello").headers
    assert run.get("/_sim/scenario").status_code == 404


def test_scenarios_that_are_posted_have_a_bound_together_and_the_same_one_counts_once(start_proxy):
    with httpx.Client(base_url=start_proxy().url, timeout=60) as client:

        def post(run, text):
            scenario = {"rules": [{"answer": {"text": text * 1_900_000}}]}
            return client.post(f"/t/{run}/_sim/scenario", json=scenario).status_code

        assert [post(f"same-{number}", "x") for number in range(20)] == [201] * 20
        assert [post(f"other-{number}", chr(97 + number)) for number in range(17)] == [201] * 16 + [413]
        assert post("other-3", "z") == 201  # in place of its own


@pytest.mark.parametrize("body", ['{"from": "ftp://x"}', '{"form": "http://x"}', "[]", "{", '{"from": 7}'])
def test_where_to_record_from_is_checked(run, body):
    answer = run.post("/_sim/recording", content=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")
    assert "Traceback" not in answer.text


def test_an_upstream_that_cannot_be_reached_is_an_error_in_openais_shape(run):
    run.post("/_sim/recording", json={"from": "http://127.0.0.1:9/v1"})
    for stream in (False, True):
        answer = ask(run, "hello", stream=stream)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_unreachable")
        assert "The API at http://127.0.0.1:9/v1 cannot be reached" in answer.json()["error"]["message"]
    assert not_recorded(run) == {"its status was 502": 2}


def test_a_password_in_a_base_url_is_refused_and_not_told(run):
    answer = run.post("/_sim/recording", json={"from": "http://jane:pw-1@127.0.0.1:9/v1"})

    assert answer.status_code == 400
    assert "no name and password" in answer.json()["error"]["message"]
    assert "pw-1" not in answer.text


def test_a_base_url_may_have_a_path_or_none(run, api):
    for base in (api.url, f"{api.url}/", f"{api.url}/openai/v1/"):
        run.post("/_sim/recording", json={"from": base})
        assert ask(run, "hello").status_code == 200
    paths = [each["path"] for each in httpx.get(f"{api.url}/seen").json() if each != "disconnected"]
    assert paths[-3:] == ["/v1/chat/completions", "/v1/chat/completions", "/openai/v1/chat/completions"]


@pytest.mark.parametrize("stream", [False, True])
def test_faults_limits_and_latency_work_on_what_is_replayed(run, other, stream):
    run.post("/_sim/recording")
    ask(run, WEATHER, stream=stream)
    replay(run, other)
    other.post("/_sim/latency", json={"preset": "gpt-4o", "virtual": True})
    timed = ask(other, WEATHER, stream=stream)
    assert float(timed.headers["x-sim-total-ms"]) > 0
    faulty = other.post(CHAT, json=chat(WEATHER, stream=stream), headers={"x-sim-fault": "no_finish_reason"})
    assert '"stop"' not in faulty.text
    other.post("/_sim/limits", json={"limits": [{"requests_per_minute": 1}]})
    assert [ask(other, WEATHER, stream=stream).status_code for _ in range(2)] == [200, 429]


def test_fifty_requests_at_once_are_all_in_the_file(api, start_proxy, tmp_path):
    file = tmp_path / "recorded.yaml"
    recorder = start_proxy("--record", str(file), "--record-from", f"{api.url}/v1", RECORD_API_KEY=KEY)
    words = [f"question {number} of {number * 7}" for number in range(50)]
    with httpx.Client(base_url=recorder.url, timeout=60) as client, ThreadPoolExecutor(16) as pool:
        recorded = list(pool.map(lambda word: ask(client, word, stream=len(word) % 2 == 0).content, words))
    rules = load([(str(file), file.read_text())]).rules
    assert len(rules) == 50

    replayer = start_proxy("--scenario", str(file), "--on-miss", "fail")
    with httpx.Client(base_url=replayer.url, timeout=60) as client:
        assert [ask(client, word, stream=len(word) % 2 == 0).content for word in words] == recorded
    assert [path.name for path in tmp_path.iterdir()] == ["recorded.yaml"]


def test_a_file_is_recorded_into_again_and_what_it_has_is_played(api, start_proxy, tmp_path):
    file = tmp_path / "recorded.yaml"
    flags = ("--record", str(file), "--scenario", str(file), "--record-from", f"{api.url}/v1")
    first = start_proxy(*flags, RECORD_API_KEY=KEY)  # the file is not there yet
    with httpx.Client(base_url=first.url) as client:
        answers = [ask(client, "hello"), ask(client, "hello")]  # the second one is asked, not played
        assert all("x-sim-recorded" in answer.headers for answer in answers)
    second = start_proxy(*flags, RECORD_API_KEY=KEY)
    with httpx.Client(base_url=second.url) as client:
        played = [ask(client, "hello"), ask(client, "hello")]
        assert [answer.content for answer in played] == [answer.content for answer in answers]
        assert "x-sim-recorded" in ask(client, "Write a poem about the sea").headers

    assert [len(placed.rule.sequence) for placed in load([(str(file), file.read_text())]).rules] == [2, 1]


def test_a_recording_that_is_edited_by_hand_is_used_when_it_has_settled(api, start_proxy, tmp_path):
    file = tmp_path / "recorded.yaml"
    recorder = start_proxy("--record", str(file), "--record-from", f"{api.url}/v1", RECORD_API_KEY=KEY)
    httpx.post(f"{recorder.url}{CHAT}", json=ASK)
    replayer = start_proxy("--scenario", str(file))
    with httpx.Client(base_url=replayer.url) as client:
        assert "München" in client.post(CHAT, json=ASK).text
        file.write_text(file.read_text().replace("München", "Hamburg"))
        os.utime(file, ns=(1, 1))
        until = time.monotonic() + 20
        while "Hamburg" not in client.post(CHAT, json=ASK).text:
            assert time.monotonic() < until


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--record", "{tmp}/no/such.yaml"), "the folder does not exist"),
        (("--record", "{tmp}/broken.yaml"), "unknown key 'ruels'"),
        (("--record", "{tmp}/r.yaml", "--on-miss", "fail"), "--on-miss fail leaves nothing"),
        (("--on-miss", "ask"), "must be fail, simulate, record or pass"),
        (("--record-from", "api.openai.com"), "must be an http:// or https:// URL"),
        (("--record-api-key", KEY), "unknown argument '--record-api-key'"),
    ],
)
def test_what_is_wrong_is_told_at_the_start(tmp_path, flags, problem):
    (tmp_path / "broken.yaml").write_text("ruels: []\n")
    with pytest.raises(AssertionError) as caught, running.proxy(*[flag.format(tmp=tmp_path) for flag in flags]):
        pass

    assert problem in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_every_way_on_a_miss_can_be_said_for_the_whole_server(api, start_proxy):
    flags = ("--record-from", f"{api.url}/v1")
    answers = {}
    for policy in ("fail", "simulate", "record"):
        proxy = start_proxy(*flags, "--on-miss", policy, RECORD_API_KEY=KEY)
        answers[policy] = httpx.post(f"{proxy.url}{CHAT}", json=ASK)

    assert [answer.status_code for answer in answers.values()] == [404, 200, 200]
    assert ["x-sim-recorded" in answer.headers for answer in answers.values()] == [False, False, True]


def test_the_apis_that_a_server_records_from_are_bounded(start_proxy):
    with httpx.Client(base_url=start_proxy().url, timeout=30) as client:
        answers = []
        for number in range(17):
            client.post("/_sim/recording", json={"from": f"http://127.0.0.1:9/{number}/v1"})
            answers.append(ask(client, "hello"))

    assert [answer.status_code for answer in answers] == [502] * 16 + [400]
    assert answers[-1].json()["error"]["code"] == "too_many_upstreams"

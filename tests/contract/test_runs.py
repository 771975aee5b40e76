"""Test runs as clients see them: named by base URL, header or key, apart from each other, and told afterwards."""

import asyncio
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

HELLO: Any = [{"role": "user", "content": "Hello!"}]
ASK: dict[str, Any] = {"model": "gpt-sim-1", "messages": HELLO, "max_tokens": 5}
CHAT = "/v1/chat/completions"


def name_of(run: httpx.Client) -> str:
    return run.base_url.path.removeprefix("/t/").strip("/")


def journal(run, **query):
    return run.get("/_sim/requests", params=query).json()["data"]


def test_a_run_is_named_by_base_url_header_or_key(server, run):
    with OpenAI(base_url=f"{server.url}/t/{name_of(run)}/v1", api_key="any") as openai_client:
        openai_client.chat.completions.create(**ASK)
        httpx.post(f"{server.url}{CHAT}", json=ASK, headers={"x-sim-run": name_of(run)})
        httpx.post(f"{server.url}{CHAT}", json=ASK, headers={"Authorization": f"Bearer sk-sim-{name_of(run)}"})
        httpx.post(f"{server.url}{CHAT}", json=ASK, headers={"Authorization": "Bearer sk-other"})

        assert [entry["path"] for entry in journal(run)] == [CHAT] * 3


@pytest.mark.parametrize("path", ["/v1/models", "/models", "/v1/", "/", "/v1/models?x=1"])
def test_every_path_works_below_a_run(run, path):
    assert run.get(path).status_code == 200


@pytest.mark.parametrize(
    ("header", "before"), [("Authorization", "bearer "), ("Authorization", ""), ("x-api-key", ""), ("api-key", "")]
)
def test_a_key_names_a_run_in_whichever_header_it_comes(server, run, header, before):
    named = httpx.get(f"{server.url}/v1/models", headers={header: f"{before}sk-sim-{name_of(run)}"})
    empty = httpx.get(f"{server.url}/v1/models", headers={header: f"{before}sk-sim-"})

    assert (named.status_code, len(journal(run))) == (200, 1)
    assert (empty.status_code, empty.json()["error"]["code"]) == (400, "invalid_run")


def test_of_several_names_the_base_url_wins_and_then_the_header(server, run):
    name = name_of(run)
    key = {"Authorization": "Bearer sk-sim-by-key"}
    httpx.get(f"{server.url}/t/{name}/v1/models", headers={"x-sim-run": "by-header", **key})
    httpx.get(f"{server.url}/v1/models", headers={"x-sim-run": name, **key})

    assert len(journal(run)) == 2
    assert {"by-header", "by-key"}.isdisjoint({each["name"] for each in run.get("/_sim/runs").json()["data"]})


@pytest.mark.parametrize("by", ["base URL", "header"])
def test_a_picture_by_address_is_had_from_the_run_and_meets_its_faults(server, run, by):
    wanted = {"model": "dall-e-2", "prompt": "A boat", "size": "256x256", "response_format": "url"}
    url, named = (server.url, {"x-sim-run": name_of(run)}) if by == "header" else (str(run.base_url).rstrip("/"), {})
    drawn = httpx.post(f"{url}/v1/images/generations", json=wanted, headers=named)
    address = drawn.json()["data"][0]["url"]

    assert address.startswith(f"{server.url}/t/{name_of(run)}/v1/images/files/")
    assert httpx.get(address).content == httpx.get(address.replace(f"/t/{name_of(run)}", "")).content
    assert [entry["method"] for entry in journal(run)] == ["POST", "GET"]
    run.post("/_sim/faults", json={"fault": "status", "settings": {"status": 503}})
    assert httpx.get(address).status_code == 503


def test_a_page_of_another_origin_may_name_a_run_and_ask_for_faults(server):
    wanted = "x-sim-run, x-sim-fault, x-sim-at-ms"
    asked = {
        "Origin": "http://page",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": wanted,
    }
    for path in (CHAT, "/_sim/faults", f"/t/a{CHAT}"):
        answer = httpx.options(server.url + path, headers=asked)
        assert answer.headers["access-control-allow-headers"] == wanted
        assert "DELETE" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("name", ["", "-x", "a b", "x" * 65, "%00"])
def test_a_name_that_cannot_be_is_refused(server, name):
    answer = httpx.get(f"{server.url}/t/{name}/v1/models")

    assert answer.status_code == 400, "it does not go into everybody's run"
    assert answer.json()["error"]["code"] == "invalid_run"


def test_an_exchange_is_told_whole(run):
    with OpenAI(base_url=f"{run.base_url}v1", api_key="sk-secret") as client:
        chunks = list(client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}))

        (entry,) = journal(run, full="1")
        assert (entry["model"], entry["stream"], entry["status"], entry["end"]) == ("gpt-sim-1", True, 200, "whole")
        assert entry["usage"] == chunks[-1].usage.model_dump(exclude_unset=True)
        assert entry["request"]["body"]["messages"] == HELLO
        assert entry["client"]["language"] == "python"
        assert len(entry["answer"]["events"]) == len(chunks) + 1
        assert entry["answer"]["events"][-1]["text"] == "data: [DONE]"
        assert "sk-secret" not in str(entry)
        assert run.get(f"/_sim/requests/{entry['number']}").json() == entry


def test_a_real_models_stream_is_told_event_by_event(run):
    with OpenAI(base_url=f"{run.base_url}v1", api_key="any") as client:
        chunks = list(client.chat.completions.create(model="tiny", messages=HELLO, stream=True))

        (entry,) = journal(run, full="1")
        offsets = [event["offset_ms"] for event in entry["answer"]["events"]]
        assert len(offsets) == len(chunks) + 1
        assert offsets == sorted(offsets)


def test_errors_are_told_with_their_body(run):
    run.post(CHAT, json={"model": "gpt-sim-1"})

    (entry,) = journal(run, full="1")
    assert entry["status"] == 400
    assert entry["answer"]["body"]["error"]["param"] == "messages"


def test_a_client_that_leaves_is_told(run):
    slow = ASK | {"stream": True, "stream_options": {"delay_min_ms": 20_000}}
    with run.stream("POST", CHAT, json=slow) as answer:
        next(answer.iter_lines())

    (entry,) = journal(run, wait_for=1, timeout=10)
    assert entry["end"] == "left"


@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
def test_a_stream_that_was_left_has_what_went_out(run, model):
    run.post("/_sim/faults", json={"fault": "stall", "settings": {"after_events": 2}})
    with run.stream("POST", CHAT, json=ASK | {"model": model, "stream": True}) as answer:
        next(answer.iter_lines())

    (entry,) = journal(run, wait_for=1, full=1)
    assert (entry["status"], entry["end"]) == (200, "left")
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["answer"]["headers"]["content-type"].startswith("text/event-stream")
    assert entry["answer"]["events"][0]["text"].startswith("data: {")
    assert [each["number"] for each in journal(run, status="200")] == [1]


def test_a_request_with_a_large_picture_can_be_read_but_for_the_picture(run):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    question = {"type": "text", "text": "What is this?"}
    run.post(CHAT, json=ASK | {"messages": [{"role": "user", "content": [picture, question]}], "stream": True})
    run.post(CHAT, json=ASK | {"messages": [{"role": "user", "content": "x" * 300_000 + " the end"}]})

    assert [(entry["model"], entry["stream"]) for entry in journal(run)] == [("gpt-sim-1", True), ("gpt-sim-1", False)]
    (entry,) = journal(run, full=1)[:1]
    parts = entry["request"]["body"]["messages"][0]["content"]
    assert parts[1] == question
    assert len(parts[0]["image_url"]["url"]) < 100_000
    assert entry["request"]["truncated"]

    def holds(**assertion):
        (result,) = run.post("/_sim/assertions", json=[assertion]).json()["results"]
        return result["passed"], result["message"]

    assert holds(requests={"user": "What is this"}, at_least=1)[0]
    assert holds(requests={"stream": True}, exactly=1)[0]
    assert holds(requests={"model": "gpt-4o"}, none=True)[0]
    passed, message = holds(requests={"user": "the end"}, none=True)
    assert not passed, "it is there, where nobody sees it any more"
    assert message.endswith("(too large to be kept whole, so that nobody can tell: 1, 2)")


def test_filters_pages_and_clearing(run):
    for model in ("a", "b", "a"):
        run.post(CHAT, json=ASK | {"model": model})
    run.get("/v1/models")

    assert [entry["number"] for entry in journal(run, model="a")] == [1, 3]
    assert [entry["number"] for entry in journal(run, path="/v1/models", status="200")] == [4]
    assert [entry["number"] for entry in journal(run, method="get", end="whole")] == [4]
    page = run.get("/_sim/requests", params={"after": 1, "limit": 2}).json()
    assert ([entry["number"] for entry in page["data"]], page["has_more"]) == ([2, 3], True)
    run.delete("/_sim/requests")
    assert journal(run) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("limit", "x", "expected a whole number"),
        ("limit", "1001", "from 0 to 1000"),
        ("after", "-1", "expected a whole number"),
        ("nope", "1", "Unknown parameter"),
        ("end", "hole", "'end' cannot be 'hole'; did you mean 'whole'?"),
        ("status", "abc", "'status' cannot be 'abc'; there are 100 to 599, and 0 for no answer"),
        ("fault", "cutt", "'fault' cannot be 'cutt'; did you mean 'cut'?"),
        ("method", "LOOK", "there are CONNECT, DELETE, GET"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(run, name, value, message):
    answer = run.get("/_sim/requests", params={name: value, "wait_for": 1, "timeout": 20})

    assert answer.status_code == 400, "nobody waits for what cannot come"
    assert answer.json()["error"]["param"] == name
    assert message in answer.json()["error"]["message"]


def test_waiting_ends_when_the_requests_have_come(server, run):
    async def ask_and_wait():
        async with httpx.AsyncClient(base_url=run.base_url, timeout=30) as client:
            waiting = asyncio.create_task(client.get("/_sim/requests", params={"wait_for": 2, "timeout": 20}))
            for _ in range(2):
                await client.post(CHAT, json=ASK)
            return (await waiting).json()

    assert len(asyncio.run(ask_and_wait())["data"]) == 2


def test_waiting_goes_on_in_the_run_that_begins_again(run):
    async def ask_reset_and_wait():
        async with httpx.AsyncClient(base_url=run.base_url, timeout=30) as client:
            await client.post(CHAT, json=ASK)
            waiting = asyncio.create_task(client.get("/_sim/requests", params={"wait_for": 3, "timeout": 20}))
            await client.post(CHAT, json=ASK)
            await client.delete("/_sim/runs")
            for _ in range(3):
                await client.post(CHAT, json=ASK)
            return (await waiting).json()

    told = asyncio.run(ask_reset_and_wait())
    assert [entry["number"] for entry in told["data"]] == [1, 2, 3]


def test_waiting_in_vain_ends_with_what_there_is(run):
    assert run.get("/_sim/requests", params={"wait_for": 1, "timeout": 0}).json()["data"] == []


def test_a_fault_holds_for_the_run_and_for_nobody_else(server, run):
    added = run.post("/_sim/faults", json={"fault": "status", "settings": {"status": 503}, "times": 2})
    assert added.status_code == 201

    answers = [run.post(CHAT, json=ASK).status_code for _ in range(3)]
    assert answers == [503, 503, 200]
    assert httpx.post(f"{server.url}/t/another/v1/chat/completions", json=ASK).status_code == 200
    (rule,) = run.get("/_sim/faults").json()["data"]
    assert (rule["met"], rule["happened"]) == (3, 2)
    assert [entry["faults"] for entry in journal(run)] == [["status"], ["status"], []]
    assert [entry["number"] for entry in journal(run, fault="status")] == [1, 2]


def test_the_sdk_gets_over_a_fault_that_passes(run):
    run.post("/_sim/faults", json={"fault": "status", "settings": {"status": 429, "retry_after": 0.01}, "times": 2})
    with OpenAI(base_url=f"{run.base_url}v1", api_key="any", max_retries=2) as client:
        assert client.chat.completions.create(**ASK).choices[0].message.content
        assert [entry["client"]["retry"] for entry in journal(run)] == ["0", "1", "2"]
        run.post("/_sim/faults", json={"fault": "status"})
        with pytest.raises(openai.InternalServerError):
            client.with_options(max_retries=0).chat.completions.create(**ASK)


def test_a_fault_meets_the_models_it_names_real_ones_too(run):
    run.post("/_sim/faults", json={"fault": "empty_choices", "model": "ti*"})

    assert run.post(CHAT, json=ASK).json()["choices"]
    assert run.post(CHAT, json=ASK | {"model": "tiny"}).json()["choices"] == []


def test_a_path_is_the_same_however_it_is_written(run):
    ways = [CHAT, CHAT + "/", "/chat/completions", "/chat/completions/"]
    for way in ways:
        rule = run.post("/_sim/faults", json={"fault": "status", "settings": {"status": 503}, "path": way}).json()["id"]
        assert [run.post(each, json=ASK).status_code for each in ways] == [503] * 4
        run.delete(f"/_sim/faults/{rule}")
    run.post("/v1/completions", json=ASK)

    assert [len(journal(run, path=way)) for way in ways] == [16] * 4
    wish = [{"requests": {"path": way}, "exactly": 16} for way in ways]
    assert run.post("/_sim/assertions", json=wish).json()["passed"]


def test_faults_are_dropped_one_by_one_and_together(run):
    ids = [run.post("/_sim/faults", json={"fault": "crlf"}).json()["id"] for _ in range(3)]

    assert run.delete(f"/_sim/faults/{ids[0]}").json()["deleted"] is True
    assert run.delete(f"/_sim/faults/{ids[0]}").status_code == 404
    assert run.delete("/_sim/faults").json()["deleted"] == 2
    assert run.get("/_sim/faults").json()["data"] == []


@pytest.mark.parametrize(
    ("wish", "param", "message"),
    [
        ({"fault": "cutt"}, "fault", "Did you mean 'cut'?"),
        ({"fault": "status", "settings": {"status": 99}}, "fault", "Expected `int` >= 400"),
        ({"fault": "cut", "probability": 2}, "probability", "probability"),
        ({"fault": "cut", "time": 2}, "time", "time"),
        ({"fault": "comments", "settings": {"text": "x" * 4097}}, "fault", "Expected `str` of length <= 4096"),
        ({"fault": "cut", "model": "m" * 201}, "model", "maximum length 200"),
        ({}, "fault", "fault"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_the_reason_named(run, wish, param, message):
    answer = run.post("/_sim/faults", json=wish)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert message in answer.json()["error"]["message"]


def test_runs_are_listed_and_reset(run):
    run.post(CHAT, json=ASK)
    listed = {each["name"]: each for each in run.get("/_sim/runs").json()["data"]}
    assert listed[name_of(run)]["requests"] == 1

    run.delete("/_sim/runs")
    assert journal(run) == []


def test_control_and_health_are_in_no_journal(run):
    run.get("/_sim/faults")
    run.get("/health")

    assert journal(run) == []


def test_two_hundred_runs_at_once_do_not_see_each_other(server):
    async def one_run(number):
        base = f"{server.url}/t/parallel-{number}"
        status = 400 + number % 100
        async with (
            httpx.AsyncClient(base_url=base, timeout=60) as control,
            AsyncOpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0, timeout=60) as client,
        ):
            await control.post(
                "/_sim/faults", json={"fault": "status", "settings": {"status": status}, "after": 1, "times": 1}
            )
            texts = [await client.chat.completions.create(**ASK | {"seed": number})]
            with pytest.raises(openai.APIStatusError) as caught:
                await client.chat.completions.create(**ASK)
            texts.append(await client.chat.completions.create(**ASK | {"seed": number}))
            seen = (await control.get("/_sim/requests", params={"full": 1})).json()["data"]
            await control.delete("/_sim/runs")
        assert caught.value.status_code == status
        assert [entry["status"] for entry in seen] == [200, status, 200]
        assert {entry["request"]["body"].get("seed", number) for entry in seen} == {number}
        assert texts[0].choices == texts[1].choices

    async def all_runs():
        await asyncio.gather(*[one_run(number) for number in range(200)])

    asyncio.run(all_runs())

"""What the Responses API keeps: responses and what follows on them, the background, conversations, and the bounds."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.app import create_app
from proxy.endpoints.responses.state import CONVERSATIONS, ITEMS, LARGEST, RESPONSES, STATE, TIMES_ASKED
from proxy.keys import Times
from proxy.runs.keys import RUNS
from proxy.settings import Settings
from tests import running
from tests.conformance.yardsticks import against_description
from tests.proxy.endpoints.responses_cases import ASKED, CALL, CASES, RESULT, WEATHER, events_of


@pytest.fixture(scope="module")
def server():
    with running.proxy() as proxy:
        yield proxy


@pytest.fixture
def http(server):
    with httpx.Client(base_url=server.v1, timeout=60) as client:
        yield client


@pytest.fixture
def ask(http):
    def ask(given: Any = "Hi", **fields: Any) -> dict[str, Any]:
        answer = http.post("/responses", json={"model": "gpt-sim-1", "input": given, **fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return ask


def text_of(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] for part in item.get("content", ()))


def said(texts: list[str]) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)]


def test_a_response_can_be_read_again_until_it_is_deleted(http, ask):
    made = ask("Tell me about rivers", metadata={"a": "b"}, user="ann")
    url = f"/responses/{made['id']}"

    assert http.get(url).json() == made
    assert http.delete(url).json() == {"id": made["id"], "object": "response", "deleted": True}
    for gone in (http.get(url), http.delete(url), http.post(f"{url}/cancel"), http.get(f"{url}/input_items")):
        assert gone.status_code == 404
        assert gone.json()["error"]["message"] == f"Response with id '{made['id']}' not found."


def test_what_was_not_stored_is_not_there(http, ask):
    made = ask("Tell me about lakes", store=False)

    assert http.get(f"/responses/{made['id']}").status_code == 404
    follow = http.post("/responses", json={"model": "m", "input": "And?", "previous_response_id": made["id"]})
    assert follow.json()["error"]["code"] == "previous_response_not_found"


def test_an_id_that_cannot_be_one_is_a_400(http):
    error = http.get("/responses/chatcmpl-1").json()["error"]

    assert (error["param"], error["code"]) == ("response_id", "invalid_value")


def test_what_follows_a_response_answers_the_whole_conversation(ask):
    first = ask("Tell me about rivers", instructions="Be brief.")
    second = ask("And lakes?", previous_response_id=first["id"])
    third = ask("And seas?", previous_response_id=second["id"], instructions="Be kind.")

    texts = ["Tell me about rivers", text_of(first), "And lakes?", text_of(second), "And seas?"]
    assert text_of(second) == text_of(ask(said(texts[:3])))
    assert third["usage"] == ask(said(texts), instructions="Be kind.")["usage"]
    assert (second["previous_response_id"], second["instructions"]) == (first["id"], None)


def test_what_follows_stays_when_its_beginning_is_deleted(http, ask):
    first = ask("Tell me about ponds")
    second = ask("And lakes?", previous_response_id=first["id"])
    http.delete(f"/responses/{first['id']}")

    third = ask("And seas?", previous_response_id=second["id"])
    assert third["usage"]["input_tokens"] > second["usage"]["total_tokens"]


def test_a_loop_of_calls_over_previous_responses_ends_with_a_text(ask):
    response = ask("What is the weather in Paris and in Tokyo?", tools=[WEATHER])
    rounds = 0
    while calls := [item for item in response["output"] if item["type"] == "function_call"]:
        results = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": json.dumps({"celsius": 18 + at})}
            for at, call in enumerate(calls)
        ]
        response = ask(results, tools=[WEATHER], previous_response_id=response["id"])
        rounds += 1

    assert rounds == 1
    assert "18" in text_of(response)
    assert "19" in text_of(response)


def test_a_call_without_its_output_is_refused_in_what_follows(http, ask):
    called = ask(ASKED, tools=[WEATHER], tool_choice="required")

    answer = http.post("/responses", json={"model": "m", "input": "Hm", "previous_response_id": called["id"]})
    call_id = called["output"][0]["call_id"]
    assert answer.json()["error"]["message"] == f"No tool output found for function call {call_id}."


def test_items_can_be_referred_to(ask):
    made = ask("Tell me about hills", reasoning={"effort": "low"})
    reasoning, message = made["output"]

    by_reference = ask([{"id": message["id"]}, {"role": "user", "content": "And?"}])
    by_value = ask([message, {"role": "user", "content": "And?"}])
    assert by_reference["output"] == by_value["output"]
    ask([reasoning, message, {"role": "user", "content": "And?"}])


def test_a_stored_stream_is_streamed_again_from_any_event(http, ask):
    name = "reasoning that is told"
    first = events_of(http.post("/responses", json={"model": "gpt-sim-1", **CASES[name], "stream": True}))
    url = f"/responses/{first[0]['response']['id']}"

    assert events_of(http.get(url, params={"stream": "true"})) == first
    assert events_of(http.get(url, params={"stream": "true", "starting_after": 5})) == first[6:]
    assert http.get(url, params={"stream": "true", "starting_after": 999}).text == ""
    hidden = events_of(http.get(url, params={"stream": "true", "include_obfuscation": "true"}))
    assert [event.pop("obfuscation") for event in hidden if "delta" in event]
    assert hidden == first


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"stream": "perhaps"}, "stream"),
        ({"starting_after": "1"}, "starting_after"),
        ({"stream": "true", "starting_after": "x"}, "starting_after"),
    ],
)
def test_a_query_that_cannot_be_is_refused(http, ask, query, param):
    answer = http.get(f"/responses/{ask()['id']}", params=query)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_input_items_are_listed_by_pages_the_newest_first(http, ask):
    first = ask("One")
    second = ask(said(["Two", "Three", "Four"]), previous_response_id=first["id"])
    url = f"/responses/{second['id']}/input_items"

    listed = http.get(url).json()
    assert against_description("ResponseItemList", listed) == []
    texts = [item["content"][0]["text"] for item in listed["data"]]
    assert texts == ["Four", "Three", "Two", text_of(first), "One"]
    assert [item["role"] for item in listed["data"]] == ["user", "assistant", "user", "assistant", "user"]
    page = http.get(url, params={"order": "asc", "limit": 2}).json()
    assert [item["content"][0]["text"] for item in page["data"]] == ["One", text_of(first)]
    assert (page["has_more"], page["last_id"]) == (True, page["data"][1]["id"])
    rest = http.get(url, params={"order": "asc", "after": page["last_id"]}).json()
    assert len(rest["data"]) == 3
    assert http.get(url, params={"limit": 101}).status_code == 400


def test_every_kind_of_item_is_listed_as_openai_describes_it(http, ask):
    custom = [
        {"type": "custom_tool_call", "call_id": "c", "name": "n", "input": "i"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "o"},
    ]
    file = http.post("/files", files={"file": ("a.png", b"a")}, data={"purpose": "vision"}).json()["id"]
    image = {"role": "user", "content": [{"type": "input_image", "file_id": file}]}
    refusal = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    given = [{"role": "developer", "content": "x"}, CALL, RESULT, *custom, image, refusal]
    listed = http.get(f"/responses/{ask(given)['id']}/input_items", params={"order": "asc"}).json()

    assert against_description("ResponseItemList", listed) == []
    assert len({item["id"] for item in listed["data"]}) == len(given)
    prefixes = [item["id"].partition("_")[0] for item in listed["data"]]
    assert prefixes == ["msg", "fc", "fco", "ctc", "ctco", "msg", "msg"]


def test_one_in_the_background_is_queued_then_in_progress_then_done(http, ask):
    made = ask("Tell me about fog", background=True)
    url = f"/responses/{made['id']}"

    seen = [made, *(http.get(url).json() for _ in range(3))]
    assert [each["status"] for each in seen] == ["queued", "in_progress", "completed", "completed"]
    assert [bool(each["output"]) for each in seen] == [False, False, True, True]
    assert ["usage" in each for each in seen] == [False, False, True, True]


def test_one_in_the_background_can_be_cancelled_until_it_is_done(http, ask):
    url = f"/responses/{ask('Tell me about ice', background=True)['id']}"

    first, second = http.post(f"{url}/cancel").json(), http.post(f"{url}/cancel").json()
    assert first == second == http.get(url).json()
    assert (first["status"], first["output"]) == ("cancelled", [])
    kinds = [event["type"] for event in events_of(http.get(url, params={"stream": "true"}))]
    assert kinds == ["response.created", "response.queued", "response.in_progress"]


def states_of(http, response):
    return [http.get(f"/responses/{response['id']}").json()["status"] for _ in range(3)]


def test_the_same_request_in_the_background_again_is_another_response_and_ends_none_before(http, ask):
    done = ask("Tell me about frost", background=True)
    assert states_of(http, done)[-1] == "completed"
    cancelled = ask("Tell me about frost", background=True)
    assert http.post(f"/responses/{cancelled['id']}/cancel").json()["status"] == "cancelled"

    again = ask("Tell me about frost", background=True)
    assert len({each["id"] for each in (done, cancelled, again)}) == 3
    assert states_of(http, done) == ["completed"] * 3
    assert states_of(http, cancelled) == ["cancelled"] * 3
    assert states_of(http, again) == ["in_progress", "completed", "completed"]
    texts = [text_of(http.get(f"/responses/{each['id']}").json()) for each in (done, again)]
    assert texts[0] == texts[1] != ""


def test_a_stream_in_the_background_and_a_plain_answer_are_two_responses(http, ask):
    body = {"model": "gpt-sim-1", "input": "Tell me about rime", "background": True, "stream": True}
    streamed = events_of(http.post("/responses", json=body))[-1]["response"]
    plain = ask("Tell me about rime", background=True)

    assert http.get(f"/responses/{streamed['id']}").json() == streamed
    assert plain["id"] != streamed["id"]
    assert plain["status"] == "queued"


def test_the_id_of_one_that_was_deleted_is_given_to_no_other(http, ask):
    first = ask("Tell me about slush", background=True)
    second = ask("Tell me about slush", background=True)
    http.delete(f"/responses/{first['id']}")

    assert ask("Tell me about slush", background=True)["id"] not in (first["id"], second["id"])


def test_a_run_that_begins_again_has_the_same_ids_in_the_background_again(server):
    with httpx.Client(base_url=server.url, timeout=60) as http:

        def ids(run):
            body = {"model": "gpt-sim-1", "input": "Tell me about graupel", "background": True}
            return [http.post(f"/t/{run}/v1/responses", json=body).json()["id"] for _ in range(3)]

        first, other = ids("one"), ids("two")
        assert first == other
        assert len(set(first)) == 3
        http.delete("/t/one/_sim/runs")
        assert ids("one") == first


def test_one_that_has_not_ended_is_no_previous_response(http, ask):
    made = ask("Tell me about drizzle", background=True)
    follow = {"model": "m", "input": "And?", "previous_response_id": made["id"]}

    for status in ("queued", "in_progress"):
        answer = http.post("/responses", json=follow)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "previous_response_id"
        assert answer.json()["error"]["message"].endswith(f"is not completed: its status is '{status}'.")
        http.get(f"/responses/{made['id']}")
    assert http.post("/responses", json=follow).status_code == 200


def test_a_reasoning_goes_on_at_a_server_with_another_seed(start_proxy, ask):
    made = ask("Tell me about tea", reasoning={"effort": "low"}, include=["reasoning.encrypted_content"], store=False)
    given = [*made["output"], {"role": "user", "content": "And?"}]
    body = {"model": "gpt-sim-1", "input": given}

    answer = httpx.post(f"{start_proxy('--seed', '7').v1}/responses", json=body, timeout=60)
    assert answer.status_code == 200, answer.text


def test_a_reasoning_that_was_made_elsewhere_is_none_of_a_conversations_items(http):
    url = f"/conversations/{http.post('/conversations').json()['id']}/items"
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "zzz"}

    error = http.post(url, json={"items": [item]}).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_encrypted_content", None)


def test_one_that_is_done_stays_so_when_it_is_cancelled(http, ask):
    made = ask("Tell me about hail", background=True)
    url = f"/responses/{made['id']}"
    http.get(url)
    done = http.get(url).json()

    assert http.post(f"{url}/cancel").json() == done
    assert done["status"] == "completed"


def test_only_one_in_the_background_can_be_cancelled(http, ask):
    answer = http.post(f"/responses/{ask()['id']}/cancel")

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Cannot cancel a synchronous response.")


def test_a_stream_of_one_in_the_background_begins_with_its_queue_and_can_be_resumed(http):
    body = {"model": "gpt-sim-1", "input": "Tell me about dew", "background": True, "stream": True}
    events = events_of(http.post("/responses", json=body))

    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["response.created", "response.queued", "response.in_progress"]
    assert [event["response"]["status"] for event in events[:3]] == ["queued", "queued", "in_progress"]
    url = f"/responses/{events[0]['response']['id']}"
    assert events_of(http.get(url, params={"stream": "true", "starting_after": 10})) == events[11:]
    assert http.get(url).json()["status"] == "completed"


def test_a_compaction_loses_nothing(http, ask):
    first = ask("Tell me about moss", instructions="Be brief.")
    long = [{"role": "user", "content": "Tell me about moss"}, *first["output"], {"role": "user", "content": "More"}]
    compacted = http.post("/responses/compact", json={"model": "m", "input": long}).json()
    by_id = {"model": "m", "previous_response_id": first["id"], "input": "More"}

    assert (compacted["object"], compacted["output"][-1]["type"]) == ("response.compaction", "compaction")
    question = {"role": "user", "content": "And ferns?"}
    whole = ask([*long, question])
    assert ask([*compacted["output"], question])["output"][0]["content"] == whole["output"][0]["content"]
    again = http.post("/responses/compact", json={"model": "m", "input": compacted["output"]}).json()
    assert ask([*again["output"], question])["usage"] == whole["usage"]
    assert http.post("/responses/compact", json=by_id).json()["usage"]["input_tokens"] > 0


def test_compactions_of_compactions_do_not_fill_the_memory(http):
    large = [{"role": "user", "content": "x" * 6_000_000}]
    compacted = http.post("/responses/compact", json={"model": "m", "input": large, "truncation": "auto"}).json()
    answer = http.post("/responses", json={"model": "m", "input": compacted["output"] * 50})

    assert answer.json()["error"]["code"] == "context_length_exceeded"


# Conversations


def test_a_conversation_is_made_read_changed_and_deleted(http):
    made = http.post("/conversations", json={"metadata": {"a": "b"}}).json()
    url = f"/conversations/{made['id']}"

    assert made == {
        "id": made["id"],
        "object": "conversation",
        "created_at": made["created_at"],
        "metadata": {"a": "b"},
    }
    assert made["id"].startswith("conv_")
    assert http.post(url, json={"metadata": {"c": "d"}}).json() == made | {"metadata": {"c": "d"}}
    assert http.get(url).json()["metadata"] == {"c": "d"}
    assert http.delete(url).json() == {"id": made["id"], "object": "conversation.deleted", "deleted": True}
    for gone in (http.get(url), http.post(url, json={"metadata": {}}), http.delete(url), http.get(f"{url}/items")):
        assert gone.status_code == 404


def test_two_conversations_that_begin_alike_are_two(http):
    assert http.post("/conversations").json()["id"] != http.post("/conversations", json={}).json()["id"]


def test_responses_read_a_conversation_and_add_to_it(http, ask):
    conversation = http.post("/conversations", json={"items": said(["Hi", "Hello!"])}).json()["id"]
    first = ask("Tell me about bees", conversation=conversation)
    second = ask("And wasps?", conversation={"id": conversation}, store=False)

    texts = ["Hi", "Hello!", "Tell me about bees", text_of(first), "And wasps?"]
    assert text_of(second) == text_of(ask(said(texts)))
    assert first["conversation"] == second["conversation"] == {"id": conversation}
    items = http.get(f"/conversations/{conversation}/items", params={"order": "asc", "limit": 100}).json()
    assert [item["content"][0]["text"] for item in items["data"]] == [*texts, text_of(second)]
    assert len({item["id"] for item in items["data"]}) == 6
    assert against_description("ResponseItemList", items) == []


def test_items_of_a_conversation_are_added_read_and_deleted(http):
    url = f"/conversations/{http.post('/conversations').json()['id']}/items"
    added = http.post(url, json={"items": said(["One", "Two"])}).json()
    more = http.post(url, json={"items": said(["One"])}).json()

    first, second = added["data"]
    assert (added["first_id"], added["last_id"], added["has_more"]) == (first["id"], second["id"], False)
    assert more["data"][0]["id"] not in (first["id"], second["id"])
    assert http.get(f"{url}/{first['id']}").json() == first
    assert http.delete(f"{url}/{first['id']}").json()["object"] == "conversation"
    for gone in (http.get(f"{url}/{first['id']}"), http.delete(f"{url}/{first['id']}")):
        assert gone.status_code == 404
    assert [item["id"] for item in http.get(url, params={"order": "asc"}).json()["data"]] == [
        second["id"],
        more["data"][0]["id"],
    ]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("", {"metadata": {"a": 1}}, "metadata.a"),
        ("", {"x": 1}, "x"),
        ("", {"items": [{"role": "user"}]}, "items[0].content"),
        ("", {"items": said(["x"] * 21)}, "items"),
        ("", {"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ("/{id}", {}, "metadata"),
        ("/{id}", {"metadata": {"a": "x" * 513}}, "metadata.a"),
        ("/{id}/items", {}, "items"),
        ("/{id}/items", {"items": [{"type": "x"}]}, "items[0]"),
        ("/{id}/items", {"items": [{"role": "user", "content": "x", "id": "x"}]}, "items[0].id"),
    ],
)
def test_what_is_wrong_with_a_conversation_is_named(http, path, body, param):
    name = http.post("/conversations").json()["id"]
    answer = http.post("/conversations" + path.format(id=name), json=body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


# With a clock of their own


class Time:
    def __init__(self):
        self.seconds = 0.0

    async def sleep(self, seconds):
        self.seconds += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
async def client(time):
    times = Times(now=lambda: 1_795_423_591.9, clock=lambda: time.seconds, sleep=time.sleep)
    async with TestClient(TestServer(create_app(Settings(llama_url=None), times))) as client:
        yield client


async def made(client, given, **fields):
    answer = await client.post("/v1/responses", json={"model": "m", "input": given, **fields})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_the_time_is_told_and_decides_nothing(client, server):
    here = await made(client, "Hi")
    there = httpx.post(f"{server.v1}/responses", json={"model": "m", "input": "Hi"}, timeout=60).json()

    assert (here["created_at"], here["completed_at"]) == (1_795_423_591, 1_795_423_591)
    assert there == here | {name: there[name] for name in ("created_at", "completed_at")}


async def test_everything_kept_goes_after_a_day(client, time):
    response = await made(client, "Hi")
    conversation = await (await client.post("/v1/conversations", json={})).json()
    paths = (f"/v1/responses/{response['id']}", f"/v1/conversations/{conversation['id']}")

    time.seconds = RESPONSES.seconds - 1
    assert [(await client.get(path)).status for path in paths] == [200, 200]
    time.seconds = RESPONSES.seconds
    assert [(await client.get(path)).status for path in paths] == [404, 404]
    refused = await client.post("/v1/responses", json={"model": "m", "input": [{"id": response["output"][0]["id"]}]})
    assert refused.status == 404


async def test_a_conversation_lives_on_while_it_is_used(client, time):
    name = (await (await client.post("/v1/conversations", json={})).json())["id"]
    time.seconds = CONVERSATIONS.seconds - 1
    await made(client, "Hi", conversation=name)
    time.seconds += CONVERSATIONS.seconds - 1

    assert (await client.get(f"/v1/conversations/{name}")).status == 200


async def test_the_newest_are_kept_within_their_bounds(client):
    state = client.app[STATE].of(client.app[RUNS].unnamed)
    ids = [(await made(client, f"Hi {n}", response_length="short"))["id"] for n in range(3)]
    kept = state.responses.get(ids[0])
    assert kept is not None
    for number in range(RESPONSES.entries):
        state.responses.put(f"resp_{number}", kept, kept.size)
        state.items.put(f"msg_{number}", b"{}", 2)

    assert len(state.responses.items()) == RESPONSES.entries
    assert (await client.get(f"/v1/responses/{ids[0]}")).status == 404
    assert len(state.items.items()) <= ITEMS.entries


async def test_the_times_that_one_in_the_background_was_asked_for_are_forgotten_after_its_responses(client, time):
    before = await made(client, "Hi", background=True)
    time.seconds = RESPONSES.seconds - 1
    kept = await made(client, "Hi", background=True)
    time.seconds += RESPONSES.seconds - 1
    third = await made(client, "Hi", background=True)
    assert len({each["id"] for each in (before, kept, third)}) == 3

    time.seconds += TIMES_ASKED.seconds
    assert (await made(client, "Hi", background=True))["id"] == before["id"]


async def test_a_response_counts_with_all_that_was_said_before_it(client):
    state = client.app[STATE].of(client.app[RUNS].unnamed)
    word = "x" * 100_000
    previous = None
    for _ in range(3):
        previous = (await made(client, word, previous_response_id=previous, max_output_tokens=16))["id"]

    sizes = [kept.size for _, kept in state.responses.items()]
    assert 100_000 < sizes[0] < sizes[1] - 100_000 < sizes[2] - 200_000


def test_what_is_larger_than_may_be_kept_is_refused(http):
    url = f"/conversations/{http.post('/conversations').json()['id']}/items"
    picture = [{"type": "input_image", "image_url": "data:image/png;base64," + "A" * (LARGEST // 3)}]
    item = {"role": "user", "content": picture}

    assert [http.post(url, json={"items": [item]}).status_code for _ in range(3)] == [200, 200, 400]
    first = http.post("/responses", json={"model": "m", "input": [item]}).json()["id"]
    second = http.post("/responses", json={"model": "m", "input": [item], "previous_response_id": first}).json()["id"]
    third = http.post("/responses", json={"model": "m", "input": [item], "previous_response_id": second})
    assert third.json()["error"]["code"] == "context_length_exceeded"


async def test_paced_events_come_at_their_time_and_say_the_same(client, time):
    body = {"model": "m", "input": "Tell me about tea", "max_output_tokens": 20, "stream": True}
    unpaced = await (await client.post("/v1/responses", json=body)).text()
    assert time.seconds == 0
    for options, least, most in (
        ({"tokens_per_second": 10}, 2, 2),
        ({"delay_min_ms": 100, "delay_max_ms": 200}, 1.5, 4),
        ({"delay_min_ms": 500, "tokens_per_second": 1000}, 5, 11),
    ):
        began = time.seconds
        paced = await (await client.post("/v1/responses", json=body | {"stream_options": options})).text()
        assert paced == unpaced
        assert least <= round(time.seconds - began, 6) <= most

"""`/v1/batches` over HTTP: lines that really run, raw and with the official client, simulated and real."""

import json
from typing import Any

import httpx
import openai
import pytest

from proxy.endpoints.batches import ENDPOINTS
from tests import running

CHAT = "/v1/chat/completions"
ASK = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "Tell me of the sea."}]}
ENDED = ("completed", "failed", "cancelled", "expired")


def line(name, body, url=CHAT):
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body})


@pytest.fixture(scope="module")
def server():
    """A server of its own, for lists."""
    with running.proxy() as proxy:
        yield proxy


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=server.v1, api_key="any", max_retries=0) as client:
        yield client


def begun(client, lines, endpoint=CHAT, **more):
    file = client.files.create(file=("lines.jsonl", "\n".join(lines).encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **more)


def ended(client, batch):
    while batch.status not in ENDED:
        batch = client.batches.retrieve(batch.id)
    return batch


def written(client, name):
    return [] if name is None else [json.loads(text) for text in client.files.content(name).text.splitlines()]


BODIES: dict[str, dict[str, Any]] = {
    CHAT: ASK,
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "sea", "dimensions": 4},
    "/v1/completions": {"model": "gpt-sim-1", "prompt": "The sea", "max_tokens": 5},
    "/v1/moderations": {"model": "omni-moderation-latest", "input": "sea"},
    "/v1/images/generations": {"model": "dall-e-2", "prompt": "sea", "size": "256x256"},
    "/v1/responses": {"model": "gpt-sim-1", "input": "Tell me of the sea."},
}


def test_every_endpoint_of_a_batch_has_a_body_in_these_tests():
    assert set(ENDPOINTS) <= set(BODIES)


@pytest.mark.parametrize("endpoint", list(ENDPOINTS))
def test_lines_are_answered_as_over_http(client, server, endpoint):
    body = BODIES[endpoint]
    wrong = {"model": body["model"]}
    batch = begun(client, [line("a", body, endpoint), line("b", wrong, endpoint)], endpoint)
    assert (batch.status, batch.object, batch.completion_window) == ("validating", "batch", "24h")

    batch = ended(client, batch)

    (good,), (bad,) = written(client, batch.output_file_id), written(client, batch.error_file_id)
    assert batch.status == "completed"
    assert batch.request_counts.model_dump() == {"total": 2, "completed": 1, "failed": 1}
    alone = httpx.post(server.url + endpoint, json=body)
    times = {"created", "created_at", "completed_at"}
    same = set(alone.json()) - times - ({"id", "output"} if endpoint == "/v1/responses" else set())
    assert {name: good["response"]["body"][name] for name in same} == {name: alone.json()[name] for name in same}
    assert (good["custom_id"], good["response"]["status_code"], good["error"]) == ("a", 200, None)
    refused = httpx.post(server.url + endpoint, json=wrong)
    assert (bad["custom_id"], bad["response"]["status_code"]) == ("b", refused.status_code)
    assert bad["response"]["body"] == refused.json()


def test_a_batch_tells_what_it_used_and_keeps_its_metadata(client):
    batch = ended(client, begun(client, [line("a", ASK), line("b", ASK)], metadata={"k": "v"}))

    (one, _two) = written(client, batch.output_file_id)
    assert batch.usage.total_tokens == 2 * one["response"]["body"]["usage"]["total_tokens"] > 0
    assert (batch.model, batch.metadata) == ("gpt-sim-1", {"k": "v"})
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at < batch.expires_at


def test_a_streamed_line_is_an_error_of_this_line_only(client):
    batch = ended(client, begun(client, [line("a", ASK | {"stream": True}), line("b", ASK)]))

    (bad,) = written(client, batch.error_file_id)
    assert batch.request_counts.completed == 1
    assert bad["response"]["body"]["error"]["param"] == "stream"


def test_a_file_with_mistakes_fails_with_each_of_them(client):
    batch = ended(client, begun(client, [line("a", ASK), line("a", ASK), "{", line("b", ASK, "/v1/x")]))

    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
    assert batch.failed_at is not None
    assert [(error.code, error.line, error.param) for error in batch.errors.data] == [
        ("duplicate_custom_id", 2, "custom_id"), ("invalid_json_line", 3, None), ("invalid_url", 4, "url")
    ]  # fmt: skip


def test_batches_are_listed_newest_first(client):
    batches = [begun(client, [line(str(number), ASK)]).id for number in range(3)]

    assert [batch.id for batch in client.batches.list(limit=2)][:3] == batches[::-1]
    page = client.batches.list(limit=1)
    assert page.has_more
    assert (page.data[0].id, page.get_next_page().data[0].id) == (batches[2], batches[1])


def test_a_long_batch_leaves_room_for_others_and_can_be_cancelled(client):
    lines = [line(str(number), ASK | {"seed": number, "response_length": "long"}) for number in range(20_000)]
    batch = begun(client, lines)

    assert client.chat.completions.create(**ASK).choices[0].finish_reason == "stop"
    assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    batch = ended(client, batch)

    assert batch.status == "cancelled"
    assert batch.request_counts.completed == len(written(client, batch.output_file_id)) < 20_000
    assert client.batches.cancel(batch.id).status == "cancelled"


def test_a_batch_that_has_ended_cannot_be_cancelled(client):
    batch = ended(client, begun(client, [line("a", ASK)]))

    with pytest.raises(openai.BadRequestError, match="Cannot cancel a batch with status 'completed'"):
        client.batches.cancel(batch.id)


@pytest.mark.parametrize(
    ("changes", "status", "param", "code"),
    [
        ({"endpoint": "/v1/files"}, 400, "endpoint", "invalid_value"),
        ({"endpoint": None}, 400, "endpoint", "invalid_type"),
        ({"completion_window": "1h"}, 400, "completion_window", "invalid_value"),
        ({"input_file_id": "file-none"}, 404, "input_file_id", None),
        ({"metadata": {"a": 1}}, 400, "metadata.a", "invalid_type"),
        ({"metadata": dict.fromkeys(map(str, range(17)), "")}, 400, "metadata", None),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 1}},
            400,
            "output_expires_after.seconds",
            "integer_below_min_value",
        ),
        (
            {"output_expires_after": {"anchor": "now", "seconds": 3600}},
            400,
            "output_expires_after.anchor",
            "invalid_value",
        ),
        ({"colour": 1}, 400, "colour", "unknown_parameter"),
    ],
)
def test_a_wrong_request_is_refused_by_name(client, server, changes, status, param, code):
    file = client.files.create(file=b"{}", purpose="batch")
    ask = {"input_file_id": file.id, "endpoint": CHAT, "completion_window": "24h"} | changes

    answer = httpx.post(f"{server.v1}/batches", json=ask)

    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, param)
    if code is not None:
        assert error["code"] == code


def test_a_file_of_another_purpose_is_refused(client):
    file = client.files.create(file=b"{}", purpose="user_data")

    with pytest.raises(openai.BadRequestError, match="is 'user_data', but it must be 'batch'"):
        client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("POST", "/cancel")])
def test_a_batch_that_is_not_there_is_404(server, method, tail):
    answer = httpx.request(method, f"{server.v1}/batches/batch_none{tail}")

    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "batch_id")


def test_the_lines_of_a_real_model_go_to_it_as_they_are(start_proxy, start_upstream):
    llama = start_upstream("normal")
    proxy = start_proxy("--llama-url", llama.url)
    with openai.OpenAI(base_url=proxy.v1, api_key="secret", max_retries=0) as client:
        batch = ended(client, begun(client, [line(str(number), ASK | {"model": "tiny"}) for number in range(9)]))
        outputs = written(client, batch.output_file_id)

    assert [output["response"]["body"]["choices"][0]["message"]["content"] for output in outputs] == ["hi"] * 9
    seen = httpx.get(f"{llama.url}/seen").json()
    assert {(each["path"], each["headers"]["authorization"]) for each in seen} == {(CHAT, "Bearer secret")}
    assert len(seen) == 9


def test_a_batch_waits_for_a_model_that_is_loading(start_proxy, start_upstream):
    llama = start_upstream("loading")
    proxy = start_proxy("--llama-url", llama.url)
    with openai.OpenAI(base_url=proxy.v1, api_key="any", max_retries=0) as client:
        batch = begun(client, [line("a", ASK | {"model": "tiny"})])
        while batch.status != "in_progress":
            batch = client.batches.retrieve(batch.id)
        httpx.get(f"{llama.url}/become/200")
        batch = ended(client, batch)

    assert batch.request_counts.completed == 1


def test_a_model_that_is_not_here_is_an_error_of_each_line(client):
    batch = ended(client, begun(client, [line("a", ASK | {"model": "nanochat"})]))

    (bad,) = written(client, batch.error_file_id)
    assert (bad["response"]["status_code"], bad["response"]["body"]["error"]["code"]) == (503, "model_unavailable")


def test_models_may_differ_where_the_server_is_lenient(start_proxy):
    lines = [line(name, ASK | {"model": name}) for name in ("a", "b")]
    with openai.OpenAI(base_url=start_proxy("--lenient").v1, api_key="any", max_retries=0) as client:
        assert ended(client, begun(client, lines)).request_counts.completed == 2

"""The official Python client against the running program: plain, streamed, asynchronous."""

import asyncio
from typing import Any

import openai
import pytest

HELLO: Any = [{"role": "user", "content": "Tell me about volcanoes"}]


@pytest.fixture(params=["/v1", "", "/v1/"])
def client(simulator, request):
    with openai.OpenAI(base_url=simulator.url + request.param, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
async def aclient(simulator):
    async with openai.AsyncOpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        yield client


def test_a_plain_chat(client):
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)

    (choice,) = answer.choices
    assert (answer.object, answer.model, choice.finish_reason) == ("chat.completion", "gpt-4o-mini", "stop")
    assert "volcano" in (choice.message.content or "")
    assert answer.id.startswith("chatcmpl-")
    assert answer.created > 1_700_000_000
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert (answer.system_fingerprint or "").startswith("fp_")
    assert answer._request_id


def test_a_stream_says_what_the_plain_answer_says(client):
    plain = client.chat.completions.create(model="gpt-sim-1", messages=HELLO)
    chunks = list(
        client.chat.completions.create(
            model="gpt-sim-1", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )

    *body, last = chunks
    assert "".join(chunk.choices[0].delta.content or "" for chunk in body) == plain.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in body] == [None] * (len(body) - 1) + ["stop"]
    assert body[0].choices[0].delta.role == "assistant"
    assert (last.choices, last.usage) == ([], plain.usage)
    assert all(chunk.usage is None for chunk in body)
    assert len({(chunk.id, chunk.created, chunk.model, chunk.system_fingerprint) for chunk in chunks}) == 1
    assert len(body) > 10


def test_max_tokens_stop_and_n_are_obeyed(client):
    def create(**fields):
        return client.chat.completions.create(model="gpt-sim-1", messages=HELLO, **fields)

    full = create().choices[0].message.content
    assert full
    cut = create(max_tokens=5)
    word = full.split(" ")[4]
    stopped = create(stop=[word])
    three = create(n=3)

    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 5)
    assert full.startswith(cut.choices[0].message.content)
    assert create(max_completion_tokens=5).choices == cut.choices
    assert (stopped.choices[0].finish_reason, stopped.choices[0].message.content) == ("stop", full.split(word)[0])
    assert create(stop=word).choices == stopped.choices
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert three.choices[0].message.content == full
    assert len({choice.message.content for choice in three.choices}) == 3


def test_a_stream_of_three_choices_keeps_each_ones_text_and_order(client):
    plain = client.chat.completions.create(model="gpt-sim-1", messages=HELLO, n=3)
    texts, roles, reasons = ["", "", ""], [0, 0, 0], ["", "", ""]

    for chunk in client.chat.completions.create(model="gpt-sim-1", messages=HELLO, n=3, stream=True):
        (choice,) = chunk.choices
        assert not reasons[choice.index]
        texts[choice.index] += choice.delta.content or ""
        roles[choice.index] += choice.delta.role == "assistant"
        reasons[choice.index] = choice.finish_reason or ""

    assert texts == [choice.message.content for choice in plain.choices]
    assert roles == [1, 1, 1]
    assert reasons == ["stop"] * 3


def test_the_same_request_has_the_same_answer_and_another_seed_another_one(client):
    def text(**fields):
        return client.chat.completions.create(model="gpt-sim-1", messages=HELLO, **fields).choices[0].message.content

    assert text() == text()
    assert text(seed=7) == text(seed=7) != text()


def test_response_length_comes_through_extra_body(client):
    def tokens(length):
        answer = client.chat.completions.create(
            model="gpt-sim-1", messages=HELLO, extra_body={"response_length": length}
        )
        return answer.usage.completion_tokens

    assert tokens("short") < tokens("medium") < tokens("long")


def test_models_are_listed_and_retrieved(client):
    listed = client.models.list().data

    assert [model.id for model in listed] == ["gpt-sim-1"]
    assert client.models.retrieve("gpt-sim-1") == listed[0]
    assert (listed[0].owned_by, listed[0].context_length) == ("openai-api-simulator", 128_000)
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("org/no-such-model")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_errors_are_the_clients_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-sim-1", messages=HELLO, temperature=9)
    assert (caught.value.param, caught.value.code) == ("temperature", "decimal_above_max_value")

    with pytest.raises(openai.InternalServerError) as unavailable:
        client.with_options(max_retries=5).chat.completions.create(model="nanochat", messages=HELLO)
    assert unavailable.value.code == "model_unavailable"


def test_strict_models_refuses_names_that_are_not_listed(start_proxy, sdk):
    proxy = start_proxy("--strict-models")
    client = sdk(proxy.v1)

    assert client.chat.completions.create(model="gpt-sim-1", messages=HELLO).choices
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert caught.value.code == "model_not_found"
    assert "The model `gpt-4o` does not exist or you do not have access to it." in caught.value.message


async def test_the_asynchronous_client_plain_and_streamed(aclient):
    plain = await aclient.chat.completions.create(model="gpt-sim-1", messages=HELLO)
    stream = await aclient.chat.completions.create(model="gpt-sim-1", messages=HELLO, stream=True)

    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == plain.choices[0].message.content


async def test_200_requests_at_once_are_all_answered_each_with_its_own_text(simulator):
    async with openai.AsyncOpenAI(base_url=simulator.v1, api_key="any", max_retries=0, timeout=60) as client:

        async def ask(seed):
            if seed % 2:
                answer = await client.chat.completions.create(model="gpt-sim-1", messages=HELLO, seed=seed)
                return answer.choices[0].message.content
            stream = await client.chat.completions.create(model="gpt-sim-1", messages=HELLO, seed=seed, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

        texts = await asyncio.gather(*(ask(seed) for seed in range(200)))

    assert len(texts) == 200
    assert len(set(texts)) > 190
    assert all("volcano" in text for text in texts)


def test_the_streaming_helper_of_the_client_understands_the_events(simulator, sdk):
    client = sdk(simulator.v1)

    with client.chat.completions.stream(model="gpt-sim-1", messages=HELLO) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert "volcano" in (final.choices[0].message.content or "")

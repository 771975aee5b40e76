"""The official Python client at the endpoints beside chat, against the running program."""

import math

import openai
import pytest


@pytest.fixture
def client(simulator):
    with openai.OpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        yield client


def near(one, other):
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_embeddings_as_the_client_asks_by_default_and_as_numbers(client):
    default = client.embeddings.create(model="text-embedding-3-small", input=["cats", "kittens", "airplanes"])
    numbers = client.embeddings.create(
        model="text-embedding-3-small", input=["cats", "kittens", "airplanes"], encoding_format="float"
    )

    cats, kittens, airplanes = [item.embedding for item in default.data]
    assert [item.embedding for item in numbers.data] == [cats, kittens, airplanes]
    assert math.isclose(math.hypot(*cats), 1, abs_tol=1e-6)
    assert near(cats, kittens) > near(cats, airplanes) + 0.2
    assert default.usage.prompt_tokens == default.usage.total_tokens > 0


def test_embeddings_of_token_arrays_with_fewer_dimensions(client):
    answer = client.embeddings.create(model="text-embedding-3-large", input=[[1, 2], [3]], dimensions=256)

    assert [len(item.embedding) for item in answer.data] == [256, 256]


def test_embeddings_errors_are_the_clients_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="text-embedding-3-small", input="")
    assert (caught.value.param, caught.value.code) == ("input", "empty_string")


def test_completions_plain_and_streamed_agree(client):
    asked = {"model": "gpt-3.5-turbo-instruct", "prompt": ["Once upon a time", "Bees"], "n": 2, "echo": True}
    plain = client.completions.create(**asked)
    stream = client.completions.create(**asked, stream=True, stream_options={"include_usage": True})

    joined = dict.fromkeys(range(4), "")
    for chunk in stream:
        for choice in chunk.choices:
            joined[choice.index] += choice.text
    assert list(joined.values()) == [choice.text for choice in plain.choices]
    assert plain.choices[1].text.startswith("Once upon a time ")
    assert chunk.usage == plain.usage


def test_completions_errors_are_the_clients_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model="gpt-3.5-turbo-instruct", prompt="a", n=3, best_of=2)
    assert caught.value.param == "best_of"


async def test_completions_of_the_asynchronous_client(simulator):
    async with openai.AsyncOpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        plain = await client.completions.create(model="davinci-002", prompt="Bees", max_tokens=30)
        stream = await client.completions.create(model="davinci-002", prompt="Bees", max_tokens=30, stream=True)
        assert "".join([chunk.choices[0].text async for chunk in stream]) == plain.choices[0].text


def test_moderations_of_texts_and_of_parts(client):
    answer = client.moderations.create(model="omni-moderation-latest", input=["I want to kill them.", "flowers"])
    parts = client.moderations.create(
        model="omni-moderation-latest",
        input=[
            {"type": "text", "text": "flowers"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ],
    )

    assert [result.flagged for result in answer.results] == [True, False]
    assert answer.results[0].categories.violence
    assert answer.results[0].category_scores.harassment_threatening > 0.5
    assert parts.results[0].category_applied_input_types.violence == ["text", "image"]

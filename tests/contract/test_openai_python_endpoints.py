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

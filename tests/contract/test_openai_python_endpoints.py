"""The official Python client at the endpoints beside chat, against the running program."""

import math
from base64 import b64decode

import httpx
import openai
import pytest

from tests.proxy.sim.pictures import png_pixels


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


def test_completions_logprobs_in_the_old_form(client):
    plain = client.completions.create(model="davinci-002", prompt="Bees", logprobs=2, echo=True, max_tokens=5)

    told = plain.choices[0].logprobs
    assert "".join(told.tokens) == plain.choices[0].text
    assert told.token_logprobs[0] is None
    assert len(told.top_logprobs[-1]) == 2


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


def test_images_by_address_in_base64_and_as_events(client):
    old = client.images.generate(model="dall-e-3", prompt="A red fox")
    new = client.images.generate(model="gpt-image-2", prompt="A red fox", size="64x64")
    events = list(
        client.images.generate(model="gpt-image-2", prompt="A red fox", size="64x64", stream=True, partial_images=1)
    )

    assert len(png_pixels(httpx.get(old.data[0].url).content)) == 1024
    assert old.data[0].revised_prompt == "A red fox"
    assert len(png_pixels(b64decode(new.data[0].b64_json))) == 64
    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert (events[-1].b64_json, events[-1].usage.total_tokens) == (new.data[0].b64_json, new.usage.total_tokens)


def test_images_are_edited_and_varied(client):
    picture = b64decode(client.images.generate(model="gpt-image-2", prompt="A fox", size="64x64").data[0].b64_json)
    files = [("a.png", picture, "image/png"), ("b.png", picture, "image/png")]

    edited = client.images.edit(model="gpt-image-1", image=files, prompt="a hat", mask=("m.png", picture, "image/png"))
    stream = client.images.edit(model="gpt-image-1", image=files[0], prompt="a hat", stream=True)
    with pytest.warns(DeprecationWarning, match="deprecated"):  # as OpenAI has retired variations
        varied = client.images.create_variation(image=picture, n=2, response_format="b64_json", size="256x256")

    assert edited.usage.input_tokens_details.image_tokens == 388
    assert [event.type for event in stream] == ["image_edit.completed"]
    assert [len(png_pixels(b64decode(each.b64_json))) for each in varied.data] == [256, 256]


def test_images_errors_are_the_clients_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(model="dall-e-3", prompt="A fox", size="256x256")
    assert (caught.value.param, caught.value.code) == ("size", "invalid_value")


@pytest.mark.parametrize("kind", ["mp3", "wav"])
def test_speech_is_heard_as_it_was_written(client, tmp_path, kind):
    path = tmp_path / f"speech.{kind}"
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="coral", input="Good morning. Did you sleep well?", response_format=kind
    ) as speech:
        speech.stream_to_file(path)

    plain = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=path)
    stream = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=path, stream=True)
    verbose = client.audio.transcriptions.create(
        model="whisper-1", file=path, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    with pytest.warns(DeprecationWarning, match="deprecated"):  # as OpenAI is about to retire translations
        translated = client.audio.translations.create(model="whisper-1", file=path)

    assert plain.text == translated.text == verbose.text == "Good morning. Did you sleep well?"
    assert "".join([event.delta for event in stream if event.type == "transcript.text.delta"]) == plain.text
    assert [segment.text for segment in verbose.segments] == [" Good morning.", " Did you sleep well?"]
    assert verbose.words[-1].end <= verbose.duration
    assert client.audio.transcriptions.create(model="whisper-1", file=path, response_format="text") == plain.text + "\n"


def test_audio_errors_are_the_clients_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.transcriptions.create(model="whisper-1", file=("a.txt", b"text"))
    assert caught.value.param == "file"
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="nobody", input="a")
    assert caught.value.param == "voice"

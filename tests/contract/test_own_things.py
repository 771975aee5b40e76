"""What clients leave here belongs to their run: files, uploads, batches, stored chats, responses, conversations."""

import json
import time

import httpx
import openai
import pytest
from openai import OpenAI

ASK = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture
def one(simulator):
    with OpenAI(base_url=f"{simulator.url}/t/one/v1", api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def other(simulator):
    with OpenAI(base_url=f"{simulator.url}/t/other/v1", api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def again(simulator):
    """Begins a run again."""
    return lambda name: httpx.delete(f"{simulator.url}/t/{name}/_sim/runs").raise_for_status()


@pytest.fixture(autouse=True)
def _fresh(again):
    again("one")
    again("other")


def ended(client, batch):
    until = time.monotonic() + 30
    while batch.status not in ("completed", "failed"):
        assert time.monotonic() < until
        batch = client.batches.retrieve(batch.id)
    return batch


def test_the_same_file_in_two_runs_is_two_files_with_one_id(one, other):
    mine, theirs = [client.files.create(file=("a.txt", b"1"), purpose="user_data") for client in (one, other)]

    assert mine.id == theirs.id, "another run's upload changes nothing"
    one.files.delete(mine.id)
    assert [file.id for file in other.files.list()] == [mine.id]
    with pytest.raises(openai.NotFoundError):
        one.files.retrieve(mine.id)


def test_a_chat_is_listed_in_its_run_alone(one, other):
    stored = one.chat.completions.create(**ASK, store=True)

    assert [each.id for each in one.chat.completions.list()] == [stored.id]
    assert list(other.chat.completions.list()) == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_is_gone_on_from_in_its_run_alone(one, other, stream):
    first = one.responses.create(model="gpt-sim-1", input="I am Ann.")
    more = {"model": "gpt-sim-1", "input": "And now?", "previous_response_id": first.id, "stream": stream}

    answer = one.responses.create(**more)
    assert list(answer) if stream else answer.output_text
    with pytest.raises(openai.BadRequestError, match="Previous response"):
        other.responses.create(**more)


def test_a_conversation_is_in_its_run_alone_and_numbered_there(one, other):
    mine, theirs = one.conversations.create(), other.conversations.create()

    assert mine.id == theirs.id
    one.conversations.delete(mine.id)
    assert other.conversations.retrieve(mine.id)


def test_an_upload_makes_a_file_of_its_run(one, other):
    upload = one.uploads.create(bytes=3, filename="a.txt", mime_type="text/plain", purpose="user_data")
    with pytest.raises(openai.NotFoundError):
        other.uploads.cancel(upload.id)
    part = one.uploads.parts.create(upload.id, data=b"123")

    file = one.uploads.complete(upload.id, part_ids=[part.id]).file
    assert file
    assert one.files.content(file.id).read() == b"123"
    assert list(other.files.list()) == []


def test_a_batch_reads_and_writes_files_of_its_run(one, other):
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": ASK}
    file = one.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch")
    wanted = {"endpoint": "/v1/chat/completions", "completion_window": "24h", "input_file_id": file.id}
    with pytest.raises(openai.NotFoundError):
        other.batches.create(**wanted)

    batch = ended(one, one.batches.create(**wanted))

    assert batch.output_file_id in [each.id for each in one.files.list()]
    assert list(other.batches.list()) == list(other.files.list()) == []


def test_a_run_that_begins_again_has_nothing(one, other, again):
    for client in (one, other):
        client.files.create(file=("a.txt", b"1"), purpose="user_data")
        client.chat.completions.create(**ASK, store=True)
        client.responses.create(model="gpt-sim-1", input="Hello!")

    again("one")

    assert list(one.files.list()) == list(one.chat.completions.list()) == []
    assert len(list(other.files.list())) == len(list(other.chat.completions.list())) == 1


def test_whose_key_names_the_run_finds_what_the_base_url_left(simulator, one):
    file = one.files.create(file=("a.txt", b"1"), purpose="user_data")

    with OpenAI(base_url=simulator.v1, api_key="sk-sim-one") as by_key:
        assert by_key.files.retrieve(file.id).id == file.id
    with OpenAI(base_url=simulator.v1, api_key="any") as anybody, pytest.raises(openai.NotFoundError):
        anybody.files.retrieve(file.id)

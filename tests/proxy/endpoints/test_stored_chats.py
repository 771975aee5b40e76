"""Stored completions, through the official client and by hand: kept, listed, changed, deleted, bounded."""

import json
from typing import Any

import httpx
import openai
import pytest

from proxy import schema
from proxy.app import create_app
from proxy.endpoints import stored_chats
from proxy.endpoints.call import Call
from proxy.endpoints.chat import chat
from proxy.endpoints.stored_chats import BOUNDS, STORED
from proxy.keys import REAL_MODEL, Times
from proxy.real_model import RealModel
from proxy.runs.keys import RUNS
from proxy.settings import Settings
from tests import running

PARTS: Any = [{"type": "text", "text": "Tell me"}, {"type": "text", "text": "about rivers"}]


@pytest.fixture(scope="module")
def server():
    with running.proxy() as proxy:
        yield proxy


@pytest.fixture
def client(server):
    """A client of a server that stores nothing yet."""
    with openai.OpenAI(base_url=server.v1, api_key="any", max_retries=0) as client:
        for stored in client.chat.completions.list():
            client.chat.completions.delete(stored.id)
        yield client


def say(client, text, **fields):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=fields.pop("model", "gpt-sim-1"), messages=messages, **fields)


def test_a_stored_answer_can_be_read_again(client):
    said = say(client, "Tell me about rivers", store=True, metadata={"topic": "rivers"}, seed=4, user="ann")
    kept = client.chat.completions.retrieve(said.id)

    assert (kept.choices, kept.usage, kept.created) == (said.choices, said.usage, said.created)
    assert kept.metadata == {"topic": "rivers"}
    assert (kept.seed, kept.input_user, kept.tools, kept.temperature) == (4, "ann", None, None)


def test_a_streamed_answer_is_stored_whole(client):
    stream = list(say(client, "Tell me about tea", store=True, stream=True))
    kept = client.chat.completions.retrieve(stream[0].id)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert (kept.choices[0].message.content, kept.object) == (text, "chat.completion")


def test_what_is_not_stored_is_not_found(client):
    said = say(client, "Tell me about rivers")

    for ask in (client.chat.completions.retrieve, client.chat.completions.delete):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(said.id)
        assert said.id in caught.value.message


def test_the_same_request_twice_is_one_entry(client):
    first, second = (say(client, "Tell me about rivers", store=True) for _ in range(2))

    assert first.id == second.id
    assert [each.id for each in client.chat.completions.list()] == [first.id]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"metadata": {"run": "A"}}, {"metadata": {"run": "B"}}),
        ({"metadata": {"run": "A"}}, {}),
        ({"model": "m-1"}, {"model": "m-2"}),
        ({"temperature": 0}, {"temperature": 1}),
        ({"top_p": 0.5}, {}),
        ({"presence_penalty": 1}, {"frequency_penalty": 1}),
        ({"user": "ann"}, {"user": "bob"}),
        ({"service_tier": "flex"}, {}),
    ],
    ids=str,
)
def test_requests_that_show_different_settings_are_entries_of_their_own(client, one, other):
    first, second = (say(client, "Tell me about rivers", store=True, **fields) for fields in (one, other))

    assert first.choices == second.choices
    assert [each.id for each in client.chat.completions.list()] == [first.id, second.id]
    assert client.chat.completions.retrieve(first.id).metadata == one.get("metadata", {})


def test_the_same_request_streamed_is_the_same_entry(client):
    fields = {"store": True, "metadata": {"b": "1", "a": "2"}}
    plain = say(client, "Tell me about rivers", **fields)
    chunks = list(say(client, "Tell me about rivers", stream=True, **fields))

    assert {chunk.id for chunk in chunks} == {plain.id}
    assert [each.id for each in client.chat.completions.list()] == [plain.id]


def test_the_list_is_paged_ordered_and_filtered(client):
    ids = [
        say(client, f"Number {n}", store=True, metadata={"odd": str(n % 2), "n": str(n)}, model=f"m-{n // 3}").id
        for n in range(6)
    ]

    def listed(**query):
        return [each.id for each in client.chat.completions.list(**query)]

    assert listed() == ids
    assert listed(limit=2) == ids  # the client asks for page after page
    assert listed(order="desc") == ids[::-1]
    assert listed(after=ids[3]) == ids[4:]
    assert listed(metadata={"odd": "1"}) == ids[1::2]
    assert listed(metadata={"odd": "1", "n": "3"}) == ids[3:4]
    assert listed(model="m-1") == ids[3:]
    page = client.chat.completions.list(limit=2)
    assert (page.has_more, page.object, page.first_id, page.last_id) == (True, "list", ids[0], ids[1])


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("order=up", "order"), ("after=x", "after")],
)
def test_a_page_that_cannot_be_is_refused(client, server, query, param):
    answer = httpx.get(f"{server.v1}/chat/completions?{query}")

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_metadata_can_be_replaced_and_emptied(client, server):
    said = say(client, "Tell me about rivers", store=True, metadata={"a": "1"})

    assert client.chat.completions.update(said.id, metadata={"b": "2"}).metadata == {"b": "2"}
    assert client.chat.completions.retrieve(said.id).metadata == {"b": "2"}
    assert client.chat.completions.update(said.id, metadata=None).metadata == {}
    url = f"{server.v1}/chat/completions/{said.id}"
    for wrong in ({}, {"metadata": "x"}, {"metadata": {"a": 1}}, {"metadata": {"a": "x" * 513}}, {"other": 1}):
        assert httpx.post(url, json=wrong).status_code == 400
    assert httpx.post(url, json={"metadata": {str(n): "" for n in range(17)}}).status_code == 400


def test_a_deleted_answer_is_gone(client):
    said = say(client, "Tell me about rivers", store=True)

    gone = client.chat.completions.delete(said.id)

    assert (gone.id, gone.deleted, gone.object) == (said.id, True, "chat.completion.deleted")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(said.id)


def test_the_messages_of_a_stored_answer_are_listed(client):
    said = client.chat.completions.create(
        model="gpt-sim-1",
        store=True,
        messages=[{"role": "system", "content": "Be brief.", "name": "boss"}, {"role": "user", "content": PARTS}],
    )

    first, second = client.chat.completions.messages.list(said.id)

    assert (first.id, first.role, first.content, first.name) == (f"{said.id}-0", "system", "Be brief.", "boss")
    assert (second.content, [part.text for part in second.content_parts]) == (None, ["Tell me", "about rivers"])
    newest = client.chat.completions.messages.list(said.id, order="desc", limit=1)
    assert ([each.id for each in newest.data], newest.has_more) == ([second.id], True)
    assert [each.id for each in client.chat.completions.messages.list(said.id, after=first.id)] == [second.id]


class Clock:
    def __init__(self):
        self.seconds = 0.0

    async def sleep(self, seconds):
        self.seconds += seconds


async def store(app, text, **fields):
    body = {"model": "m", "messages": [{"role": "user", "content": text}], "store": True, "max_tokens": 1} | fields
    await chat(Call(app, {}, json.dumps(body).encode()))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(clock):
    times = Times(now=lambda: 1e9, clock=lambda: clock.seconds, sleep=clock.sleep)
    app = create_app(Settings(), times)
    app[REAL_MODEL] = RealModel(None, None, None, times.now)
    return app


async def test_the_newest_thousand_are_kept_for_a_day(app, clock):
    for number in range(BOUNDS.entries + 5):
        await store(app, str(number))
    kept = app[STORED].of(app[RUNS].unnamed).items()

    assert len(kept) == BOUNDS.entries
    assert json.loads(kept[0][1].request)["messages"][0]["content"] == "5"
    clock.seconds = BOUNDS.seconds
    assert app[STORED].of(app[RUNS].unnamed).items() == []


async def test_the_oldest_make_room_when_they_are_large(app):
    for letter in "abcdef":
        await store(app, letter * 7_000_000)

    kept = [each.request[60:] for _, each in app[STORED].of(app[RUNS].unnamed).items()]
    assert [b"cccc" in kept[0], len(kept)] == [True, 4]


async def test_an_answer_that_is_larger_than_the_store_is_not_kept(app):
    await store(app, "a")
    ask = schema.decoder.decode(b'{"model":"m","messages":[{"role":"user","content":"b"}]}')
    stored_chats.keep(app, ask, "chatcmpl-1", b" " * BOUNDS.bytes, b"{}")

    assert len(app[STORED].of(app[RUNS].unnamed).items()) == 1

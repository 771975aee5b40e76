"""What faults are made of: bodies made of bodies, events, and changed documents."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import pytest

from proxy.errors import InternalError
from proxy.faults.fault import Shaped, events, is_last, rewritten
from proxy.faults.split_characters import SplitCharacters
from proxy.faults.table import FAULTS
from proxy.keys import Times
from proxy.relay import Answer
from proxy.sse import HEADERS

TIMES = Times(now=lambda: 0.0, clock=lambda: 0.0, sleep=lambda _seconds: asyncio.sleep(0))
PLAIN = {"Content-Type": "application/json", "Content-Length": "99"}


@dataclass
class Source:
    """A body that notes whether it was closed."""

    pieces: list[bytes]
    closed: bool = False
    given: list[bytes] = field(default_factory=list)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.pieces:
            raise StopAsyncIteration
        self.given.append(self.pieces.pop(0))
        return self.given[-1]

    async def aclose(self):
        self.closed = True


def test_every_text_of_a_setting_is_bounded_because_a_run_keeps_its_faults():
    parts = msgspec.json.schema_components(FAULTS.values())[1].values()
    settings = [(name, each) for part in parts for name, each in part["properties"].items()]
    kinds = [(name, kind) for name, each in settings for kind in each.get("anyOf", [each])]

    assert [name for name, kind in kinds if kind["type"] == "string" and "maxLength" not in kind] == []


async def all_of(body):
    return [piece async for piece in body]


def shaped(answer):
    return asyncio.run(all_of(answer.body))


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("headers", [HEADERS, PLAIN], ids=["stream", "plain"])
@pytest.mark.parametrize("begun", [False, True])
def test_closing_a_faulty_answer_closes_its_source(name, headers, begun):
    source = Source([b'data: {"choices": []}\n\n', b"data: [DONE]\n\n"])

    async def close():
        body = FAULTS[name]().shape(Answer(source, headers), TIMES).body
        assert not isinstance(body, bytes)
        if begun:
            await anext(aiter(body))
        await body.aclose()

    with suppress(InternalError):  # whose source relay.py closes
        asyncio.run(close())
        assert source.closed


def test_events_are_whole_however_their_bytes_come():
    whole = b'event: a\ndata: {"x": 1}\n\n: comment\n\ndata: [DONE]\n\nrest'
    expected = [b'event: a\ndata: {"x": 1}\n\n', b": comment\n\n", b"data: [DONE]\n\n", b"rest"]

    for size in range(1, len(whole) + 1):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert asyncio.run(all_of(events(Source(pieces)))) == expected


@pytest.mark.parametrize(
    ("event", "last"),
    [
        (b"data: [DONE]\n\n", True),
        (b'event: response.completed\ndata: {"type":"response.completed"}\n\n', True),
        (b'event: message_stop\ndata: {"type":"message_stop"}\n\n', True),
        (b'data: {"choices":[]}\n\n', False),
        (b": [DONE]\n\n", False),
        (b"data: [1]\n\n", False),
    ],
)
def test_the_last_event_of_each_api_is_known(event, last):
    assert is_last(event) is last


def test_a_changed_document_has_no_length_and_what_is_no_json_stays():
    answer = rewritten(Answer(b'{"a": 1}', PLAIN), lambda document: document | {"b": 2})
    assert shaped(answer) == [b'{"a":1,"b":2}']
    assert "Content-Length" not in answer.headers
    assert shaped(rewritten(Answer(b"<html>", PLAIN), lambda _: None)) == [b"<html>"]


def test_events_keep_their_names_when_their_data_changes():
    stream = b'event: x\nid: 7\ndata: {"a": 1}\n\n'
    assert shaped(rewritten(Answer(stream, HEADERS), lambda _: {"b": 2})) == [b'event: x\nid: 7\ndata: {"b":2}\n\n']


def test_split_characters_splits_inside_the_first_character_of_several_bytes():
    body = "data: naïve café\n\n".encode()

    first, second = shaped(SplitCharacters().shape(Answer(body, HEADERS), TIMES))

    assert first.endswith(b"na\xc3")
    assert first + second == body


def test_a_source_that_was_never_begun_is_closed():
    source = Source([b"x"])
    asyncio.run(Shaped(source, events).aclose())
    assert source.closed

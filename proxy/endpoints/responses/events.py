"""The events of a stream, made from the response as it ends: what is streamed is what a plain answer says.

In OpenAI's order, each with an `event:` line and its `sequence_number`. Responses have no `[DONE]`: the last event is
`response.completed` or `response.incomplete`.
"""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import count

import msgspec

from proxy.endpoints.responses.state import Item
from proxy.sim.job import in_pieces

_encode = msgspec.json.Encoder().encode
_UNEQUAL = 16  # lengths of deltas with their obfuscation are multiples of this
_ENDS = ("completed", "incomplete")  # one that was cancelled just stops
_NOT_YET: Item = {"output": [], "completed_at": None, "incomplete_details": None, "error": None}

Event = tuple[str, Item]  # its type and its other fields


class Events:
    """All events of one response, numbered; `obfuscated` ones hide the length of their delta."""

    def __init__(self, response: Item, *, obfuscated: bool = False) -> None:
        self._response = response
        self._obfuscated = obfuscated

    def __iter__(self) -> Iterator[tuple[bool, bytes]]:
        """Each event, and whether it brings something new: what a pace holds back."""
        for number, (kind, fields) in zip(count(), self._all(), strict=False):
            delta = fields.get("delta")
            event = {"type": kind, "sequence_number": number} | fields
            if delta is not None and self._obfuscated:
                event["obfuscation"] = _obfuscation(delta, number)
            data = _encode(event)
            yield delta is not None, b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    def after(self, number: int) -> Iterator[bytes]:
        """The events whose sequence number is higher."""
        for at, (_, event) in enumerate(self):
            if at > number:
                yield event

    def _all(self) -> Iterator[Event]:
        begun = unfinished(self._response, "in_progress")
        if begun["background"]:
            queued = unfinished(self._response, "queued")
            yield "response.created", {"response": queued}
            yield "response.queued", {"response": queued}
        else:
            yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for index, item in enumerate(self._response["output"]):
            yield from _of_item(item, index)
        if self._response["status"] in _ENDS:
            yield f"response.{self._response['status']}", {"response": self._response}


def unfinished(response: Item, status: str) -> Item:
    """What a response was before it ended, or is when it was cancelled."""
    return {name: value for name, value in response.items() if name != "usage"} | _NOT_YET | {"status": status}


def _of_item(item: Item, index: int) -> Iterator[Event]:
    empty = {"content": [], "summary": [], "arguments": "", "input": ""}
    opened = {name: empty.get(name, value) for name, value in item.items() if name != "encrypted_content"}
    if "status" in opened:
        opened["status"] = "in_progress"
    yield "response.output_item.added", {"output_index": index, "item": opened}
    place: Item = {"item_id": item["id"], "output_index": index}
    if item["type"] == "message":
        for at, part in enumerate(item["content"]):
            yield from _of_part(part, place | {"content_index": at})
    elif item["type"] == "reasoning":
        for at, part in enumerate(item["summary"]):
            yield from _of_summary(part, place | {"summary_index": at})
    elif item["type"] == "function_call":
        yield from _deltas("response.function_call_arguments", item["arguments"], place)
        done = {"name": item["name"], "arguments": item["arguments"]}
        yield "response.function_call_arguments.done", place | done
    elif item["type"] == "custom_tool_call":
        yield from _deltas("response.custom_tool_call_input", item["input"], place)
        yield "response.custom_tool_call_input.done", place | {"input": item["input"]}
    yield "response.output_item.done", {"output_index": index, "item": item}


def _of_part(part: Item, place: Item) -> Iterator[Event]:
    refused = part["type"] == "refusal"
    opened = part | ({"refusal": ""} if refused else {"text": "", "logprobs": []})
    yield "response.content_part.added", place | {"part": opened}
    if refused:
        yield from _deltas("response.refusal", part["refusal"], place)
        yield "response.refusal.done", place | {"refusal": part["refusal"]}
    else:
        logprobs = [_brief(token) for token in part["logprobs"]]
        for piece, tokens in _by_token(part["logprobs"]) if logprobs else [(p, []) for p in in_pieces(part["text"])]:
            yield "response.output_text.delta", place | {"delta": piece, "logprobs": tokens}
        yield "response.output_text.done", place | {"text": part["text"], "logprobs": logprobs}
    yield "response.content_part.done", place | {"part": part}


def _of_summary(part: Item, place: Item) -> Iterator[Event]:
    yield "response.reasoning_summary_part.added", place | {"part": part | {"text": ""}}
    yield from _deltas("response.reasoning_summary_text", part["text"], place)
    yield "response.reasoning_summary_text.done", place | {"text": part["text"]}
    yield "response.reasoning_summary_part.done", place | {"part": part}


def _deltas(kind: str, text: str, place: Item) -> Iterator[Event]:
    for piece in in_pieces(text):
        yield kind + ".delta", place | {"delta": piece}


def _by_token(logprobs: list[Item]) -> Iterator[tuple[str, list[Item]]]:
    """The text by token, each part with its tokens: more than one where a character has several."""
    held, tokens = b"", []
    for token in logprobs:
        held += bytes(token["bytes"])
        tokens.append(_brief(token))
        try:
            piece = held.decode()
        except UnicodeDecodeError:
            continue
        yield piece, tokens
        held, tokens = b"", []


def _brief(token: Item) -> Item:
    """As the events have it: without bytes."""
    top = [{"token": each["token"], "logprob": each["logprob"]} for each in token["top_logprobs"]]
    return {"token": token["token"], "logprob": token["logprob"], "top_logprobs": top}


def _obfuscation(delta: str, number: int) -> str:
    """As many characters as make the lengths of all deltas alike; the same for the same event."""
    return blake2b(b"%d" % number, digest_size=_UNEQUAL // 2).hexdigest()[len(delta) % _UNEQUAL :]

"""A message as Anthropic's bytes: one object, or the events of a stream.

A block is the same in both: opened empty, filled by deltas, or written whole. The format is that of
https://docs.claude.com/en/docs/build-with-claude/streaming.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from proxy.endpoints.messages_job import Call, Reply, Thought
from proxy.sim.job import in_pieces

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Block:
    """A block as it opens, as it is when whole, and the deltas between."""

    opening: dict[str, Any]
    whole: dict[str, Any]
    deltas: list[dict[str, str]]


def plain(reply: Reply) -> bytes:
    """The message object."""
    content = [_block(block).whole for block in reply.blocks]
    return _encode(_message(reply, content, _ending(reply), _usage(reply)))


def streamed(reply: Reply) -> bytes:
    """All events in one piece."""
    return b"".join([b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _encode(event)) for event in _events(reply)])


def _events(reply: Reply) -> Iterator[dict[str, Any]]:
    started = _usage(reply) | {"output_tokens": 1}
    started.pop("output_tokens_details", None)
    yield {"type": "message_start", "message": _message(reply, [], dict.fromkeys(_ending(reply)), started)}
    for index, block in enumerate(map(_block, reply.blocks)):
        yield {"type": "content_block_start", "index": index, "content_block": block.opening}
        if index == 0:
            yield {"type": "ping"}
        for delta in block.deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    usage = {name: count for name, count in _usage(reply).items() if name in _COUNTED}
    yield {"type": "message_delta", "delta": _ending(reply), "usage": usage}
    yield {"type": "message_stop"}


def _message(
    reply: Reply, content: list[dict[str, Any]], ending: dict[str, Any], usage: dict[str, Any]
) -> dict[str, Any]:
    head = {"id": reply.id, "type": "message", "role": "assistant", "model": reply.model, "content": content}
    return {**head, **ending, "usage": usage}


def _ending(reply: Reply) -> dict[str, Any]:
    refusal = {"type": "refusal", "category": None, "explanation": None}
    return {
        "stop_reason": reply.stop_reason,
        "stop_sequence": reply.stop_sequence,
        "stop_details": refusal if reply.stop_reason == "refusal" else None,
    }


_COUNTED = frozenset(
    {"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens", "output_tokens_details"}
)


def _usage(reply: Reply) -> dict[str, Any]:
    usage = {
        "input_tokens": reply.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": reply.output_tokens,
        "service_tier": "standard",
    }
    if reply.thinking_tokens is not None:
        usage["output_tokens_details"] = {"thinking_tokens": reply.thinking_tokens}
    return usage


def _block(block: Thought | str | Call) -> _Block:
    if isinstance(block, str):
        deltas = [{"type": "text_delta", "text": piece} for piece in in_pieces(block)]
        return _Block({"type": "text", "text": ""}, {"type": "text", "text": block}, deltas)
    opening: dict[str, Any]
    if isinstance(block, Thought):
        opening = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in in_pieces(block.text)]
        deltas.append({"type": "signature_delta", "signature": block.signature})
        return _Block(opening, opening | {"thinking": block.text, "signature": block.signature}, deltas)
    opening = {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
    pieces = ["", *in_pieces(block.arguments)]
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return _Block(opening, opening | {"input": msgspec.Raw(block.arguments.encode())}, deltas)

"""Legacy completions as OpenAI's JSON: one text_completion object, or the chunks of a stream.

The format is that of https://platform.openai.com/docs/api-reference/completions. Knows nothing of prompts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import msgspec

from proxy import sse
from proxy.sim.job import Choice

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Head:
    """What is the same in an answer and in all its chunks."""

    id: str
    created: int
    model: str
    system_fingerprint: str


@dataclass(slots=True)
class Usage:
    """Tokens of all prompts, each counted once, and of all candidates, also those that are not shown."""

    prompt_tokens: int
    completion_tokens: int = 0

    def body(self) -> dict[str, Any]:
        """OpenAI's object."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """A choice as the client sees it; `echo` is the prompt's text, where that is wanted."""

    index: int
    echo: str
    choice: Choice


def plain(head: Head, choices: list[Shown], usage: Usage) -> dict[str, Any]:
    """The text_completion object."""
    return {
        "id": head.id,
        "object": "text_completion",
        "created": head.created,
        "model": head.model,
        "choices": [
            {
                "text": each.echo + each.choice.text,
                "index": each.index,
                "logprobs": None,
                "finish_reason": each.choice.finish_reason,
            }
            for each in choices
        ],
        "usage": usage.body(),
        "system_fingerprint": head.system_fingerprint,
    }


def events(head: Head, choices: list[Shown], usage: Usage | None) -> Iterator[bytes]:
    """The events of a stream, in rounds of one piece a choice; `usage` is given where it is wanted."""
    before = (
        b'data: {"id":%b,"object":"text_completion","created":%d,"model":%b,"system_fingerprint":%b,"choices":['
        % (
            _encode(head.id),
            head.created,
            _encode(head.model),
            _encode(head.system_fingerprint),
        )
    )
    after = b'],"usage":null}\n\n' if usage else b"]}\n\n"
    for pieces in zip_longest(*map(_pieces, choices)):
        yield b"".join([before + piece + after for piece in pieces if piece])
    if usage:
        yield before + b'],"usage":' + _encode(usage.body()) + b"}\n\n"
    yield sse.DONE


def _pieces(shown: Shown) -> Iterator[bytes]:
    """A choice of each of its events: the prompt if it is echoed, the text, and why it ended."""
    for text in ([shown.echo] if shown.echo else []) + list(shown.choice.pieces):
        yield b'{"text":%b,"index":%d,"logprobs":null,"finish_reason":null}' % (_encode(text), shown.index)
    yield b'{"text":"","index":%d,"logprobs":null,"finish_reason":%b}' % (
        shown.index,
        _encode(shown.choice.finish_reason),
    )

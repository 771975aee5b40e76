"""Legacy completions as OpenAI's JSON: one text_completion object, or the chunks of a stream.

The format is that of https://platform.openai.com/docs/api-reference/completions. Knows nothing of prompts.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import msgspec

from proxy import sse
from proxy.sim.job import Choice, TokenLogprob

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


@dataclass(slots=True)
class Logprobs:
    """Those of some tokens in the old form: arrays of the same length, where the first of a prompt is unknown."""

    tokens: list[str] = field(default_factory=list)
    token_logprobs: list[float | None] = field(default_factory=list)
    top_logprobs: list[dict[str, float] | None] = field(default_factory=list)
    text_offset: list[int] = field(default_factory=list)

    def __getitem__(self, part: slice) -> "Logprobs":
        return Logprobs(self.tokens[part], self.token_logprobs[part], self.top_logprobs[part], self.text_offset[part])

    def __add__(self, other: "Logprobs") -> "Logprobs":
        return Logprobs(
            self.tokens + other.tokens,
            self.token_logprobs + other.token_logprobs,
            self.top_logprobs + other.top_logprobs,
            self.text_offset + other.text_offset,
        )


def logprobs(tokens: Iterable[TokenLogprob], start: int) -> Logprobs:
    """Those of a text that stands `start` characters after the beginning of its prompt."""
    told = Logprobs()
    read = getincrementaldecoder("utf-8")("replace").decode
    for each in tokens:
        told.text_offset.append(start)
        start += len(read(each.token))
        told.tokens.append(_named(each.token))
        told.token_logprobs.append(each.logprob)
        top = each.top or ((each.token, each.logprob),)
        told.top_logprobs.append({_named(token): value for token, value in top})
    return told


def unknown_first(told: Logprobs) -> Logprobs:
    """A prompt's: of its first token nothing can be said."""
    told.token_logprobs[:1], told.top_logprobs[:1] = [None][: len(told.tokens)], [None][: len(told.tokens)]
    return told


@dataclass(frozen=True, slots=True)
class Shown:
    """A choice as the client sees it; `echo` is the prompt's text, where that is wanted."""

    index: int
    echo: str
    choice: Choice
    echo_logprobs: Logprobs | None = None
    logprobs: Logprobs | None = None


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
                "logprobs": (each.echo_logprobs or Logprobs()) + each.logprobs if each.logprobs else None,
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
    for text, told in ([(shown.echo, shown.echo_logprobs)] if shown.echo else []) + _parts(shown):
        yield b'{"text":%b,"index":%d,"logprobs":%b,"finish_reason":null}' % (_encode(text), shown.index, _encode(told))
    yield b'{"text":"","index":%d,"logprobs":null,"finish_reason":%b}' % (
        shown.index,
        _encode(shown.choice.finish_reason),
    )


def _parts(shown: Shown) -> list[tuple[str, Logprobs | None]]:
    """The text as it is streamed: by token where logprobs come with it, else by word."""
    if shown.logprobs is None:
        return [(piece, None) for piece in shown.choice.pieces]
    parts: list[tuple[str, Logprobs | None]] = []
    at = 0
    for text, tokens in shown.choice.pieces_with_logprobs:
        parts.append((text, shown.logprobs[at : at + len(tokens)]))
        at += len(tokens)
    return parts


def _named(token: bytes) -> str:
    """A token's text; of a part of a character its bytes, as OpenAI writes them."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join([f"\\x{byte:02x}" for byte in token])

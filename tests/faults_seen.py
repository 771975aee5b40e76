"""What the official SDK makes of every fault, plain and streamed: one table for stand-ins, llama-server and Compose."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import openai
from openai import OpenAI

USAGE: Any = {"include_usage": True}


@dataclass
class Seen:
    """What one request gave: an error or none, and what came before it. `pieces` is the text of each chunk."""

    error: Exception | None = None
    pieces: list[str] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    usages: list[Any] = field(default_factory=list)
    choices: int = 0
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(self.pieces)

    def note(self, answer: Any) -> None:
        """Take in an answer, or a chunk of one."""
        said = [getattr(choice, "delta", None) or getattr(choice, "message", None) for choice in answer.choices]
        self.pieces.append("".join([each.content or "" for each in said if each is not None]))
        self.reasons += [choice.finish_reason for choice in answer.choices]
        self.usages.append(answer.usage)
        self.choices += len(answer.choices)


Check = Callable[[Seen, Seen], None]  # what came with the fault, and without


@dataclass(frozen=True)
class Case:
    """One fault as the header asks for it, and what the SDK gives for it."""

    header: str
    plain: Check
    stream: Check


def ask(client: OpenAI, model: str, header: str = "", *, stream: bool, **fields: Any) -> Seen:
    """One chat; errors are noted, not raised."""
    seen, begun = Seen(), time.monotonic()
    headers = {"x-sim-fault": header} if header else {}
    more: Any = {"stream": True, "stream_options": USAGE} if stream else {}
    try:
        answer = client.chat.completions.create(model=model, extra_headers=headers, **fields, **more)
        if not stream:
            seen.note(answer)
            return seen
        with answer:
            for chunk in answer:
                seen.note(chunk)
    except (openai.APIError, json.JSONDecodeError) as error:
        seen.error = error
    finally:
        seen.seconds = time.monotonic() - begun
    return seen


def same(seen: Seen, whole: Seen) -> None:
    """Nothing is wrong with it."""
    assert seen.error is None
    assert (seen.text, seen.reasons) == (whole.text, whole.reasons)
    assert seen.text


def fails(kind: type[Exception], after: int | None = None, **has: object) -> Check:
    """An error of this kind with these attributes, `after` so many chunks of the same answer."""

    def check(seen: Seen, whole: Seen) -> None:
        assert isinstance(seen.error, kind), repr(seen.error)
        assert {name: getattr(seen.error, name) for name in has} == has
        assert after is None or len(seen.pieces) == after
        assert whole.pieces[: len(seen.pieces)] == seen.pieces

    return check


def slow(seconds: float) -> Check:
    """The same, but it took so long at least."""

    def check(seen: Seen, whole: Seen) -> None:
        same(seen, whole)
        assert seen.seconds >= seconds

    return check


def _doubled(seen: Seen, whole: Seen) -> None:
    assert seen.pieces == [piece for piece in whole.pieces for _ in range(2)]


def _swapped(seen: Seen, whole: Seen) -> None:
    first, second, third, *rest = whole.pieces
    assert seen.pieces == [first, third, second, *rest]


def _without_reason(seen: Seen, whole: Seen) -> None:
    assert seen.error is None
    assert (seen.text, set(seen.reasons)) == (whole.text, {None})


def _without_usage(seen: Seen, whole: Seen) -> None:
    same(seen, whole)
    assert set(seen.usages) == {None}
    assert whole.usages[-1]


def _early_usage(seen: Seen, whole: Seen) -> None:
    same(seen, whole)
    assert seen.usages[-1] is None
    assert seen.usages[-2].total_tokens == whole.usages[-1].total_tokens


def _without_choices(seen: Seen, _whole: Seen) -> None:
    assert (seen.error, seen.choices, seen.text) == (None, 0, "")


def _half(seen: Seen, whole: Seen) -> None:
    assert (seen.error, seen.reasons, seen.text) == (None, ["content_filter"], whole.text[: len(whole.text) // 2])


def _filtered(seen: Seen, whole: Seen) -> None:
    assert (seen.error, seen.reasons) == (None, [None, None, None, "content_filter"])
    assert seen.pieces[:3] == whole.pieces[:3]
    assert len(seen.text) < len(whole.text)


def _rate_limited(seen: Seen, _whole: Seen) -> None:
    assert isinstance(seen.error, openai.RateLimitError)
    headers = seen.error.response.headers
    assert (seen.error.code, headers["retry-after"], headers["retry-after-ms"]) == ("rate_limit_exceeded", "2", "1500")


def _broken_stream(seen: Seen, whole: Seen) -> None:
    fails(openai.APIError, 2, message="Not today.")(seen, whole)
    assert not isinstance(seen.error, openai.APIStatusError), "the status was 200"


_too_long = fails(openai.BadRequestError, 0, code="context_length_exceeded", param="messages")
_no_json = fails(json.JSONDecodeError)
_gone = fails(openai.APIConnectionError, 0)
_gone_later = fails(openai.APIConnectionError, 3)

# A fault that is missing here fails a test.
CASES: dict[str, Case] = {
    "status": Case("status;status=429;retry_after=1.5", _rate_limited, _rate_limited),
    "context_length": Case("context_length", _too_long, _too_long),
    "slow_start": Case("slow_start;seconds=0.3", slow(0.3), slow(0.3)),
    "slow_events": Case("slow_events;seconds=0.05", slow(0.05), slow(0.25)),
    "stall": Case("stall;after_events=0", fails(openai.APITimeoutError, 0), fails(openai.APITimeoutError, 0)),
    "cut": Case("cut;after_events=3", _gone, _gone_later),
    "reset": Case("reset;after_events=3", _gone, _gone_later),
    "truncated_json": Case("truncated_json;event=1", _no_json, fails(json.JSONDecodeError, 1)),
    "malformed_json": Case("malformed_json;event=1", _no_json, fails(json.JSONDecodeError, 1)),
    "split_characters": Case("split_characters;seconds=0.001", same, same),
    "crlf": Case("crlf", same, same),
    "comments": Case("comments", same, same),
    "duplicate_events": Case("duplicate_events", same, _doubled),
    "reorder_events": Case("reorder_events", same, _swapped),
    "no_done": Case("no_done", same, same),
    "no_finish_reason": Case("no_finish_reason", _without_reason, _without_reason),
    "no_usage": Case("no_usage", _without_usage, _without_usage),
    "early_usage": Case("early_usage", same, _early_usage),
    "error_event": Case(
        'error_event;message="Not today."', fails(openai.InternalServerError, 0, status_code=500), _broken_stream
    ),
    "content_type": Case("content_type", same, same),
    "gzip": Case("gzip", same, same),
    "empty_choices": Case("empty_choices", _without_choices, _without_choices),
    "content_filter": Case("content_filter", _half, _filtered),
}

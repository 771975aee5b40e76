"""What a chat request looks like, decoded once into typed structures.

Unknown fields are ignored. What is wrong becomes a BadRequestError in OpenAI's words (wording.py). The rules that
span two fields are in `check`, and hold for simulated models only: a real model's request is llama-server's
to judge.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from proxy import wording
from proxy.errors import BadRequestError

Role = Literal["system", "assistant", "user", "function", "tool", "developer"]
PartType = Literal["text", "image_url", "input_audio", "refusal", "audio", "file"]
Length = Literal["short", "medium", "long"]

Penalty = Annotated[float, Meta(ge=-2, le=2)]
Tokens = Annotated[int, Meta(ge=1)]
Milliseconds = Annotated[float, Meta(ge=0, le=600_000)]


class Part(Struct):
    """One part of a message's content; only text parts reach the simulator."""

    type: PartType
    text: str | None = None


class ChatMessage(Struct):
    """One turn."""

    role: Role
    content: str | list[Part] | None = None


class StreamOptions(Struct):
    """OpenAI's include_usage, and the simulator's timing of a stream."""

    include_usage: bool | None = None
    delay_min_ms: Milliseconds | None = None
    delay_max_ms: Milliseconds | None = None
    tokens_per_second: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None


class ChatRequest(Struct):
    """The fields that are obeyed, and those whose range OpenAI checks."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    response_length: Length | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    user: str | None = None


class _Named(Struct):
    model: str


_decoder = msgspec.json.Decoder(ChatRequest)
_named = msgspec.json.Decoder(_Named)


def decode(body: bytes) -> ChatRequest:
    """The request. Raises BadRequestError that names the first wrong field."""
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as problem:
        raise wording.invalid(str(problem), body) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise wording.malformed(problem) from None


def model_named(body: bytes) -> str | None:
    """The model that a request names, also where the rest of it is wrong; None where it names none."""
    try:
        return _named.decode(body).model
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def check(ask: ChatRequest) -> None:
    """The rules that span fields. Raises BadRequestError."""
    if ask.stream_options is not None:
        _check_stream_options(ask.stream_options, streaming=bool(ask.stream))
    if ask.max_tokens is not None and ask.max_completion_tokens is not None:
        raise BadRequestError(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            param="max_tokens",
            code="invalid_parameter_combination",
        )
    if ask.top_logprobs and not ask.logprobs:
        raise BadRequestError(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", param="top_logprobs"
        )
    for index, message in enumerate(ask.messages):
        if not isinstance(message.content, str):
            _check_content(f"messages[{index}].content", message)


def _check_stream_options(options: StreamOptions, *, streaming: bool) -> None:
    if not streaming:
        raise BadRequestError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    low, high = options.delay_min_ms, options.delay_max_ms
    if low is not None and high is not None and low > high:
        raise BadRequestError(
            f"Invalid 'stream_options.delay_min_ms': expected at most delay_max_ms, {high:g}, but got {low:g}.",
            param="stream_options.delay_min_ms",
            code="invalid_value",
        )


def _check_content(where: str, message: ChatMessage) -> None:
    if message.content is None:
        if message.role not in ("assistant", "function"):  # an assistant turn may be tool calls alone
            raise BadRequestError(
                "Invalid value for 'content': expected a string, got null.", param=where, code="invalid_type"
            )
        return
    for index, part in enumerate(message.content):
        if isinstance(part, Part) and part.type == "text" and part.text is None:
            param = f"{where}[{index}].text"
            raise BadRequestError(
                f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
            )

"""`POST /v1/completions`: prompts as texts or token arrays in, their continuations out, plain or streamed."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proxy.endpoints import completion_bytes as wire
from proxy.endpoints.call import Call, check_model, json_answer, read_with_model, real_answer
from proxy.errors import BadRequestError
from proxy.relay import Answer
from proxy.sim import continuation as sim
from proxy.sim.job import Choice
from proxy.sse import HEADERS as STREAM_HEADERS

PATH = "/v1/completions"
_HIGHEST_TOKEN = 200_018  # of o200k_base
_CONTEXT = 128_000  # tokens, as /v1/models says
_MOST_CANDIDATES = 2048  # texts that one request may have written
_MOST_LOGPROBS, _LONGEST_TEXT = 131_072, 400  # tokens
_MOST_ECHOED = 16 * 1024 * 1024  # characters
_LONG_REQUEST = 100_000  # bytes, whose tokens are counted in a thread
_FEW = 8  # choices, whose stream is written at once
_TURN = 64  # texts, about 5 ms: then others have their turn

_TokenId = Annotated[int, Meta(ge=0, le=_HIGHEST_TOKEN)]
_Penalty = Annotated[float, Meta(ge=-2, le=2)]


class StreamOptions(Struct, forbid_unknown_fields=True):
    """OpenAI's options."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields."""

    model: Annotated[str, Meta(min_length=1)]
    prompt: str | Annotated[list[str | _TokenId | list[_TokenId]], Meta(min_length=1, max_length=2048)] | None
    suffix: str | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    best_of: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    presence_penalty: _Penalty | None = None
    frequency_penalty: _Penalty | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    user: str | None = None


_decoder = msgspec.json.Decoder(Request)


async def completions(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    if real := await real_answer(call, PATH):
        return real
    ask = read_with_model(call, _decoder)
    check_model(call, ask.model)
    is_long = len(call.body) > _LONG_REQUEST
    prompts = await asyncio.to_thread(_prompts, ask.prompt) if is_long else _prompts(ask.prompt)
    _check(ask, prompts)
    stop = ask.stop or ()
    job = sim.Continuation(
        suffix=ask.suffix or "",
        seed=ask.seed,
        server_seed=call.server_seed,
        max_tokens=16 if ask.max_tokens is None else ask.max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        logit_bias=tuple([(int(key), value) for key, value in (ask.logit_bias or {}).items()]),
        logprobs=ask.logprobs,
    )
    _check_length(max([prompt.tokens for prompt in prompts]), job.max_tokens)
    usage = wire.Usage(sum([prompt.tokens for prompt in prompts]))
    choices = await _choices(ask, prompts, job, usage, call)
    more = () if call.script is None else (call.script.key,)
    name = sim.identifier(prompts, job, ask.n or 1, ask.best_of or 0, bool(ask.echo), ask.logprobs, *more)
    head = wire.Head(name, call.now, ask.model, sim.system_fingerprint(call.server_seed))
    if not ask.stream:
        return json_answer(wire.plain(head, choices, usage))
    with_usage = ask.stream_options is not None and bool(ask.stream_options.include_usage)
    events = wire.events(head, choices, usage if with_usage else None)
    if len(choices) <= _FEW:
        return Answer(b"".join(events), STREAM_HEADERS)
    return Answer(_one_by_one(events), STREAM_HEADERS)


async def _one_by_one(events: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Many choices are too many bytes to be made at once."""
    for event in events:
        yield event
        await asyncio.sleep(0)


async def _choices(
    ask: Request, prompts: list[sim.Prompt], job: sim.Continuation, usage: wire.Usage, call: Call
) -> list[wire.Shown]:
    """All choices, prompt by prompt; the usage counts the candidates that are left out as well."""
    wanted, tried = ask.n or 1, max(ask.n or 1, ask.best_of or 0)
    if tried > wanted:
        job = replace(job, logprobs=job.logprobs or 0)
    shown: list[wire.Shown] = []
    for prompt in prompts:
        candidates = []
        for number in range(tried):
            scripted = call.script and call.script.candidate(job, number)
            candidates.append(scripted or sim.candidate(prompt.text, job, number))
            usage.completion_tokens += candidates[-1].completion_tokens
            if (len(shown) + number) % _TURN == _TURN - 1 or job.logprobs is not None:
                await asyncio.sleep(0)
        if tried > wanted:
            candidates.sort(key=sim.likelihood, reverse=True)
        best = candidates[:wanted]
        if ask.logprobs is None:
            shown += _shown(ask, prompt, best, len(shown))
        else:  # of a long prompt they take seconds, in which others are answered
            shown += await asyncio.to_thread(_shown, ask, prompt, best, len(shown))
    return shown


def _shown(ask: Request, prompt: sim.Prompt, choices: list[Choice], index: int) -> list[wire.Shown]:
    echo = prompt.text if ask.echo else ""
    if ask.logprobs is None:
        return [wire.Shown(index + at, echo, choice) for at, choice in enumerate(choices)]
    told = wire.Logprobs()
    if ask.echo:
        told = wire.unknown_first(wire.logprobs(sim.prompt_logprobs(prompt, ask.logprobs), 0))
    return [
        wire.Shown(index + at, echo, choice, told, wire.logprobs(choice.logprobs or (), len(prompt.text)))
        for at, choice in enumerate(choices)
    ]


def _prompts(given: str | list[Any] | None) -> list[sim.Prompt]:
    """Each prompt by itself: one text, one token array, or as many as the array has. Raises BadRequestError."""
    if given is None or isinstance(given, str):
        return [_prompt(given or "", "prompt")]
    kinds = {type(each) for each in given}
    if len(kinds) > 1:
        raise BadRequestError(
            "Invalid type for 'prompt': expected a string, an array of strings, of integers, or of arrays of integers, "
            "but the items differ in type.",
            param="prompt",
            code="invalid_type",
        )
    if kinds == {int}:
        return [_prompt(given, "prompt")]
    return [_prompt(each, f"prompt[{index}]") for index, each in enumerate(given)]


def _prompt(given: str | list[int], where: str) -> sim.Prompt:
    if given == []:
        raise BadRequestError(f"Invalid '{where}': array cannot be empty.", param=where, code="empty_array")
    try:
        return sim.prompt(given)
    except ValueError as bad:
        raise BadRequestError(
            f"Invalid '{where}': {bad} is not a token of o200k_base, the encoding of this model.",
            param=where,
            code="invalid_value",
        ) from None


def _check(ask: Request, prompts: Sequence[sim.Prompt]) -> None:
    """The rules that span fields. Raises BadRequestError."""
    if ask.stream_options is not None and not ask.stream:
        raise BadRequestError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    wanted = ask.n or 1
    best_of = ask.best_of or wanted
    if best_of < wanted:
        raise BadRequestError(
            "You requested that the server return more choices than it will generate (HINT: best_of must be at least "
            f"n, but best_of is {best_of} and n is {wanted}).",
            param="best_of",
        )
    if ask.stream and best_of > wanted:
        raise BadRequestError(
            "The best of several completions cannot be streamed (HINT: with stream, best_of must be n).",
            param="best_of",
        )
    if len(prompts) * best_of > _MOST_CANDIDATES:
        raise BadRequestError(
            f"Too many completions: {len(prompts)} prompts with {best_of} each are more than {_MOST_CANDIDATES}.",
            param="prompt",
        )
    if ask.echo and wanted * sum(len(prompt.text) for prompt in prompts) > _MOST_ECHOED:
        raise BadRequestError("The prompts are too long to be echoed in every choice.", param="echo")
    if ask.logprobs is not None:
        _check_logprobs(ask, prompts, best_of)
    _check_bias(ask.logit_bias or {})


def _check_logprobs(ask: Request, prompts: Sequence[sim.Prompt], tried: int) -> None:
    written = _LONGEST_TEXT if ask.max_tokens is None else min(ask.max_tokens, _LONGEST_TEXT)
    if tried * sum((prompt.tokens if ask.echo else 0) + written for prompt in prompts) > _MOST_LOGPROBS:
        raise BadRequestError(
            f"Too many log probabilities: one request can have those of {_MOST_LOGPROBS} tokens, prompts and choices "
            "together.",
            param="logprobs",
        )


def _check_bias(keys: Iterable[str]) -> None:
    for key in keys:
        if not (key.isascii() and key.isdigit() and len(key) <= 18 and int(key) <= _HIGHEST_TOKEN):
            raise BadRequestError(
                f"Invalid key in 'logit_bias': {key}. You should only be submitting non-negative integers up to "
                f"{_HIGHEST_TOKEN}.",
                param="logit_bias",
            )


def _check_length(prompt_tokens: int, max_tokens: int) -> None:
    if prompt_tokens + max_tokens > _CONTEXT:
        raise BadRequestError(
            f"This model's maximum context length is {_CONTEXT} tokens, however you requested "
            f"{prompt_tokens + max_tokens} tokens ({prompt_tokens} in your prompt; {max_tokens} for the completion). "
            "Please reduce your prompt; or completion length.",
            param="prompt",
            code="context_length_exceeded",
        )

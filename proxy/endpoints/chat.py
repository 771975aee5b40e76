"""`POST /v1/chat/completions`: read the request once, then let the simulator or llama.cpp answer."""

import re
from collections.abc import Iterator
from random import Random
from typing import cast

from aiohttp import web

from proxy import chat_rules, relay, schema
from proxy.dispatch import check_listed, is_real, not_now, reach
from proxy.endpoints import chat_bytes
from proxy.errors import BadRequestError, UnreachableError
from proxy.keys import REAL_MODEL, SETTINGS, TIMES, Times
from proxy.pace import on_schedule
from proxy.schema import ChatMessage, ChatRequest, Part, StreamOptions
from proxy.sim.chat import complete
from proxy.sim.job import ChatJob, Message
from proxy.sse import HEADERS as STREAM_HEADERS

# What no server can read, so that llama-server need not be asked: a wrong type in one of these fields.
_WRONG_EVERYWHERE = frozenset({"invalid_type", "missing_required_parameter"})
_SAME_EVERYWHERE = re.compile(
    r"|model|messages(\[\d+\](\.role|\.content(\[\d+\](\.type|\.text)?)?)?)?|stream(_options.*)?|max(_completion)?_tokens"
    r"|stop.*|n|seed|response_length|temperature|top_p|(presence|frequency)_penalty|(top_)?logprobs|user"
)
_PLAIN_HEADERS = {"Content-Type": "application/json"}


async def chat(request: web.Request) -> web.StreamResponse:
    """Answer one request. Raises ApiError."""
    body = await request.read()
    model, settings = request.app[REAL_MODEL], request.app[SETTINGS]
    try:
        ask = schema.decode(body)
    except BadRequestError as error:
        name = schema.model_named(body)
        if name is not None and not _is_wrong_everywhere(error) and is_real(name, model):
            return await _forward(request, name, body)
        if not (settings.lenient and error.code == "unknown_parameter"):
            raise
        ask = schema.decode_leniently(body)
    if is_real(ask.model, model):
        return await _forward(request, ask.model, body)
    if settings.strict_models:
        check_listed(ask.model)
    return await relay.send(request, simulate(ask, settings.seed, request.app[TIMES]))


def _is_wrong_everywhere(error: BadRequestError) -> bool:
    """Whether llama-server, which has more fields than OpenAI and other values, could not read it either."""
    return error.code in _WRONG_EVERYWHERE and _SAME_EVERYWHERE.fullmatch(error.param or "") is not None


def simulate(ask: ChatRequest, server_seed: int, times: Times) -> relay.Answer:
    """The simulator's answer, plain or streamed, in OpenAI's bytes. Raises BadRequestError."""
    chat_rules.check(ask)
    answer = complete(_job(ask, server_seed))
    created = int(times.now())
    if not ask.stream:
        return relay.Answer(chat_bytes.plain(answer, ask.model, created), _PLAIN_HEADERS)
    options = ask.stream_options
    with_usage = options is not None and bool(options.include_usage)
    events = chat_bytes.Events(answer, ask.model, created, with_usage=with_usage)
    if options is None or not _is_paced(options):
        return relay.Answer(events.at_once(), STREAM_HEADERS)
    timed = events.timed(_seconds_before_each(options, answer.id), options.tokens_per_second)
    return relay.Answer(on_schedule(timed, times.clock, times.sleep), STREAM_HEADERS)


async def _forward(request: web.Request, name: str, body: bytes) -> web.StreamResponse:
    model, now = request.app[REAL_MODEL], request.app[TIMES].now
    upstream = await reach(name, model, now)
    body = model.prompt_text(name).prepare(body)
    try:
        answer = await upstream.post("/v1/chat/completions", body, request.headers)
    except UnreachableError:
        # It may have gone down to load again: then the truth is a 503 that says so.
        await model.refresh()
        if error := not_now(model.state(name), now()):
            raise error from None
        raise
    return await relay.send(request, answer)


def _job(ask: ChatRequest, server_seed: int) -> ChatJob:
    stop = ask.stop or ()
    return ChatJob(
        messages=tuple([Message(message.role, _text(message)) for message in ask.messages]),
        seed=ask.seed,
        server_seed=server_seed,
        max_tokens=ask.max_completion_tokens or ask.max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        n=ask.n or 1,
        response_length=ask.response_length,
    )


def _text(message: ChatMessage) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "\n".join([part.text for part in cast("list[Part]", content or []) if part.text])


def _is_paced(options: StreamOptions) -> bool:
    return bool(options.delay_min_ms or options.delay_max_ms or options.tokens_per_second)


def _seconds_before_each(options: StreamOptions, key: str) -> Iterator[float]:
    """Uniform between the two delays, the same for the same request; one alone is both, or starts at 0."""
    low = options.delay_min_ms or 0.0
    high = low if options.delay_max_ms is None else options.delay_max_ms
    draw = Random(key).random
    while True:
        yield (low + (high - low) * draw()) / 1000

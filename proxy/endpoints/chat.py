"""`POST /v1/chat/completions`: read the request once, then let the simulator or llama.cpp answer."""

import re
from collections.abc import Iterator
from random import Random
from typing import cast

from proxy import chat_rules, relay, schema
from proxy.endpoints import chat_bytes
from proxy.endpoints.call import CHAT, Call, check_model, real_answer
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS, TIMES, Times
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


async def chat(call: Call) -> relay.Answer:
    """Answer one request. Raises ApiError."""
    try:
        ask = schema.decode(call.body)
    except BadRequestError as error:
        if not _is_wrong_everywhere(error) and (real := await real_answer(call, CHAT)):
            return real
        if not (call.app[SETTINGS].lenient and error.code == "unknown_parameter"):
            raise
        ask = schema.decode_leniently(call.body)
    if real := await real_answer(call, CHAT, ask.model):
        return real
    check_model(call, ask.model)
    return simulate(ask, call.server_seed, call.app[TIMES])


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

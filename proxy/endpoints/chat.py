"""`POST /v1/chat/completions`: read the request once, then let the simulator or llama.cpp answer."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from aiohttp import web

from proxy import chat_rules, relay, schema
from proxy.dispatch import CONTEXT, SIMULATED, is_real
from proxy.endpoints import chat_bytes, chat_events, chat_job, stored_chats
from proxy.endpoints.call import CHAT, Call, check_model, read_with_model, real_answer
from proxy.errors import BadRequestError
from proxy.keys import REAL_MODEL, TIMES
from proxy.pace import on_schedule
from proxy.schema import ChatRequest, StreamOptions
from proxy.sim.job import Answer, ChatJob
from proxy.sse import HEADERS as STREAM_HEADERS

# What no server can read, so that llama-server need not be asked: a wrong type in one of these fields.
_WRONG_EVERYWHERE = frozenset({"invalid_type", "missing_required_parameter"})
_SAME_EVERYWHERE = re.compile(
    r"|model|messages(\[\d+\](\.role|\.content(\[\d+\](\.type|\.text)?)?)?)?|stream(_options.*)?|max(_completion)?_tokens"
    r"|stop.*|n|seed|response_length|temperature|top_p|(presence|frequency)_penalty|(top_)?logprobs|user"
)
_LONG_REQUEST = 64 * 1024  # bytes
_LONG_ANSWER = 8_000  # tokens, with those that are told with log probabilities at their places
_FILE = b'"file_id"'  # in a body that may name a file of the run
_TIERS = {"auto": "default", "fast": "priority"}  # what OpenAI calls them in its answers; the others by their names
_SOUND_EXPIRES_AFTER = 3600  # seconds
_PLAIN_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class _Said:
    """An answer to a body that may come again, but for the time."""

    model: str
    body: bytes
    streamed: bool

    def at(self, now: int) -> relay.Answer:
        """The answer as given at that Unix time."""
        body = self.body.replace(chat_bytes.TIME, b"%d" % now)
        return relay.Answer(body, STREAM_HEADERS if self.streamed else _PLAIN_HEADERS)


class Memory:
    """The last answers by the body that asked: load tests send one request again and again. At most 8 MB."""

    _MOST, _LONGEST_REQUEST, _LONGEST_ANSWER = 128, 16 * 1024, 48 * 1024  # answers; bytes

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, _Said] = OrderedDict()
        self.get = self._kept.get

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, body: bytes, said: _Said) -> None:
        """Keep an answer, unless it is a long one."""
        if len(body) <= self._LONGEST_REQUEST and len(said.body) <= self._LONGEST_ANSWER:
            self._kept[body] = said
            if len(self._kept) > self._MOST:
                self._kept.popitem(last=False)


MEMORY = web.AppKey("CHAT_MEMORY", Memory)


async def chat(call: Call) -> relay.Answer:
    """Answer one request. Raises ApiError."""
    said = call.app[MEMORY].get(call.body) if call.is_of_this_seed and not call.simulated else None
    if said is not None and not is_real(said.model, call.app[REAL_MODEL]):
        return said.at(call.now)
    try:
        ask = read_with_model(call, schema.decoder)
    except BadRequestError as error:
        if not _is_wrong_everywhere(error) and (real := await real_answer(call, CHAT)):
            return real
        raise
    if real := await real_answer(call, CHAT, ask.model):
        return real
    check_model(call, ask.model)
    return await _simulated(call, ask)


def _is_wrong_everywhere(error: BadRequestError) -> bool:
    """Whether llama-server, which has more fields than OpenAI and other values, could not read it either."""
    return error.code in _WRONG_EVERYWHERE and _SAME_EVERYWHERE.fullmatch(error.param or "") is not None


async def _simulated(call: Call, ask: ChatRequest) -> relay.Answer:
    """The simulator's answer, plain or streamed, in OpenAI's bytes. Raises BadRequestError."""
    if _FILE in call.body:
        _check_files(ask, call)
    if len(call.body) > _LONG_REQUEST or _is_demanding(ask):
        # In a thread, so that others are answered meanwhile.
        answer = await asyncio.to_thread(_completed, ask, call)
    else:
        answer = _completed(ask, call)
    frame, times = _frame(ask, call), call.app[TIMES]
    is_long = ask.is_spoken or answer.completion_tokens * (2 + (ask.top_logprobs or 0)) > _LONG_ANSWER
    if ask.store:
        completion = await _plain(answer, frame, b"%d" % call.now, is_long=is_long)
        stored_chats.keep(call, ask, answer.id, call.body, completion)
    options = ask.stream_options or StreamOptions()
    if ask.stream and (is_long or _is_paced(options)):
        events = _events(answer, frame, b"%d" % call.now, options)
        if not _is_paced(options):
            return relay.Answer(chat_events.in_turns(events), STREAM_HEADERS)
        timed = events.timed(_seconds_before_each(options, answer.id), options.tokens_per_second)
        return relay.Answer(on_schedule(timed, times.clock, times.sleep), STREAM_HEADERS)
    if ask.stream:
        body = _events(answer, frame, chat_bytes.TIME, options).at_once()
    else:
        body = await _plain(answer, frame, chat_bytes.TIME, is_long=is_long)
    said = _Said(ask.model, body, bool(ask.stream))
    if _is_everybodys(ask, call):
        call.app[MEMORY].put(call.body, said)
    return said.at(call.now)


def _is_everybodys(ask: ChatRequest, call: Call) -> bool:
    """Whether all who send the same body get the same answer, with nothing but the time to be told anew."""
    if ask.store or ask.is_spoken or _FILE in call.body:
        return False
    return call.script is None and call.is_of_this_seed


def _check_files(ask: ChatRequest, call: Call) -> None:
    if call.script is not None:  # what a scenario answers may have been asked elsewhere, and the file be there
        return
    from proxy.endpoints.media_rules import check_kept  # noqa: PLC0415 - who sends texts need not load it

    for index, message in enumerate(ask.messages):
        for at, part in enumerate(message.content if isinstance(message.content, list) else ()):
            if part.file and part.file.file_id:
                check_kept(call, part.file.file_id, f"messages[{index}].content[{at}].file.file_id")


async def _plain(answer: Answer, frame: chat_bytes.Frame, created: bytes, *, is_long: bool) -> bytes:
    if is_long:
        return await asyncio.to_thread(chat_bytes.plain, answer, frame, created)
    return chat_bytes.plain(answer, frame, created)


def _is_demanding(ask: ChatRequest) -> bool:
    """Whether the answer can take longer than a thread takes to start."""
    several = (ask.n or 1) > 4
    return bool(ask.tools or ask.functions or ask.response_format or ask.audio or (several and ask.logprobs))


def _completed(ask: ChatRequest, call: Call) -> Answer:
    chat_rules.check(ask)
    job = chat_job.job_of(ask, call.server_seed)
    answer = call.complete(job) if job.format is None and job.tool_use is None else _by_schema(ask, job, call)
    if ask.is_spoken and ask.audio:
        from proxy.sim.voiced import voiced  # noqa: PLC0415 - who reads need not load what speaks

        voice = ask.audio.voice if isinstance(ask.audio.voice, str) else ask.audio.voice.id
        answer = voiced(answer, voice, ask.audio.format, job.max_tokens)
    if ask.model == SIMULATED and answer.prompt_tokens > CONTEXT:
        raise _too_long(answer)
    return stored_chats.named(answer, ask) if ask.store else answer


def _by_schema(ask: ChatRequest, job: ChatJob, call: Call) -> Answer:
    from proxy import schema_rules  # noqa: PLC0415 - as in chat_rules
    from proxy.sim.structured import SchemaError  # noqa: PLC0415

    try:
        return call.complete(job)
    except SchemaError as problem:
        raise schema_rules.unmet(ask, problem) from None


def _too_long(answer: Answer) -> BadRequestError:
    return BadRequestError(
        f"This model's maximum context length is {CONTEXT} tokens. However, your messages resulted in "
        f"{answer.prompt_tokens} tokens. Please reduce the length of the messages.",
        param="messages",
        code="context_length_exceeded",
    )


def _frame(ask: ChatRequest, call: Call) -> chat_bytes.Frame:
    tier = _TIERS.get(ask.service_tier or "auto", ask.service_tier or "auto")
    sounds = 0
    for message in ask.messages:
        if isinstance(message.content, list):
            sounds += sum([chat_job.sound_tokens(part) for part in message.content])
    functions = bool(ask.functions) and not ask.tools
    return chat_bytes.Frame(ask.model, tier, functions, sounds, call.now + _SOUND_EXPIRES_AFTER if ask.audio else 0)


def _events(answer: Answer, frame: chat_bytes.Frame, created: bytes, options: StreamOptions) -> chat_events.Events:
    return chat_events.Events(
        answer,
        frame,
        created,
        with_usage=bool(options.include_usage),
        obfuscated=bool(options.include_obfuscation),
    )


def _is_paced(options: StreamOptions) -> bool:
    return bool(options.delay_min_ms or options.delay_max_ms or options.tokens_per_second)


def _seconds_before_each(options: StreamOptions, key: str) -> Iterator[float]:
    """Uniform between the two delays, the same for the same request; one alone is both, or starts at 0."""
    low = options.delay_min_ms or 0.0
    high = low if options.delay_max_ms is None else options.delay_max_ms
    draw = Random(key).random
    while True:
        yield (low + (high - low) * draw()) / 1000

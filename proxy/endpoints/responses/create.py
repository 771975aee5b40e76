"""`POST /v1/responses`: one answer of the generator, whole, as events, or in the background."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import msgspec

from proxy.endpoints.call import Call, check_model, json_answer
from proxy.endpoints.responses import rules, shape
from proxy.endpoints.responses.events import Events, unfinished
from proxy.endpoints.responses.given import Given, given_to
from proxy.endpoints.responses.items import as_kept, identifier
from proxy.endpoints.responses.job import job_of, namespaces_of
from proxy.endpoints.responses.reading import Reader
from proxy.endpoints.responses.schema import Request, Streaming
from proxy.endpoints.responses.sealed import too_long
from proxy.endpoints.responses.state import LARGEST, STATE, Item, Kept, State, encoded, size
from proxy.keys import TIMES
from proxy.pace import on_schedule
from proxy.relay import Answer
from proxy.sim import tokens
from proxy.sim.job import Answer as Said
from proxy.sim.job import ChatJob
from proxy.sim.structured import SchemaError
from proxy.sse import HEADERS as STREAM_HEADERS

CONTEXT_TOKENS = 128_000


@dataclass(frozen=True, slots=True)
class Made:
    """A response that has ended."""

    response: Item
    said: Said


async def create(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    state = call.own(STATE)
    reader = Reader(call)
    ask = reader.read(Request)
    if ask.model is not None:
        check_model(call, ask.model)
    if ask.tools:
        ask.tools = rules.with_strictness(reader.tools(ask.tools))
    rules.check(ask)
    given = given_to(ask, reader, state)
    rules.check_json_is_asked_for(ask, given.all)
    made = _made(ask, given, call, state)
    kept = _keep(ask, given, made.response, state)
    if ask.background and not ask.stream:
        kept.ahead = ["in_progress", "queued"]
        return json_answer(unfinished(made.response, "queued"))
    if ask.stream:
        return _streamed(ask, made, call)
    return json_answer(made.response)


def _made(ask: Request, given: Given, call: Call, state: State) -> Made:
    begun = shape.begun(ask, ask.tools or [], 0)
    said = _said(ask, job_of(ask, given.all, call.server_seed), call)
    owner = identifier("resp", said.id, begun, ask.include)
    if ask.background and (before := state.asked_before(owner)):
        owner = identifier("resp", owner, before)  # each has states of its own, which end once
    output = shape.output_of(ask, said.choices[0], owner, namespaces_of(ask))
    return Made(shape.ended(begun | {"id": owner, "created_at": call.now}, said, output, call.now), said)


def _said(ask: Request, job: ChatJob, call: Call) -> Said:
    try:
        said = call.complete(job)
        if said.prompt_tokens <= CONTEXT_TOKENS:
            return said
        if ask.truncation == "auto":
            return call.complete(_truncated(job, said.prompt_tokens - CONTEXT_TOKENS))
    except SchemaError as problem:
        raise rules.unmet(ask, problem) from None
    raise too_long()


def _truncated(job: ChatJob, excess: int) -> ChatJob:
    """The job without its oldest messages, those of the developer excepted, and the last one."""
    kept = []
    for message in job.messages[:-1]:
        if excess > 0 and message.role not in ("system", "developer"):
            excess -= 3 + tokens.count(message.role) + tokens.count(message.text) + message.media_tokens
        else:
            kept.append(message)
    if excess > 0:
        raise too_long()
    return replace(job, messages=(*kept, job.messages[-1]))


def _keep(ask: Request, given: Given, response: Item, state: State) -> Kept:
    inputs = encoded(as_kept(given.inputs, response["id"]))
    outputs = encoded(response["output"])
    kept = Kept(response["id"], msgspec.json.encode(response), given.before, inputs, outputs)
    if size(kept.context) > LARGEST:
        raise too_long()
    if ask.store is not False:
        state.keep(kept)
    if given.conversation is not None:
        given.conversation.add(inputs + outputs)
        state.touch(given.conversation)
    return kept


def _streamed(ask: Request, made: Made, call: Call) -> Answer:
    options = ask.stream_options or Streaming()
    events = Events(made.response, obfuscated=bool(options.include_obfuscation))
    if not (options.delay_min_ms or options.delay_max_ms or options.tokens_per_second):
        return Answer(b"".join([event for _, event in events]), STREAM_HEADERS)
    times = call.app[TIMES]
    return Answer(on_schedule(_timed(events, options, made), times.clock, times.sleep), STREAM_HEADERS)


def _timed(events: Events, options: Streaming, made: Made) -> Iterator[tuple[float, bytes]]:
    """Each event with the second it is due. Delays and pace are those of a chat's stream, and hold back deltas."""
    listed = list(events)
    deltas = sum([is_delta for is_delta, _ in listed]) or 1
    least = made.said.completion_tokens / deltas / options.tokens_per_second if options.tokens_per_second else 0.0
    low = options.delay_min_ms or 0.0
    high = low if options.delay_max_ms is None else options.delay_max_ms
    draw = Random(made.said.id).random
    due = 0.0
    for is_delta, event in listed:
        if is_delta:
            due += max((low + (high - low) * draw()) / 1000, least)
        yield due, event

"""Lets a simulated answer take its time, or says how long it would have taken."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import web

from proxy.dispatch import is_real
from proxy.endpoints.arriving import body_of
from proxy.errors import BadRequestError
from proxy.faults.fault import data_of, is_stream, joined
from proxy.gate import Handler
from proxy.keys import REAL_MODEL, TIMES, Times
from proxy.latency.timing import Latency, Timing
from proxy.limits.ask import Ask, generates, read
from proxy.limits.bill import Usage, texts_of
from proxy.pace import on_schedule, until
from proxy.relay import Answer, Body
from proxy.runs.keys import EXCHANGE, Exchange
from proxy.runs.view import decoded

AT = "x-sim-at-ms"
_PACES = frozenset({"delay_min_ms", "delay_max_ms", "tokens_per_second"})
_EARLY_MS = 1.0  # by which a timer may be early
_CACHED = re.compile(rb'("(?:prompt|input)_tokens":(\d+)[^{}]*\{[^{}]*"cached_tokens":)0\b')


async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's response, at its time. Raises UnavailableError where too many wait."""
    exchange = request[EXCHANGE]
    latency = exchange.run.latency
    if latency is None or not generates(request.method, request.path):
        return await handler(request)
    body = await body_of(request)
    exchange.entry.asked(body)
    ask, asked = read(request.path, request.headers, body), decoded(body)
    if not isinstance(asked, dict) or _has_a_pace(asked):
        return await handler(request)
    times = request.app[TIMES]
    at = _at(request, latency) if latency.profile.virtual else times.clock()
    timings: list[Timing] = []

    async def plan(answer: Answer) -> Answer:
        if is_real(ask.model, request.app[REAL_MODEL]):
            return answer
        body = await _whole(answer.body)
        timing = _timing(latency, ask, asked, body, at, streamed=is_stream(answer))
        timings.append(timing)
        if timing.cached:
            body = _CACHED.sub(lambda found: _with_cached(found, timing.cached), body)
        _note(exchange, timing, virtual=latency.profile.virtual)
        return Answer(body, {**answer.headers, **_headers(timing)}, answer.status)

    async def pace(answer: Answer) -> Answer:
        return await _sent(answer, timings[0], latency, times) if timings else answer

    # What an answer costs is looked at between the two: it needs the cached tokens, and the body whole.
    exchange.looks = (plan, *exchange.looks, pace)
    try:
        return await handler(request)
    finally:
        if timings and not latency.profile.virtual:
            now = times.clock()
            latency.line.leave(timings[0].place, now)
            _forget(exchange, now - at)


async def _whole(body: bytes | Body) -> bytes:
    if isinstance(body, bytes):
        return body
    async with aclosing(body) as source:
        return await joined(aiter(source))


def _timing(latency: Latency, ask: Ask, asked: Any, body: bytes, at: float, *, streamed: bool) -> Timing:
    usage = Usage(ask.prompt_tokens)
    for document in [data_of(event) or b"" for event in body.split(b"\n\n")] if streamed else [body]:
        usage.see(decoded(document))
    usage.settle()
    cached = min(latency.prompts.cached(asked, at), usage.prompt) if latency.profile.cache else 0
    # The prompt is estimated, though a plain answer tells it: a stream, which need not, takes the same time.
    at_once = asked.get("n") or 1  # choices are written side by side
    return latency.timed(at, ask.prompt_tokens, cached, max(usage.completion // at_once, 1))


async def _sent(answer: Answer, timing: Timing, latency: Latency, times: Times) -> Answer:
    """The answer when it is time; a stream that goes out event by event."""
    if latency.profile.virtual:
        latency.virtual_now = max(latency.virtual_now, timing.arrived + timing.total)
        return answer
    assert isinstance(answer.body, bytes), "it was read whole"
    if is_stream(answer):
        return Answer(_paced(answer.body, timing, times), answer.headers, answer.status)
    await until(timing.arrived + timing.total, times.clock, times.sleep)
    return answer


def _paced(body: bytes, timing: Timing, times: Times) -> AsyncGenerator[bytes, None]:
    """Each event that brings text when its tokens are there, every other one with the one before."""
    events = [event + b"\n\n" for event in body.split(b"\n\n") if event]
    brings = [bool(texts_of(decoded(data_of(event) or b""))) for event in events]
    scheduled, number, due = [], 0, timing.first
    for event, is_text in zip(events, brings, strict=True):
        if is_text:
            due = timing.of_piece(number, sum(brings))
            number += 1
        scheduled.append((due, event))
    return on_schedule(_together(scheduled), times.clock, times.sleep, timing.arrived)


def _together(scheduled: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    """Events of one time in one piece."""
    grouped: list[tuple[float, bytes]] = []
    for due, event in scheduled:
        if grouped and grouped[-1][0] == due:
            grouped[-1] = (due, grouped[-1][1] + event)
        else:
            grouped.append((due, event))
    return grouped


def _at(request: web.Request, latency: Latency) -> float:
    """When a request comes on the virtual clock: when it says, or when all before it are over."""
    given = request.headers.get(AT)
    if given is None:
        return latency.virtual_now
    if not given.isascii() or not given.isdigit() or len(given) > 12:
        raise BadRequestError(
            f"Invalid '{AT}': expected a whole number of milliseconds, but got '{given[:80]}'.",
            param=AT,
            code="invalid_value",
        )
    return int(given) / 1000


def _has_a_pace(asked: dict[str, Any]) -> bool:
    options = asked.get("stream_options")
    return isinstance(options, dict) and not _PACES.isdisjoint(options)


def _headers(timing: Timing) -> dict[str, str]:
    return {
        f"x-sim-{name.replace('_', '-')}": f"{value:.3f}".rstrip("0").rstrip(".")
        for name, value in _told(timing).items()
    }


def _note(exchange: Exchange, timing: Timing, *, virtual: bool) -> None:
    entry = exchange.entry
    entry.notes = {**entry.notes, "timing": _told(timing) | {"cached_tokens": timing.cached, "virtual": virtual}}


def _forget(exchange: Exchange, took: float) -> None:
    """Take back what was noted of a time that the client did not stay for; from the queue it left when it left."""
    noted = exchange.entry.notes["timing"]
    ms = took * 1000 + _EARLY_MS
    came = {name: noted[name] if noted[name] <= ms else None for name in ("ttft_ms", "total_ms")}
    queued = min(noted["queue_ms"], round(took * 1000, 3))
    exchange.entry.notes = {**exchange.entry.notes, "timing": {**noted, "queue_ms": queued, **came}}


def _told(timing: Timing) -> dict[str, float]:
    seconds = {"queue_ms": timing.queued, "ttft_ms": timing.first, "total_ms": timing.total}
    return {name: round(value * 1000, 3) for name, value in seconds.items()}


def _with_cached(found: "re.Match[bytes]", cached: int) -> bytes:
    return found[1] + b"%d" % min(cached, int(found[2]))

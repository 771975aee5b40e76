"""`/v1/batches`: files of requests, run one after another by the same functions that answer them over HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from proxy.batches import BOUNDS, Ask, Batch, Batches, NotYetError, Tasks
from proxy.chat_rules import check_metadata
from proxy.dispatch import is_real
from proxy.endpoints.call import CHAT, Call, Endpoint, json_answer, later, model_named, own, read
from proxy.endpoints.chat import chat
from proxy.endpoints.files import ExpiresAfter
from proxy.endpoints.page import listing, page
from proxy.endpoints.responses.routes import RESPONSES, responses
from proxy.errors import ApiError, BadRequestError, InternalError, NotFoundError, UnavailableError
from proxy.keys import BATCHES, FILES, REAL_MODEL, SETTINGS, TIMES
from proxy.relay import Answer
from proxy.runs.own import Own
from proxy.runs.runs import Run
from proxy.store import Store
from proxy.wording import check_choice

if TYPE_CHECKING:
    from proxy.scenarios.player import Player

log = logging.getLogger("proxy")

ENDPOINTS: Mapping[str, Endpoint] = {
    CHAT: chat,
    "/v1/completions": later("completions", "completions"),
    "/v1/embeddings": later("embeddings", "embeddings"),
    "/v1/moderations": later("moderations", "moderations"),
    "/v1/images/generations": later("images", "generations"),
    RESPONSES: responses,
}
# A llama-server may want its key, a picture's address has the host, a budget may be an organisation's.
_PASSED_HEADERS = ("Authorization", "Host", "openai-organization")
_SIMULATED_AT_ONCE, _REAL_AT_ONCE = 1, 4  # lines of all batches together


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields."""

    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: dict[str, Annotated[str, Meta(max_length=512)]] | None = None
    output_expires_after: ExpiresAfter | None = None


class _Streamed(Struct):
    stream: Any = None


_decoder = msgspec.json.Decoder(Request)


async def create(call: Call) -> Answer:
    """Begin a batch. Raises ApiError."""
    ask = read(call, _decoder)
    check_choice("endpoint", ask.endpoint, tuple(ENDPOINTS))
    check_choice("completion_window", ask.completion_window, ("24h",))
    check_metadata(ask.metadata or {})
    file = call.own(FILES).get(ask.input_file_id)
    if file is None:
        raise NotFoundError(f"No such File object: {ask.input_file_id}", param="input_file_id")
    if file.purpose != "batch":
        raise BadRequestError(
            f"The purpose of the file '{file.id}' is '{file.purpose}', but it must be 'batch'.",
            param="input_file_id",
            code="invalid_value",
        )
    batch = call.own(BATCHES).create(
        ask.endpoint,
        file,
        metadata=ask.metadata,
        headers={name: call.headers[name] for name in _PASSED_HEADERS if name in call.headers},
        output_seconds=ask.output_expires_after.seconds if ask.output_expires_after else None,
        one_model=not call.app[SETTINGS].lenient,
    )
    return json_answer(card(batch))


async def listed(request: web.Request) -> web.Response:
    """The batches. Raises BadRequestError."""
    kept = own(request, BATCHES).all()
    batches, more = page(request.query, kept, lambda batch: batch.id, usual=20, most=100)
    return _json(listing([card(batch) for batch in batches], more=more))


async def one(request: web.Request) -> web.Response:
    """A batch as it is now. Raises NotFoundError."""
    return _json(card(_found(request)))


async def cancel(request: web.Request) -> web.Response:
    """End a batch. Raises NotFoundError, and BadRequestError where it has ended by itself."""
    batch = _found(request)
    if not own(request, BATCHES).cancel(batch):
        raise BadRequestError(f"Cannot cancel a batch with status '{batch.status}'.", code="invalid_batch_status")
    return _json(card(batch))


async def running(app: web.Application) -> AsyncIterator[None]:
    """The batches of an application, ended with it."""
    times = app[TIMES]
    tasks, asker = Tasks(), _asker(app)
    kept: Store[Batch] = Store(BOUNDS, times.clock)
    app[BATCHES] = Own(
        lambda run: Batches(
            app[SETTINGS].seed,
            app[FILES].of(run),
            asker(run),
            now=times.now,
            sleep=times.sleep,
            kept=kept.part(run.owner),
            tasks=tasks,
        )
    )
    yield
    await tasks.close()


def card(batch: Batch) -> dict[str, Any]:
    """OpenAI's batch object, without what is not known yet: its description has no nulls there."""
    usage, errors = batch.usage, batch.errors
    known = {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": batch.model,
        "errors": {"object": "list", "data": [msgspec.to_builtins(error) for error in errors]} if errors else None,
        "input_file_id": batch.input_file_id,
        "completion_window": "24h",
        "status": batch.status,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        **batch.at,
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "usage": {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            "total_tokens": usage.input_tokens + usage.output_tokens,
        },
        "metadata": batch.metadata,
    }
    return {name: value for name, value in known.items() if value is not None or name == "metadata"}


def _asker(app: web.Application) -> Callable[[Run], Ask]:
    """What asks a run's lines; all runs share the turns."""
    simulated, real = asyncio.Semaphore(_SIMULATED_AT_ONCE), asyncio.Semaphore(_REAL_AT_ONCE)

    async def ask(run: Run, endpoint: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        call = Call(app, headers, body, run=run)
        try:
            name = model_named(body)
            async with real if name is not None and is_real(name, app[REAL_MODEL]) else simulated:
                await asyncio.sleep(0)  # a line of the simulator takes its turn with everybody's requests
                return await _charged(endpoint, call, run)
        except ApiError as error:
            # Or llama-server's queue is full; a 503 that a scenario asks for is no such thing.
            if isinstance(error, UnavailableError) and error.code in (None, "model_loading"):
                raise NotYetError(float(error.headers.get("Retry-After", "1"))) from None
            return error.status, error.body()
        except Exception:  # a defect of one line is not the end of the batch
            log.exception("a line of a batch failed at %s", endpoint)
            return 500, InternalError("The server had an error while processing your request.").body()

    return lambda run: partial(ask, run)


async def _charged(endpoint: str, call: Call, run: Run) -> tuple[int, bytes]:
    """The line's answer, as its run has it."""
    if run.meter is None or run.meter.plan.budget is None:
        return await _answered(endpoint, call, run)
    from proxy.limits.batched import charged  # noqa: PLC0415 - who has no budget need not load it

    return await charged(run.meter, endpoint, call.headers, call.body, lambda: _answered(endpoint, call, run))


async def _answered(endpoint: str, call: Call, run: Run) -> tuple[int, bytes]:
    try:
        streamed = bool(msgspec.json.decode(call.body, type=_Streamed).stream)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        streamed = False  # the endpoint says what is wrong
    if streamed:
        raise BadRequestError("Streaming is not supported in the Batch API.", param="stream", code="invalid_value")
    answer = await _said(endpoint, call, run.player)
    if isinstance(answer.body, bytes):
        return answer.status, answer.body
    async with aclosing(answer.body) as source:
        return answer.status, b"".join([piece async for piece in source])


async def _said(endpoint: str, call: Call, player: "Player | None") -> Answer:
    if player is None:
        return await ENDPOINTS[endpoint](call)
    from proxy.scenarios.play import played_line  # noqa: PLC0415 - who has no scenario need not load it

    return await played_line(endpoint, call, ENDPOINTS[endpoint], player)


def _found(request: web.Request) -> Batch:
    name = request.match_info["id"]
    batch = own(request, BATCHES).get(name)
    if batch is None:
        raise NotFoundError(f"No batch found with id '{name}'.", param="batch_id")
    return batch


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")

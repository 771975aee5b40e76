"""One JSON request to one endpoint, over HTTP or as a line of a batch, and what all endpoints do with it.

An endpoint is a function from a `Call` to an `Answer`; `over_http` makes a handler of it. Which model answers is
dispatch.py's; what a body must look like is each endpoint's own.
"""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aiohttp import web

from proxy import relay, wording
from proxy.dispatch import check_listed, is_real, not_now, reach
from proxy.endpoints.arriving import body_of
from proxy.errors import BadRequestError, UnreachableError
from proxy.gate import Handler
from proxy.keys import REAL_MODEL, SETTINGS, TIMES
from proxy.relay import Answer
from proxy.runs.keys import EXCHANGE, RUNS
from proxy.sim.chat import complete
from proxy.sim.job import Answer as Said
from proxy.sim.job import ChatJob

if TYPE_CHECKING:  # who has no scenario need not load it
    from proxy.runs.own import Own
    from proxy.runs.runs import Run
    from proxy.scenarios.script import Script

T = TypeVar("T")

CHAT = "/v1/chat/completions"
_CONVERSATIONS = frozenset(
    {
        CHAT,
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/responses",
        "/v1/responses/input_tokens",
        "/apply-template",
    }
)


class _Named(msgspec.Struct):
    model: str


class _PerhapsNamed(msgspec.Struct):
    model: Any = None


_named = msgspec.json.Decoder(_Named)
_perhaps_named = msgspec.json.Decoder(_PerhapsNamed)
_JSON = {"Content-Type": "application/json"}
_MOST_UNKNOWN = 100  # names of unknown fields that a lenient server takes out, one decoding each


class Call(msgspec.Struct, frozen=True):
    """What was asked; and, where a scenario says so, what is said to it, and that the real model has no part in it."""

    app: web.Application
    headers: Mapping[str, str]
    body: bytes
    script: "Script | None" = None
    simulated: bool = False
    run: "Run | None" = None

    @property
    def origin(self) -> str:
        """The address that the client used, such as http://127.0.0.1:3080, and of its run, if that has a name."""
        settings = self.app[SETTINGS]
        run = f"/t/{self.run.name}" if self.run is not None and self.run.name else ""
        return f"http://{self.headers.get('Host') or f'{settings.host}:{settings.port}'}{run}"

    @property
    def server_seed(self) -> int:
        """The seed of the simulator: the run's, or this server's."""
        return self.app[SETTINGS].seed if self.run is None else self.run.seed

    @property
    def now(self) -> int:
        """Unix time in whole seconds, as the run has it."""
        return int(self.app[TIMES].now() if self.run is None else self.run.now())

    @property
    def is_of_this_seed(self) -> bool:
        """Whether others may get the same answer: the run has no seed of its own."""
        return self.run is None or self.run.seed == self.app[SETTINGS].seed

    def own(self, key: "web.AppKey[Own[T]]") -> T:
        """What the call's run has of its own."""
        return self.app[key].of(self.app[RUNS].unnamed if self.run is None else self.run)

    def complete(self, job: ChatJob) -> Said:
        """The generator's answer, or the scenario's. Raises SchemaError as `sim.chat.complete` does."""
        return complete(job) if self.script is None else self.script.answer(job)


Endpoint = Callable[[Call], Awaitable[Answer]]


def later(module: str, name: str) -> Endpoint:
    """An endpoint of a module of this package, which is imported at the first call: who only chats starts sooner."""

    async def endpoint(call: Call) -> Answer:
        loaded: Endpoint = getattr(import_module(f"proxy.endpoints.{module}"), name)
        return await loaded(call)

    return endpoint


def over_http(endpoint: Endpoint) -> Handler:
    """The handler of an endpoint."""

    async def handler(request: web.Request) -> web.StreamResponse:
        call = await called(request)
        exchange = request.get(EXCHANGE)
        player = exchange.run.player if exchange else None
        if player is None:
            return await relay.send(request, await endpoint(call))
        from proxy.scenarios.play import played  # noqa: PLC0415 - as above

        return await relay.send(request, await played(request, call, endpoint, player))

    return handler


def own(request: web.Request, key: "web.AppKey[Own[T]]") -> T:
    """What the request's run has of its own."""
    return request.app[key].of(request[EXCHANGE].run)


async def called(request: web.Request) -> Call:
    """The call that an HTTP request makes."""
    body = await body_of(request)
    exchange = request.get(EXCHANGE)
    if exchange is None:
        return Call(request.app, request.headers, body)
    exchange.entry.asked(body)
    return Call(request.app, request.headers, body, run=exchange.run)


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body in a structure. Raises BadRequestError that names the first wrong field."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as problem:
        raise wording.invalid(str(problem), body, getattr(decoder.type, "__struct_fields__", ())) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise wording.malformed(problem) from None


def read(call: Call, decoder: msgspec.json.Decoder[T]) -> T:
    """`decode`, for structures that forbid unknown fields: a lenient server takes these out."""
    body = call.body
    for _ in range(_MOST_UNKNOWN if call.app[SETTINGS].lenient else 0):
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as problem:
            less = wording.without_unknown(str(problem), body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            break
        if less is None:
            break
        body = less
    return decode(decoder, body)


def read_with_model(call: Call, decoder: msgspec.json.Decoder[T]) -> T:
    """`read`, for endpoints where OpenAI asks for the model before all else, and says nothing else without one."""
    try:
        return read(call, decoder)
    except BadRequestError:
        if _names_no_model(call.body):
            raise BadRequestError("you must provide a model parameter") from None
        raise


def _names_no_model(body: bytes) -> bool:
    try:
        return _perhaps_named.decode(body).model in (None, "")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False  # no JSON, or no object


def json_answer(value: Any) -> Answer:
    """A plain answer."""
    return Answer(msgspec.json.encode(value), _JSON)


async def real_answer(call: Call, path: str, name: str | None = None) -> Answer | None:
    """llama-server's answer, if the call names the real model; `name` is the model where it is known. Raises ApiError.

    The body goes there as it is, but for the markers and numbers in a conversation's texts (prompt_text.py).
    """
    if call.simulated:
        return None
    name = name or model_named(call.body)
    model = call.app[REAL_MODEL]
    if name is None or not is_real(name, model):
        return None
    now = call.app[TIMES].now
    upstream = await reach(name, model, now)
    body = model.prompt_text(name).prepare(call.body) if path in _CONVERSATIONS else call.body
    try:
        return await upstream.post(path, body, call.headers)
    except UnreachableError:
        # It may have gone down to load again: then the truth is a 503 that says so.
        await model.refresh()
        if error := not_now(model.state(name), now()):
            raise error from None
        raise


def check_model(call: Call, name: str) -> None:
    """Refuse a name that is not listed, where the server is strict. Raises NotFoundError."""
    if call.app[SETTINGS].strict_models and not call.simulated:
        check_listed(name)


def check_simulated(call: Call, name: str) -> None:
    """`check_model`, where llama-server has nothing to offer: refuses the real model's name too. Raises ApiError."""
    if is_real(name, call.app[REAL_MODEL]):
        raise BadRequestError(
            f"The model '{name}' reads and writes texts only. Every other name is simulated here, such as gpt-sim-1.",
            param="model",
            code="model_not_supported",
        )
    check_model(call, name)


def model_named(body: bytes) -> str | None:
    """The model that a request names, also where the rest of it is wrong; None where it names none."""
    try:
        return _named.decode(body).model
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # the endpoint's own decoder says what is wrong

"""What llama-server has and OpenAI has not: passed on to it as it is, for real models only.

A request names its model, or means the one real model that is here. Answers are llama-server's own bytes.
"""

from aiohttp import web

from proxy import relay
from proxy.dispatch import NANOCHAT, is_real, reach
from proxy.endpoints.call import Call, model_named, over_http, real_answer
from proxy.errors import BadRequestError
from proxy.gate import Handler
from proxy.keys import REAL_MODEL, TIMES
from proxy.relay import Answer

# With and without /v1, as llama-server has them.
_RERANK = ("/v1/rerank", "/v1/reranking")
# llama-server's own, which have no /v1. What changes its state (slots are saved, adapters and properties set) is left
# out; /metrics is too: it would be taken for this server's own.
_POSTS = ("/tokenize", "/detokenize", "/apply-template", "/infill", "/completion")
_GETS = ("/props", "/slots")


def _post(path: str) -> Handler:
    async def endpoint(call: Call) -> Answer:
        """Raises ApiError."""
        name = model_named(call.body) or _the_one(call.app)
        if real := await real_answer(call, path, name):
            return real
        raise BadRequestError(
            f"{path} is llama-server's: only a real model answers it, and '{name}' is simulated.",
            param="model",
            code="model_not_supported",
        )

    return over_http(endpoint)


def _get(path: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        """Raises ApiError."""
        app, name = request.app, _the_one(request.app)
        is_real(name, app[REAL_MODEL])  # raises where there is none
        upstream = await reach(name, app[REAL_MODEL], app[TIMES].now)
        query = request.rel_url.raw_query_string
        return await relay.send(request, await upstream.read(f"{path}?{query}" if query else path, request.headers))

    return handler


def _the_one(app: web.Application) -> str:
    """The real model's name, or one that says how to get a real model."""
    return next(iter(app[REAL_MODEL].names), NANOCHAT)


RERANK: tuple[tuple[str, str, Handler], ...] = tuple(("POST", path, _post(path)) for path in _RERANK)
PASSED: tuple[tuple[str, str, Handler], ...] = (
    *(("POST", path, _post(path)) for path in _POSTS),
    *(("GET", path, _get(path)) for path in _GETS),
)

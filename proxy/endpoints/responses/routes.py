"""The paths of the Responses API and of conversations. What answers them is imported at the first request to it."""

from importlib import import_module

from aiohttp import web

from proxy import relay
from proxy.endpoints.call import Call, Endpoint, over_http, real_answer
from proxy.gate import Handler
from proxy.relay import Answer

RESPONSES = "/v1/responses"
_TOKENS, _COMPACT = f"{RESPONSES}/input_tokens", f"{RESPONSES}/compact"
_CONVERSATIONS = "/v1/conversations"


def _endpoint(path: str, module: str, name: str) -> Endpoint:
    async def endpoint(call: Call) -> Answer:
        if real := await real_answer(call, path):
            return real
        answer: Answer = await getattr(_imported(module), name)(call)
        return answer

    return endpoint


def _handler(module: str, name: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await relay.send(request, await getattr(_imported(module), name)(request))

    return handler


def _imported(module: str) -> object:
    return import_module(f"proxy.endpoints.responses.{module}")


responses = _endpoint(RESPONSES, "create", "create")

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", RESPONSES, over_http(responses)),
    ("POST", _TOKENS, over_http(_endpoint(_TOKENS, "counting", "input_tokens"))),
    ("POST", _COMPACT, over_http(_endpoint(_COMPACT, "counting", "compact"))),
    ("GET", f"{RESPONSES}/{{id}}", _handler("kept", "retrieve")),
    ("DELETE", f"{RESPONSES}/{{id}}", _handler("kept", "delete")),
    ("POST", f"{RESPONSES}/{{id}}/cancel", _handler("kept", "cancel")),
    ("GET", f"{RESPONSES}/{{id}}/input_items", _handler("kept", "input_items")),
    ("POST", _CONVERSATIONS, _handler("conversations", "create")),
    ("GET", f"{_CONVERSATIONS}/{{id}}", _handler("conversations", "retrieve")),
    ("POST", f"{_CONVERSATIONS}/{{id}}", _handler("conversations", "update")),
    ("DELETE", f"{_CONVERSATIONS}/{{id}}", _handler("conversations", "delete")),
    ("POST", f"{_CONVERSATIONS}/{{id}}/items", _handler("conversations", "add_items")),
    ("GET", f"{_CONVERSATIONS}/{{id}}/items", _handler("conversations", "items")),
    ("GET", f"{_CONVERSATIONS}/{{id}}/items/{{item_id}}", _handler("conversations", "one_item")),
    ("DELETE", f"{_CONVERSATIONS}/{{id}}/items/{{item_id}}", _handler("conversations", "delete_item")),
)

"""The chat completions that were asked with `store: true`: list, read, change the metadata, delete.

They lie in memory within BOUNDS and are gone with the process. An id is drawn from the request and what is shown of it,
so that the same request twice is one entry, the newer, and no entry takes the place of another.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Struct

from proxy.chat_rules import check_metadata
from proxy.endpoints.arriving import body_of
from proxy.endpoints.call import Call, decode, own
from proxy.endpoints.page import listing, page
from proxy.errors import NotFoundError
from proxy.runs.own import Own
from proxy.schema import ChatRequest
from proxy.sim.job import Answer
from proxy.sim.letters import base62
from proxy.store import Bounds, Part

BOUNDS = Bounds(entries=1000, bytes=32 * 1024 * 1024, seconds=24 * 3600)
_USUAL, _MOST = 20, 100  # entries of a page
_SETTINGS = (
    "tool_choice",
    "seed",
    "top_p",
    "temperature",
    "presence_penalty",
    "frequency_penalty",
    "tools",
    "response_format",
)
_ALSO_SHOWN = ("model", "metadata", "user", "service_tier")


@dataclass(frozen=True, slots=True)
class StoredChat:
    """A completion as it was answered, and its request; both are JSON."""

    model: str
    completion: bytes
    request: bytes
    metadata: dict[str, str]

    def told(self) -> dict[str, Any]:
        """The completion with its metadata and what was asked for."""
        asked = msgspec.json.decode(self.request)
        settings = {name: asked.get(name) for name in _SETTINGS}
        completion: dict[str, Any] = msgspec.json.decode(self.completion)
        return completion | {"metadata": self.metadata, "input_user": asked.get("user"), **settings}

    def messages(self, completion_id: str) -> list[dict[str, Any]]:
        """The request's messages, each with an id."""
        return [
            {
                "id": f"{completion_id}-{index}",
                "role": message["role"],
                "content": None if isinstance(content := message.get("content"), list) else content,
                "refusal": message.get("refusal"),
                "name": message.get("name"),
                "content_parts": content if isinstance(content, list) else None,
                **{field: message[field] for field in ("tool_calls", "tool_call_id") if message.get(field)},
            }
            for index, message in enumerate(msgspec.json.decode(self.request)["messages"])
        ]


STORED: web.AppKey[Own[Part[StoredChat]]] = web.AppKey("STORED_CHATS", Own)


class _Update(Struct, forbid_unknown_fields=True):
    metadata: dict[str, Annotated[str, msgspec.Meta(max_length=512)]] | None


_update = msgspec.json.Decoder(_Update)


def named(answer: Answer, ask: ChatRequest) -> Answer:
    """The answer under an id of its own: what is stored beside it is another entry where another setting is shown."""
    shown = [getattr(ask, name) for name in (*_SETTINGS, *_ALSO_SHOWN)]
    seen = answer.id.encode() + msgspec.json.encode(shown, order="sorted")
    return replace(answer, id="chatcmpl-" + base62(seen, 29))


def keep(call: Call, ask: ChatRequest, name: str, request: bytes, completion: bytes) -> None:
    """Store an answer under its id; one that is larger than the whole store is not kept."""
    size = len(request) + len(completion)
    if size <= BOUNDS.bytes:
        call.own(STORED).put(name, StoredChat(ask.model, completion, request, ask.metadata or {}), size)


async def listed(request: web.Request) -> web.Response:
    """Those that match `model` and every `metadata[key]`, oldest first. Raises BadRequestError."""
    query, model = request.query, request.query.get("model")
    wanted = {key[9:-1]: value for key, value in query.items() if key.startswith("metadata[") and key.endswith("]")}
    matching = [
        (name, stored)
        for name, stored in own(request, STORED).items()
        if model in (None, stored.model) and wanted.items() <= stored.metadata.items()
    ]
    entries, more = page({"order": "asc", **query}, matching, lambda each: each[0], usual=_USUAL, most=_MOST)
    return _json(listing([stored.told() for _, stored in entries], more=more))


async def one(request: web.Request) -> web.Response:
    """A stored completion. Raises NotFoundError."""
    return _json(_found(request).told())


async def update(request: web.Request) -> web.Response:
    """Replace the metadata. Raises NotFoundError and BadRequestError."""
    stored = _found(request)
    metadata = decode(_update, await body_of(request)).metadata or {}
    check_metadata(metadata)
    changed = replace(stored, metadata=metadata)
    own(request, STORED).put(request.match_info["id"], changed, len(stored.request) + len(stored.completion))
    return _json(changed.told())


async def delete(request: web.Request) -> web.Response:
    """Forget a stored completion. Raises NotFoundError."""
    _found(request)
    name = request.match_info["id"]
    own(request, STORED).pop(name)
    return _json({"object": "chat.completion.deleted", "id": name, "deleted": True})


async def messages(request: web.Request) -> web.Response:
    """The messages that a stored completion answers. Raises NotFoundError and BadRequestError."""
    all_of_it = _found(request).messages(request.match_info["id"])
    entries, more = page(
        {"order": "asc", **request.query}, all_of_it, lambda each: str(each["id"]), usual=_USUAL, most=_MOST
    )
    return _json(listing(entries, more=more))


def _found(request: web.Request) -> StoredChat:
    name = request.match_info["id"]
    stored = own(request, STORED).get(name)
    if stored is None:
        raise NotFoundError(
            f"Chat completion with id '{name}' not found. Only those that were created with 'store' set to true can "
            "be retrieved.",
            param="completion_id",
        )
    return stored


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")

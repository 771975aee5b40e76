"""`/v1/conversations`: lists of items that responses read and add to."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from proxy.chat_rules import check_metadata
from proxy.endpoints.call import called, json_answer, own, read
from proxy.endpoints.page import listing, page
from proxy.endpoints.responses.given import found_conversation, read_items
from proxy.endpoints.responses.items import as_kept, identifier, resolved
from proxy.endpoints.responses.reading import Reader
from proxy.endpoints.responses.state import LARGEST, STATE, Conversation, Item, State, decoded, encoded, size
from proxy.errors import BadRequestError, NotFoundError
from proxy.relay import Answer

_USUAL, _MOST = 20, 100  # items of a page
_Metadata = dict[str, Annotated[str, Meta(max_length=512)]]
_Items = Annotated[list[dict[str, Any]], Meta(max_length=20)]


class _Create(Struct, forbid_unknown_fields=True):
    items: _Items | None = None
    metadata: _Metadata | None = None


class _Update(Struct, forbid_unknown_fields=True):
    metadata: _Metadata | None


class _Add(Struct, forbid_unknown_fields=True):
    items: _Items


async def create(request: web.Request) -> Answer:
    """A new conversation. Raises ApiError."""
    call, state = await called(request), own(request, STATE)
    ask = read(call, msgspec.json.Decoder(_Create)) if call.body else _Create()
    check_metadata(ask.metadata or {})
    found = read_items(ask.items or [], Reader(call), "items")
    name = identifier("conv", call.server_seed, state.next_number())
    conversation = Conversation(name, call.now, ask.metadata or {})
    _add(conversation, found, state)
    return json_answer(_card(conversation))


async def retrieve(request: web.Request) -> Answer:
    """A conversation without its items. Raises NotFoundError."""
    return json_answer(_card(_found(request)))


async def update(request: web.Request) -> Answer:
    """Replace the metadata. Raises ApiError."""
    conversation = _found(request)
    metadata = read(await called(request), msgspec.json.Decoder(_Update)).metadata or {}
    check_metadata(metadata)
    conversation.metadata = metadata
    own(request, STATE).touch(conversation)
    return json_answer(_card(conversation))


async def delete(request: web.Request) -> Answer:
    """Forget a conversation. Raises NotFoundError."""
    name = _found(request).id
    own(request, STATE).conversations.pop(name)
    return json_answer({"id": name, "object": "conversation.deleted", "deleted": True})


async def add_items(request: web.Request) -> Answer:
    """Put items at the end. Raises ApiError."""
    conversation, call = _found(request), await called(request)
    found = read_items(read(call, msgspec.json.Decoder(_Add)).items, Reader(call), "items")
    return json_answer(listing(_add(conversation, found, own(request, STATE)), more=False))


async def items(request: web.Request) -> Answer:
    """The items, the newest first. Raises ApiError."""
    found, more = page(request.query, _found(request).items, lambda each: each[0], usual=_USUAL, most=_MOST)
    return json_answer(listing([decoded(item) for _, item in found], more=more))


async def one_item(request: web.Request) -> Answer:
    """An item. Raises NotFoundError."""
    return json_answer(decoded(_found_item(request)[1]))


async def delete_item(request: web.Request) -> Answer:
    """Take an item out. Raises NotFoundError."""
    conversation, item = _found(request), _found_item(request)
    conversation.items.remove(item)
    own(request, STATE).touch(conversation)
    return json_answer(_card(conversation))


def _add(conversation: Conversation, items: list[Item], state: State) -> list[Item]:
    listed = as_kept(resolved(items, state), conversation.id, conversation.made)
    kept = encoded(listed)
    if conversation.size + size(kept) > LARGEST:
        raise BadRequestError(f"The conversation is too large: at most {LARGEST} bytes are kept.", param="items")
    conversation.add(kept)
    state.touch(conversation)
    return listed


def _card(conversation: Conversation) -> Item:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": conversation.created_at,
        "metadata": conversation.metadata,
    }


def _found(request: web.Request) -> Conversation:
    return found_conversation(own(request, STATE), request.match_info["id"])


def _found_item(request: web.Request) -> tuple[str, bytes]:
    name = request.match_info["item_id"]
    for item in _found(request).items:
        if item[0] == name:
            return item
    raise NotFoundError(f"Item with id '{name}' not found in this conversation.", param="item_id")

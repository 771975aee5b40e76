"""The responses that are kept: look at one or stream it again, cancel, delete, and list what it was given.

One in the background moves by one state each time that it is looked at, so that a program that polls sees `queued`,
`in_progress` and the end, however fast either side is.
"""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from proxy.endpoints.call import json_answer, own
from proxy.endpoints.page import listing, page
from proxy.endpoints.responses.events import Events, unfinished
from proxy.endpoints.responses.items import check_id
from proxy.endpoints.responses.state import STATE, Item, Kept, decoded
from proxy.errors import BadRequestError, NotFoundError
from proxy.relay import Answer
from proxy.sse import HEADERS as STREAM_HEADERS

_USUAL, _MOST = 20, 100  # items of a page
_TRUE, _FALSE = ("true", "1"), ("false", "0")


async def retrieve(request: web.Request) -> Answer:
    """A response as it is now, or its events again. Raises ApiError."""
    kept, query = _found(request), request.query
    if _flag(query, "stream"):
        kept.ahead.clear()  # a stream runs to the end
        events = Events(decoded(kept.response), obfuscated=_flag(query, "include_obfuscation"))
        return Answer(b"".join(events.after(_starting_after(query))), STREAM_HEADERS)
    if "starting_after" in query:
        raise BadRequestError(
            "The 'starting_after' parameter is only allowed when 'stream' is enabled.", param="starting_after"
        )
    now = _now(kept)
    if kept.ahead:
        kept.ahead.pop()
        now = _now(kept)
    return json_answer(now)


async def delete(request: web.Request) -> Answer:
    """Forget a response. Raises ApiError."""
    kept = _found(request)
    own(request, STATE).forget(kept)
    return json_answer({"id": kept.id, "object": "response", "deleted": True})


async def cancel(request: web.Request) -> Answer:
    """End a response in the background; one that has ended stays as it is. Raises ApiError."""
    kept = _found(request)
    response = decoded(kept.response)
    if not response["background"]:
        raise BadRequestError("Cannot cancel a synchronous response.")
    if kept.ahead:
        kept.ahead.clear()
        response = unfinished(response, "cancelled")
        kept.response, kept.outputs = msgspec.json.encode(response), ()
    return json_answer(response)


async def input_items(request: web.Request) -> Answer:
    """The items that a response was given, with those before it, the newest first. Raises ApiError."""
    kept = _found(request)
    found, more = page(request.query, kept.before + kept.inputs, _id, usual=_USUAL, most=_MOST)
    return json_answer(listing([decoded(item) for item in found], more=more))


def _now(kept: Kept) -> Item:
    response = decoded(kept.response)
    return unfinished(response, kept.ahead[-1]) if kept.ahead else response


def _id(item: bytes) -> str:
    return str(decoded(item)["id"])


def _found(request: web.Request) -> Kept:
    name = request.match_info["id"]
    check_id("response_id", name, "resp")
    kept = own(request, STATE).responses.get(name)
    if kept is None:
        raise NotFoundError(f"Response with id '{name}' not found.")
    return kept


def _flag(query: Mapping[str, str], name: str) -> bool:
    given = query.get(name, "false").lower()
    if given not in _TRUE + _FALSE:
        raise BadRequestError(
            f"Invalid type for '{name}': expected a boolean, but got a string instead.", param=name, code="invalid_type"
        )
    return given in _TRUE


def _starting_after(query: Mapping[str, str]) -> int:
    try:
        return msgspec.convert(query.get("starting_after", "-1"), int, strict=False)
    except msgspec.ValidationError:
        raise BadRequestError(
            "Invalid type for 'starting_after': expected an integer, but got a string instead.",
            param="starting_after",
            code="invalid_type",
        ) from None

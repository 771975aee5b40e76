"""`/v1/files`: upload, list, look at, read and delete."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from proxy.endpoints import form
from proxy.endpoints.call import Call, json_answer, own
from proxy.endpoints.page import listing, page
from proxy.errors import BadRequestError, NotFoundError
from proxy.files import LONGEST_DAYS, StoredFile
from proxy.keys import FILES, SETTINGS
from proxy.relay import Answer
from proxy.wording import check_choice

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
BATCH_SECONDS = LONGEST_DAYS * 86_400  # OpenAI's, for purpose "batch"


class ExpiresAfter(Struct, forbid_unknown_fields=True):
    """When a file goes by itself."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=3600, le=BATCH_SECONDS)]


class _Fields(Struct, forbid_unknown_fields=True):
    purpose: str
    expires_after: ExpiresAfter | None = None


async def upload(call: Call) -> Answer:
    """Keep a file. Raises BadRequestError."""
    sent = form.parse(call, files=("file",))
    fields = sent.decoded(_Fields, lenient=call.app[SETTINGS].lenient)
    check_choice("purpose", fields.purpose, PURPOSES)
    file = sent.file("file")
    if not file.data:
        raise BadRequestError("File is empty.", param="file")
    seconds = lifetime(fields.purpose, fields.expires_after)
    return json_answer(card(await call.own(FILES).add_large(file.name, fields.purpose, [file.data], seconds)))


async def listed(request: web.Request) -> web.Response:
    """The files, also of one purpose only. Raises BadRequestError."""
    kept, purpose = own(request, FILES).all(), request.query.get("purpose")
    if purpose is not None:
        kept = [file for file in kept if file.purpose == purpose]
    files, more = page(request.query, kept, lambda file: file.id, usual=10_000, most=10_000)
    return _json(listing([card(file) for file in files], more=more))


async def one(request: web.Request) -> web.Response:
    """What there is to know of a file. Raises NotFoundError."""
    return _json(card(_found(request)))


async def content(request: web.Request) -> web.Response:
    """The file's bytes. Raises NotFoundError."""
    file = _found(request)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='', errors='replace')}"}
    return web.Response(body=file.data, content_type="application/octet-stream", headers=headers)


async def delete(request: web.Request) -> web.Response:
    """Forget a file. Raises NotFoundError."""
    name = _found(request).id
    own(request, FILES).pop(name)
    return _json({"id": name, "object": "file", "deleted": True})


def lifetime(purpose: str, expires_after: ExpiresAfter | None) -> int | None:
    """Seconds, or None for as long as there is room."""
    if expires_after is not None:
        return expires_after.seconds
    return BATCH_SECONDS if purpose == "batch" else None


def card(file: StoredFile) -> dict[str, Any]:
    """OpenAI's file object."""
    known = {
        "object": "file",
        "id": file.id,
        "purpose": file.purpose,
        "filename": file.name,
        "bytes": len(file.data),
        "created_at": file.created_at,
        "expires_at": file.expires_at,
        "status": "processed",
    }
    return {name: value for name, value in known.items() if value is not None}


def _found(request: web.Request) -> StoredFile:
    name = request.match_info["id"]
    file = own(request, FILES).get(name)
    if file is None:
        raise NotFoundError(f"No such File object: {name}", param="id")
    return file


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")

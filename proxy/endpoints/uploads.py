"""`/v1/uploads`: a large file in parts, which become one of `/v1/files`."""

import asyncio
from dataclasses import dataclass, field
from hashlib import blake2b, md5
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from proxy.endpoints import files, form
from proxy.endpoints.call import Call, called, decode, json_answer, own, read
from proxy.errors import BadRequestError, NotFoundError
from proxy.files import BOUNDS as FILE_BOUNDS
from proxy.files import StoredFile
from proxy.keys import FILES, TIMES
from proxy.relay import Answer
from proxy.runs.own import Own
from proxy.sim.letters import base62
from proxy.store import Bounds, Part
from proxy.wording import check_choice

SECONDS = 3600
BOUNDS = Bounds(entries=100, bytes=FILE_BOUNDS.bytes, seconds=SECONDS)
_OVERHEAD = 1024
_MOST_BYTES = FILE_BOUNDS.bytes - 1024 * 1024  # the file has to have room beside its name


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields."""

    filename: Annotated[str, Meta(min_length=1, max_length=1000)]
    purpose: str
    bytes: Annotated[int, Meta(ge=1, le=_MOST_BYTES)]
    mime_type: Annotated[str, Meta(max_length=1000)]
    expires_after: files.ExpiresAfter | None = None


class Completion(Struct, forbid_unknown_fields=True):
    """The parts in their order."""

    part_ids: Annotated[list[str], Meta(min_length=1)]
    md5: str | None = None


@dataclass(slots=True)
class Upload:
    """A file on its way."""

    id: str
    ask: Request
    created_at: int
    status: str = "pending"
    parts: dict[str, bytes] = field(default_factory=dict)
    file: StoredFile | None = None

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return _OVERHEAD + sum(map(len, self.parts.values()))


UPLOADS: web.AppKey[Own[Part[Upload]]] = web.AppKey("UPLOADS", Own)
_request = msgspec.json.Decoder(Request)
_completion = msgspec.json.Decoder(Completion)


async def create(call: Call) -> Answer:
    """Announce a file. Raises BadRequestError."""
    ask = read(call, _request)
    check_choice("purpose", ask.purpose, files.PURPOSES)
    kept, copy = call.own(UPLOADS), 0
    seen = msgspec.json.encode(ask)
    while kept.get(name := f"upload_{base62(b'%d %d %b' % (call.server_seed, copy, seen), 24)}") is not None:
        copy += 1
    upload = Upload(name, ask, call.now)
    kept.put(name, upload, upload.size)
    return json_answer(_card(upload))


async def add_part(request: web.Request) -> web.Response:
    """Take one part. Raises ApiError."""
    upload = _pending(request, "add parts to")
    data = form.parse(await called(request), files=("data",)).file("data").data
    upload = _pending(request, "add parts to")  # it may have ended while the part came in
    digest = b"%b %d %b" % (upload.id.encode(), len(upload.parts), blake2b(data).digest())
    name = f"part_{base62(digest, 24)}"
    if upload.size + len(data) > _MOST_BYTES:
        raise BadRequestError(f"The parts of this upload have more than {_MOST_BYTES} bytes.", param="data")
    upload.parts[name] = data
    own(request, UPLOADS).put(upload.id, upload, upload.size)
    now = int(request.app[TIMES].now())
    return _json({"id": name, "object": "upload.part", "created_at": now, "upload_id": upload.id})


async def complete(request: web.Request) -> web.Response:
    """Make a file of the parts. Raises ApiError."""
    ask = decode(_completion, (await called(request)).body)
    upload = _pending(request, "complete")
    for index, name in enumerate(ask.part_ids):
        if name not in upload.parts:
            raise BadRequestError(
                f"No such part of this upload: {name}", param=f"part_ids[{index}]", code="invalid_value"
            )
    total = sum(len(upload.parts[name]) for name in ask.part_ids)
    if total != upload.ask.bytes:
        raise BadRequestError(
            f"The parts have {total} bytes together, but the upload was announced with {upload.ask.bytes}.",
            param="part_ids",
            code="invalid_value",
        )
    pieces = [upload.parts[name] for name in ask.part_ids]
    if ask.md5 is not None and await asyncio.to_thread(_md5, pieces) != ask.md5.lower():
        raise BadRequestError("The parts together have another MD5 digest.", param="md5", code="invalid_value")
    upload = _pending(request, "complete")  # it may have ended meanwhile
    upload.status = "completed"
    seconds = files.lifetime(upload.ask.purpose, upload.ask.expires_after)
    kept = own(request, FILES)
    upload.file = await kept.add_large(upload.ask.filename, upload.ask.purpose, pieces, seconds)
    return _ended(request, upload, "completed")


async def cancel(request: web.Request) -> web.Response:
    """Drop the parts. Raises ApiError."""
    return _ended(request, _pending(request, "cancel"), "cancelled")


def _ended(request: web.Request, upload: Upload, status: str) -> web.Response:
    upload.status = status
    upload.parts = {}
    own(request, UPLOADS).put(upload.id, upload, upload.size)
    return _json(_card(upload))


def _md5(pieces: list[bytes]) -> str:
    digest = md5(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _pending(request: web.Request, what: str) -> Upload:
    name = request.match_info["id"]
    upload = own(request, UPLOADS).get(name)
    if upload is None:
        raise NotFoundError(f"No such Upload object: {name}", param="upload_id")
    if upload.status == "pending" and request.app[TIMES].now() >= upload.created_at + SECONDS:
        upload.status = "expired"
        upload.parts = {}
    if upload.status != "pending":
        raise BadRequestError(f"Cannot {what} an upload with status '{upload.status}'.", code="invalid_upload_status")
    return upload


def _card(upload: Upload) -> dict[str, Any]:
    known = {
        "id": upload.id,
        "object": "upload",
        "bytes": upload.ask.bytes,
        "created_at": upload.created_at,
        "filename": upload.ask.filename,
        "purpose": upload.ask.purpose,
        "status": upload.status,
        "expires_at": upload.created_at + SECONDS,
    }
    return known if upload.file is None else known | {"file": files.card(upload.file)}


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")

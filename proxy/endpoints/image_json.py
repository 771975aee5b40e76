"""The images of an edit that comes as JSON: in a data URL, as a file that was uploaded before, or at an address.

Nothing is fetched: of an image at an address, the address is what tells it from others.
"""

import binascii
import re
from base64 import b64decode
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proxy.endpoints.call import Call, read
from proxy.endpoints.form import File, Form
from proxy.endpoints.image_files import ADDRESS, MOST, OVERLAYS
from proxy.endpoints.image_rules import ImageRequest
from proxy.endpoints.media_rules import is_address, no_url
from proxy.errors import BadRequestError, NotFoundError
from proxy.keys import FILES
from proxy.wording import missing

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)


class Source(Struct, forbid_unknown_fields=True):
    """One of the two."""

    image_url: str | None = None
    file_id: str | None = None


class EditRequest(ImageRequest):
    """OpenAI's fields of an edit as JSON. `image` is the form's."""

    images: Annotated[list[Source], Meta(min_length=1, max_length=MOST)] | None = None
    mask: Source | None = None
    markup: Source | None = None
    image: Any = msgspec.UNSET


_decoder = msgspec.json.Decoder(EditRequest)


def edit(call: Call) -> tuple[ImageRequest, Form]:
    """The request, and its images as a form would have them. Raises ApiError."""
    ask = read(call, _decoder)
    if ask.image is not msgspec.UNSET:
        raise BadRequestError(
            "Unknown parameter: 'image'. For application/json on /v1/images/edits, use 'images' (array).",
            param="image",
            code="unknown_parameter",
        )
    if not ask.images:
        raise missing("", "images")
    files = {"image": [_file(call, f"images[{at}]", source) for at, source in enumerate(ask.images)]}
    for name in OVERLAYS:
        if source := getattr(ask, name):
            files[name] = [_file(call, name, source)]
    return ask, Form({}, files)


def _file(call: Call, where: str, source: Source) -> File:
    if (source.image_url is None) == (source.file_id is None):
        raise BadRequestError(
            f"Invalid '{where}'. Exactly one of 'image_url' and 'file_id' must be provided.",
            param=where,
            code="invalid_value",
        )
    if source.file_id is not None:
        stored = call.own(FILES).get(source.file_id)
        if stored is None:
            raise NotFoundError(f"No such File object: {source.file_id}", param=f"{where}.file_id")
        return File(stored.name, stored.data, _kind(stored.data))
    url = source.image_url or ""
    if is_address(url):
        return File("", url.encode(), ADDRESS)
    found = _DATA.fullmatch(url)
    if found is None:
        raise no_url(f"{where}.image_url")
    try:
        return File("", b64decode(found[2], validate=True), found[1])
    except binascii.Error:
        raise BadRequestError("Invalid base64 image_url.", param=f"{where}.image_url", code="invalid_base64") from None


def _kind(data: bytes) -> str:
    """The type of a file that was uploaded without one."""
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if data[:4] == b"RIFF" else "image/png"

"""`POST /v1/images/generations`, `/edits` and `/variations`: pictures out, in base64, by address or as events.

What a request may hold is image_rules.py's; what a picture looks like is the simulator's.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import msgspec

from proxy.endpoints import image_files, image_json, image_rules
from proxy.endpoints.call import Call, check_simulated, json_answer, read
from proxy.endpoints.form import is_json, parse
from proxy.endpoints.image_rules import ImageModel, ImageRequest
from proxy.endpoints.pictures import PICTURES
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS
from proxy.relay import Answer
from proxy.sim import picture as sim
from proxy.sim.tokens import count
from proxy.sse import HEADERS as STREAM_HEADERS
from proxy.wording import missing

_decoder = msgspec.json.Decoder(ImageRequest)
# Output tokens of a picture of 1024 x 1024 pixels, as OpenAI lists them for gpt-image-1; of others by their pixels.
_TOKENS = {"low": 272, "medium": 1056, "high": 4160, "xhigh": 6240, "max": 8320}
_USUAL_QUALITY = "medium"  # what "auto" chooses


@dataclass(frozen=True, slots=True)
class _Job:
    """A checked request; `kind` is the word in the names of its events, `key` what decides beside the prompt."""

    call: Call
    ask: ImageRequest
    model: ImageModel
    kind: str
    size: tuple[int, int]
    key: bytes = b""
    image_tokens: int = 0

    def picture(self, number: int, shapes: int = sim.SHAPES) -> sim.Picture:
        """One of those that are wanted."""
        key = b"%d %d %b" % (self.call.server_seed, number, self.key)
        return sim.Picture(
            self.ask.prompt, key, *self.size, transparent=self.background == "transparent", shapes=shapes
        )

    @property
    def background(self) -> str:
        """What "auto" chooses is opaque."""
        return "transparent" if self.ask.background == "transparent" else "opaque"

    @property
    def quality(self) -> str:
        """One of those that have a count of tokens."""
        return self.ask.quality if self.ask.quality in _TOKENS else _USUAL_QUALITY

    @property
    def about(self) -> dict[str, Any]:
        """What an answer says of its pictures."""
        return {
            "background": self.background,
            "output_format": self.ask.output_format or "png",
            "quality": self.quality,
            "size": "{}x{}".format(*self.size),
        }

    def usage(self, pictures: int) -> dict[str, Any]:
        """The tokens of so many pictures."""
        text, width, height = count(self.ask.prompt), *self.size
        output = -(-_TOKENS[self.quality] * width * height // 1024**2) * pictures
        given = text + self.image_tokens
        return {
            "input_tokens": given,
            "input_tokens_details": {"text_tokens": text, "image_tokens": self.image_tokens},
            "output_tokens": output,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
            "total_tokens": given + output,
        }


async def generations(call: Call) -> Answer:
    """Pictures of a prompt. Raises ApiError."""
    ask = read(call, _decoder)
    return await _answer(_job(call, ask, "image_generation"))


async def edits(call: Call) -> Answer:
    """Pictures of a prompt and of images, of which only the bytes are seen; a form or JSON. Raises ApiError."""
    if is_json(call):
        ask, form = image_json.edit(call)
    else:
        form = parse(call, files=("image", *image_files.OVERLAYS))
        ask = form.decoded(ImageRequest, lenient=call.app[SETTINGS].lenient)
    job = _job(call, ask, "image_edit", refused=("dall-e-3",))
    images = image_files.images(form, of_gpt=job.model.is_gpt)
    key = image_files.digest([*images, *image_files.check_overlays(form, images[0])])
    tokens = sum([image_files.tokens(image) for image in images])
    return await _answer(replace(job, key=key, image_tokens=tokens))


async def variations(call: Call) -> Answer:
    """Pictures of an image. Raises ApiError."""
    form = parse(call, files=("image",))
    ask = form.decoded(ImageRequest, lenient=call.app[SETTINGS].lenient)
    if ask.prompt:
        raise BadRequestError("Unknown parameter: 'prompt'.", param="prompt", code="unknown_parameter")
    job = _job(call, ask, "image_variation", refused=("dall-e-3", "gpt-image", "chatgpt-image"))
    images = image_files.images(form, of_gpt=False)
    return await _answer(replace(job, key=image_files.digest(images)))


def _job(call: Call, ask: ImageRequest, kind: str, *, refused: tuple[str, ...] = ()) -> _Job:
    name = ask.model or image_rules.USUAL
    if ask.model is not None:
        check_simulated(call, name)
    if refused and name.startswith(refused):
        raise BadRequestError(
            f"Invalid value: '{name}'. Value must be 'dall-e-2'.", param="model", code="invalid_value"
        )
    if not ask.prompt and kind != "image_variation":
        raise missing("", "prompt")
    model = image_rules.model_of(name)
    image_rules.check(ask, model, lenient=call.app[SETTINGS].lenient)
    return _Job(call, ask, model, kind, image_rules.size(ask, model))


async def _answer(job: _Job) -> Answer:
    if job.ask.stream and job.model.is_gpt:
        return Answer(_events(job), STREAM_HEADERS)
    pictures = [await _drawn(job, job.picture(number)) for number in range(job.ask.n or 1)]
    by_address = job.ask.response_format or ("b64_json" if job.model.is_gpt else "url")
    data = [_address(job, each) if by_address == "url" else {"b64_json": _base64(each)} for each in pictures]
    if job.ask.model == "dall-e-3":
        data = [each | {"revised_prompt": job.ask.prompt} for each in data]
    if not job.model.is_gpt:
        return json_answer({"created": job.call.now, "data": data})
    return json_answer({"created": job.call.now, **job.about, "data": data, "usage": job.usage(len(data))})


async def _events(job: _Job) -> AsyncGenerator[bytes, None]:
    """Each picture unfinished, with ever more shapes, as often as wanted, and then finished."""
    partial = job.ask.partial_images or 0
    for number in range(job.ask.n or 1):
        for index in range(partial):
            unfinished = job.picture(number, shapes=sim.SHAPES * index // partial)
            image = _base64(await _drawn(job, unfinished))
            yield _event(job, "partial_image", {"b64_json": image, "partial_image_index": index})
        image = _base64(await _drawn(job, job.picture(number)))
        usage = job.usage(1)
        del usage["output_tokens_details"]  # which OpenAI's events do not have
        yield _event(job, "completed", {"b64_json": image, "usage": usage})


def _event(job: _Job, name: str, more: dict[str, Any]) -> bytes:
    kind = f"{job.kind}.{name}"
    body = {"type": kind, **more, "created_at": job.call.now, **job.about}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode(body))


async def _drawn(job: _Job, wanted: sim.Picture) -> bytes:
    """The file; in a thread, for a large one takes as long as hundreds of chats."""
    return await asyncio.to_thread(sim.jpeg if job.ask.output_format == "jpeg" else sim.png, wanted)


def _base64(image: bytes) -> str:
    return b64encode(image).decode("ascii")


def _address(job: _Job, image: bytes) -> dict[str, str]:
    """Keep the picture for a while, and say where it is."""
    kind = job.ask.output_format or "png"
    name = f"img-{blake2b(image, digest_size=12).hexdigest()}.{kind}"
    job.call.app[PICTURES].put(name, (image, f"image/{kind}"), len(image))
    return {"url": f"{job.call.origin}/v1/images/files/{name}"}

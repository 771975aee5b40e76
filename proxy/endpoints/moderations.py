"""`POST /v1/moderations`: texts and images in, OpenAI's categories with scores out."""

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct

from proxy.endpoints.call import Call, check_model, json_answer, read, real_answer
from proxy.errors import BadRequestError
from proxy.relay import Answer

PATH = "/v1/moderations"
_USUAL_MODEL = "omni-moderation-latest"
_OLD = "text-moderation"  # models that know texts only, and nothing illicit
_LONGEST = 1_000_000  # characters of all texts


class ImageUrl(Struct, forbid_unknown_fields=True):
    """Where an image is, or the image itself in base64."""

    url: str


class Part(Struct, forbid_unknown_fields=True):
    """A text or an image, which together are one input."""

    type: Literal["text", "image_url"]
    text: str | None = None
    image_url: ImageUrl | None = None


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields."""

    input: str | Annotated[list[str | Part], Meta(min_length=1, max_length=2048)]
    model: Annotated[str, Meta(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class _Input:
    """Its text, and the words of its pictures; None where there is none."""

    key: str
    text: str | None
    picture: str | None = None

    def kinds(self, *, sees_images: bool) -> list[str]:
        """Which of its parts a category looks at."""
        return ["text"] * (self.text is not None) + ["image"] * (sees_images and self.picture is not None)


_decoder = msgspec.json.Decoder(Request)


async def moderations(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    if real := await real_answer(call, PATH):
        return real
    from proxy.sim import moderation as sim  # noqa: PLC0415 - who only chats need not load it

    ask = read(call, _decoder)
    if ask.model is not None:
        check_model(call, ask.model)
    model = ask.model or _USUAL_MODEL
    inputs = _inputs(ask.input, sees_images=not model.startswith(_OLD))
    if sum(len(each.text or "") for each in inputs) > _LONGEST:
        raise BadRequestError(
            f"Invalid 'input': string too long. Expected at most {_LONGEST} characters in all.",
            param="input",
            code="string_above_max_length",
        )
    results = [await _result(each, model) for each in inputs]
    return json_answer(
        {"id": sim.identifier(model, *[each.key for each in inputs]), "model": model, "results": results}
    )


async def _result(given: _Input, model: str) -> dict[str, Any]:
    from proxy.sim import moderation as sim  # noqa: PLC0415 - as above

    found: set[tuple[str, int]] = set()
    for part in sim.slices(given.text or ""):
        found |= sim.phrases_in(part)
        await asyncio.sleep(0)
    found |= {(name, number) for name, number in sim.phrases_in(given.picture or "") if name in sim.SEE_IMAGES}
    scores = sim.scores(given.key, found)
    kinds = {name: given.kinds(sees_images=name in sim.SEE_IMAGES) for name in sim.CATEGORIES}
    for name in sim.CATEGORIES:
        if model.startswith(_OLD) and name.startswith("illicit"):
            kinds[name] = []
        if not kinds[name]:
            scores[name] = 0.0
    flags: dict[str, bool | None] = {name: score >= sim.FLAGGED for name, score in scores.items()}
    if model.startswith(_OLD):
        flags |= {"illicit": None, "illicit/violent": None}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": scores,
        "category_applied_input_types": kinds,
    }


def _inputs(given: str | list[str | Part], *, sees_images: bool) -> list[_Input]:
    """Each input by itself; the parts of an array are one. Raises BadRequestError."""
    if isinstance(given, str):
        return [_Input(given, given)]
    texts = [each for each in given if isinstance(each, str)]
    parts = [each for each in given if isinstance(each, Part)]
    if not parts:
        return [_Input(text, text) for text in texts]
    if texts:
        raise BadRequestError(
            "Invalid type for 'input': expected a string, an array of strings, or an array of objects, but the items "
            "differ in type.",
            param="input",
            code="invalid_type",
        )
    for index, part in enumerate(parts):
        _check(part, f"input[{index}]", sees_images=sees_images)
    key = "\n".join([part.image_url.url if part.image_url else part.text or "" for part in parts])
    return [_Input(key, _joined([part.text for part in parts]), _joined([_words(part.image_url) for part in parts]))]


def _check(part: Part, where: str, *, sees_images: bool) -> None:
    if getattr(part, part.type) is None:
        at = f"{where}.{part.type}"
        raise BadRequestError(f"Missing required parameter: '{at}'.", param=at, code="missing_required_parameter")
    if part.image_url is None:
        return
    if not sees_images:
        raise BadRequestError(
            "Invalid value: 'image_url'. This model moderates texts only; omni-moderation-latest takes images.",
            param=f"{where}.type",
            code="invalid_value",
        )
    if not part.image_url.url.startswith(("https://", "http://", "data:image/")):
        at = f"{where}.image_url.url"
        raise BadRequestError(
            f"Invalid '{at}': expected a URL or a data URL of an image.", param=at, code="invalid_url"
        )


def _words(image: ImageUrl | None) -> str | None:
    """What is seen of an image: the words of its address."""
    if image is None:
        return None
    return "" if image.url.startswith("data:") else re.sub(r"[-_/.+?=&#]", " ", unquote(image.url))


def _joined(texts: list[str | None]) -> str | None:
    given = [text for text in texts if text is not None]
    return "\n".join(given) if given else None

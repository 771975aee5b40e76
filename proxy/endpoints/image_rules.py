"""What each of OpenAI's image models takes, and the check of a request against it; a table, and no pictures.

Sizes, counts and fields are those of https://platform.openai.com/docs/api-reference/images. Names that OpenAI does not
have take everything.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from proxy.errors import BadRequestError
from proxy.wording import check_choice

USUAL = "dall-e-2"  # where a request names none
FORMATS = ("png", "jpeg")  # the others are not written here

_NUMBERED = Annotated[int, Meta(ge=1, le=10)]


class ImageRequest(Struct, forbid_unknown_fields=True):
    """OpenAI's fields, of all three endpoints, but for the files."""

    prompt: str = ""
    model: Annotated[str, Meta(min_length=1)] | None = None
    n: _NUMBERED | None = None
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    response_format: str | None = None
    background: str | None = None
    moderation: str | None = None
    output_format: str | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    input_fidelity: str | None = None
    complexity: str | None = None
    stream: bool | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    frame_count: Annotated[int, Meta(ge=2, le=16)] | None = None
    frame_duration_ms: Annotated[int, Meta(ge=0)] | None = None
    svg: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ImageModel:
    """`sizes` are empty where any that the general rules allow is one; `without` are the fields that it has not."""

    sizes: tuple[str, ...]
    longest_prompt: int = 32_000
    most: int = 10
    qualities: tuple[str, ...] = ("low", "medium", "high", "auto")
    without: tuple[str, ...] = ("response_format", "style")

    @property
    def is_gpt(self) -> bool:
        """Whether it answers with what GPT Image models do: usage, size, quality."""
        return "stream" not in self.without


_GPT_ONLY = (
    *("background", "moderation", "output_format", "output_compression", "input_fidelity", "complexity"),
    *("stream", "partial_images", "safety_identifier", "frame_count", "frame_duration_ms", "svg"),
)
_GPT_SIZES = ("1024x1024", "1024x1536", "1536x1024", "auto")
_FINER = ("low", "medium", "high", "xhigh", "max", "auto")
_DALL_E_2 = ImageModel(("256x256", "512x512", "1024x1024"), 1000, 10, ("standard",), (*_GPT_ONLY, "style"))
_DALL_E_3 = ImageModel(("1024x1024", "1792x1024", "1024x1792"), 4000, 1, ("standard", "hd"), _GPT_ONLY)
_MODELS = {
    "dall-e-2": _DALL_E_2,
    "dall-e-3": _DALL_E_3,
    "gpt-image-1": ImageModel(_GPT_SIZES),
    "gpt-image-1-mini": ImageModel(_GPT_SIZES),
    "gpt-image-1.5": ImageModel(_GPT_SIZES),
    "chatgpt-image-latest": ImageModel(_GPT_SIZES),
}
_ANY_SIZE = ImageModel((), qualities=_FINER)
_OTHER = ImageModel((), qualities=(*_FINER, "standard", "hd"), without=())
_CHOICES = {
    "style": ("vivid", "natural"),
    "response_format": ("url", "b64_json"),
    "background": ("transparent", "opaque", "auto"),
    "moderation": ("low", "auto"),
    "input_fidelity": ("high", "low"),
    "complexity": ("low", "medium", "high"),
}
_ONLY_OF = {"frame_count": "gif", "frame_duration_ms": "gif", "svg": "svg"}  # formats that are not written here
_LONGEST_SIDE, _MOST_PIXELS, _STEP, _WIDEST = 3840, 3840 * 2160, 16, 3
_SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")


def model_of(name: str) -> ImageModel:
    """The rules of a model."""
    return _MODELS.get(name) or (_ANY_SIZE if name.startswith("gpt-image-2") else _OTHER)


def check(ask: ImageRequest, model: ImageModel, *, lenient: bool) -> None:
    """Raises BadRequestError that names the first wrong field."""
    for field in model.without:
        if getattr(ask, field) is not None and not lenient:
            raise BadRequestError(f"Unknown parameter: '{field}'.", param=field, code="unknown_parameter")
    if len(ask.prompt) > model.longest_prompt:
        raise BadRequestError(
            f"Invalid 'prompt': string too long. Expected a string with maximum length {model.longest_prompt}, but got "
            f"a string with length {len(ask.prompt)} instead.",
            param="prompt",
            code="string_above_max_length",
        )
    if (ask.n or 1) > model.most:
        raise BadRequestError(
            f"Invalid 'n': integer above maximum value. Expected a value <= {model.most}, but got {ask.n} instead.",
            param="n",
            code="integer_above_max_value",
        )
    check_choice("quality", ask.quality, model.qualities)
    for field, supported in _CHOICES.items():
        check_choice(field, getattr(ask, field), supported)
    _check_format(ask)
    if ask.partial_images is not None and not ask.stream:
        raise BadRequestError(
            "The 'partial_images' parameter is only allowed when 'stream' is enabled.", param="partial_images"
        )


def size(ask: ImageRequest, model: ImageModel) -> tuple[int, int]:
    """Width and height. Raises BadRequestError."""
    if model.sizes:
        check_choice("size", ask.size, model.sizes)
    if ask.size is None or ask.size == "auto":
        return 1024, 1024
    found = _SIZE.fullmatch(ask.size)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not model.sizes and not _is_possible(width, height):
        raise BadRequestError(
            f"Invalid value: '{ask.size}'. A size is 'auto' or WIDTHxHEIGHT, such as '1536x864': both divisible by "
            f"{_STEP}, neither more than {_WIDEST} times the other, together at most {_MOST_PIXELS} pixels, and no "
            f"side longer than {_LONGEST_SIDE}.",
            param="size",
            code="invalid_value",
        )
    return width, height


def _is_possible(width: int, height: int) -> bool:
    shorter, longer = sorted((width, height))
    return (
        shorter > 0
        and longer <= min(_LONGEST_SIDE, _WIDEST * shorter)
        and width * height <= _MOST_PIXELS
        and width % _STEP == height % _STEP == 0
    )


def _check_format(ask: ImageRequest) -> None:
    check_choice("output_format", ask.output_format, ("png", "jpeg", "webp", "gif", "svg"))
    if ask.output_format not in (None, *FORMATS):
        raise BadRequestError(
            f"This simulator does not write '{ask.output_format}' files. It writes 'png' and 'jpeg'.",
            param="output_format",
            code="unsupported_value",
        )
    for field, needed in _ONLY_OF.items():
        if getattr(ask, field) is not None:
            raise BadRequestError(
                f"The '{field}' parameter is only supported with 'output_format' set to '{needed}'.", param=field
            )
    if ask.background == "transparent" and ask.output_format == "jpeg":
        raise BadRequestError(
            "Transparent background is not supported for JPEG output format. Use 'png'.",
            param="background",
            code="invalid_value",
        )

"""The images that come with a request: whether they are what OpenAI takes, and their tokens. Nobody looks at them."""

from hashlib import blake2b
from math import ceil

from proxy.endpoints.form import File, Form
from proxy.endpoints.media import dimensions
from proxy.errors import BadRequestError

OVERLAYS = ("mask", "markup")
ADDRESS = "text/uri-list"  # the type of a file that is only an image's address: nothing is fetched
_KINDS = ("image/jpeg", "image/png", "image/webp")
_PNG = b"\x89PNG\r\n\x1a\n"
MOST, _LARGEST_PNG = 16, 4 * 1024 * 1024  # files and bytes, OpenAI's
_BASE, _TILE, _SHORTER, _TILE_SIDE = 65, 129, 512, 512  # tokens and pixels, as published for gpt-image-1


def images(form: Form, *, of_gpt: bool) -> list[File]:
    """Those to be changed: several of three kinds, or for DALL·E one square PNG. Raises BadRequestError."""
    files = form.several("image", at_most=MOST if of_gpt else 1)
    for number, file in enumerate(files, 1):
        if file.content_type == ADDRESS:
            continue
        if of_gpt and file.content_type not in _KINDS:
            raise BadRequestError(
                f"Invalid file 'image': unsupported mimetype ('{file.content_type}'). Supported file formats are "
                "'image/jpeg', 'image/png', and 'image/webp'.",
                param="image",
                code="unsupported_file_mimetype",
            )
        size = dimensions(file.data)
        if size is None and not _is_webp(file.data):
            raise _invalid(f"Invalid image file or mode for image {number}, please check your image file.")
        if not of_gpt and (not file.data.startswith(_PNG) or len(file.data) >= _LARGEST_PNG):
            raise _invalid("Uploaded image must be a PNG and less than 4 MB.")
        if not of_gpt and size and size[0] != size[1]:
            raise _invalid("Uploaded image must be square.")
    return files


def _is_webp(data: bytes) -> bool:
    """Also one whose size is not known here (lossless)."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def check_overlays(form: Form, image: File) -> list[File]:
    """The mask or the markup, if any: a PNG of the size of the first image. Raises BadRequestError."""
    names = [name for name in OVERLAYS if name in form.files]
    if len(names) > 1:
        raise BadRequestError("'markup' cannot be combined with 'mask'.", param="markup", code="invalid_value")
    for name in names:
        _check_overlay(form.file(name), name, dimensions(image.data))
    return [form.file(name) for name in names]


def _check_overlay(file: File, name: str, wanted: tuple[int, int] | None) -> None:
    if file.content_type == ADDRESS:
        return
    if not file.data.startswith(_PNG) or len(file.data) >= _LARGEST_PNG:
        raise _invalid(f"Uploaded {name} must be a PNG and less than 4 MB.", name)
    size = dimensions(file.data)
    if size is None:
        raise _invalid(f"Invalid {name} file, please check your image file.", name)
    if wanted is not None and size != wanted:
        raise _invalid(
            f"Invalid {name} image: its size, {size[0]}x{size[1]}, is not that of the image, {wanted[0]}x{wanted[1]}.",
            name,
        )


def tokens(image: File) -> int:
    """What an image counts as input, of low fidelity: by tiles once its shorter side is at most 512 pixels."""
    size = dimensions(image.data)
    if size is None:
        return _BASE + _TILE
    scale = min(1, _SHORTER / min(size))
    return _BASE + _TILE * ceil(size[0] * scale / _TILE_SIDE) * ceil(size[1] * scale / _TILE_SIDE)


def digest(files: list[File]) -> bytes:
    """What tells images from others."""
    seen = blake2b()
    for file in files:
        seen.update(b"%d:" % len(file.data) + file.data)
    return seen.digest()


def _invalid(message: str, param: str = "image") -> BadRequestError:
    return BadRequestError(message, param=param, code="invalid_image_file")

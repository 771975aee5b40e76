"""What images, sound and files of a request count in tokens. They are measured, never looked at.

Images follow OpenAI's published formula (docs: "Images and vision", calculating costs): 85 tokens, and with detail that
is not low 170 for each tile of 512 pixels, once the image is fitted into 2048 x 2048 and its shorter side is at most
768. Sound is a token for each 100 ms. What cannot be measured here counts the least.
"""

import struct
from base64 import b64decode
from math import ceil

BASE, TILE = 85, 170
_LARGEST_SIDE, _SHORTER_SIDE, _TILE_SIDE = 2048, 768, 512
_HEAD = 262_144  # characters of base64: enough for the size of a photograph behind its metadata
_SOUND_PER_SECOND = 10
_MP3_BYTES_PER_SECOND = 16_000  # 128 kbit/s
_FILE_BYTES_PER_TOKEN = 50
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_tokens(url: str, detail: str | None) -> int:
    """The tokens of an image, from the size in its data: URL; an image elsewhere counts the base."""
    if detail == "low":
        return BASE
    size = dimensions(decoded(url.partition(";base64,")[2])) if url.startswith("data:") else None
    if size is None:
        return BASE
    width, height = size
    scale = min(1, _LARGEST_SIDE / max(size))
    scale = min(scale, _SHORTER_SIDE / min(size))
    return BASE + TILE * ceil(width * scale / _TILE_SIDE) * ceil(height * scale / _TILE_SIDE)


def sound_tokens(data: str, kind: str) -> int:
    """The tokens of a recording in base64: by the rate in a WAV's header, or as an MP3 of 128 kbit/s."""
    size = len(data) * 3 // 4
    rate = _MP3_BYTES_PER_SECOND
    head = decoded(data[:64])
    if kind == "wav" and head[:4] == b"RIFF" and head[8:16] == b"WAVEfmt " and len(head) >= 44:
        rate = struct.unpack_from("<I", head, 28)[0] or rate
        size -= 44
    return max(1, size * _SOUND_PER_SECOND // rate)


def file_tokens(data: str | None) -> int:
    """An estimate: pages cannot be counted without reading the file."""
    return max(1, len(data or "") * 3 // 4 // _FILE_BYTES_PER_TOKEN)


def decoded(data: str) -> bytes:
    """The beginning of what is in base64, in whole groups of three bytes; nothing where it is something else."""
    groups = data[:_HEAD].rstrip("=")
    try:
        return b64decode(groups[: len(groups) // 4 * 4])
    except ValueError:
        return b""


def dimensions(image: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF, JPEG or lossy WebP."""
    found: tuple[int, int] | None = None
    if image.startswith(b"\x89PNG\r\n\x1a\n") and len(image) >= 24:
        found = struct.unpack_from(">II", image, 16)
    elif image.startswith(b"GIF8") and len(image) >= 10:
        found = struct.unpack_from("<HH", image, 6)
    elif image.startswith(b"\xff\xd8"):
        found = _jpeg_size(image)
    elif image[8:16] == b"WEBPVP8 " and len(image) >= 30:
        width, height = struct.unpack_from("<HH", image, 26)
        found = width & 0x3FFF, height & 0x3FFF
    return found if found and all(found) else None


def _jpeg_size(image: bytes) -> tuple[int, int] | None:
    """From the frame header, before which segments of any length stand (ITU T.81, B.2)."""
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        kind, length = image[at + 1], struct.unpack_from(">H", image, at + 2)[0]
        if kind in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", image, at + 5)
            return width, height
        at += 2 + max(length, 2)
    return None

"""A picture for a prompt: a gradient with a few shapes, in colours that the prompt names or that are drawn from it.

A pure function to PNG (https://www.w3.org/TR/png-3/) or JPEG, row by row and in whole numbers, so that a picture of any
size takes little memory and has the same pixels everywhere. Knows nothing of what a prompt means.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import shake_128
from itertools import islice
from math import isqrt

from proxy.sim.jpeg import BLOCK, Color, mosaic

VERSION = 1  # goes up whenever any picture changes
SHAPES = 6

_LEVELS = 128  # colours of the gradient; those of the shapes follow
_NAMED = {
    "red": (214, 48, 49),
    "orange": (240, 147, 43),
    "yellow": (249, 212, 35),
    "gold": (212, 175, 55),
    "green": (39, 174, 96),
    "blue": (52, 120, 219),
    "purple": (142, 68, 173),
    "violet": (142, 68, 173),
    "pink": (255, 121, 170),
    "brown": (121, 85, 61),
    "black": (24, 24, 28),
    "white": (250, 250, 250),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
}
_WORDS = re.compile("[a-z]+")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """What decides a picture. `key` is whatever else does than the prompt; `shapes` are fewer in an unfinished one."""

    prompt: str
    key: bytes
    width: int
    height: int
    transparent: bool = False
    shapes: int = SHAPES


def png(picture: Picture) -> bytes:
    """The picture; its prompt is in the file as its description. Takes about 10 ms a million pixels."""
    drawn = _drawn(picture)
    head = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 3, 0, 0, 0)  # a byte a pixel, by palette
    about = b"Description\0\0\0\0\0" + picture.prompt[:1000].replace("\0", "").encode("utf-8", "replace")
    palette = b"".join([bytes(color) for color in _palette(picture, drawn)])
    squeezed = zlib.compressobj(6)
    pixels = [squeezed.compress(b"\0" + row) for row in _rows(picture, drawn)]
    chunks = [(b"IHDR", head), (b"iTXt", about), (b"PLTE", palette)]
    if picture.transparent:
        chunks.append((b"tRNS", bytes(_LEVELS)))
    chunks += [(b"IDAT", b"".join([*pixels, squeezed.flush()])), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join([_chunk(kind, data) for kind, data in chunks])


def jpeg(picture: Picture) -> bytes:
    """The picture as a mosaic. Takes about 50 ms a million pixels."""
    drawn = _drawn(picture)
    colors = _palette(picture, drawn)
    middle = BLOCK // 2
    wide, high = picture.width + -picture.width % BLOCK, picture.height + -picture.height % BLOCK
    whole = replace(picture, width=wide, height=high)
    rows = islice(_rows(whole, drawn), middle, None, BLOCK)
    return mosaic(picture.width, picture.height, ([colors[each] for each in row[middle::BLOCK]] for row in rows))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _drawn(picture: Picture) -> bytes:
    seen = f"{VERSION} {len(picture.prompt)}:{picture.prompt}".encode("utf-8", "surrogatepass") + picture.key
    return shake_128(seen).digest(64)


def _palette(picture: Picture, drawn: bytes) -> list[Color]:
    """The gradient from one colour to another, then a colour for each shape."""
    named = [_NAMED[word] for word in _WORDS.findall(picture.prompt[:10_000].lower()) if word in _NAMED]
    start, end, *rest = [_color(drawn[3 * at : 3 * at + 3]) for at in range(2 + SHAPES)]
    gradient = [_between(start, end, level) for level in range(_LEVELS)]
    return gradient + [*dict.fromkeys(named), *rest][:SHAPES]


def _color(three: bytes) -> Color:
    """Neither too dark nor too bright."""
    red, green, blue = (48 + each * 192 // 256 for each in three)
    return red, green, blue


def _between(start: Color, end: Color, level: int) -> Color:
    red, green, blue = (one + (other - one) * level // (_LEVELS - 1) for one, other in zip(start, end, strict=True))
    return red, green, blue


def _rows(picture: Picture, drawn: bytes) -> Iterator[bytes]:
    """The pixels of each row, as numbers of colours."""
    width, height = picture.width, picture.height
    ramp = bytes([at * _LEVELS // (width + height) for at in range(width + height)])
    shapes = [_shape(picture, drawn[24 + 4 * number : 28 + 4 * number]) for number in range(picture.shapes)]
    for y in range(height):
        row = bytearray(ramp[y : y + width])
        for number, shape in enumerate(shapes):
            left, right = shape.span(y)
            if left < right:
                row[left:right] = bytes([_LEVELS + number]) * (right - left)
        yield bytes(row)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A disc, a bar or a triangle around a centre, as the span of each row."""

    kind: int
    x: int
    y: int
    radius: int
    width: int

    def span(self, y: int) -> Span:
        """The first pixel in that row and the one after the last; the same number where there is none."""
        off = abs(y - self.y)
        if off > self.radius:
            return 0, 0
        half = (
            isqrt(self.radius**2 - off**2),
            self.radius,
            (y - self.y + self.radius) // 2,
        )[self.kind]
        return max(self.x - half, 0), min(self.x + half, self.width)


def _shape(picture: Picture, drawn: bytes) -> _Shape:
    kind, x, y, size = drawn
    shorter = min(picture.width, picture.height)
    radius = max(1, shorter * (32 + size // 2) // 640)
    return _Shape(kind % 3, x * picture.width // 255, y * picture.height // 255, radius, picture.width)

"""A baseline JPEG (ITU T.81) of flat blocks of 8 by 8 pixels: a mosaic, which needs no cosine transform.

The mean of a block is its first coefficient; the others are nothing, so each block is one code and "end of block".
"""

import struct
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

Color = tuple[int, int, int]

BLOCK = 8
# The tables K.3 (codes of the first coefficient's size in bits, here for all three components), and of the rest only
# "end of block", as the code 0.
_SIZES = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
_END_OF_BLOCK = "0"


def mosaic(width: int, height: int, rows: Iterable[Sequence[Color]]) -> bytes:
    """The file; `rows` are those of blocks, from above, with the colour of each."""
    bits = []
    before = (0, 0, 0)
    for row in rows:
        for color in row:
            levels = _levels(color)
            for level, last in zip(levels, before, strict=True):
                bits.append(_code(level - last))
            before = levels
    packed = "".join(bits)
    packed += "1" * (-len(packed) % 8)
    scan = int(packed, 2).to_bytes(len(packed) // 8, "big").replace(b"\xff", b"\xff\0")
    components = bytes([number for each in (1, 2, 3) for number in (each, 0x11, 0)])
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _segment(0xDB, b"\0" + bytes([BLOCK]) * 64),  # divides by 8, as the mean was multiplied
            _segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + components),
            _segment(0xC4, b"\0" + bytes(_SIZES) + bytes(range(sum(_SIZES)))),
            _segment(0xC4, b"\x10\x01" + bytes(15) + b"\0"),
            _segment(0xDA, bytes([3, 1, 0, 2, 0, 3, 0, 0, 63, 0])),
            scan,
            b"\xff\xd9",
        ]
    )


def _segment(kind: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data


@lru_cache(maxsize=1024)
def _levels(color: Color) -> tuple[int, int, int]:
    """Y, Cb and Cr (ITU-R BT.601) around 0."""
    red, green, blue = color
    return (
        (299 * red + 587 * green + 114 * blue) // 1000 - 128,
        (-169 * red - 331 * green + 500 * blue) // 1000,
        (500 * red - 419 * green - 81 * blue) // 1000,
    )


@cache
def _code(difference: int) -> str:
    """The code of the size, the number itself (a negative one less 1, in its bits), and the end of the block."""
    size = abs(difference).bit_length()
    number = difference if difference > 0 else difference + (1 << size) - 1
    return _prefixes()[size] + (f"{number:0{size}b}" if size else "") + _END_OF_BLOCK


@cache
def _prefixes() -> tuple[str, ...]:
    """The codes of a table of lengths: in each length they count up (T.81, C.2)."""
    found, code = [], 0
    for length, number in enumerate(_SIZES, 1):
        for _ in range(number):
            found.append(f"{code:0{length}b}")
            code += 1
        code <<= 1
    return tuple(found)

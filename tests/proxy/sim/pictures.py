"""Reads the PNG and JPEG files that the simulator writes, as little of the formats as they use, for tests."""

import struct
import zlib

# ITU T.81, table K.3: the codes of the sizes of a first coefficient.
_CODES = {
    "00": 0,
    "010": 1,
    "011": 2,
    "100": 3,
    "101": 4,
    "110": 5,
    **{"1" * (size - 3) + "0": size for size in range(6, 12)},
}


def png_chunks(data):
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + body),)
        chunks[kind.decode()] = body
        at += 12 + length
    assert next(iter(chunks)) == "IHDR"
    assert list(chunks)[-1] == "IEND"
    return chunks


def png_pixels(data):
    """Rows of colours."""
    chunks = png_chunks(data)
    width, height, *kind = struct.unpack(">IIBBBBB", chunks["IHDR"])
    assert kind == [8, 3, 0, 0, 0]
    palette = [tuple(chunks["PLTE"][at : at + 3]) for at in range(0, len(chunks["PLTE"]), 3)]
    raw = zlib.decompress(chunks["IDAT"])
    assert len(raw) == height * (width + 1)
    assert all(raw[at] == 0 for at in range(0, len(raw), width + 1))
    return [[palette[each] for each in raw[at + 1 : at + 1 + width]] for at in range(0, len(raw), width + 1)]


def jpeg_blocks(data):
    """Width, height and rows of the colours of blocks."""
    assert data.startswith(b"\xff\xd8")
    at, width, height = 2, 0, 0
    while data[at + 1] != 0xDA:
        assert data[at] == 0xFF
        if data[at + 1] == 0xC0:
            height, width = struct.unpack_from(">HH", data, at + 5)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    assert data.endswith(b"\xff\xd9")
    bits = "".join([f"{byte:08b}" for byte in data[at:-2].replace(b"\xff\0", b"\xff")])
    levels = _levels(bits, -(-width // 8) * -(-height // 8) * 3)
    colors = [_rgb(*levels[at : at + 3]) for at in range(0, len(levels), 3)]
    across = -(-width // 8)
    return width, height, [colors[at : at + across] for at in range(0, len(colors), across)]


def _levels(bits, number):
    at, before, levels = 0, [0, 0, 0], []
    for component in range(number):
        end = at + 1
        while bits[at:end] not in _CODES:
            end += 1
        size = _CODES[bits[at:end]]
        amount = int(bits[end : end + size] or "0", 2)
        if size and bits[end] == "0":
            amount -= (1 << size) - 1
        before[component % 3] += amount
        levels.append(before[component % 3])
        assert bits[end + size] == "0"  # the end of the block
        at = end + size + 1
    assert bits[at:] in ("1" * left for left in range(8))
    return levels


def _rgb(y, cb, cr):
    return y + 128 + 1.402 * cr, y + 128 - 0.344 * cb - 0.714 * cr, y + 128 + 1.772 * cb

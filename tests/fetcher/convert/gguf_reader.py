"""A small reader of GGUF files, written from the format's description: what the tests see a file with."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TYPES = {0: "F32", 1: "F16", 8: "Q8_0", 12: "Q4_K", 14: "Q6_K", 30: "BF16"}
_BLOCKS = {"F32": (1, 4), "F16": (1, 2), "Q8_0": (32, 34), "Q4_K": (256, 144), "Q6_K": (256, 210), "BF16": (1, 2)}


@dataclass
class Tensor:
    kind: str
    shape: tuple[int, ...]
    data: bytes

    def values(self):
        """Rows of float32."""
        if self.kind == "F32":
            flat = np.frombuffer(self.data, "<f4")
        elif self.kind == "F16":
            flat = np.frombuffer(self.data, "<f2").astype("f4")
        elif self.kind == "BF16":
            flat = (np.frombuffer(self.data, "<u2").astype("u4") << 16).view("f4")
        elif self.kind == "Q8_0":
            blocks = np.frombuffer(self.data, "u1").reshape(-1, 34)
            scales = blocks[:, :2].copy().view("<f2").astype("f4")
            flat = (scales * blocks[:, 2:].view("i1")).ravel()
        else:
            raise NotImplementedError(self.kind)
        return flat.reshape(self.shape)


@dataclass
class Gguf:
    keys: dict[str, Any]
    kinds: dict[str, Any]
    """By key: the type number of the value, or (9, the type number of the items)."""
    tensors: dict[str, Tensor]


def read_gguf(path):
    data = path.read_bytes()
    at = 0

    def take(layout):
        nonlocal at
        values = struct.unpack_from("<" + layout, data, at)
        at += struct.calcsize("<" + layout)
        return values[0] if len(values) == 1 else values

    def text():
        nonlocal at
        size = take("Q")
        at += size
        return data[at - size : at].decode()

    def value(kind):
        return text() if kind == 8 else take(_SCALARS[kind])

    assert data[:4] == b"GGUF"
    at = 4
    assert take("I") == 3
    tensor_count, key_count = take("QQ")
    keys, kinds = {}, {}
    for _ in range(key_count):
        key, kind = text(), take("I")
        if kind == 9:
            items, count = take("IQ")
            keys[key], kinds[key] = [value(items) for _ in range(count)], (9, items)
        else:
            keys[key], kinds[key] = value(kind), kind
    infos = []
    for _ in range(tensor_count):
        name, axes = text(), take("I")
        dimensions = [take("Q") for _ in range(axes)]
        infos.append((name, dimensions, take("I"), take("Q")))
    start = -(-at // 32) * 32
    tensors = {}
    end = start
    for name, dimensions, number, offset in infos:
        kind = TYPES[number]
        items, size = _BLOCKS[kind]
        assert dimensions[0] % items == 0
        assert start + offset == end, "tensors follow each other, aligned"
        length = int(np.prod(dimensions)) // items * size
        tensors[name] = Tensor(kind, tuple(reversed(dimensions)), data[end : end + length])
        assert len(tensors[name].data) == length, "no tensor is cut off"
        end = -(-(end + length) // 32) * 32
    assert end == len(data)
    return Gguf(keys, kinds, tensors)

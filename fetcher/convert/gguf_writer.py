"""The head of a GGUF file: everything before the weights, whose sizes are known before they are.

So a file is written front to back, a block of rows at a time, and nothing is held. It knows no model.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3, little-endian)
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Value = str | bool | int | float | Sequence[str] | Sequence[int] | Sequence[float]
"""An int is written as uint32, a float as float32; in a list an int is int32."""

ALIGNMENT: Final = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9


@dataclass(frozen=True)
class TensorInfo:
    """`dimensions` has the length of a row first; `type` is a ggml_type; `size` is in bytes."""

    name: str
    dimensions: tuple[int, ...]
    type: int
    size: int


def padding(size: int) -> bytes:
    """What follows `size` bytes so that the next tensor is aligned."""
    return bytes(-size % ALIGNMENT)


def encode_head(metadata: Mapping[str, Value], tensors: Sequence[TensorInfo]) -> bytes:
    """The head; each tensor follows in this order, each with its padding."""
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        parts += [_text(key), _value(value)]
    offset = 0
    for tensor in tensors:
        axes = len(tensor.dimensions)
        parts += [_text(tensor.name), struct.pack(f"<I{axes}Q", axes, *tensor.dimensions)]
        parts.append(struct.pack("<IQ", tensor.type, offset))
        offset += tensor.size + len(padding(tensor.size))
    head = b"".join(parts)
    return head + padding(len(head))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<IB", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    return struct.pack("<I", _ARRAY) + _array(value)


def _array(items: Sequence[str] | Sequence[int] | Sequence[float]) -> bytes:
    if not items or isinstance(items[0], str):
        return struct.pack("<IQ", _STRING, len(items)) + b"".join(_text(str(item)) for item in items)
    kind, code = (_FLOAT32, "f") if isinstance(items[0], float) else (_INT32, "i")
    return struct.pack(f"<IQ{len(items)}{code}", kind, len(items), *items)

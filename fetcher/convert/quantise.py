"""Rows of float32 as the bytes of a GGUF tensor type, and which type each tensor gets.

The recipes are llama.cpp's (llama_tensor_get_type in src/llama-quant.cpp), so that a "Q4_K_M" from here
has the same type in every tensor as one from llama-quantize. The K types are left to llama.cpp's own
code; the others are simple enough to be written here, and need nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Bytes = NDArray[np.uint8]


class KQuantiser(Protocol):
    """What encodes the K types."""

    def encode(self, type_number: int, rows: Rows, size: int) -> Bytes:
        """The `size` bytes of `rows` as ggml_type `type_number`."""


@dataclass(frozen=True)
class TensorType:
    """A ggml_type: `size` bytes for each `block` weights of a row."""

    name: str
    number: int
    block: int
    size: int

    def bytes_of(self, rows: int, columns: int) -> int:
        """The size of a tensor of this type."""
        return rows * columns // self.block * self.size


F32: Final = TensorType("F32", 0, 1, 4)
F16: Final = TensorType("F16", 1, 1, 2)
Q8_0: Final = TensorType("Q8_0", 8, 32, 34)
Q4_K: Final = TensorType("Q4_K", 12, 256, 144)
Q6_K: Final = TensorType("Q6_K", 14, 256, 210)
BF16: Final = TensorType("BF16", 30, 1, 2)
K_TYPES: Final = (Q4_K, Q6_K)


@dataclass(frozen=True)
class Recipe:
    """A kind of GGUF file. `file_type` is llama.cpp's llama_ftype."""

    label: str
    file_type: int
    choose: Callable[[str, int, int], TensorType]
    """(tensor name, its layer, number of layers) -> the type, if the rows allow it."""

    def type_of(self, name: str, layers: int, columns: int) -> TensorType:
        """The type of a tensor whose rows have `columns` weights."""
        layer = int(name.split(".")[1]) if name.startswith("blk.") else 0
        wanted = self.choose(name, layer, layers)
        return next(kind for kind in (wanted, Q8_0, F16) if columns % kind.block == 0)


def _always(kind: TensorType) -> Callable[[str, int, int], TensorType]:
    return lambda _name, _layer, _layers: kind


def _q4_k_m(name: str, layer: int, layers: int) -> TensorType:
    """Q6_K for the output and, in the outer layers and every third between, for two tensors of a block."""
    eighth = layers // 8
    outer = layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2
    precious = name.endswith((".attn_v.weight", ".ffn_down.weight")) and outer
    return Q6_K if precious or name == "output.weight" else Q4_K


RECIPES: Final = {
    "q4_k_m": Recipe("Q4_K_M", 15, _q4_k_m),
    "q4_k": Recipe("Q4_K", 14, _always(Q4_K)),
    "q8_0": Recipe("Q8_0", 7, _always(Q8_0)),
    "bf16": Recipe("BF16", 32, _always(BF16)),
    "f32": Recipe("F32", 0, _always(F32)),
}


def encode(kind: TensorType, rows: Rows, quantiser: KQuantiser | None) -> Bytes:
    """The bytes of C-contiguous `rows`, whose length is a multiple of the type's block."""
    if kind is F32:
        return rows.astype("<f4", copy=False).view(np.uint8).ravel()
    if kind is F16:
        return rows.astype("<f2").view(np.uint8).ravel()
    if kind is BF16:
        return _bf16(rows)
    if kind is Q8_0:
        return _q8_0(rows)
    assert quantiser is not None, "whoever chooses a K type brings its quantiser"
    return quantiser.encode(kind.number, rows, kind.bytes_of(*rows.shape))


def _bf16(rows: Rows) -> Bytes:
    """The upper halves, rounded to the nearest, ties to even, as ggml_compute_fp32_to_bf16 does."""
    bits = rows.view(np.uint32)
    return ((bits + (0x7FFF + (bits >> 16 & 1))) >> 16).astype("<u2").view(np.uint8).ravel()


def _q8_0(rows: Rows) -> Bytes:
    """Blocks of 32: a float16 scale and 32 signed bytes, as quantize_row_q8_0_ref in ggml-quants.c does."""
    blocks = rows.reshape(-1, Q8_0.block)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    stored = scale.astype("<f2")
    # A scale that float16 cannot hold decodes to zeros, whatever the bytes say.
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=stored != 0)
    scaled = blocks * inverse
    # C's roundf takes halves away from zero, NumPy's to even.
    rounded = np.trunc(scaled)
    rounded += np.sign(scaled) * (np.abs(scaled - rounded) >= 0.5)
    encoded = np.empty((len(blocks), Q8_0.size), np.uint8)
    encoded[:, :2] = stored.view(np.uint8)
    encoded[:, 2:] = rounded.astype(np.int8).view(np.uint8)
    return encoded.ravel()

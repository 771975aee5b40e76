"""Reads the header of a GGUF file: what the model is, without loading it.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
The file may come from anywhere, so every length in it is checked against the bytes that are left, and
nothing is allocated before that. It knows no tensor data, and of the vocabulary what vocabulary.py asks for.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from fetcher.errors import Unusable
from fetcher.vocabulary import ODD_TYPES, Tokenization, Vocabulary, tokenization_of

MAX_PAIRS: Final = 65_536
MAX_TENSORS: Final = 1_000_000
MAX_STRINGS_IN_ARRAY: Final = 8_000_000
MAX_KEPT_STRING: Final = 4096
MAX_NAME: Final = 65_535
MAX_VOCABULARY: Final = 2_000_000
MAX_ODD_TOKENS: Final = 100_000
MAX_TOKEN: Final = 256

_STRING, _ARRAY = 8, 9
_INT32 = 5
_TOKENS, _TYPES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
_SCALARS: Final = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip

# llama_ftype of llama.cpp's include/llama.h
_FILE_TYPES: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip

Scalar = int | float | bool | str


@dataclass(frozen=True)
class GgufHeader:
    """What the manifest needs to know of a model; `None` where the file does not say."""

    architecture: str
    context_length: int | None
    quantization: str | None
    parameters: int
    tokenization: Tokenization | None


@dataclass(frozen=True)
class _Array:
    """Where the items of an array in the metadata lie."""

    kind: int
    count: int
    position: int


def read_header(path: Path) -> GgufHeader:
    """Read `path`; raises Unusable, with the reason, for anything that is not one whole GGUF model."""
    with path.open("rb") as file:
        reader = _Reader(file, path)
        pairs, tensors = reader.opening()
        values: dict[str, Scalar] = {}
        for _ in range(pairs):
            reader.pair_into(values)
        parameters, furthest = reader.tensors(tensors)
        if reader.position + furthest > reader.size:
            raise reader.refusal("is cut off: it ends before its tensors")
        odd = reader.odd_tokens()
    if _whole_number(values.get("split.count"), 1) > 1:
        raise Unusable(
            f"{path.name} is one part of a model split into {values['split.count']} files",
            "Join them with llama-gguf-split --merge and use the result.",
        )
    architecture = str(values.get("general.architecture", "")) or "unknown"
    return GgufHeader(
        architecture=architecture,
        context_length=_whole_number(values.get(f"{architecture}.context_length"), 0) or None,
        quantization=_FILE_TYPES.get(_whole_number(values.get("general.file_type"), -1)),
        parameters=parameters,
        tokenization=None if odd is None else tokenization_of(Vocabulary(odd, _named_ids(values))),
    )


def _whole_number(value: Scalar | None, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _named_ids(values: dict[str, Scalar]) -> frozenset[int]:
    """The tokens that the file itself calls its beginning, its end and the like."""
    return frozenset(
        value
        for key, value in values.items()
        if key.startswith("tokenizer.ggml.") and key.endswith("_token_id") and isinstance(value, int)
    )


class _Reader:
    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.size = path.stat().st_size
        self.position = 0
        self._arrays: dict[str, _Array] = {}

    def refusal(self, what: str) -> Unusable:
        return Unusable(f"{self._path.name} {what}", "Use a whole GGUF file that a current llama.cpp can load.")

    def opening(self) -> tuple[int, int]:
        """The number of key-value pairs and of tensors."""
        if self._take(min(4, self.size)) != b"GGUF":
            raise self.refusal("is not a GGUF file")
        version = self._unpack("<I")
        if version not in (2, 3):
            raise self.refusal(f"has GGUF version {version}; versions 2 and 3, little-endian, can be read")
        tensors, pairs = self._unpack("<Q"), self._unpack("<Q")
        if pairs > MAX_PAIRS or tensors > MAX_TENSORS:
            raise self.refusal(f"claims {pairs} metadata entries and {tensors} tensors, which no model has")
        return int(pairs), int(tensors)

    def pair_into(self, values: dict[str, Scalar]) -> None:
        """Read one pair; arrays and long strings are passed over."""
        key = self._name()
        kind = int(self._unpack("<I"))
        if kind == _ARRAY:
            self._skip_array(key)
            return
        if kind != _STRING:
            values[key] = self._unpack(self._format(kind))
            return
        length = int(self._unpack("<Q"))
        if length > MAX_KEPT_STRING:
            self._skip(length)
        else:
            values[key] = self._take(length).decode("utf-8", "replace")

    def tensors(self, count: int) -> tuple[int, int]:
        """The number of weights in all, and the largest offset of a tensor in the data section."""
        weights, furthest = 0, 0
        for _ in range(count):
            self._name()
            dimensions = int(self._unpack("<I"))
            if dimensions > 8:
                raise self.refusal(f"has a tensor of {dimensions} dimensions")
            shape = struct.unpack(f"<{dimensions}Q", self._take(8 * dimensions))
            self._unpack("<I")
            weights += math.prod(shape)
            furthest = max(furthest, int(self._unpack("<Q")))
        return weights, furthest

    def odd_tokens(self) -> dict[int, tuple[str, int]] | None:
        """Text and type of every token that is no plain text, by id; None where the file tells no types."""
        tokens, types = self._arrays.get(_TOKENS), self._arrays.get(_TYPES)
        if tokens is None or types is None or (tokens.kind, types.kind, types.count) != (_STRING, _INT32, tokens.count):
            return None
        if tokens.count > MAX_VOCABULARY:
            raise self.refusal(f"claims a vocabulary of {tokens.count} tokens")
        self._go_to(types.position)
        wanted = {
            index: kind
            for index, (kind,) in enumerate(struct.iter_unpack("<i", self._take(4 * types.count)))
            if kind in ODD_TYPES
        }
        if len(wanted) > MAX_ODD_TOKENS:
            raise self.refusal(f"claims {len(wanted)} special tokens")
        self._go_to(tokens.position)
        return dict(self._tokens(wanted))

    def _tokens(self, wanted: dict[int, int]) -> Iterator[tuple[int, tuple[str, int]]]:
        for index in range(max(wanted, default=-1) + 1):
            length = int(self._unpack("<Q"))
            if index in wanted and length <= MAX_TOKEN:
                yield index, (self._take(length).decode("utf-8", "replace"), wanted[index])
            else:
                self._skip(length)

    def _go_to(self, position: int) -> None:
        self.position = position
        self._file.seek(position)

    def _skip_array(self, key: str) -> None:
        kind, count = int(self._unpack("<I")), int(self._unpack("<Q"))
        if key in (_TOKENS, _TYPES):
            self._arrays[key] = _Array(kind, count, self.position)
        if kind == _ARRAY:
            raise self.refusal("has nested arrays in its metadata")
        if kind != _STRING:
            self._skip(count * struct.calcsize(self._format(kind)))
            return
        if count > MAX_STRINGS_IN_ARRAY:
            raise self.refusal(f"claims an array of {count} strings")
        for _ in range(count):
            self._skip(int(self._unpack("<Q")))

    def _name(self) -> str:
        length = int(self._unpack("<Q"))
        if length > MAX_NAME:
            raise self.refusal(f"has a name of {length} bytes in its header")
        return self._take(length).decode("utf-8", "replace")

    def _format(self, kind: int) -> str:
        try:
            return _SCALARS[kind]
        except KeyError:
            raise self.refusal(f"has metadata of unknown type {kind}") from None

    def _unpack(self, form: str) -> int | float | bool:
        value: int | float | bool = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _take(self, length: int) -> bytes:
        self._advance(length)
        return self._file.read(length)

    def _skip(self, length: int) -> None:
        self._advance(length)
        self._file.seek(self.position)

    def _advance(self, length: int) -> None:
        if length > self.size - self.position:
            raise self.refusal("is cut off or damaged: its header asks for more bytes than the file has")
        self.position += length

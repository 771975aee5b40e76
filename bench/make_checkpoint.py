"""Writes a nanochat checkpoint of pseudo-random weights in the published layout, without torch.

    python -m bench.make_checkpoint /tmp/d20

The default is the size of the published d20: 560,988,160 parameters, wte in bfloat16, the rest in float32,
about 2 GB, with a vocabulary of 65,536 tokens made of syllables. The same arguments give the same bytes.
Tokens that are not readable text get the logit 0, so that a model of random weights never emits invalid
UTF-8, at which llama-server answers 500. Also used by the tests, for other shapes.
"""

import argparse
import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

D20: Final = {
    "sequence_len": 2048, "vocab_size": 65536, "n_layer": 20, "n_head": 10, "n_kv_head": 10, "n_embd": 1280,
}  # fmt: skip
SPLIT_PATTERN: Final = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
    r"|\s+(?!\S)|\s+"
)
SPECIALS: Final = (
    "<|bos|>", "<|user_start|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>",
    "<|python_start|>", "<|python_end|>", "<|output_start|>", "<|output_end|>",
)  # fmt: skip
WTE: Final = "transformer.wte.weight"
BLOCK_ROWS: Final = 4096


@dataclass(frozen=True)
class Shaped:
    """A tensor to be written: `blocks` gives its rows in order, a few at a time."""

    key: str
    shape: tuple[int, ...]
    blocks: Callable[[], Iterator[Rows]]

    @property
    def storage(self) -> str:
        """The name of its class in torch."""
        return "BFloat16Storage" if self.key == WTE else "FloatStorage"

    @property
    def size(self) -> int:
        """In bytes."""
        return int(np.prod(self.shape)) * (2 if self.key == WTE else 4)


def shapes(config: Mapping[str, int], rows_of_vocabulary: int | None = None) -> dict[str, tuple[int, int]]:
    """Every tensor of the network in the order of its state dict."""
    width, head = config["n_embd"], config["n_embd"] // config["n_head"]
    keys = config["n_kv_head"] * head
    vocabulary = rows_of_vocabulary or config["vocab_size"]
    found = {WTE: (vocabulary, width)}
    for i in range(config["n_layer"]):
        layer = f"transformer.h.{i}"
        found[f"{layer}.attn.c_q.weight"] = (width, width)
        found[f"{layer}.attn.c_k.weight"] = (keys, width)
        found[f"{layer}.attn.c_v.weight"] = (keys, width)
        found[f"{layer}.attn.c_proj.weight"] = (width, width)
        found[f"{layer}.mlp.c_fc.weight"] = (4 * width, width)
        found[f"{layer}.mlp.c_proj.weight"] = (width, 4 * width)
    found["lm_head.weight"] = (vocabulary, width)
    return found


def random_tensors(
    config: Mapping[str, int], silent: set[int], seed: int, rows_of_vocabulary: int | None = None
) -> list[Shaped]:
    """Weights of a plausible scale; the tokens in `silent` always have the logit 0."""

    def blocks_of(number: int, key: str, shape: tuple[int, int]) -> Callable[[], Iterator[Rows]]:
        def blocks() -> Iterator[Rows]:
            random = np.random.default_rng([seed, number])
            for first in range(0, shape[0], BLOCK_ROWS):
                count = min(BLOCK_ROWS, shape[0] - first)
                rows = random.standard_normal((count, shape[1]), np.float32)
                rows *= np.float32(
                    1 if key == WTE else 3 / shape[1] ** 0.5 if key == "lm_head.weight" else shape[1] ** -0.5
                )
                if key == "lm_head.weight":
                    rows[[token - first for token in silent if first <= token < first + count]] = 0
                yield rows

        return blocks

    every = shapes(config, rows_of_vocabulary)
    return [Shaped(key, shape, blocks_of(i, key, shape)) for i, (key, shape) in enumerate(every.items())]


def syllable_ranks(count: int) -> dict[bytes, int]:
    """A byte-level vocabulary of `count` tokens: the bytes, then words of growing length out of syllables."""
    syllables = [a + b for a, b in product("bcdfghjklmnpqrstvwxyz", "aeiou")]

    def words() -> Iterator[str]:
        yield from syllables
        yield from (syllable + " " for syllable in syllables)
        yield from (" " * length for length in (2, 4))
        yield from ("  \n", "00", "19", "20", "<|", "|>")
        for length in (2, 3):
            yield from map("".join, product(syllables, repeat=length))

    tokens = [bytes([byte]) for byte in range(256)] + [word.encode() for word in islice(words(), count - 256)]
    return {token: rank for rank, token in enumerate(tokens[:count])}


def silent_tokens(ranks: Mapping[bytes, int]) -> set[int]:
    """Special tokens, and bytes that are no printable ASCII."""
    odd = {rank for token, rank in ranks.items() if len(token) == 1 and not 0x20 <= token[0] < 0x7F}
    return odd | set(range(len(ranks), len(ranks) + len(SPECIALS)))


def write_model(path: Path, tensors: list[Shaped]) -> None:
    """What torch.save writes for a state dict: a zip of stored entries, each aligned to 64 bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        _put(archive, path.stem, "data.pkl", [state_dict_pickle(tensors)])
        _put(archive, path.stem, ".format_version", [b"1"])
        _put(archive, path.stem, "byteorder", [b"little"])
        for number, tensor in enumerate(tensors):
            _put(archive, path.stem, f"data/{number}", map(_encoded(tensor), tensor.blocks()), tensor.size)
        _put(archive, path.stem, "version", [b"3\n"])


def _encoded(tensor: Shaped) -> Callable[[Rows], bytes]:
    if tensor.key != WTE:
        return lambda rows: rows.astype("<f4").tobytes()
    return lambda rows: (rows.view(np.uint32) >> 16).astype("<u2").tobytes()  # cut off: exact for what is read back


def _put(archive: zipfile.ZipFile, stem: str, name: str, blocks: Any, size: int = 0) -> None:
    entry = zipfile.ZipInfo(f"{stem}/{name}")
    entry.file_size = size
    assert archive.fp is not None
    gap = -(archive.fp.tell() + 30 + len(entry.filename) + 4) % 64
    entry.extra = struct.pack("<2sH", b"FB", gap) + b"Z" * gap
    with archive.open(entry, "w") as file:
        for block in blocks:
            file.write(block)


def state_dict_pickle(tensors: list[Shaped]) -> bytes:
    """The data.pkl of a state dict (protocol 2), opcode by opcode: the classes it names are not here."""
    ordered = b"ccollections\nOrderedDict\n)R"
    parts = [b"\x80\x02", ordered, b"("]
    for number, tensor in enumerate(tensors):
        items = int(np.prod(tensor.shape))
        strides = [int(np.prod(tensor.shape[axis + 1 :])) for axis in range(len(tensor.shape))]
        parts += [_text(tensor.key), b"ctorch._utils\n_rebuild_tensor_v2\n(("]
        parts += [_text("storage"), f"ctorch\n{tensor.storage}\n".encode(), _text(str(number)), _text("cpu")]
        parts += [_int(items), b"tQ", _int(0), b"(", *map(_int, tensor.shape), b"t(", *map(_int, strides), b"t"]
        parts += [b"\x89", ordered, b"tR"]
    return b"".join([*parts, b"u}", _text("_metadata"), ordered, b"sb."])


def encoding_pickle(ranks: Mapping[bytes, int], specials: Mapping[str, int], pattern: str = SPLIT_PATTERN) -> bytes:
    """The tokenizer.pkl of a tiktoken.Encoding (protocol 4)."""
    parts = [b"\x80\x04", _text("tiktoken.core"), _text("Encoding"), b"\x93)\x81}("]
    parts += [_text("name"), _text("rustbpe"), _text("pat_str"), _text(pattern), _text("mergeable_ranks"), b"}("]
    for token, rank in ranks.items():
        parts += [b"B" + struct.pack("<I", len(token)) + token, _int(rank)]
    parts += [b"u", _text("special_tokens"), b"}("]
    for name, number in specials.items():
        parts += [_text(name), _int(number)]
    return b"".join([*parts, b"uub."])


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _int(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def write_tokenizer(folder: Path, vocab_size: int) -> dict[bytes, int]:
    """tokenizer.pkl with `vocab_size` tokens, the special ones last; returns the others with their ids."""
    ranks = syllable_ranks(vocab_size - len(SPECIALS))
    specials = {name: len(ranks) + i for i, name in enumerate(SPECIALS)}
    (folder / "tokenizer.pkl").write_bytes(encoding_pickle(ranks, specials))
    return ranks


def write_checkpoint(
    folder: Path, config: Mapping[str, int], seed: int = 0, rows_of_vocabulary: int | None = None
) -> None:
    """All files of a checkpoint in the folder. `rows_of_vocabulary` pads wte and lm_head to so many rows."""
    folder.mkdir(parents=True, exist_ok=True)
    ranks = write_tokenizer(folder, config["vocab_size"])
    meta = {"step": 650, "model_config": dict(config)}
    (folder / "meta_000650.json").write_text(json.dumps(meta, indent=2))
    silent = silent_tokens(ranks) | set(range(config["vocab_size"], rows_of_vocabulary or 0))
    write_model(folder / "model_000650.pt", random_tensors(config, silent, seed, rows_of_vocabulary))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    for name, value in D20.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    flags = vars(parser.parse_args())
    write_checkpoint(flags["folder"], {name: flags[name] for name in D20}, flags["seed"])


if __name__ == "__main__":
    main()

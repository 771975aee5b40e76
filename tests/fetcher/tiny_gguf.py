"""Makes a small valid GGUF: a few metadata pairs, one tensor, random bytes after it."""

import random
import struct
from typing import Any


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def pair(key: str, value: Any) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list) and value and isinstance(value[0], int):
        return text(key) + struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    if isinstance(value, list):
        items = b"".join(text(item) for item in value)
        return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + items
    return text(key) + struct.pack("<II", 4, value)


def tiny_gguf(size: int = 300_000, seed: int = 1, *, version: int = 3, **pairs: Any) -> bytes:
    """`size` bytes in all; keyword arguments add to or replace the pairs (`__` stands for a dot)."""
    told = {
        "general.architecture": "llama",
        "general.file_type": 15,
        "llama.context_length": 2048,
        "tokenizer.ggml.tokens": ["a", "<s>", ""],
        "tokenizer.ggml.token_type": [1, 3, 1],
        **{key.replace("__", "."): value for key, value in pairs.items()},
    }
    head = b"GGUF" + struct.pack("<IQQ", version, 1, len(told)) + b"".join(pair(*item) for item in told.items())
    head += text("token_embd.weight") + struct.pack("<IQQIQ", 2, 64, 32, 0, 0)
    return head + random.Random(seed).randbytes(max(0, size - len(head)))

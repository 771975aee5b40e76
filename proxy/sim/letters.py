"""Identifiers out of bytes: letters and digits, as OpenAI's have them."""

from hashlib import blake2b

_BASE62 = bytes(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[i % 62] for i in range(256))


def base62(seen: bytes, length: int) -> str:
    """So many letters and digits (at most 64), drawn from bytes."""
    return blake2b(seen, digest_size=length).digest().translate(_BASE62).decode("ascii")

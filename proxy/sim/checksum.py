"""Cyclic redundancy checks as FLAC and Ogg have them: they begin with 0, the highest bit first."""

from functools import cache


def checksum(data: bytes, bits: int, polynomial: int) -> int:
    """The check of so many bits, 8 or more; the polynomial is without its highest term."""
    table, mask, shift = _table(bits, polynomial), (1 << bits) - 1, bits - 8
    value = 0
    for byte in data:
        value = (value << 8 & mask) ^ table[value >> shift ^ byte]
    return value


@cache
def _table(bits: int, polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> bits - 1 else 0)) & (1 << bits) - 1
        table.append(value)
    return tuple(table)

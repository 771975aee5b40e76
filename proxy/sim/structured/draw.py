"""An endless stream of choices that a few bytes decide: the same bytes give the same choices everywhere."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_BLOCK_BITS = 512


class Draw:
    """Hands out numbers from the BLAKE2b digests of `seed` and a counter."""

    __slots__ = ("_bits", "_counter", "_left", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = blake2b(seed).digest()
        self._counter = 0
        self._left = 0
        self._bits = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; 64 bits more than that needs are spent, so that none is much likelier."""
        needed = limit.bit_length() + 64
        while self._bits < needed:
            block = blake2b(self._counter.to_bytes(8, "little"), key=self._seed).digest()
            self._counter += 1
            self._left |= int.from_bytes(block, "little") << self._bits
            self._bits += _BLOCK_BITS
        spent = self._left & ((1 << needed) - 1)
        self._left >>= needed
        self._bits -= needed
        return spent % limit

    def among(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All of the options, in an order of its own."""
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in options]

"""Sends every piece in two, split inside a character where there is one of several bytes."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, Seconds, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class SplitCharacters(Fault, frozen=True):
    """Two writes for each piece, the first of which ends inside a UTF-8 character; all bytes arrive."""

    seconds: Seconds = 0.02

    def shape(self, answer: Answer, times: Times) -> Answer:
        """Halves with a pause between them, so that they travel apart."""

        async def halves(pieces: Pieces) -> AsyncGenerator[bytes, None]:
            async for piece in pieces:
                at = _inside(piece)
                if at:
                    yield piece[:at]
                    await times.sleep(self.seconds)
                yield piece[at:]

        return reshaped(answer, halves)


def _inside(piece: bytes) -> int:
    """A place inside the first character of several bytes; without one, the middle."""
    return next((at + 1 for at, byte in enumerate(piece) if byte >= 0xC0), len(piece) // 2)

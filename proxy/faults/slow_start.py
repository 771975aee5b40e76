"""Waits before the answer's first byte."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, Seconds, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class SlowStart(Fault, frozen=True):
    """The status and headers come at once, the first byte of the body (the first token) late."""

    seconds: Seconds = 5.0

    def shape(self, answer: Answer, times: Times) -> Answer:
        """Wait, then everything as it comes."""

        async def late(pieces: Pieces) -> AsyncGenerator[bytes, None]:
            await times.sleep(self.seconds)
            async for piece in pieces:
                yield piece

        return reshaped(answer, late)

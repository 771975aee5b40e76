"""Waits before each event."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, Seconds, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class SlowEvents(Fault, frozen=True):
    """Slow tokens: a pause before each event of a stream, or before a whole answer."""

    seconds: Seconds = 0.5

    def shape(self, answer: Answer, times: Times) -> Answer:
        """A pause and an event in turn."""

        async def slowly(pieces: Pieces) -> AsyncGenerator[bytes, None]:
            async for piece in pieces:
                await times.sleep(self.seconds)
                yield piece

        return reshaped(answer, slowly)

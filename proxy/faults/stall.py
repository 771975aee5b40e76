"""Falls silent in the middle of the answer, with the connection open."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Count, Fault, Pieces, Seconds, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class Stall(Fault, frozen=True):
    """Silence after some events, for so long that only the client's time-out ends it; then the rest."""

    after_events: Count = 2
    seconds: Seconds = 600.0

    def shape(self, answer: Answer, times: Times) -> Answer:
        """Events, silence, and the rest."""

        async def stalling(pieces: Pieces) -> AsyncGenerator[bytes, None]:
            number = 0
            async for piece in pieces:
                if number == self.after_events:
                    await times.sleep(self.seconds)
                number += 1
                yield piece

        return reshaped(answer, stalling)

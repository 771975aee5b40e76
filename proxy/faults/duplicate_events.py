"""Sends events twice."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Count, Fault, Pieces, is_last, is_stream, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class DuplicateEvents(Fault, frozen=True):
    """Every so many events one comes twice, as after a retry inside a proxy."""

    every: Count = 1

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """More events; the last, and a plain answer, stay as they are."""
        return reshaped(answer, self._twice) if is_stream(answer) else answer

    async def _twice(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number = 0
        async for event in events:
            number += 1
            yield event
            if self.every and number % self.every == 0 and not is_last(event):
                yield event

"""Closes the connection in the middle of the answer."""

from collections.abc import AsyncGenerator
from typing import ClassVar

from proxy.faults.fault import Count, Fault, Pieces, is_stream, joined, reshaped
from proxy.keys import Times
from proxy.relay import Answer, BrokenOff

_USUAL_EVENTS = 2


class Cut(Fault, frozen=True):
    """The connection closes after some events or bytes, with neither [DONE] nor the end of the HTTP message."""

    after_events: Count | None = None
    after_bytes: Count | None = None
    reset: ClassVar[bool] = False

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The beginning: of a plain answer half, unless bytes are named."""
        return reshaped(answer, self._events if is_stream(answer) else self._beginning)

    async def _events(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        most = _USUAL_EVENTS if self.after_events is None and self.after_bytes is None else self.after_events
        left, number = self.after_bytes, 0
        async for event in events:
            if number == most or (left is not None and left <= 0):
                break
            number += 1
            yield event[:left]
            left = None if left is None else left - len(event)
        raise BrokenOff(reset=self.reset)

    async def _beginning(self, pieces: Pieces) -> AsyncGenerator[bytes, None]:
        body = await joined(pieces)
        yield body[: len(body) // 2 if self.after_bytes is None else self.after_bytes]
        raise BrokenOff(reset=self.reset)

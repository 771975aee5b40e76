"""Swaps neighbouring events."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Count, Fault, Pieces, is_last, is_stream, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class ReorderEvents(Fault, frozen=True):
    """One event changes places with the next."""

    event: Count = 1

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The events in another order, counted from 0; the last, and a plain answer, stay where they are."""
        return reshaped(answer, self._swapped) if is_stream(answer) else answer

    async def _swapped(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number, held = 0, b""
        async for event in events:
            if number == self.event and not is_last(event):
                held = event
            else:
                for each in (event, held) if held and not is_last(event) else (held, event):
                    if each:
                        yield each
                held = b""
            number += 1
        if held:
            yield held

"""Leaves out what ends a stream."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, is_last, is_stream, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class NoDone(Fault, frozen=True):
    """A stream without its last event: [DONE], response.completed, or message_stop."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """All other events; a plain answer stays as it is."""
        return reshaped(answer, _all_but_the_last) if is_stream(answer) else answer


async def _all_but_the_last(events: Pieces) -> AsyncGenerator[bytes, None]:
    async for event in events:
        if not is_last(event):
            yield event

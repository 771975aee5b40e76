"""Ends the JSON too early, in an answer that is otherwise whole."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Count, Fault, Pieces, data_of, is_stream, joined, reshaped, with_data
from proxy.keys import Times
from proxy.relay import Answer


class TruncatedJson(Fault, frozen=True):
    """Half a JSON document: of a plain answer, or of one event of a stream, which then goes on."""

    event: Count = 2

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The answer with half a document in it; events count from 0."""
        return reshaped(answer, self._half_event if is_stream(answer) else _half)

    async def _half_event(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number = 0
        async for event in events:
            data = data_of(event)
            yield with_data(event, data[: len(data) // 2]) if data and number == self.event else event
            number += 1


async def _half(pieces: Pieces) -> AsyncGenerator[bytes, None]:
    body = await joined(pieces)
    yield body[: len(body) // 2]

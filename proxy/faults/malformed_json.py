"""Sends what looks like JSON and is not."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Count, Fault, Pieces, data_of, is_stream, joined, reshaped, with_data
from proxy.keys import Times
from proxy.relay import Answer


class MalformedJson(Fault, frozen=True):
    """A document with single quotes for double ones, as a template or a careless proxy writes it."""

    event: Count = 2

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The answer, or one event of a stream counted from 0, with the wrong quotes."""
        return reshaped(answer, self._one_event if is_stream(answer) else _document)

    async def _one_event(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number = 0
        async for event in events:
            data = data_of(event)
            yield with_data(event, _wrong(data)) if data and number == self.event else event
            number += 1


async def _document(pieces: Pieces) -> AsyncGenerator[bytes, None]:
    yield _wrong(await joined(pieces))


def _wrong(data: bytes) -> bytes:
    return data.replace(b'"', b"'")

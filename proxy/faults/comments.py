"""Puts keep-alive comments between the events."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, Text, is_stream, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class Comments(Fault, frozen=True):
    """A comment line before each event, as proxies send to keep a connection alive; it means nothing."""

    text: Text = "keep-alive"

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """Comments and events in turn; a plain answer stays as it is."""
        if not is_stream(answer):
            return answer
        comment = b": %b\n\n" % " ".join(self.text.split()).encode()

        async def between(events: Pieces) -> AsyncGenerator[bytes, None]:
            async for event in events:
                yield comment
                yield event

        return reshaped(answer, between)

"""Ends the lines of a stream with CR LF."""

from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, is_stream, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class Crlf(Fault, frozen=True):
    r"""Events whose lines end with \r\n, which the standard allows and some parsers do not expect."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The same events; a plain answer stays as it is."""
        return reshaped(answer, _with_crlf) if is_stream(answer) else answer


async def _with_crlf(events: Pieces) -> AsyncGenerator[bytes, None]:
    async for event in events:
        yield event.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

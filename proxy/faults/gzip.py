"""Compresses the answer, streams too."""

import zlib
from collections.abc import AsyncGenerator

from proxy.faults.fault import Fault, Pieces, is_packed, reshaped
from proxy.keys import Times
from proxy.relay import Answer

_GZIP = 16 + zlib.MAX_WBITS


class Gzip(Fault, frozen=True):
    """`Content-Encoding: gzip`, also on a stream, as a careless reverse proxy does: everything arrives at once."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The same answer, compressed as one piece, once."""
        if is_packed(answer):
            return answer
        packed = reshaped(answer, _compressed)
        return Answer(packed.body, {**packed.headers, "Content-Encoding": "gzip"}, packed.status)


async def _compressed(pieces: Pieces) -> AsyncGenerator[bytes, None]:
    packer = zlib.compressobj(wbits=_GZIP)
    packed = [packer.compress(piece) async for piece in pieces]
    yield b"".join([*packed, packer.flush()])

"""Breaks a stream off with an error in it."""

from collections.abc import AsyncGenerator

from proxy.errors import ApiError, InternalError
from proxy.faults.fault import Count, Fault, Pieces, Text, is_stream, reshaped
from proxy.keys import Times
from proxy.relay import Answer


class ErrorEvent(Fault, frozen=True):
    """After some events, `data: {"error": ...}` and the end: how an error looks once the status was 200."""

    after_events: Count = 2
    message: Text = "The server had an error while processing your request. Sorry about that!"

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The beginning and the error; a plain answer becomes the error with status 500."""
        if not is_stream(answer):
            raise self._error()
        return reshaped(answer, self._broken)

    async def _broken(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number = 0
        async for event in events:
            if number == self.after_events:
                break
            number += 1
            yield event
        raise self._error()

    def _error(self) -> ApiError:
        return InternalError(self.message)

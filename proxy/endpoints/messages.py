"""`POST /v1/messages` and `/v1/messages/count_tokens`: Anthropic's API, simulated or by llama-server.

What the simulator needs for it is imported at the first such request. Errors leave in Anthropic's shape: gate.py knows
these paths, and here it is the events that tell of them in llama-server's streams.
"""

from typing import Self

from proxy import sse
from proxy.endpoints.call import Call, check_model, json_answer, real_answer
from proxy.errors import ApiError
from proxy.relay import Answer, Body

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"


async def messages(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    if real := await real_answer(call, MESSAGES):
        if isinstance(real.body, bytes) or not real.headers.get("Content-Type", "").startswith("text/event-stream"):
            return real
        return Answer(_Told(real.body), real.headers, real.status)
    from proxy.endpoints import messages_bytes, messages_job, messages_rules  # noqa: PLC0415 - see above

    ask = messages_rules.read(call)
    check_model(call, ask.model)
    reply = messages_job.reply(ask, call.server_seed)
    if ask.stream:
        return Answer(messages_bytes.streamed(reply), sse.HEADERS)
    return Answer(messages_bytes.plain(reply), {"Content-Type": "application/json"})


async def count_tokens(call: Call) -> Answer:
    """Count what the same request would be charged for as its input. Raises ApiError."""
    if real := await real_answer(call, COUNT):
        return real
    from proxy.endpoints import messages_job, messages_rules  # noqa: PLC0415 - see above

    ask = messages_rules.read(call, counting=True)
    check_model(call, ask.model)
    return json_answer({"input_tokens": messages_job.input_tokens(ask)})


class _Told:
    """A stream of llama-server's whose failure is told in an event of Anthropic's."""

    def __init__(self, source: Body) -> None:
        self._source = source
        self._pieces = aiter(source)
        self._tail = b"\n\n"
        self._failed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """What has come, and at last, if need be, why no more will."""
        if self._failed:
            raise StopAsyncIteration
        try:
            piece = await anext(self._pieces)
        except ApiError as error:
            self._failed = True
            event = b"event: error\ndata: " + error.anthropic_body(None) + b"\n\n"
            return event if sse.at_boundary(self._tail) else b"\n\n" + event
        self._tail = (self._tail + piece)[-4:]
        return piece

    async def aclose(self) -> None:
        """End the source."""
        await self._source.aclose()

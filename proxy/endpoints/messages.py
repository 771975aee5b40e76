"""`POST /v1/messages` and `/v1/messages/count_tokens`: Anthropic's API, simulated or by llama-server.

What the simulator needs for it is imported at the first such request. Errors leave in Anthropic's shape by their path.
"""

from proxy import sse
from proxy.endpoints.call import Call, check_model, json_answer, real_answer
from proxy.relay import Answer

MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"


async def messages(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    if real := await real_answer(call, MESSAGES):
        return real
    from proxy.endpoints import messages_bytes, messages_job, messages_rules  # noqa: PLC0415 - see above

    ask = messages_rules.read(call)
    check_model(call, ask.model)
    reply = messages_job.reply(ask, call.server_seed, call.complete)
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

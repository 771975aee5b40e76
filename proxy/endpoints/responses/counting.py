"""`POST /v1/responses/input_tokens` and `/v1/responses/compact`: what a request counts, and a conversation in short."""

from proxy.endpoints.call import Call, check_model, json_answer
from proxy.endpoints.responses import rules, shape
from proxy.endpoints.responses.given import Given, given_to
from proxy.endpoints.responses.items import as_kept, identifier
from proxy.endpoints.responses.job import messages_of, tools_of
from proxy.endpoints.responses.reading import Reader
from proxy.endpoints.responses.schema import Asked
from proxy.endpoints.responses.sealed import expanded, packed
from proxy.endpoints.responses.state import STATE, decoded
from proxy.relay import Answer
from proxy.sim.chat import complete
from proxy.sim.job import ChatJob

_CHARACTERS_PER_TOKEN = 4  # of base64, about; to count them would take longer than to make them


async def input_tokens(call: Call) -> Answer:
    """The tokens that the same request would be charged for as its input. Raises ApiError."""
    ask, given = _read(call)
    return json_answer({"object": "response.input_tokens", "input_tokens": _count(ask, given)})


async def compact(call: Call) -> Answer:
    """Everything that was said as one item. Raises ApiError."""
    ask, given = _read(call)
    owner = identifier("resp", "compaction", [decoded(item) for item in given.before], given.inputs, ask.instructions)
    held = packed(as_kept(expanded([*map(decoded, given.before), *given.inputs]), owner))
    compaction = {"id": identifier("cmp", owner), "type": "compaction", "encrypted_content": held}
    return json_answer(
        {
            "id": owner,
            "object": "response.compaction",
            "created_at": call.now,
            "output": [compaction],
            "usage": shape.usage(_count(ask, given), len(held) // _CHARACTERS_PER_TOKEN),
        }
    )


def _read(call: Call) -> tuple[Asked, Given]:
    reader = Reader(call)
    ask = reader.read(Asked)
    if ask.model is not None:
        check_model(call, ask.model)
    if ask.tools:
        ask.tools = rules.with_strictness(reader.tools(ask.tools))
    rules.check_asked(ask)
    return ask, given_to(ask, reader, call.own(STATE))


def _count(ask: Asked, given: Given) -> int:
    return complete(ChatJob(messages_of(ask, given.all), tools_given=tools_of(ask), max_tokens=1)).prompt_tokens

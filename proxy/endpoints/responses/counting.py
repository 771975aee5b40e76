"""`POST /v1/responses/input_tokens` and `/v1/responses/compact`: what a request counts, and a conversation in short."""

from proxy.endpoints.call import Call, check_model, json_answer
from proxy.endpoints.responses import rules, shape
from proxy.endpoints.responses.given import Given, given_to
from proxy.endpoints.responses.items import as_kept, expanded, identifier, packed
from proxy.endpoints.responses.job import messages_of, tools_of
from proxy.endpoints.responses.reading import Reader
from proxy.endpoints.responses.schema import Asked
from proxy.endpoints.responses.state import STATE, decoded
from proxy.relay import Answer
from proxy.sim import tokens
from proxy.sim.chat import complete
from proxy.sim.job import ChatJob


async def input_tokens(call: Call) -> Answer:
    """The tokens that the same request would be charged for as its input. Raises ApiError."""
    ask, given = _read(call)
    return json_answer({"object": "response.input_tokens", "input_tokens": _count(ask, given)})


async def compact(call: Call) -> Answer:
    """The user's messages as they are, and all that was said in between as one item. Raises ApiError."""
    ask, given = _read(call)
    owner = identifier("resp", "compaction", [decoded(item) for item in given.before], given.inputs, ask.instructions)
    listed = as_kept(expanded([*map(decoded, given.before), *given.inputs]), owner)
    asked = [item for item in listed if item.get("role") == "user"]
    rest = packed([item for item in listed if item.get("role") != "user"])
    compaction = {"id": identifier("cmp", owner), "type": "compaction", "encrypted_content": rest}
    return json_answer(
        {
            "id": owner,
            "object": "response.compaction",
            "created_at": call.now,
            "output": [*asked, compaction],
            "usage": shape.usage(_count(ask, given), tokens.count(rest)),
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
    return ask, given_to(ask, reader, call.app[STATE])


def _count(ask: Asked, given: Given) -> int:
    return complete(ChatJob(messages_of(ask, given.all), tools_given=tools_of(ask), max_tokens=1)).prompt_tokens

"""A Messages request as a job of the simulator's, and its answer as the blocks of a message.

Thinking is told in a summary, a short text of the generator's own; its tokens are those that the generator counted.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import ceil
from typing import Any, Literal

import msgspec

from proxy.endpoints.media import decoded, dimensions
from proxy.endpoints.messages_schema import (
    AnyTool,
    Document,
    Image,
    Message,
    NoTool,
    OneTool,
    Request,
    SearchResult,
    Text,
    ThinkingAdaptive,
    ThinkingBetweenTools,
    ThinkingDisabled,
    ThinkingEnabled,
    ToolResult,
    format_of,
)
from proxy.endpoints.messages_schema import Tool as GivenTool
from proxy.endpoints.messages_schema import ToolUse as Use
from proxy.endpoints.messages_wording import wrong
from proxy.sim import job as sim
from proxy.sim.chat import complete
from proxy.sim.job import Answer, ChatJob, Choice, Format, Tool, ToolCall, ToolUse

Complete = Callable[[ChatJob], Answer]
StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"]

# Anthropic's documentation, "Vision": a token for 750 pixels, of an image that is fitted into 1568 pixels and 1,600
# tokens; what cannot be measured here counts as that. For a document, a page of middling length.
_PIXELS_PER_TOKEN, _LARGEST_SIDE, _LARGEST_IMAGE = 750, 1568, 1600
_DOCUMENT_TOKENS = 2000
# The efforts that thinking can take, and the tokens that leave room for each.
_ROOM = {"low": 256, "medium": 1024, "high": 2048, "xhigh": 8192}


@dataclass(frozen=True, slots=True)
class Thought:
    """What is told of thinking, and the mark that shows it was thought here."""

    text: str
    signature: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool; `arguments` is a JSON object as text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A message: its blocks in order, texts as they are, and all that stands around them."""

    id: str
    model: str
    blocks: tuple[Thought | str | Call, ...]
    stop_reason: StopReason
    stop_sequence: str | None
    input_tokens: int
    output_tokens: int
    thinking_tokens: int | None


def reply(ask: Request, server_seed: int, complete: Complete = complete) -> Reply:
    """The message, of the simulator or of who else completes. Raises BadRequestError for a schema nothing meets."""
    job = _job(ask, server_seed)
    answer = _completed(job, complete)
    (choice,) = answer.choices
    stop_sequence = _stopped_by(job, choice, complete)
    thinks = job.reasoning_effort is not None
    blocks: list[Thought | str | Call] = [_thought(ask, job)] if thinks else []
    if text := choice.text or choice.refusal:
        blocks.append(text)
    blocks += [_call(call) for call in choice.tool_calls]
    return Reply(
        id="msg_01" + answer.id[-22:],
        model=ask.model,
        blocks=tuple(blocks),
        stop_reason="stop_sequence" if stop_sequence is not None else _reason(choice),
        stop_sequence=stop_sequence,
        input_tokens=answer.prompt_tokens,
        output_tokens=answer.completion_tokens,
        thinking_tokens=choice.reasoning_tokens if thinks else None,
    )


def input_tokens(ask: Request) -> int:
    """What the same request's usage will say."""
    return _completed(replace(_job(ask, 0), max_tokens=1), complete).prompt_tokens


def _completed(job: ChatJob, complete: Complete) -> Answer:
    if job.format is None and job.tool_use is None:
        return complete(job)
    from proxy.sim.structured import SchemaError  # noqa: PLC0415 - takes its time; who sends no schema need not load it

    try:
        return complete(job)
    except SchemaError as problem:  # a schema that nothing meets, which is seen when something is made
        where = "tools" if job.format is None else "output_config.format.schema"
        raise wrong(where, f"no value meets the JSON schema: {problem}") from None


def _job(ask: Request, server_seed: int) -> ChatJob:
    wanted = format_of(ask)
    return ChatJob(
        messages=(*_system(ask), *[turn for message in ask.messages for turn in _turns(message)]),
        seed=ask.seed,
        server_seed=server_seed,
        max_tokens=ask.max_tokens,
        stop=tuple(ask.stop_sequences or ()),
        response_length=ask.response_length,
        tool_use=_tool_use(ask),
        tools_given=tuple([_tool(tool) for tool in ask.tools or ()]),
        format=Format(_json(wanted.schema), strict=True) if wanted else None,
        reasoning_effort=_effort(ask),
    )


def _tool(given: GivenTool) -> Tool:
    return Tool(given.name, given.description or "", _json(given.input_schema or {}), strict=bool(given.strict))


def _tool_use(ask: Request) -> ToolUse | None:
    choice = ask.tool_choice
    # Anthropic's own tools have no schema here: they are counted and never called.
    tools = tuple([_tool(tool) for tool in ask.tools or () if tool.input_schema is not None])
    if isinstance(choice, OneTool):
        tools = tuple([tool for tool in tools if tool.name == choice.name])
    if not tools or isinstance(choice, NoTool):
        return None
    return ToolUse(
        tools,
        mode="required" if isinstance(choice, AnyTool | OneTool) else "auto",
        parallel=not (choice and choice.disable_parallel_tool_use),
    )


def _effort(ask: Request) -> str | None:
    match ask.thinking:
        case None | ThinkingDisabled():
            return None
        case ThinkingBetweenTools() if not isinstance(ask.messages[-1].content, list) or not any(
            isinstance(block, ToolResult) for block in ask.messages[-1].content
        ):
            return None
    wanted = (ask.output_config and ask.output_config.effort) or "high"
    room = ask.thinking.budget_tokens if isinstance(ask.thinking, ThinkingEnabled) else ask.max_tokens
    efforts = list(_ROOM)[: [*_ROOM].index("xhigh" if wanted == "max" else wanted) + 1]
    return next((effort for effort in reversed(efforts) if _ROOM[effort] <= room), None)


def _system(ask: Request) -> Iterator[sim.Message]:
    if ask.system:
        yield sim.Message("system", ask.system if isinstance(ask.system, str) else _joined(ask.system))


def _turns(message: Message) -> Iterator[sim.Message]:
    """A turn as OpenAI has it: the results of tools first, each by itself, then what is said."""
    if isinstance(message.content, str):
        yield sim.Message(message.role, message.content)
        return
    calls, said, media = [], [], 0
    for block in message.content:
        if isinstance(block, ToolResult):
            text, tokens = (block.content, 0) if isinstance(block.content, str) else _read(block.content or [])
            yield sim.Message("tool", text, tool_call_id=block.tool_use_id, media_tokens=tokens)
        elif isinstance(block, Use):
            calls.append(ToolCall(block.id, block.name, _json(block.input)))
        elif isinstance(block, Text | Image | Document | SearchResult):
            text, tokens = _read([block])
            said += [text] if text else []
            media += tokens
    if said or media or calls:
        yield sim.Message(message.role, "\n".join(said), tool_calls=tuple(calls), media_tokens=media)


def _read(blocks: Sequence[Text | Image | Document | SearchResult]) -> tuple[str, int]:
    """The text in blocks, and the tokens of what in them is not text."""
    texts, media = [], 0
    for block in blocks:
        match block:
            case Text():
                texts.append(block.text)
            case SearchResult():
                texts.append("\n".join([block.title, block.source, _joined(block.content)]))
            case Document() if block.source.type == "text":
                texts.append("\n".join([*filter(None, [block.title, block.context]), block.source.data]))
            case Document():
                media += _DOCUMENT_TOKENS
            case Image():
                media += _image_tokens(block.source.data)
    return "\n".join(texts), media


def _image_tokens(data: str) -> int:
    size = dimensions(decoded(data))
    if size is None:
        return _LARGEST_IMAGE
    scale = min(1, _LARGEST_SIDE / max(size))
    return min(_LARGEST_IMAGE, ceil(size[0] * scale * size[1] * scale / _PIXELS_PER_TOKEN))


def _joined(blocks: list[Text]) -> str:
    return "\n".join([block.text for block in blocks])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _thought(ask: Request, job: ChatJob) -> Thought:
    asked = [message.text for message in job.messages if message.role == "user"]
    question = ChatJob(
        (sim.Message("user", asked[-1] if asked else ""),),
        seed=-1 - (job.seed or 0),  # not the seed of the answer, whose words it would use
        server_seed=job.server_seed,
        response_length="short",
    )
    text = complete(question).choices[0].text
    signature = b64encode(blake2b(text.encode("utf-8", "surrogatepass")).digest()).decode()
    hidden = isinstance(ask.thinking, ThinkingEnabled | ThinkingAdaptive) and ask.thinking.display == "omitted"
    return Thought("" if hidden else text, signature)


def _stopped_by(job: ChatJob, choice: Choice, complete: Complete) -> str | None:
    """The sequence that ended the text: what stands where the text would have gone on."""
    if not job.stop or choice.finish_reason != "stop" or choice.tool_calls:
        return None
    whole = complete(replace(job, stop=())).choices[0].text
    if len(whole) == len(choice.text):
        return None
    return next((stop for stop in job.stop if whole.startswith(stop, len(choice.text))), None)


def _reason(choice: Choice) -> StopReason:
    if choice.refusal is not None or choice.finish_reason == "content_filter":
        return "refusal"
    if choice.finish_reason == "length":
        return "max_tokens"
    return "tool_use" if choice.tool_calls else "end_turn"


def _call(call: ToolCall) -> Call:
    try:
        msgspec.json.decode(call.arguments, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:  # cut off by max_tokens
        return Call("toolu_01" + call.id[-22:], call.name, "{}")
    return Call("toolu_01" + call.id[-22:], call.name, call.arguments)

"""What a chat request looks like, decoded once into typed structures.

What is wrong is told in OpenAI's words by wording.py; the rules that span fields are chat_rules.py's.
The fields are those of OpenAI's description of `POST /v1/chat/completions`, with the simulator's own `response_length`
and three timings of streams. `Unchecked` marks what is accepted and looked at by nobody.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Role = Literal["system", "assistant", "user", "function", "tool", "developer"]
PartType = Literal["text", "image_url", "input_audio", "refusal", "audio", "file"]
Length = Literal["short", "medium", "long"]

Penalty = Annotated[float, Meta(ge=-2, le=2)]
Tokens = Annotated[int, Meta(ge=1)]
Milliseconds = Annotated[float, Meta(ge=0, le=600_000)]
# `\Z` where OpenAI's patterns have `$`, which in Python also matches before a line break.
FunctionName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9_-]+\Z")]
SpeakerName = Annotated[str, Meta(pattern=r"^[^\s<|\\/>]+\Z")]
# Ids of tool calls too, of which reports of 2024 say 40 characters and those of 2026 say 64.
Short = Annotated[str, Meta(max_length=64)]
Unchecked = Any


class ImageUrl(Struct, forbid_unknown_fields=True):
    """An image; only `detail` matters, for its tokens."""

    url: str
    detail: Literal["auto", "low", "high"] | None = None


class InputAudio(Struct, forbid_unknown_fields=True):
    """A recording in base64."""

    data: str
    format: Literal["wav", "mp3"]


class InputFile(Struct, forbid_unknown_fields=True):
    """A document, by its id or in base64."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class Part(Struct, forbid_unknown_fields=True):
    """One part of a message's content; text reaches the simulator, the rest is counted."""

    type: PartType
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | None = None
    input_audio: InputAudio | None = None
    file: InputFile | None = None
    audio: Unchecked = None
    prompt_cache_breakpoint: Unchecked = None


class CalledFunction(Struct, forbid_unknown_fields=True):
    """A function as the assistant called it; `arguments` is JSON as text."""

    name: FunctionName
    arguments: str
    parsed_arguments: Unchecked = None  # the SDK's helpers put it beside what they got


class CalledCustom(Struct, forbid_unknown_fields=True):
    """A custom tool as the assistant called it."""

    name: FunctionName
    input: str


class ToolCall(Struct, forbid_unknown_fields=True):
    """One call in an assistant's turn."""

    id: Short
    type: Literal["function", "custom"]
    function: CalledFunction | None = None
    custom: CalledCustom | None = None
    index: Unchecked = None  # as above


class ChatMessage(Struct, forbid_unknown_fields=True):
    """One turn."""

    role: Role
    content: str | list[Part] | None = None
    name: SpeakerName | None = None
    tool_calls: Annotated[list[ToolCall], Meta(max_length=128)] | None = None
    tool_call_id: Short | None = None
    function_call: CalledFunction | None = None
    refusal: str | None = None
    audio: Unchecked = None
    annotations: Unchecked = None  # an answer's message may come back as it was
    provider_specific_fields: Unchecked = None  # LiteLLM puts it beside what it got, and sends it to OpenAI as well
    parsed: Unchecked = None


class Function(Struct, forbid_unknown_fields=True):
    """A function that can be called; `parameters` is a JSON Schema."""

    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Grammar(Struct, forbid_unknown_fields=True):
    """The language of a custom tool's input."""

    syntax: Literal["lark", "regex"]
    definition: str


class CustomFormat(Struct, forbid_unknown_fields=True):
    """Any text, or text of a language."""

    type: Literal["text", "grammar"]
    grammar: Grammar | None = None


class Custom(Struct, forbid_unknown_fields=True):
    """A tool that takes text."""

    name: FunctionName
    description: str | None = None
    format: CustomFormat | None = None


def input_schema(tool: Custom) -> dict[str, str]:
    """The JSON Schema of what a custom tool takes: any text, or one that matches; Lark grammars are not read."""
    grammar = tool.format and tool.format.grammar
    if grammar and grammar.syntax == "regex":
        return {"type": "string", "pattern": f"^(?:{grammar.definition})$"}
    return {"type": "string"}


class Tool(Struct, forbid_unknown_fields=True):
    """One entry of `tools`."""

    type: Literal["function", "custom"]
    function: Function | None = None
    custom: Custom | None = None


class ToolName(Struct, forbid_unknown_fields=True):
    """The function or custom tool of a choice."""

    name: str


class AllowedName(Struct):
    """The function or custom tool of a choice, of which the rest may be told again."""

    name: str


class NamedTool(Struct):
    """One of the tools that a choice allows."""

    type: Literal["function", "custom"]
    function: AllowedName | None = None
    custom: AllowedName | None = None


class AllowedTools(Struct, forbid_unknown_fields=True):
    """The tools that a choice allows, and whether one of them must be called."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class ToolChoice(Struct, forbid_unknown_fields=True):
    """A choice that is an object: one tool by name, or some."""

    type: Literal["function", "custom", "allowed_tools"]
    function: ToolName | None = None
    custom: ToolName | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(Struct, forbid_unknown_fields=True):
    """The schema that an answer has to meet."""

    name: FunctionName
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class ResponseFormat(Struct, forbid_unknown_fields=True):
    """Text, any JSON object, or JSON by a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Prediction(Struct, forbid_unknown_fields=True):
    """What the answer is expected to be."""

    type: Literal["content"]
    content: str | list[Part]


class Voice(Struct, forbid_unknown_fields=True):
    """A custom voice."""

    id: str


class Audio(Struct, forbid_unknown_fields=True):
    """How an answer is spoken."""

    voice: str | Voice
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]


class StreamOptions(Struct, forbid_unknown_fields=True):
    """OpenAI's options, and the simulator's timing of a stream."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None
    delay_min_ms: Milliseconds | None = None
    delay_max_ms: Milliseconds | None = None
    tokens_per_second: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None


class ModerationOf(Struct, forbid_unknown_fields=True):
    """What moderation does with one side."""

    mode: Literal["score", "block"]


class ModerationPolicy(Struct, forbid_unknown_fields=True):
    """What moderation does with what was sent, and with the answer."""

    input: ModerationOf | None = None
    output: ModerationOf | None = None


class Moderation(Struct, forbid_unknown_fields=True):
    """By which model a chat is moderated; nothing is here."""

    model: str
    policy: ModerationPolicy | None = None


class PromptCacheOptions(Struct, forbid_unknown_fields=True):
    """What is cached; nothing is here."""

    mode: Literal["implicit", "explicit"] | None = None
    ttl: str | None = None


class Approximate(Struct, forbid_unknown_fields=True):
    """About where."""

    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class UserLocation(Struct, forbid_unknown_fields=True):
    """Where the user is."""

    type: Literal["approximate"]
    approximate: Approximate


class WebSearchOptions(Struct, forbid_unknown_fields=True):
    """How the web is searched; it is not here."""

    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: UserLocation | None = None


class ChatRequest(Struct, forbid_unknown_fields=True):
    """Every field; which of them change the answer is told in docs/simulator.md."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    response_length: Length | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[Tool], Meta(min_length=1, max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: Annotated[list[Function], Meta(min_length=1, max_length=128)] | None = None
    function_call: Literal["none", "auto"] | ToolName | None = None
    prediction: Prediction | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: Audio | None = None
    metadata: dict[str, Annotated[str, Meta(max_length=512)]] | None = None
    store: bool | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    user: str | None = None
    safety_identifier: Short | None = None
    prompt_cache_key: Short | None = None
    prompt_cache_retention: Unchecked = None
    prompt_cache_options: PromptCacheOptions | None = None
    moderation: Moderation | None = None
    web_search_options: WebSearchOptions | None = None

    @property
    def is_spoken(self) -> bool:
        """Whether the answer is to be a sound; `audio` says how."""
        return "audio" in (self.modalities or ())


decoder = msgspec.json.Decoder(ChatRequest)

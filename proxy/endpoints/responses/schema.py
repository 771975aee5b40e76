"""What a request to `POST /v1/responses` looks like: its fields and its tools, each of these by its type.

The fields are those of OpenAI's description, with the simulator's own `seed`, `response_length` and timings of streams.
`Unchecked` marks what is accepted and looked at by nobody. Items are item_schema.py's, the rules that span fields are
rules.py's.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from proxy.endpoints.responses.item_schema import Name
from proxy.schema import FunctionName, Milliseconds, Short, Tokens, Unchecked

Mode = Literal["auto", "required"]


class FunctionTool(Struct, forbid_unknown_fields=True):
    """A function that can be called; `parameters` is a JSON Schema."""

    name: Name
    type: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    output_schema: Unchecked = None
    defer_loading: Unchecked = None
    allowed_callers: Unchecked = None
    async_: Unchecked = field(default=None, name="async")


class TextFormat(Struct, forbid_unknown_fields=True):
    """What a custom tool takes: any text, or text by a grammar."""

    type: Literal["text", "grammar"]
    syntax: Literal["lark", "regex"] | None = None
    definition: str | None = None


class CustomTool(Struct, forbid_unknown_fields=True):
    """A tool that takes text."""

    name: Name
    type: str
    description: str | None = None
    format: TextFormat | None = None
    defer_loading: Unchecked = None
    allowed_callers: Unchecked = None
    async_: Unchecked = field(default=None, name="async")


class Namespace(Struct, forbid_unknown_fields=True):
    """Functions and custom tools under a common name."""

    name: Annotated[str, Meta(min_length=1)]
    type: str
    tools: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    description: str | None = None


CALLABLE: Mapping[str, type[Struct]] = {"function": FunctionTool, "custom": CustomTool}
# Tools that OpenAI runs itself: accepted, never called.
HOSTED = (
    "web_search",
    "web_search_2025_08_26",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "file_search",
    "computer",
    "computer_use",
    "computer_use_preview",
    "code_interpreter",
    "image_generation",
    "mcp",
    "local_shell",
    "shell",
    "apply_patch",
    "tool_search",
    "programmatic_tool_calling",
)
TOOLS = (*CALLABLE, "namespace", *HOSTED)


class AllowedTool(Struct, omit_defaults=True):
    """One of the tools that a choice allows."""

    type: str
    name: str | None = None
    server_label: str | None = None


class ChosenTool(Struct, forbid_unknown_fields=True):
    """A choice that is an object: one tool, or some of them."""

    type: str
    name: str | None = None
    mode: Mode | None = None
    tools: list[AllowedTool] | None = None
    server_label: str | None = None


class Format(Struct, forbid_unknown_fields=True):
    """Text, any JSON object, or JSON by a schema."""

    type: Literal["text", "json_object", "json_schema"]
    name: FunctionName | None = None
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class Text(Struct, forbid_unknown_fields=True):
    """How the text is to be."""

    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


_Summary = Literal["auto", "concise", "detailed"]


class Reasoning(Struct, forbid_unknown_fields=True):
    """How much to think, and what to tell of it."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: _Summary | None = None
    generate_summary: _Summary | None = None
    context: Literal["auto", "current_turn", "all_turns"] | None = None
    mode: Unchecked = None


class Prompt(Struct, forbid_unknown_fields=True):
    """A template that is stored at OpenAI."""

    id: str
    version: str | None = None
    variables: Unchecked = None


class ConversationId(Struct, forbid_unknown_fields=True):
    """A conversation as an object."""

    id: str


class Streaming(Struct, forbid_unknown_fields=True):
    """OpenAI's option, and the simulator's timing of a stream."""

    include_obfuscation: bool | None = None
    delay_min_ms: Milliseconds | None = None
    delay_max_ms: Milliseconds | None = None
    tokens_per_second: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None


class Asked(Struct, forbid_unknown_fields=True):
    """What a response, a count of its tokens and a compaction have in common."""

    model: Annotated[str, Meta(min_length=1)] | None = None
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | ConversationId | None = None
    tools: Annotated[list[dict[str, Any]], Meta(max_length=1024)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    truncation: Literal["auto", "disabled"] | None = None
    prompt_cache_key: Short | None = None
    prompt_cache_options: Unchecked = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | None = None
    personality: Unchecked = None
    image: Unchecked = None


class Request(Asked, forbid_unknown_fields=True):
    """Every field of a response's; which of them change the answer is told in docs/responses.md."""

    stream: bool | None = None
    stream_options: Streaming | None = None
    background: bool | None = None
    store: bool | None = None
    prompt: Prompt | None = None
    include: (
        list[
            Literal[
                "file_search_call.results",
                "web_search_call.results",
                "web_search_call.action.sources",
                "message.input_image.image_url",
                "computer_call_output.output.image_url",
                "code_interpreter_call.outputs",
                "reasoning.encrypted_content",
                "message.output_text.logprobs",
            ]
        ]
        | None
    ) = None
    max_output_tokens: Annotated[int, Meta(ge=16)] | None = None
    max_tool_calls: Tokens | None = None
    metadata: dict[str, Annotated[str, Meta(max_length=512)]] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    user: str | None = None
    safety_identifier: Annotated[str, Meta(max_length=128)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    response_length: Literal["short", "medium", "long"] | None = None
    moderation: Unchecked = None
    context_management: Unchecked = None
    background_options: Unchecked = None
    access_programs: Unchecked = None

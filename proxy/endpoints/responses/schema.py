"""What a request to `POST /v1/responses` looks like.

The fields are those of OpenAI's description, with the simulator's own `seed`, `response_length` and timings of streams.
`Unchecked` marks what is accepted and looked at by nobody. Items are item_schema.py's, tools are tool_schema.py's, the
rules that span fields are rules.py's.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from proxy.schema import FunctionName, Milliseconds, Moderation, Penalty, Short, Tokens, Unchecked

Mode = Literal["auto", "required"]


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


class PromptCache(Struct, forbid_unknown_fields=True):
    """How a prompt is cached, which nothing is here."""

    comparison_response_id: str | None = None
    mode: Literal["implicit", "explicit"] | None = None
    prewarm: bool | None = None
    ttl: Literal["30m", "12h"] | None = None


class Images(Struct, forbid_unknown_fields=True):
    """How images of the input are read."""

    context_compression: Literal["auto", "enabled", "disabled"] | None = None


class Management(Struct, forbid_unknown_fields=True):
    """When a long context is made shorter."""

    type: Literal["compaction"]
    compact_threshold: int | None = None


class Background(Struct, forbid_unknown_fields=True):
    """When a response in the background has to be there."""

    completion_window: Literal["soonest", "2h", "8h"] | None = None
    continuation_id: str | None = None


class Programs(Struct, forbid_unknown_fields=True):
    """Who may ask for what."""

    cyber: Literal["standard", "daybreak_blue", "daybreak_red"] | None = None


class Asked(Struct, forbid_unknown_fields=True):
    """What a response, a count of its tokens and a compaction have in common."""

    model: Annotated[str, Meta(min_length=1)] | None = None
    input: str | list[dict[str, Any]] | UnsetType | None = UNSET
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
    prompt_cache_options: PromptCache | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"] | None = None
    personality: str | None = None
    image: Images | None = None


class Request(Asked, forbid_unknown_fields=True):
    """Every field of a response's; which of them change the answer is told in docs/responses.md."""

    input: str | list[dict[str, Any]] | UnsetType = UNSET  # where the others have null for none
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
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    user: str | None = None
    safety_identifier: Annotated[str, Meta(max_length=128)] | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    response_length: Literal["short", "medium", "long"] | None = None
    moderation: Moderation | None = None
    context_management: list[Management] | None = None
    background_options: Background | None = None
    access_programs: Programs | None = None

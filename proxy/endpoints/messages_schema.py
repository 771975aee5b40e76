"""What a request of Anthropic's Messages API looks like, decoded once into typed structures.

What is wrong becomes a BadRequestError in Anthropic's words (messages_wording.py); the rules that span fields are
messages_rules.py's. The fields are those of the official client's types. `Unchecked` marks what is accepted and looked
at by nobody; `seed` and `response_length` are the simulator's own.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Unchecked = Any
Tokens = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Probability = Annotated[float, Meta(ge=0, le=1)]


class Text(Struct, forbid_unknown_fields=True, tag="text"):
    """Text."""

    text: str
    cache_control: Unchecked = None
    citations: Unchecked = None


class Source(Struct):
    """Where an image or a document is: here, at an address, or in an uploaded file."""

    type: Literal["base64", "url", "file", "text", "content"]
    data: str = ""
    content: str | list[Unchecked] = ""


class Image(Struct, forbid_unknown_fields=True, tag="image"):
    """An image, which is counted and not seen."""

    source: Source
    cache_control: Unchecked = None
    transformations: Unchecked = None


class Document(Struct, forbid_unknown_fields=True, tag="document"):
    """A document: a plain text is read, anything else counted."""

    source: Source
    title: str | None = None
    context: str | None = None
    cache_control: Unchecked = None
    citations: Unchecked = None


class SearchResult(Struct, forbid_unknown_fields=True, tag="search_result"):
    """What a search of the client's found."""

    content: list[Text]
    source: str
    title: str
    cache_control: Unchecked = None
    citations: Unchecked = None


class ToolUse(Struct, forbid_unknown_fields=True, tag="tool_use"):
    """A call of the assistant's."""

    id: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]+\Z")]
    name: str
    input: dict[str, Any]
    cache_control: Unchecked = None
    caller: Unchecked = None
    toolset_name: Unchecked = None


class ToolResult(Struct, forbid_unknown_fields=True, tag="tool_result"):
    """What a call came to."""

    tool_use_id: str
    content: str | list[Text | Image | Document | SearchResult] | None = None
    is_error: bool | None = None
    cache_control: Unchecked = None
    toolset_name: Unchecked = None


class Thinking(Struct, forbid_unknown_fields=True, tag="thinking"):
    """Thinking of an earlier answer, which no later one reads."""

    thinking: str
    signature: str


class RedactedThinking(Struct, forbid_unknown_fields=True, tag="redacted_thinking"):
    """The same, unreadable."""

    data: str


Block = Text | Image | Document | SearchResult | ToolUse | ToolResult | Thinking | RedactedThinking


class Message(Struct, forbid_unknown_fields=True):
    """One turn."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class Tool(Struct):
    """A tool of the client's; one of Anthropic's own has a dated `type` and other fields."""

    name: Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,128}\Z")]
    input_schema: dict[str, Any] | None = None
    description: str | None = None
    type: str | None = None
    strict: bool | None = None


class Auto(Struct, forbid_unknown_fields=True, tag="auto"):
    """Call a tool or not."""

    disable_parallel_tool_use: bool | None = None


class AnyTool(Struct, forbid_unknown_fields=True, tag="any"):
    """Call a tool."""

    disable_parallel_tool_use: bool | None = None


class OneTool(Struct, forbid_unknown_fields=True, tag="tool"):
    """Call this tool."""

    name: str
    disable_parallel_tool_use: bool | None = None


class NoTool(Struct, forbid_unknown_fields=True, tag="none"):
    """Call none."""


class ThinkingEnabled(Struct, forbid_unknown_fields=True, tag="enabled"):
    """Think, for so many tokens at most."""

    budget_tokens: Annotated[int, Meta(ge=1024)]
    display: Literal["summarized", "omitted"] | None = None
    block_binding: Unchecked = None


class ThinkingAdaptive(Struct, forbid_unknown_fields=True, tag="adaptive"):
    """Think as much as seems right."""

    display: Literal["summarized", "omitted"] | None = None
    block_binding: Unchecked = None


class ThinkingBetweenTools(Struct, forbid_unknown_fields=True, tag="between_tools"):
    """Think after results of tools only."""


class ThinkingDisabled(Struct, forbid_unknown_fields=True, tag="disabled"):
    """Do not think."""


class JsonFormat(Struct, forbid_unknown_fields=True):
    """The schema that the answer has to meet."""

    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(Struct, forbid_unknown_fields=True):
    """The effort, which decides how much is thought, and the format."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: JsonFormat | None = None
    task_budget: Unchecked = None


class Metadata(Struct, forbid_unknown_fields=True):
    """Who asks."""

    user_id: Annotated[str, Meta(max_length=256)] | None = None


class Request(Struct, forbid_unknown_fields=True, kw_only=True):
    """A request for a message."""

    model: Annotated[str, Meta(min_length=1)]
    messages: list[Message]
    max_tokens: Tokens
    system: str | list[Text] | None = None
    tools: list[Tool] | None = None
    tool_choice: Auto | AnyTool | OneTool | NoTool | None = None
    thinking: ThinkingEnabled | ThinkingAdaptive | ThinkingBetweenTools | ThinkingDisabled | None = None
    output_config: OutputConfig | None = None
    output_format: JsonFormat | None = None
    cache_control: Unchecked = None
    speed: Unchecked = None
    thread: Unchecked = None
    billing_policy: Unchecked = None
    compaction: Unchecked = None
    context_management: Unchecked = None
    fallback_credit_token: Unchecked = None
    fallbacks: Unchecked = None
    mcp_servers: Unchecked = None
    user_profile_id: Unchecked = None
    workspace_id: Unchecked = None
    betas: Unchecked = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: Probability | None = None
    top_p: Probability | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    container: Unchecked = None
    diagnostics: Unchecked = None
    inference_geo: Unchecked = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    response_length: Literal["short", "medium", "long"] | None = None


class Counting(Request, kw_only=True):
    """A request to count its tokens; clients may send the whole of it, but need not say `max_tokens`."""

    max_tokens: Tokens = 2**31 - 1


def format_of(ask: Request) -> JsonFormat | None:
    """The format of the answer, where it stands today or where it stood at first."""
    return (ask.output_config and ask.output_config.format) or ask.output_format

"""What the tools of a request look like, each by its type; `Unchecked` is what nobody looks at.

Functions and custom tools are the client's and can be called here. Those that OpenAI runs itself are checked, shown and
never called.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from proxy.endpoints.responses.item_schema import Name
from proxy.schema import Unchecked

_Callers = list[Literal["direct", "programmatic"]] | None
_Level = Literal["low", "medium", "high"] | None


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


class Plain(Struct, forbid_unknown_fields=True):
    """A tool that is nothing but its type."""

    type: str


class Place(Struct, forbid_unknown_fields=True):
    """About where the user is."""

    type: Literal["approximate"] | None = None
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class Domains(Struct, forbid_unknown_fields=True):
    """Where to search."""

    allowed_domains: list[str] | None = None


class WebSearch(Struct, forbid_unknown_fields=True):
    """A search of the web."""

    type: str
    external_web_access: bool | None = None
    filters: Domains | None = None
    search_context_size: _Level = None
    user_location: Place | None = None


class WebSearchPreview(Struct, forbid_unknown_fields=True):
    """A search of the web, as it was at first."""

    type: str
    search_content_types: list[Literal["text", "image"]] | None = None
    search_context_size: _Level = None
    user_location: Place | None = None


class Ranking(Struct, forbid_unknown_fields=True):
    """How what was found is ordered."""

    hybrid_search: Unchecked = None
    ranker: Literal["auto", "default-2024-11-15"] | None = None
    score_threshold: float | None = None


class FileSearch(Struct, forbid_unknown_fields=True):
    """A search of stored files."""

    type: str
    vector_store_ids: list[str]
    filters: dict[str, Any] | None = None
    max_num_results: Annotated[int, Meta(ge=1, le=50)] | None = None
    ranking_options: Ranking | None = None


class ComputerPreview(Struct, forbid_unknown_fields=True):
    """A computer, as it was at first."""

    type: str
    display_height: int
    display_width: int
    environment: Literal["windows", "mac", "linux", "ubuntu", "browser"]


class Container(Struct, forbid_unknown_fields=True):
    """A container that OpenAI makes."""

    type: Literal["auto"]
    file_ids: list[str] | None = None
    memory_limit: Literal["1g", "4g", "16g", "64g"] | None = None
    network_policy: Unchecked = None


class CodeInterpreter(Struct, forbid_unknown_fields=True):
    """Python in a container."""

    type: str
    container: str | Container
    allowed_callers: _Callers = None


class ImageGeneration(Struct, forbid_unknown_fields=True):
    """Images by an image model, whose settings are looked at by nobody here."""

    type: str
    action: Literal["generate", "edit", "auto"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    complexity: _Level = None
    frame_count: int | None = None
    frame_duration_ms: int | None = None
    input_fidelity: Literal["high", "low"] | None = None
    input_image_mask: dict[str, Any] | None = None
    model: str | None = None
    moderation: Literal["auto", "low"] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] | None = None
    size: str | None = None
    svg: dict[str, Any] | None = None


class Mcp(Struct, forbid_unknown_fields=True):
    """The tools of a server that speaks the Model Context Protocol."""

    type: str
    server_label: str
    allowed_callers: _Callers = None
    allowed_tools: list[str] | dict[str, Any] | None = None
    authorization: str | None = None
    connector_id: str | None = None
    defer_loading: bool | None = None
    headers: dict[str, str] | None = None
    require_approval: Literal["always", "never"] | dict[str, Any] | None = None
    server_description: str | None = None
    server_url: str | None = None
    tunnel_id: str | None = None


class Shell(Struct, forbid_unknown_fields=True):
    """A shell."""

    type: str
    allowed_callers: _Callers = None
    environment: dict[str, Any] | None = None


class ApplyPatch(Struct, forbid_unknown_fields=True):
    """Changes of files."""

    type: str
    allowed_callers: _Callers = None


class ToolSearch(Struct, forbid_unknown_fields=True):
    """A search among tools that are told of later."""

    type: str
    description: str | None = None
    execution: Literal["server", "client"] | None = None
    parameters: Unchecked = None


CALLABLE: Mapping[str, type[Struct]] = {"function": FunctionTool, "custom": CustomTool}
TOOLS: Mapping[str, type[Struct]] = {
    **CALLABLE,
    "namespace": Namespace,
    "web_search": WebSearch,
    "web_search_2025_08_26": WebSearch,
    "web_search_preview": WebSearchPreview,
    "web_search_preview_2025_03_11": WebSearchPreview,
    "file_search": FileSearch,
    "computer": Plain,
    "computer_use": Plain,
    "computer_use_preview": ComputerPreview,
    "code_interpreter": CodeInterpreter,
    "image_generation": ImageGeneration,
    "mcp": Mcp,
    "local_shell": Plain,
    "shell": Shell,
    "apply_patch": ApplyPatch,
    "tool_search": ToolSearch,
    "programmatic_tool_calling": Plain,
}

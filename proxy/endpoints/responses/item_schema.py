"""What the items of a conversation look like, each by its type; `Unchecked` is what nobody looks at."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from proxy.schema import Unchecked

Status = Literal["in_progress", "completed", "incomplete"]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9_-]+\Z")]
CallId = Annotated[str, Meta(min_length=1, max_length=64)]
Id = Annotated[str, Meta(max_length=64)] | None


class Part(Struct, forbid_unknown_fields=True):
    """One part of a content; text reaches the simulator, images and files are counted."""

    type: Literal[
        "input_text", "input_image", "output_text", "refusal", "input_file", "computer_screenshot", "summary_text"
    ]
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    detail: Literal["auto", "low", "high", "original"] | None = None
    annotations: Unchecked = None
    logprobs: Unchecked = None
    parsed: Unchecked = None  # the SDK's helpers put it beside what they got
    prompt_cache_breakpoint: Unchecked = None


class Message(Struct, forbid_unknown_fields=True):
    """One turn."""

    role: Literal["assistant", "system", "developer", "user"]
    content: str | list[Part]
    type: Literal["message"] | None = None
    id: Id = None
    status: Status | None = None
    phase: Literal["commentary", "final_answer"] | None = None


class FunctionCall(Struct, forbid_unknown_fields=True):
    """A call of a function; `arguments` is JSON as text."""

    call_id: CallId
    name: Name
    arguments: str
    type: str
    id: Id = None
    status: Status | None = None
    namespace: str | None = None
    caller: Unchecked = None
    created_by: Unchecked = None
    parsed_arguments: Unchecked = None


class CustomCall(Struct, forbid_unknown_fields=True):
    """A call of a tool that takes text."""

    call_id: CallId
    name: str
    input: str
    type: str
    id: Id = None
    status: Status | None = None
    namespace: str | None = None
    caller: Unchecked = None
    created_by: Unchecked = None


class CallOutput(Struct, forbid_unknown_fields=True):
    """What a tool answered."""

    call_id: CallId
    output: str | list[Part]
    type: str
    id: Id = None
    status: Status | None = None
    name: str | None = None
    namespace: str | None = None
    caller: Unchecked = None
    created_by: Unchecked = None


class TextPart(Struct, forbid_unknown_fields=True):
    """A text of a reasoning."""

    text: str
    type: str


class ReasoningItem(Struct, forbid_unknown_fields=True):
    """A reasoning as an earlier answer had it."""

    id: Annotated[str, Meta(max_length=64)]
    type: str
    summary: list[TextPart]
    content: list[TextPart] | None = None
    encrypted_content: str | None = None
    status: Status | None = None


class Reference(Struct, forbid_unknown_fields=True):
    """An item that is stored here."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    type: Literal["item_reference"] | None = None


class Compaction(Struct, forbid_unknown_fields=True):
    """A conversation made short by `POST /v1/responses/compact`."""

    encrypted_content: str
    type: str
    id: Id = None
    created_by: Unchecked = None


class ForeignItem(Struct):
    """An item of a tool that OpenAI runs itself."""

    type: str
    id: Id = None


ITEMS: Mapping[str, type[Struct]] = {
    "message": Message,
    "function_call": FunctionCall,
    "function_call_output": CallOutput,
    "custom_tool_call": CustomCall,
    "custom_tool_call_output": CallOutput,
    "reasoning": ReasoningItem,
    "item_reference": Reference,
    "compaction": Compaction,
}
# Of tools that OpenAI runs itself: kept in their place, not looked at, and not seen by the simulator.
FOREIGN_ITEMS = (
    "file_search_call",
    "computer_call",
    "computer_call_output",
    "web_search_call",
    "image_generation_call",
    "code_interpreter_call",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "tool_search_call",
    "tool_search_output",
    "additional_tools",
    "program",
    "program_output",
    "compaction_trigger",
    "configuration_update",
)

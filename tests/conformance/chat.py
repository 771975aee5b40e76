"""The cases of chat completions, and of those that are stored."""

from typing import Any

import httpx
from openai.pagination import SyncCursorPage
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionDeleted, ChatCompletionStoreMessage

from tests.conformance.cases import Case, Endpoint, Given, Shape

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather in a city", "parameters": CITY},
}
STRICT = {"type": "function", "function": {**WEATHER["function"], "strict": True}}  # type: ignore[dict-item]
TIME = {"type": "function", "function": {"name": "get_time", "description": "The time of day"}}
CUSTOM = {"type": "custom", "custom": {"name": "run_code", "description": "Runs Python code"}}
GRAMMAR = {"type": "grammar", "grammar": {"definition": 'start: "a"+', "syntax": "lark"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
ASKED = {"role": "user", "content": "What is the weather in Paris?"}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
CALLED = "choices.0.message.tool_calls.0.function.name"


def said(*contents: Any, **more: Any) -> dict[str, Any]:
    """A conversation, the user first."""
    roles = ("user", "assistant") * len(contents)
    return {"messages": [{"role": role, "content": each} for role, each in zip(roles, contents, strict=False)], **more}


def turns(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def with_format(name: str, **more: Any) -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": name, "schema": PERSON, **more}}
    return said("Describe Ada, who is 36 years old, as JSON.", response_format=form)


CASES = (
    Case("one message", said("Hello")),
    Case("a conversation", said("Hello", "Hi! How can I help?", "Tell me about rivers")),
    Case("a system message", turns({"role": "system", "content": "Be brief."}, ASKED)),
    Case("a developer message with a name", turns({"role": "developer", "content": "Be brief.", "name": "dev"}, ASKED)),
    Case("text in parts", said([{"type": "text", "text": "Hello"}, {"type": "text", "text": "there"}])),
    Case(
        "an image",
        said([{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": PIXEL}}]),
        real=False,
    ),
    Case("a sound", said([{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}]), real=False),
    Case("max_completion_tokens", said("Tell me about rivers", max_completion_tokens=5)),
    Case("max_tokens", said("Tell me about rivers", max_tokens=1)),
    Case("stop", said("Tell me about rivers", stop=[".", ","])),
    Case("one stop", said("Tell me about rivers", stop="\n")),
    Case("n", said("Hello", n=3), ("choices.*.index=2",), real=False),
    Case(
        "seed, temperature, top_p and penalties",
        said("Hello", seed=7, temperature=0, top_p=1, presence_penalty=0.5, frequency_penalty=-0.5),
    ),
    Case("logprobs", said("Hello", logprobs=True), ("choices.0.logprobs.content.0.logprob",)),
    Case(
        "top_logprobs",
        said("Hello", logprobs=True, top_logprobs=5),
        ("choices.0.logprobs.content.0.top_logprobs.4.bytes",),
    ),
    Case("logit_bias", said("Hello", logit_bias={"13": -100})),
    Case(
        "usage in a stream",
        said("Hello"),
        plain=False,
        before=lambda *_: Given(body={"stream_options": {"include_usage": True}}),
        shows=("usage.total_tokens",),
    ),
    Case("tool_choice auto", turns(ASKED, tools=[WEATHER], tool_choice="auto"), (CALLED,), real=False),
    Case("tool_choice required", turns(ASKED, tools=[WEATHER, TIME], tool_choice="required"), (CALLED,)),
    Case("tool_choice none", turns(ASKED, tools=[WEATHER], tool_choice="none"), ("choices.0.message.content",)),
    Case(
        "a named tool",
        turns(ASKED, tools=[WEATHER, TIME], tool_choice={"type": "function", "function": {"name": "get_time"}}),
        (CALLED,),
        real=False,
    ),
    Case(
        "allowed tools",
        turns(
            ASKED,
            tools=[WEATHER, TIME],
            tool_choice={
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "get_time"}}],
                },
            },
        ),
        (CALLED,),
        real=False,
    ),
    Case(
        "a strict tool, one at a time", turns(ASKED, tools=[STRICT], parallel_tool_calls=False), (CALLED,), real=False
    ),
    Case(
        "a custom tool",
        turns({"role": "user", "content": "Run some code"}, tools=[CUSTOM], tool_choice="required"),
        ("choices.0.message.tool_calls.0.custom.name",),
        stream=False,
        real=False,
    ),
    Case(
        "a tool's result",
        turns(
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees, sunny"},
            tools=[WEATHER],
        ),
        ("choices.0.message.content",),
    ),
    Case(
        "functions, the old way",
        turns(ASKED, functions=[WEATHER["function"]], function_call={"name": "get_weather"}),
        ("choices.0.message.function_call.name",),
        real=False,
    ),
    Case(
        "a function's result, the old way",
        turns(
            ASKED,
            {"role": "assistant", "content": None, "function_call": CALL["function"]},
            {"role": "function", "name": "get_weather", "content": "sunny"},
            functions=[WEATHER["function"]],
        ),
        real=False,
    ),
    Case(
        "json_object", said("Answer in JSON", response_format={"type": "json_object"}), ("choices.0.message.content",)
    ),
    Case("json_schema", with_format("person"), ("choices.0.message.content",)),
    Case("json_schema, strict", with_format("person", strict=True), ("choices.0.message.content",)),
    Case("response_format text", said("Hello", response_format={"type": "text"})),
    Case("reasoning_effort", said("Hello", model="o4-mini", reasoning_effort="high"), real=False),
    Case("verbosity", said("Hello", verbosity="low"), real=False),
    Case("a prediction", said("Hello", prediction={"type": "content", "content": "Hello there"}), real=False),
    Case(
        "service_tier, user and keys",
        said("Hello", service_tier="auto", user="u", safety_identifier="s", prompt_cache_key="k"),
        real=False,
    ),
    Case("metadata and store", said("Hello", store=True, metadata={"run": "1"}), real=False),
    Case("modalities text", said("Hello", modalities=["text"]), real=False),
    Case(
        "a spoken answer",
        said("Hello", modalities=["text", "audio"], audio={"voice": "alloy", "format": "pcm16"}),
        ("choices.0.message.audio.transcript",),
        real=False,
    ),
)


def _as_assistant(page: Any) -> Any:
    """A page of stored messages as the SDK has it."""
    return page | {"data": [message | {"role": "assistant"} for message in page["data"]]}


ROLE_NOTE = (
    "The messages of a stored completion have the role and the `name` that they were sent with; the SDK knows only the "
    "role `assistant`."
)
STORED_NOTE = (
    "Stored completions tell what was asked for (`seed`, `temperature`, `tools`, `input_user`, ...), as in OpenAI's "
    "reference; neither has these fields."
)
ASKED_FOR = frozenset(
    ("tool_choice", "seed", "top_p", "temperature", "presence_penalty", "frequency_penalty", "tools", "response_format")
) | {"input_user", "metadata"}


def stored(client: httpx.Client, model: str) -> Given:
    """One that was stored."""
    body = said("Remember this", model=model, store=True, metadata={"run": "conformance"})
    answer = client.post("chat/completions", json=body).raise_for_status().json()
    return Given(path={"completion_id": answer["id"]})


PAGE = frozenset({"object", "first_id", "last_id", "has_more"})
COMPLETION = Shape("CreateChatCompletionResponse", ChatCompletion)
ENDPOINTS = (
    Endpoint(
        "POST",
        "/chat/completions",
        COMPLETION,
        CASES,
        events=Shape("CreateChatCompletionStreamResponse", ChatCompletionChunk),
        lacks=("images and sound are counted, not seen or heard; what is spoken hums",),
        real_body={"max_completion_tokens": 64, "temperature": 0},
    ),
    Endpoint(
        "GET",
        "/chat/completions/{completion_id}",
        COMPLETION,
        [Case("a stored one", before=stored)],
        ours=ASKED_FOR,
        notes=(STORED_NOTE,),
    ),
    Endpoint(
        "POST",
        "/chat/completions/{completion_id}",
        COMPLETION,
        [Case("new metadata", {"metadata": {"run": "2"}}, before=stored)],
        ours=ASKED_FOR,
        names_model=False,
    ),
    Endpoint(
        "GET",
        "/chat/completions",
        Shape("ChatCompletionList", SyncCursorPage[ChatCompletion]),
        [
            Case("all", before=stored),
            Case("a page", before=stored, query={"limit": 1, "order": "desc"}, shows=("data.0.id", "last_id")),
            Case("by metadata", before=stored, query={"metadata[run]": "conformance"}, shows=("data.0.id",)),
        ],
        ours=PAGE | ASKED_FOR,
    ),
    Endpoint(
        "GET",
        "/chat/completions/{completion_id}/messages",
        Shape(None, SyncCursorPage[ChatCompletionStoreMessage], softened=_as_assistant),
        [Case("of a stored one", before=stored, shows=("data.0.content",))],
        ours=PAGE | {"name"},
        notes=(ROLE_NOTE,),
    ),
    Endpoint(
        "DELETE",
        "/chat/completions/{completion_id}",
        Shape("ChatCompletionDeleted", ChatCompletionDeleted),
        [Case("a stored one", before=stored, shows=("deleted",))],
    ),
)

"""The cases of the Responses API and of conversations."""

from typing import Any

import httpx
from openai.pagination import SyncConversationCursorPage, SyncCursorPage
from openai.types.conversations import (
    Conversation,
    ConversationDeletedResource,
    ConversationItem,
    ConversationItemList,
)
from openai.types.responses import Response, ResponseItem
from openai.types.responses.compacted_response import CompactedResponse
from openai.types.responses.input_token_count_response import InputTokenCountResponse

from tests.conformance.cases import Case, Endpoint, Given, Shape
from tests.conformance.chat import CITY, PERSON, PIXEL

WEATHER = {"type": "function", "name": "get_weather", "description": "The weather in a city", "parameters": CITY}
STRICT = WEATHER | {"strict": True}
TIME = {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}}
CUSTOM = {"type": "custom", "name": "run_code", "description": "Runs Python code"}
ASKED = "What is the weather in Paris?"
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Paris"}'}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "18 degrees, sunny"}
USER = {"role": "user", "content": ASKED}
JSON_SCHEMA = {"format": {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}}
TEXT, CALLED = "output.*.content.0.text", "output.*.type=function_call"


def asks(given: Any = "Hello", **more: Any) -> dict[str, Any]:
    return {"input": given, **more}


def part(kind: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "input_text", "text": "See"}, {"type": kind, **more}]}


def created(client: httpx.Client, model: str, **more: Any) -> str:
    answer = client.post("responses", json={"model": model, **asks("Remember this", **more)})
    return str(answer.raise_for_status().json()["id"])


def stored(client: httpx.Client, model: str) -> Given:
    return Given(path={"response_id": created(client, model)})


def in_background(client: httpx.Client, model: str) -> Given:
    return Given(path={"response_id": created(client, model, background=True)})


def follows(client: httpx.Client, model: str) -> Given:
    return Given(body={"previous_response_id": created(client, model)})


def conversation(client: httpx.Client, model: str) -> Given:
    answer = client.post("conversations", json={"items": [{"type": "message", **USER}], "metadata": {"run": "1"}})
    return Given(path={"conversation_id": answer.raise_for_status().json()["id"]})


def conversation_item(client: httpx.Client, model: str) -> Given:
    path = conversation(client, model).path
    items = client.get(f"conversations/{path['conversation_id']}/items").raise_for_status().json()
    return Given(path={**path, "item_id": items["data"][0]["id"]})


def within_conversation(client: httpx.Client, model: str) -> Given:
    return Given(body={"conversation": conversation(client, model).path["conversation_id"]})


CASES = (
    Case("a text", asks(), (TEXT, "usage.total_tokens")),
    Case("instructions and messages", asks([USER], instructions="Be brief."), (TEXT,)),
    Case("a developer message", asks([{"role": "developer", "content": "Be brief."}, USER]), (TEXT,)),
    Case("an image", asks([part("input_image", image_url=PIXEL, detail="auto")]), (TEXT,), real=False),
    Case(
        "a file", asks([part("input_file", filename="a.txt", file_data="data:text/plain;base64,aGVsbG8=")]), real=False
    ),
    Case(
        "max_output_tokens",
        asks("Tell me about rivers", max_output_tokens=16),
        ("incomplete_details.reason",),
        real=False,
    ),
    Case("a function", asks(ASKED, tools=[WEATHER, TIME], tool_choice="required"), (CALLED,)),
    Case("a strict function", asks(ASKED, tools=[STRICT], parallel_tool_calls=False), (CALLED,), real=False),
    Case(
        "a named function",
        asks(ASKED, tools=[WEATHER, TIME], tool_choice={"type": "function", "name": "get_time"}),
        (CALLED,),
        real=False,
    ),
    Case(
        "a custom tool",
        asks("Run some code", tools=[CUSTOM], tool_choice="required"),
        ("output.*.type=custom_tool_call",),
        real=False,
    ),
    Case("a function's result", asks([USER, CALL, RESULT], tools=[WEATHER]), (TEXT,)),
    Case("json_schema", asks("Describe Ada, who is 36.", text=JSON_SCHEMA), (TEXT,)),
    Case("json_object", asks("Answer in JSON", text={"format": {"type": "json_object"}}), (TEXT,)),
    Case(
        "reasoning",
        asks(model="o4-mini", reasoning={"effort": "high"}),
        (TEXT, "usage.output_tokens_details.reasoning_tokens"),
        real=False,
    ),
    Case(
        "a reasoning summary",
        asks(model="o4-mini", reasoning={"effort": "high", "summary": "auto"}),
        (TEXT,),
        real=False,
    ),
    Case(
        "logprobs",
        asks(include=["message.output_text.logprobs"], top_logprobs=2),
        ("output.*.content.0.logprobs.0.logprob",),
        real=False,
    ),
    Case(
        "what the rest says",
        asks(
            metadata={"run": "1"}, user="u", temperature=0, top_p=1, truncation="auto", service_tier="auto", store=False
        ),
        real=False,
    ),
    Case("after another one", asks("And then?"), before=follows, real=False),
    Case("within a conversation", asks("And then?"), ("conversation.id",), before=within_conversation, real=False),
    Case("in the background", asks(background=True), ("status",), real=False),
)

HOSTED = (
    "tools that OpenAI runs itself (web search, file search, code interpreter, MCP, ...) are accepted and never called"
)
SENT = frozenset({"store", "presence_penalty", "frequency_penalty", "name", "status"})
NOTE = (
    "`store`, `presence_penalty` and `frequency_penalty` are in every response of OpenAI's, and neither has them; "
    "`name` of `response.function_call_arguments.done` and `status` of a custom tool's call are in the description, "
    "and not in the SDK."
)
RESPONSE = Shape("Response", Response)
PAGE = frozenset({"object", "first_id", "last_id", "has_more"})
ENDPOINTS = (
    Endpoint(
        "POST",
        "/responses",
        RESPONSE,
        CASES,
        events=Shape(),
        framing="typed",
        lacks=(HOSTED,),
        ours=SENT,
        notes=(NOTE,),
        real_body={"max_output_tokens": 32, "temperature": 0},
    ),
    Endpoint(
        "GET",
        "/responses/{response_id}",
        RESPONSE,
        [Case("a stored one", before=stored), Case("one in the background", before=in_background, stream=False)],
        events=Shape(),
        framing="typed",
        ours=SENT,
    ),
    Endpoint("DELETE", "/responses/{response_id}", Shape(), [Case("a stored one", before=stored)]),
    Endpoint(
        "POST",
        "/responses/{response_id}/cancel",
        RESPONSE,
        [Case("one in the background", before=in_background)],
        ours=SENT,
    ),
    Endpoint(
        "GET",
        "/responses/{response_id}/input_items",
        Shape("ResponseItemList", SyncCursorPage[ResponseItem]),
        [Case("all", before=stored), Case("a page", before=stored, query={"limit": 1, "order": "asc"})],
        ours=PAGE,
    ),
    Endpoint(
        "POST",
        "/responses/input_tokens",
        Shape(None, InputTokenCountResponse),
        [
            Case("a text", asks(), ("input_tokens",)),
            Case("with tools", asks([USER], tools=[WEATHER]), ("input_tokens",)),
        ],
    ),
    Endpoint("POST", "/responses/compact", Shape(None, CompactedResponse), [Case("a text", asks())]),
    Endpoint(
        "POST",
        "/conversations",
        Shape(None, Conversation),
        [
            Case("an empty one", {}),
            Case("with items", {"items": [{"type": "message", **USER}], "metadata": {"a": "b"}}),
        ],
        names_model=False,
    ),
    Endpoint("GET", "/conversations/{conversation_id}", Shape(None, Conversation), [Case("one", before=conversation)]),
    Endpoint(
        "POST",
        "/conversations/{conversation_id}",
        Shape(None, Conversation),
        [Case("new metadata", {"metadata": {"run": "2"}}, before=conversation)],
        names_model=False,
    ),
    Endpoint(
        "DELETE",
        "/conversations/{conversation_id}",
        Shape(None, ConversationDeletedResource),
        [Case("one", before=conversation)],
    ),
    Endpoint(
        "GET",
        "/conversations/{conversation_id}/items",
        Shape(None, SyncConversationCursorPage[ConversationItem]),
        [Case("all", before=conversation, shows=("data.0.id",))],
        ours=PAGE,
    ),
    Endpoint(
        "POST",
        "/conversations/{conversation_id}/items",
        Shape(None, ConversationItemList),
        [Case("one more", {"items": [{"type": "message", **USER}]}, ("data.0.id",), before=conversation)],
        names_model=False,
    ),
    Endpoint(
        "GET",
        "/conversations/{conversation_id}/items/{item_id}",
        Shape(None, ConversationItem),
        [Case("one", before=conversation_item)],
    ),
    Endpoint(
        "DELETE",
        "/conversations/{conversation_id}/items/{item_id}",
        Shape(None, Conversation),
        [Case("one", before=conversation_item)],
    ),
)

"""Tools as applications define them."""

import json

from proxy.sim.job import ChatJob, Message, Tool, ToolCall, ToolUse

TEXT = {"type": "string"}


def tool(name, description="", required=None, /, **properties):
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }
    return Tool(name, description, json.dumps(schema))


WEATHER = tool(
    "get_weather",
    "Get the current weather in a given location",
    ["location"],
    location={"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
TIME = tool("get_current_time", "Get the current time in a city", city=TEXT)
CALCULATOR = tool("calculator", "Evaluate a math expression", expression=TEXT)
SEARCH = tool("search_web", "Search the web for information", query=TEXT)
FLIGHTS = tool("find_flights", "Find flights to a city", destination=TEXT)
BOOK = tool("book_flight", "Book a flight by its number", flight_id=TEXT)
EMAIL = tool("send_email", "Send an email to a recipient", to=TEXT, subject=TEXT, body=TEXT)
ROUTE = tool("get_distance", "The distance between two cities", cities={"type": "array", "items": TEXT, "minItems": 2})
ANSWER = tool("final_result", "The final response which ends this conversation", city=TEXT)
PLAIN = Tool("run_python", "Run Python code", custom=True)
ALL = (WEATHER, TIME, CALCULATOR, SEARCH, FLIGHTS, BOOK, EMAIL)


def asked(text, tools=ALL, mode="auto", parallel=True, named=False, **fields):
    use = ToolUse(tuple(tools), mode, parallel, named)
    return ChatJob((Message("user", text),), tool_use=use, tools_given=tuple(tools), **fields)


def after(job, choice, result='{"ok": true}'):
    """The messages of a job with a choice's calls and a result for each."""
    calls = tuple(ToolCall(call.id, call.name, call.arguments, call.custom) for call in choice.tool_calls)
    results = tuple(Message("tool", result, tool_call_id=call.id) for call in calls)
    return (*job.messages, Message("assistant", choice.text, tool_calls=calls), *results)

"""Values that arguments take from a prompt, beyond what their names alone find."""

# ruff: noqa: E501 - a table reads best by the line

import json

import pytest

from proxy.sim.chat import complete
from proxy.sim.tools.aims import aims
from tests.proxy.sim.tools.sample import TEXT, after, asked, tool

NUMBER, WHOLE = {"type": "number"}, {"type": "integer"}


def given(text, *tools):
    (choice,) = complete(asked(text, tools, "required")).choices
    return json.loads(choice.tool_calls[0].arguments)


@pytest.mark.parametrize(
    ("text", "properties", "expected"),
    [
        ("What is 3 plus 4?", {"a": WHOLE, "b": WHOLE}, {"a": 3, "b": 4}),
        ("Multiply -6.5 by 7", {"x": NUMBER, "y": NUMBER}, {"x": -6.5, "y": 7}),
        ("What's 25 * 4 + 3?", {"expression": TEXT}, {"expression": "25 * 4 + 3"}),
        ("Price of AAPL, please", {"ticker": TEXT}, {"ticker": "AAPL"}),
        ("Convert 100 USD to EUR", {"amount": NUMBER, "from_currency": TEXT, "to_currency": TEXT},
         {"amount": 100, "from_currency": "USD", "to_currency": "EUR"}),
        ("Set a timer for 10 minutes", {"minutes": WHOLE}, {"minutes": 10}),
        ("Order A-1234 is late", {"order_id": TEXT}, {"order_id": "A-1234"}),
        ("Order 1234 is late", {"order_id": WHOLE}, {"order_id": 1234}),
        ("Read /etc/hosts", {"path": TEXT}, {"path": "/etc/hosts"}),
        ("Open notes/today.md now", {"filename": TEXT}, {"filename": "notes/today.md"}),
        ("Run SELECT * FROM users; thanks", {"query": TEXT}, {"query": "SELECT * FROM users"}),
        ("Write to bob@example.com", {"to": TEXT}, {"to": "bob@example.com"}),
        ("Transfer $50 to Bob", {"amount": NUMBER, "recipient": TEXT}, {"amount": 50, "recipient": "Bob"}),
        ("Translate 'good day' to French", {"text": TEXT, "target_language": TEXT},
         {"text": "good day", "target_language": "French"}),
        ("Fly from New York to London", {"origin": TEXT, "destination": TEXT}, {"origin": "New York", "destination": "London"}),
        ("How far is it between Paris and Rome?", {"origin": TEXT, "destination": TEXT}, {"origin": "Paris", "destination": "Rome"}),
        ("Weather in Rio de Janeiro, Brazil?", {"location": TEXT}, {"location": "Rio de Janeiro, Brazil"}),
        ("Weather for Monday in Lyon", {"city": TEXT}, {"city": "Lyon"}),
        ("Please invite Bob and Anna", {"attendees": {"type": "array", "items": TEXT}}, {"attendees": ["Bob", "Anna"]}),
        ("The distance between Paris and London", {"cities": {"type": "array", "items": TEXT}}, {"cities": ["Paris", "London"]}),
        ("Lights in the kitchen off", {"room": TEXT, "state": {"enum": ["on", "off"]}}, {"room": "kitchen", "state": "off"}),
        ("run ```py\nprint(1)\n```", {"code": TEXT}, {"code": "print(1)"}),
        ("Jason is 25 years old", {"name": TEXT, "age": WHOLE}, {"name": "Jason", "age": 25}),
        ("Ann is 31 and has 2 dogs", {"name": TEXT, "age": WHOLE}, {"name": "Ann", "age": 31}),
    ],
)  # fmt: skip
def test_a_value_of_the_prompt_finds_its_argument(text, properties, expected):
    assert given(text, tool("do_it", **properties)) == expected


def test_a_value_that_the_schema_does_not_allow_is_left_out():
    assert given("Set a timer for 10 minutes", tool("timer", minutes={"type": "integer", "maximum": 5}))["minutes"] <= 5


def test_results_of_the_turn_give_values_to_the_next_step():
    find, book = tool("find_flights", city=TEXT), tool("book_flight", flight_id=TEXT, price=NUMBER)
    job = asked("Find flights to Rome, then book one", [find, book])
    messages = after(job, complete(job).choices[0], '[{"flight_id": "AZ123", "price": 90}]')
    (call,) = (
        complete(asked("", [find, book], "auto")).choices[0].tool_calls
        or complete(type(job)(messages, tool_use=job.tool_use)).choices[0].tool_calls
    )
    assert json.loads(call.arguments) == {"flight_id": "AZ123", "price": 90}


def test_schemas_of_any_shape_are_read_without_trouble():
    odd = {
        "a": True,
        "b": {"type": ["string", "integer"]},
        "c": {"type": ["null", "number"]},
        "d": {"type": [3]},
        "e": {},
    }
    assert list(aims(odd, "5")) == [("c", "5")]
    assert list(aims({"type": "object"}, "5")) == []

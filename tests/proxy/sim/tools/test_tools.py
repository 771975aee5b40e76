"""Tool calls: which, with what, how many, and that loops end."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proxy.sim.chat import complete
from proxy.sim.job import ChatJob, Message, ToolCall, ToolUse
from proxy.sim.structured import SchemaError
from proxy.sim.tokens import count
from tests.proxy.sim.tools.sample import (
    ALL,
    ANSWER,
    BOOK,
    CALCULATOR,
    FLIGHTS,
    PLAIN,
    ROUTE,
    SEARCH,
    TEXT,
    TIME,
    WEATHER,
    after,
    asked,
    tool,
)


def only(job):
    (choice,) = complete(job).choices
    return choice


def called(job):
    return [(call.name, json.loads(call.arguments)) for call in only(job).tool_calls]


def names(job):
    return [call.name for call in only(job).tool_calls]


# Which tool


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("What's the weather in Paris?", "get_weather"),
        ("Is it raining in Oslo?", "get_weather"),
        ("what time is it in Tokyo", "get_current_time"),
        ("What is 15 * 23?", "calculator"),
        ("Search for news about Mars", "search_web"),
        ("Find me flights to Rome", "find_flights"),
        ("Email bob@example.com that I am late", "send_email"),
        ("Please use get_weather", "get_weather"),
    ],
)
def test_the_tool_that_fits_is_called(text, name):
    choice = only(asked(text))
    assert [call.name for call in choice.tool_calls] == [name]
    assert (choice.text, choice.finish_reason) == ("", "tool_calls")


@pytest.mark.parametrize(
    "text",
    ["Hello!", "Thanks!", "Tell me a joke", "What is the capital of France?", "", "I love Paris", "Explain recursion"],
)
def test_what_no_tool_fits_is_answered_in_text(text):
    choice = only(asked(text))
    assert choice.tool_calls == ()
    assert choice.text == only(ChatJob((Message("user", text),))).text
    assert choice.finish_reason == "stop"


def test_a_required_call_is_made_whatever_was_said():
    for text in ("Hello!", "", "日本", "What's the weather in Paris?"):
        choice = only(asked(text, mode="required"))
        assert len(choice.tool_calls) == 1
        assert choice.finish_reason == "tool_calls"


def test_a_tool_chosen_by_name_ends_with_stop_and_is_called_once():
    choice = only(asked("The weather in Paris and in Rome", [WEATHER], "required", parallel=True, named=True))
    assert [call.name for call in choice.tool_calls] == ["get_weather"]
    assert choice.finish_reason == "stop"


def test_a_request_for_no_tools_is_heard():
    assert names(asked("What's the weather in Paris? Answer without tools.")) == []


# What with


def test_values_come_from_the_prompt():
    assert called(asked("What's the weather in Paris in celsius?")) == [
        ("get_weather", {"location": "Paris", "unit": "celsius"})
    ]
    assert called(asked("weather in Boston, MA"))[0][1]["location"] == "Boston, MA"


def test_arguments_are_compact_json():
    assert only(asked("weather in Paris in celsius")).tool_calls[0].arguments == '{"location":"Paris","unit":"celsius"}'


def test_a_tool_without_parameters_gets_an_empty_object():
    nothing = replace(tool("refresh_cache"), parameters="{}")
    assert only(asked("refresh the cache", [nothing])).tool_calls[0].arguments == "{}"
    assert only(asked("refresh the cache", [tool("refresh_cache")])).tool_calls[0].arguments == "{}"


def test_arguments_are_an_object_even_if_the_schema_forgets_to_say_so():
    loose = replace(WEATHER, parameters='{"properties": {"city": {"type": "string"}}, "required": ["city"]}')
    assert called(asked("weather in Rome", [loose])) == [("get_weather", {"city": "Rome"})]


def test_a_custom_tool_gets_text():
    assert only(asked("run print(1) in python", [PLAIN])).tool_calls[0].arguments == "print(1)"
    call = only(asked("Run Python:\n```python\nprint(1)\n```", [PLAIN])).tool_calls[0]
    assert (call.custom, call.arguments) == (True, "print(1)")
    assert only(asked('run python "2 + 2"', [PLAIN])).tool_calls[0].arguments == "2 + 2"
    for schema in ("{}", '{"type": "string"}'):
        assert only(asked("go", [replace(PLAIN, parameters=schema)], "required")).tool_calls[0].arguments == "go"


def test_a_custom_tool_with_a_pattern_gets_text_that_matches():
    strict = replace(PLAIN, parameters='{"type": "string", "pattern": "^[a-f]{4}$"}')
    assert re.fullmatch("[a-f]{4}", only(asked("run python", [strict])).tool_calls[0].arguments)


def test_lone_surrogates_never_reach_an_answer():
    for each in (PLAIN, SEARCH):
        call = only(asked('Search python for "lone \ud800 surrogate"', [each], "required")).tool_calls[0]
        assert call.arguments.encode()


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            TEXT,
            {"type": "integer", "minimum": 3, "maximum": 9},
            {"type": "number"},
            {"type": "boolean"},
            {"enum": ["a", "b", 3]},
            {"type": ["string", "null"]},
            {"type": "string", "format": "date"},
            {"const": "x"},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 1, "maxItems": 3}, inner),
        st.builds(
            lambda properties: {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            },
            st.dictionaries(st.sampled_from(["city", "count", "when", "tags", "user_id"]), inner, max_size=4),
        ),
        st.builds(lambda one, two: {"anyOf": [one, two]}, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["city", "count", "when", "tags"]), SCHEMAS, max_size=4),
    st.text(max_size=60),
    st.integers(),
)
def test_arguments_validate_against_any_schema(properties, text, seed):
    given_tool = tool("do_it", **properties)
    call = only(asked(text, [given_tool], "required", seed=seed)).tool_calls[0]
    Draft202012Validator(json.loads(given_tool.parameters)).validate(json.loads(call.arguments))


# How many


def test_several_places_are_several_calls():
    for text in (
        "What's the weather in Paris and in Tokyo?",
        "What's the weather in Paris and Tokyo?",
        "What's the weather in Paris? And what's the weather in Tokyo?",
    ):
        assert [arguments["location"] for _, arguments in called(asked(text))] == ["Paris", "Tokyo"]
    text = "What's the weather like in San Francisco, Tokyo, and Paris?"
    assert [arguments["location"] for _, arguments in called(asked(text))] == ["San Francisco", "Tokyo", "Paris"]


def test_a_message_to_two_people_is_two_calls():
    calls = called(asked("Send an email to Alice and Bob about the meeting"))
    assert [arguments["to"] for _, arguments in calls] == ["Alice", "Bob"]


def test_places_in_small_letters_are_several_calls_too():
    assert [arguments["location"] for _, arguments in called(asked("weather in paris and rome"))] == ["paris", "rome"]


def test_two_tools_that_both_fit_are_both_called():
    assert called(asked("What's the weather in Paris and what time is it in Tokyo?"))[0][1]["location"] == "Paris"
    assert names(asked("What's the weather in Paris and what time is it in Tokyo?")) == [
        "get_weather",
        "get_current_time",
    ]


def test_one_call_that_takes_all_values_is_one_call():
    assert names(asked("What is the distance between Paris and London?", [ROUTE])) == ["get_distance"]
    assert names(asked("Get the distance of Paris and London", [ROUTE])) == ["get_distance"]


def test_without_parallel_calls_there_is_one_at_a_time():
    job = asked("What's the weather in Paris and in Tokyo?", parallel=False)
    first = only(job)
    assert [json.loads(call.arguments)["location"] for call in first.tool_calls] == ["Paris"]
    second = only(replace(job, messages=after(job, first)))
    assert [json.loads(call.arguments)["location"] for call in second.tool_calls] == ["Tokyo"]
    assert only(replace(job, messages=after(replace(job, messages=after(job, first)), second))).tool_calls == ()


def test_the_number_of_calls_is_bounded():
    text = "weather in " + ", ".join(f"Q{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10]}" for n in range(90)) + " and Rome"
    assert 1 <= len(names(asked(text))) <= 16


# Ids, choices, seeds


def test_ids_have_their_form_and_differ():
    job = replace(asked("What's the weather in Paris and in Tokyo?"), n=3)
    ids = [call.id for choice in complete(job).choices for call in choice.tool_calls]
    assert len(ids) == len(set(ids)) == 6
    assert all(re.fullmatch("call_[0-9A-Za-z]{24}", each) for each in ids)
    assert ids == [call.id for choice in complete(replace(job)).choices for call in choice.tool_calls]


def test_a_seed_decides_what_the_prompt_leaves_open():
    city = tool("get_weather", "The weather", city=TEXT)
    assert (
        len({only(asked("The weather, please", [city], seed=seed)).tool_calls[0].arguments for seed in range(20)}) > 5
    )


# Limits


def test_max_tokens_cuts_the_arguments():
    job = asked("What's the weather in Paris and in Tokyo?")
    whole = only(job)
    assert whole.completion_tokens == sum(count(call.name) + count(call.arguments) for call in whole.tool_calls)
    for limit in range(1, whole.completion_tokens):
        cut = only(replace(job, max_tokens=limit))
        assert cut.finish_reason == "length"
        assert (
            cut.completion_tokens == sum(count(call.name) + count(call.arguments) for call in cut.tool_calls) <= limit
        )
        for part, call in zip(cut.tool_calls, whole.tool_calls, strict=False):
            assert (part.id, part.name) == (call.id, call.name)
            assert call.arguments.startswith(part.arguments)
    assert only(replace(job, max_tokens=whole.completion_tokens)) == whole


# Loops


def test_after_results_comes_a_text_that_uses_them():
    job = asked("What's the weather in Paris?")
    job = replace(job, messages=after(job, only(job), '{"temperature": 18.5, "sky": "overcast"}'))
    choice = only(job)
    assert choice.tool_calls == ()
    assert choice.finish_reason == "stop"
    assert "18.5" in choice.text
    assert "overcast" in choice.text
    assert "Paris" in choice.text


def test_a_further_step_is_taken_after_the_results():
    job = asked("Find flights to Rome, then book the cheapest one")
    first = only(job)
    assert [call.name for call in first.tool_calls] == ["find_flights"]
    job = replace(job, messages=after(job, first, '[{"flight_id": "AZ123", "price": 90}]'))
    second = only(job)
    assert [call.name for call in second.tool_calls] == ["book_flight"]
    job = replace(job, messages=after(job, second, '{"status": "booked"}'))
    assert only(job).tool_calls == ()
    assert "booked" in only(job).text


def test_a_follow_up_goes_on_with_the_tool_before():
    job = asked("What's the weather in Paris?")
    messages = (*after(job, only(job)), Message("assistant", "Sunny."), Message("user", "And in Rome?"))
    assert called(replace(job, messages=messages)) == [("get_weather", {"location": "Rome"} | unit(job, messages))]
    assert names(replace(job, messages=(*messages[:-1], Message("user", "Thanks!")))) == []


def unit(job, messages):
    return {key: value for key, value in called(replace(job, messages=messages))[0][1].items() if key == "unit"}


TEXTS = st.sampled_from(
    [
        "Hello!",
        "What's the weather in Paris and in Tokyo?",
        "Find flights to Rome, then book one, then email bob@example.com",
        "weather weather weather, then weather, then time and weather",
        "Search for cats and search for dogs. Calculate 2 + 2 and 3 * 4.",
        "",
    ]
)


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.booleans(), st.integers(0, 5), st.text(max_size=30))
def test_every_loop_ends_and_no_call_is_made_twice(text, parallel, seed, result):
    job = asked(text, parallel=parallel, seed=seed)
    made = []
    for _ in range(20):
        choice = only(job)
        if not choice.tool_calls:
            break
        made += [(call.name, call.arguments) for call in choice.tool_calls]
        job = replace(job, messages=after(job, choice, result))
    assert not choice.tool_calls
    assert choice.text
    assert len(made) == len(set(made))


def test_a_loop_that_must_call_something_comes_to_the_tool_that_ends_it():
    job = asked("What's the weather in Paris?", [WEATHER, TIME, ANSWER], "required")
    first = only(job)
    assert [call.name for call in first.tool_calls] == ["get_weather"]
    assert names(replace(job, messages=after(job, first))) == ["final_result"]
    assert names(asked("Where is Paris?", [WEATHER, ANSWER], "required")) == ["final_result"]


def test_a_required_call_is_made_after_results_too():
    job = asked("What's the weather in Paris?", [WEATHER], "required")
    job = replace(job, messages=after(job, only(job)))
    assert names(job) == ["get_weather"]


def test_results_of_roles_and_ids_that_nobody_knows_are_used():
    messages = (Message("user", "What's the weather?"), Message("function", "18 degrees outside.", name="get_weather"))
    assert "18 degrees outside." in only(ChatJob(messages)).text
    messages = (Message("user", "Hi"), Message("tool", "42", tool_call_id="nobody's"))
    assert "42" in only(ChatJob(messages, tool_use=ToolUse(ALL))).text


def test_a_conversation_without_a_user_is_answered():
    assert only(ChatJob((Message("system", "x"),), tool_use=ToolUse(ALL))).text
    assert names(ChatJob((), tool_use=ToolUse((CALCULATOR,), "required"))) == ["calculator"]


# Prompt tokens


def test_tools_count_by_the_published_formula():
    # By hand: 7 and its line, 3, each argument 3 and its line, an enum -3 and each item 3 more, and 12 at the end.
    lines = [
        "get_weather:Get the current weather in a given location",
        "location:string:The city and state, e.g. San Francisco, CA",
        "unit:string:",
    ]
    tools = 7 + 3 + 3 + 3 + sum(map(count, lines)) - 3 + (3 + count("celsius")) + (3 + count("fahrenheit")) + 12
    plain, given_tools = (complete(asked("Hi", tools)).prompt_tokens for tools in ((), (WEATHER,)))
    assert given_tools - plain == tools


def test_names_calls_and_media_count():
    def tokens(**fields):
        return complete(ChatJob((Message("user", "Hi", **fields), Message("user", "Hi")))).prompt_tokens

    call = ToolCall("call_1", "get_weather", '{"location":"Paris"}')
    assert tokens(name="alice") - tokens() == 1 + count("alice")
    assert tokens(media_tokens=85) - tokens() == 85
    assert tokens(tool_calls=(call,)) - tokens() == count("get_weather") + count(call.arguments)


# Size


@pytest.mark.parametrize(
    "part", ["A a ", "A, ", "in A and ", "1 * ", "then ", '"', "get_weather ", "and ", "A B, C and D ", "x@y.", "The "]
)
def test_long_prompts_are_no_trouble(part):
    assert only(asked(part * (100_000 // len(part)))).completion_tokens >= 0


def test_many_large_tools_are_no_trouble():
    tools = [tool(f"tool_{n}", "word " * 500, **{f"field_{m}": TEXT for m in range(50)}) for n in range(128)]
    assert complete(asked("Use tool_77 now", tools)).choices[0].tool_calls[0].name == "tool_77"
    assert FLIGHTS.name != BOOK.name


def test_schemas_that_are_none_are_told_as_such():
    for schema in ("{", "[" * 5000, "3"):
        with pytest.raises(SchemaError):
            complete(asked("weather", [replace(WEATHER, parameters=schema)], "required"))


def test_descriptions_of_any_type_are_no_trouble():
    odd = replace(
        WEATHER, parameters='{"type": "object", "properties": {"a": true, "b": {"enum": 3, "description": 4}}}'
    )
    assert complete(asked("Hello!", [odd])).prompt_tokens > 0


def test_a_large_schema_is_met():
    names = [f"field_{n}" for n in range(900)]
    (call,) = only(asked("do it", [tool("do_it", **dict.fromkeys(names, TEXT))], "required")).tool_calls
    assert list(json.loads(call.arguments)) == names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is 3 * 12? Also, what is 11 + 49?", [("multiply", {"a": 3, "b": 12}), ("add", {"a": 11, "b": 49})]),
        ("What is 2 multiplied by 3?", [("multiply", {"a": 2, "b": 3})]),
    ],
)
def test_a_sum_finds_the_tool_of_its_operator(text, expected):
    numbers = {"a": {"type": "integer"}, "b": {"type": "integer"}}
    tools = [tool("add", "Adds a and b.", **numbers), tool("multiply", "Multiplies a and b.", **numbers)]
    assert called(asked(text, tools)) == expected


def test_a_question_that_the_description_quotes_finds_the_tool():
    delivery = tool("get_eta", "Call this when somebody asks 'Where is my package'.", order_id=TEXT)
    assert names(asked("Where is my package?", [WEATHER, delivery])) == ["get_eta"]


ANY_TOOL = st.builds(
    lambda name, description, properties, custom: replace(
        tool(name, description, **properties),
        custom=custom,
        parameters="{}" if custom else tool("f", **properties).parameters,
    ),
    st.text(min_size=1, max_size=12),
    st.text(max_size=60),
    st.dictionaries(
        st.text(max_size=12), st.sampled_from([TEXT, {"type": "integer"}, {}, True, {"enum": ["x", 1]}]), max_size=4
    ),
    st.booleans(),
)
ANY_MESSAGE = st.builds(
    Message,
    st.sampled_from(["user", "system", "assistant", "tool", "function", "developer"]),
    st.text(max_size=60)
    | st.sampled_from(["weather in Paris and Rome, then 2 + 2", '{"a": [1, {"b": null}]}', "and you?"]),
    name=st.sampled_from(["", "f"]),
    tool_calls=st.lists(
        st.builds(ToolCall, st.sampled_from("ab"), st.text(max_size=5), st.text(max_size=9)), max_size=2
    ).map(tuple),
    tool_call_id=st.sampled_from(["", "a", "b"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ANY_MESSAGE, max_size=5).map(tuple),
    st.lists(ANY_TOOL, max_size=3).map(tuple),
    st.sampled_from(["auto", "required"]),
    st.booleans(),
    st.none() | st.integers(1, 40),
)
def test_any_conversation_with_any_tools_is_answered_exactly(messages, tools, mode, parallel, limit):
    job = ChatJob(messages, tool_use=ToolUse(tools, mode, parallel), tools_given=tools, max_tokens=limit)
    answer = complete(job)
    assert answer == complete(replace(job))
    (choice,) = answer.choices
    sent = sum(count(call.name) + count(call.arguments) for call in choice.tool_calls) + count(choice.text)
    assert sent == choice.completion_tokens
    assert limit is None or sent <= limit
    if choice.tool_calls:
        assert choice.text == ""
        assert parallel or len(choice.tool_calls) == 1
    for call in choice.tool_calls:
        call.arguments.encode()
        if choice.finish_reason != "length" and not call.custom:
            assert isinstance(json.loads(call.arguments), dict)

"""What a test can expect of its client's requests, how it is told, and what is no expectation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.verdict.assertions import AssertionsError, checked, wish_of
from tests.proxy.verdict.telling import CHAT, COMPLETIONS, HELLO, MESSAGES, RESPONSES, Telling, chat, chunks, said, user

KEYS = [
    "messages",
    "input",
    "prompt",
    "role",
    "content",
    "type",
    "text",
    "tool_calls",
    "function",
    "custom",
    "id",
    "name",
    "arguments",
    "index",
    "choices",
    "delta",
    "message",
    "finish_reason",
    "object",
    "status",
    "output",
    "incomplete_details",
    "reason",
    "response",
    "item",
    "output_index",
    "call_id",
    "error",
    "stop_reason",
    "content_block",
    "partial_json",
    "conversation",
    "previous_response_id",
    "tool_call_id",
    "tool_use_id",
    "refusal",
    "background",
    "usage",
]
KEYS += ["$model", "stream"]
STOP = {"user": "stop"}
WEATHER = {"tool_called": "get_weather"}


@pytest.fixture
def telling():
    """Two calls of a tool, a stop, and an error."""
    told = Telling()
    for at in range(2):
        told.ask(
            {"model": "m", "messages": [user(f"weather {at}?")]}, chat(None, "tool_calls", [("a", "get_weather", "{}")])
        )
    told.ask({"model": "m", "messages": [user("stop")]}, chat("Stopped."), at=5)
    told.fail(429, at=6, ask={"model": "n", "stream": True, "messages": [HELLO]})
    return told


def check(telling, *assertions):
    answer = checked(wish_of(list(assertions)), list(telling.journal))
    assert answer["passed"] is all(result["passed"] for result in answer["results"])
    return answer["results"]


def test_two_calls_of_a_tool_and_none_after_the_stop(telling):
    both = [{"requests": WEATHER, "exactly": 2}, {"requests": WEATHER, "none": True, "after": STOP}]
    assert check(telling, *both) == [
        {
            "name": "assertions[0]",
            "passed": True,
            "message": "expected exactly 2 requests with tool_called get_weather, found 2: 1, 2",
            "requests": [1, 2],
        },
        {
            "name": "assertions[1]",
            "passed": True,
            "message": "expected no requests with tool_called get_weather after request 3, found none among 1 request",
            "requests": [],
        },
    ]

    telling.ask(
        {"model": "m", "messages": [user("again")]}, chat(None, "tool_calls", [("b", "get_weather", "{}")]), at=9
    )
    first, second = check(telling, *both)
    assert (first["passed"], second["passed"]) == (False, False)
    assert first["message"] == "expected exactly 2 requests with tool_called get_weather, found 3: 1, 2, 5"
    assert second["message"] == "expected no requests with tool_called get_weather after request 3, found 1: 5"


def test_calls_of_tools_can_be_counted_instead_of_requests(telling):
    twice = [("a", "get_weather", "{}"), ("b", "get_weather", "{}"), ("c", "other", "{}")]
    telling.ask({"model": "m", "messages": [HELLO]}, chat(None, "tool_calls", twice), at=9)
    (result,) = check(telling, {"requests": WEATHER, "count": "tool_calls", "exactly": 4})

    assert result["message"] == "expected exactly 4 tool calls with tool_called get_weather, found 4: 1, 2, 5"


@pytest.mark.parametrize(
    ("assertion", "passed"),
    [
        ({}, True),
        ({"requests": {"status": 429}}, True),
        ({"requests": {"status": [500, 503]}}, False),
        ({"requests": {"status": [500, 503]}, "none": True}, True),
        ({"requests": {"model": "m*"}, "exactly": 3}, True),
        ({"requests": {"stream": True}, "exactly": 1}, True),
        ({"requests": {"text": {"exact": "Stopped."}}, "exactly": 1}, True),
        ({"requests": {"text": {"regex": "^St.*d"}, "finish_reason": "stop"}}, True),
        ({"requests": {"finish_reason": "length"}}, False),
        ({"requests": {"end": "whole"}, "at_least": 2, "at_most": 4}, True),
        ({"requests": {"end": "left"}}, False),
        ({"requests": {"fault": "cut"}}, False),
        ({"requests": {"rule": "greets"}}, False),
        ({"requests": {"path": "/v1/chat/completions", "method": "post"}, "exactly": 4}, True),
        ({"requests": {"jsonpath": {"$.messages[0].content": "stop"}}, "exactly": 1}, True),
        ({"requests": {"body": {"model": "n"}}, "at_most": 1}, True),
        ({"requests": WEATHER, "at_most": 1}, False),
        ({"requests": WEATHER, "before": STOP, "exactly": 2}, True),
        ({"requests": WEATHER, "after": {"user": "never"}, "none": True}, False),
        ({"in_order": [WEATHER, WEATHER, STOP, {"status": 429}]}, True),
        ({"in_order": [STOP, WEATHER]}, False),
        ({"in_order": [{"status": 429}], "before": STOP}, False),
    ],
)
def test_each_condition(telling, assertion, passed):
    (result,) = check(telling, assertion)

    assert result["passed"] is passed, result["message"]


@pytest.mark.parametrize(
    ("assertion", "message"),
    [
        ({"requests": {"status": 500}}, "expected at least 1 request with status 500, found none among 4 requests"),
        (
            {"requests": {"model": "m"}, "at_least": 2, "at_most": 2},
            "expected 2 to 2 requests with model m, found 3: 1, 2, 3",
        ),
        ({"at_most": 3}, "expected at most 3 requests, found 4: 1, 2, 3, 4"),
        (
            {"in_order": [STOP, {"status": 400}]},
            "expected 2 requests in order, and the second, one with status 400, did not come after request 3",
        ),
        (
            {"requests": WEATHER, "after": {"user": {"regex": "^never"}}, "none": True},
            'expected a request with user {"regex":"^never"} to come after or before others, found none',
        ),
    ],
)
def test_the_message_says_what_was_expected_and_what_was_found(telling, assertion, message):
    (result,) = check(telling, assertion | {"name": "mine"})

    assert (result["name"], result["message"]) == ("mine", message)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ([], "'assertions' has to be a list of at least 1 item"),
        (7, "has to be an object, not"),
        ({}, "the key 'assertions' is missing"),
        ({"assertion": [{}]}, "assertion: unknown key 'assertion'; did you mean 'assertions'?"),
        (
            [{"requests": {"tool_caled": "x"}}],
            "assertions[0].requests.tool_caled: unknown key 'tool_caled'; did you mean 'tool_called'?",
        ),
        ([{}, {"exact": 2}], "assertions[1].exact: unknown key 'exact'; did you mean 'exactly'?"),
        ([{"exactly": -1}], "assertions[0].exactly: 'exactly' has to be at least 0"),
        ([{"exactly": 1, "at_least": 1}], "assertions[0]: 'exactly' stands alone, without 'at_least'"),
        ([{"none": True, "at_most": 1}], "assertions[0]: 'none' stands alone, without 'at_most'"),
        (
            [{"in_order": [{}], "exactly": 1}],
            "assertions[0].in_order: 'in_order' stands alone, without 'requests' and numbers",
        ),
        ([{"count": "tool_calls"}], "assertions[0].count: 'tool_calls' are counted where 'requests' has 'tool_called'"),
        (
            [{"requests": {"end": "lost"}}],
            "assertions[0].requests.end: 'end' cannot be 'lost'; there are broken, left, open, whole",
        ),
        (
            [{"requests": {"fault": "stauts"}, "none": True}],
            "assertions[0].requests.fault: 'fault' cannot be 'stauts'; did you mean 'status'?",
        ),
        (
            [{"in_order": [{"finish_reason": "stopp"}]}],
            "assertions[0].in_order[0].finish_reason: 'finish_reason' cannot be 'stopp'; did you mean 'stop'?",
        ),
        (
            [{"before": {"status": [200, 2000]}}],
            "assertions[0].before.status: 'status' cannot be '2000'; there are 100 to 599, and 0 for no answer",
        ),
        (
            [{"requests": {"method": "pots"}}],
            "assertions[0].requests.method: 'method' cannot be 'pots'; did you mean 'POST'?",
        ),
        ([{"at_least": 3, "at_most": 1}], "assertions[0].at_least: 'at_least' is more than 'at_most'"),
        ([{"requests": {"text": {"regex": "("}}}], "assertions[0].requests.text.regex: the regex cannot be read: "),
        ([{"after": {"user": {}}}], "assertions[0].after.user: a test of a text has 'exact', 'contains' or 'regex'"),
        (
            [{"in_order": [{"jsonpath": {"a": 1}}]}],
            "assertions[0].in_order[0].jsonpath.a: 'a' is no JSONPath: it begins with $",
        ),
        ({"assertions": [{}], "wait_s": 1000}, "wait_s: 'wait_s' has to be at most 300"),
    ],
)
def test_what_is_no_assertion_is_told_with_its_place(wish, message):
    with pytest.raises(AssertionsError) as caught:
        wish_of(wish)

    assert message in str(caught.value)


CALLS = [("call_1", "get_weather", '{"city":"Rome"}')]
STREAMED_CALL = [
    {"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "get_weather"}}]}},
    {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}},
    {
        "index": 0,
        "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '"Rome"}'}}]},
        "finish_reason": "tool_calls",
    },
]
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": CALLS[0][2]}
ANSWERS = {
    "chat": ("/v1/chat/completions", chat(None, "tool_calls", CALLS)),
    "chat, streamed": ("/v1/chat/completions", [{"choices": [choice]} for choice in STREAMED_CALL]),
    "response": (
        RESPONSES,
        {
            "object": "response",
            "status": "completed",
            "output": [{"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": CALLS[0][2]}],
        },
    ),
    "response, streamed": (
        RESPONSES,
        [{"type": "response.completed", "response": {"object": "response", "status": "completed", "output": [CALL]}}],
    ),
    "response, streamed and cut": (
        RESPONSES,
        [
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {"type": "function_call", "call_id": "call_1", "name": "get_weather"},
            },
            {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": CALLS[0][2]},
        ],
    ),
    "message": (
        MESSAGES,
        {
            "type": "message",
            "content": [{"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {}}],
            "stop_reason": "tool_use",
        },
    ),
    "message, streamed": (
        MESSAGES,
        [
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {}},
            },
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": CALLS[0][2]},
            },
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
            {"type": "message_stop"},
        ],
    ),
}


@pytest.mark.parametrize("reason", ["stop", "end_turn", "max_output_tokens", "model_length", "eos_token", "error"])
def test_words_of_other_apis_for_an_end_are_no_typing_errors(reason):
    (assertion,) = wish_of([{"requests": {"finish_reason": reason}}]).assertions

    assert assertion.requests.finish_reason == reason


@pytest.mark.parametrize("api", ANSWERS)
def test_tool_calls_are_read_from_every_api(api):
    path, answer = ANSWERS[api]
    telling = Telling()
    telling.ask({"model": "m", "messages": [HELLO], "input": "Hello!"}, answer, path=path)
    wanted = WEATHER if "cut" in api else WEATHER | {"finish_reason": "tool_calls"}
    (result,) = check(telling, {"requests": wanted, "exactly": 1})

    assert result["passed"], result["message"]
    (call,) = telling.history.seen[0].said.calls
    assert (call.id, call.name) == ("call_1", "get_weather")
    if api != "message":
        assert json.loads(call.arguments) == {"city": "Rome"}


def test_texts_are_read_from_streams_as_from_plain_answers():
    telling = Telling()
    telling.ask(answer=[*chunks("Hi ", "there."), "[DONE]"], at=0)
    telling.ask(answer=chat("Hi there."), at=1)
    telling.ask(
        {"prompt": "x"},
        {"choices": [{"index": 0, "text": "Hi there.", "finish_reason": "stop"}]},
        path="/completions",
        at=2,
    )
    (result,) = check(telling, {"requests": {"text": {"exact": "Hi there."}, "finish_reason": "stop"}, "exactly": 3})

    assert result["passed"], result["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(asked=st.dictionaries(st.sampled_from(KEYS), JSON), answer=JSON, events=st.lists(JSON, max_size=4))
@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES, COMPLETIONS])
def test_whatever_is_asked_and_answered_can_be_read(path, asked, answer, events):
    telling = Telling()
    telling.ask(asked, answer, path=path)
    telling.ask(asked, events, path=path, at=5)

    assert telling.verdict()["requests"] == 2
    check(telling, {"requests": {"text": "x", "tool_called": "y"}, "none": True})


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[1]", b"data: {\n\ndata: 7\n\n", b'{"choices": [1, {"delta": 5}]}', b'{"type": 3}']
)
def test_answers_that_make_no_sense_say_nothing(body):
    telling = Telling()
    entry = telling.begin(said("x"))
    entry.sent(body)
    telling.end(entry, [])

    assert telling.verdict()["requests"] == 1
    assert telling.history.seen[0].said.calls == []

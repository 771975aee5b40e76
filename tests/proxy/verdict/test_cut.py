"""Which clients are accused of taking half an answer for a whole one, in all the APIs that have conversations."""

from typing import Any

import pytest

from tests.proxy.verdict.telling import (
    CHAT,
    COMPLETIONS,
    HELLO,
    MESSAGES,
    RESPONSES,
    Telling,
    chat,
    chunks,
    said,
    user,
)

ASK: dict[str, Any] = {"model": "m", "messages": [HELLO]}
STREAM = ASK | {"stream": True}
HALF = "The tides come and"
NEXT = user("And what do the winds do?")
GO_ON = user("Please continue.")
ERROR = {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}}


@pytest.fixture
def telling():
    return Telling()


def response(text, status="completed", reason=None, calls=()) -> dict[str, Any]:
    output: list[dict[str, Any]] = [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    ]
    output += [{"type": "function_call", "call_id": i, "name": n, "arguments": a} for i, n, a in calls]
    details = {"reason": reason} if reason else None
    return {"object": "response", "id": "resp_1", "status": status, "output": output, "incomplete_details": details}


def message(text, reason="end_turn"):
    return {"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": reason}


def after(telling, more, model="m"):
    telling.ask({"model": model, "messages": [HELLO, *more]}, at=5)


# How a chat's stream can end without its end: events, and how the exchange ended.
BROKEN: dict[str, Any] = {
    "cut": (chunks("The tides ", "come and", finish=None), "broken"),
    "no finish_reason": ([*chunks("The tides ", "come and", finish=None), "[DONE]"], "whole"),
    "no end": (chunks("The tides ", "come and", finish=None), "whole"),
    "error event": ([*chunks("The tides ", "come and", finish=None), ERROR], "whole"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_half_a_stream_that_is_carried_on_is_seen(telling, how):
    events, end = BROKEN[how]
    telling.ask(STREAM, events, end=end)
    after(telling, [said(HALF), NEXT])

    (found,) = telling.found("accepted_truncated_stream")
    assert (found["certainty"], found["requests"]) == ("seen", [1, 2])
    assert found["message"].startswith("the stream of request 1 ")
    assert found["message"].endswith(", and request 2 carries its half text on as the assistant's")


def test_half_of_what_was_spoken_counts_as_text(telling):
    deltas = [{"audio": {"id": "audio_1", "transcript": "The tides "}}, {"audio": {"transcript": "come and"}}]
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    telling.ask(STREAM, events, end="broken")
    after(telling, [said(HALF), NEXT])

    assert telling.found("accepted_truncated_stream")[0]["certainty"] == "seen"


def test_of_a_stream_that_broke_off_the_client_may_have_got_less(telling):
    telling.ask(STREAM, chunks("The tides ", "come and", " go", finish=None), end="broken")
    after(telling, [said(HALF), NEXT])

    assert telling.found("accepted_truncated_stream")[0]["certainty"] == "seen"


@pytest.mark.parametrize("how", BROKEN)
def test_half_a_stream_that_is_asked_for_again_is_fine(telling, how):
    events, end = BROKEN[how]
    telling.ask(STREAM, events, end=end)
    telling.ask(STREAM, [*chunks("The tides come and go."), "[DONE]"], at=1)
    after(telling, [said("The tides come and go."), NEXT])

    assert telling.verdict()["mistakes"] == []


@pytest.mark.parametrize("more", [[said(HALF), GO_ON], [said(HALF)], [said(HALF), user("Weiter, bitte.")]])
def test_asking_for_the_rest_is_fine(telling, more):
    telling.ask(STREAM, chunks("The tides ", "come and", finish=None), end="broken")
    after(telling, more)

    assert telling.verdict()["mistakes"] == []


def test_going_on_without_another_try_is_likely_a_mistake_and_does_not_fail(telling):
    telling.ask(STREAM, chunks(HALF, finish=None), end="broken")
    telling.ask({"model": "m", "messages": [user("Something else.")]}, at=5)

    (found,) = telling.found("accepted_truncated_stream")
    assert (found["certainty"], telling.verdict()["passed"]) == ("likely", True)


def test_a_stream_that_the_client_left_and_one_without_done_are_not_accused(telling):
    telling.ask(STREAM, chunks(HALF, finish=None), end="left")
    after(telling, [said(HALF), NEXT])
    other: dict[str, Any] = {"model": "m", "stream": True, "messages": [user("Other.")]}
    telling.ask(other, chunks("Whole."), at=6)  # finish_reason is there, only [DONE] is not
    telling.ask({"model": "m", "messages": [*other["messages"], said("Whole."), NEXT]}, at=7)

    assert telling.verdict()["mistakes"] == []


def test_a_stream_of_events_from_messages_and_responses(telling):
    begun: list[Any] = [
        {"type": "message_start", "message": {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": HALF}},
    ]
    telling.ask(STREAM, begun, path=MESSAGES, end="broken")
    telling.ask({"model": "m", "messages": [HELLO, said([{"type": "text", "text": HALF}]), NEXT]}, path=MESSAGES)
    deltas: list[Any] = [
        {"type": "response.created", "response": {"object": "response", "id": "resp_9", "status": "in_progress"}},
        {"type": "response.output_text.delta", "output_index": 0, "delta": HALF},
    ]
    telling.ask({"model": "m", "stream": True, "input": "Tides?"}, deltas, path=RESPONSES, end="broken")
    telling.ask({"model": "m", "input": [user("Tides?"), said(HALF), NEXT]}, path=RESPONSES, answer=response("x"))

    assert [each["requests"] for each in telling.found("accepted_truncated_stream")] == [[1, 2], [3, 4]]


CUT: list[Any] = [
    ("ignored_length", "length", "max_tokens", "max_output_tokens"),
    ("ignored_content_filter", "content_filter", "refusal", "content_filter"),
]


@pytest.mark.parametrize(("mistake", "finish", "stop_reason", "reason"), CUT)
@pytest.mark.parametrize("api", ["chat", "stream", "messages", "responses", "previous_response_id"])
def test_a_cut_answer_that_is_carried_on_as_whole_is_seen(mistake, finish, stop_reason, reason, api):
    for last, accused in ((NEXT, True), (GO_ON, False)):
        telling = Telling()
        if api == "chat":
            telling.ask(ASK, chat(HALF, finish))
            after(telling, [said(HALF + " "), last])
        elif api == "stream":
            telling.ask(STREAM, [*chunks("The tides ", "come and", finish=finish), "[DONE]"])
            after(telling, [said(HALF), last])
        elif api == "messages":
            telling.ask(ASK, message(HALF, stop_reason), path=MESSAGES)
            telling.ask({"model": "m", "messages": [HELLO, said(HALF), last]}, message("x"), path=MESSAGES)
        else:
            cut = response(HALF, "incomplete", reason)
            telling.ask({"model": "m", "input": "Hello!"}, cut, path=RESPONSES)
            more: dict[str, Any] = {"input": [HELLO, *cut["output"], last]}
            if api == "previous_response_id":
                more = {"input": last["content"], "previous_response_id": "resp_1"}
            telling.ask({"model": "m", **more}, response("x"), path=RESPONSES)

        found = telling.found(mistake)
        assert [(each["certainty"], each["requests"]) for each in found] == ([("seen", [1, 2])] if accused else [])


def test_a_tool_that_is_run_with_half_its_arguments_is_seen_even_where_the_user_asks_to_go_on(telling):
    half = chat(None, "length", [("call_1", "get_weather", '{"city": "Ro')])
    telling.ask(ASK, half)
    called = half["choices"][0]["message"]
    after(telling, [called, {"role": "tool", "tool_call_id": "call_1", "content": "31"}, GO_ON])

    (found,) = telling.found("ignored_length")
    assert found["message"] == (
        "the answer to request 1 was cut at its token limit (finish_reason length), and the tool get_weather was run "
        "with half its arguments: request 2 has its result"
    )


@pytest.mark.parametrize(
    "more",
    [
        [],  # the user is told, and asks nothing more
        [user("Shorter, please.")],  # the half answer is left out
        [said("Sorry, that was cut."), NEXT],
    ],
)
def test_a_cut_answer_that_is_not_carried_on_is_fine(telling, more):
    telling.ask(ASK, chat(HALF, "length"))
    if more:
        after(telling, more)

    assert telling.verdict()["mistakes"] == []


def test_a_completion_is_gone_on_from_by_its_prompt(telling):
    telling.ask(
        {"model": "m", "prompt": "Once"}, {"choices": [{"index": 0, "text": " upon", "finish_reason": "length"}]}
    )
    telling.ask({"model": "m", "prompt": "Once upon"}, path=COMPLETIONS)

    assert telling.verdict()["mistakes"] == []


def test_how_the_client_went_on_is_told(telling):
    telling.ask(ASK, chat("Hi."), at=0)
    telling.fail(503, at=1, ask={"model": "m", "messages": [HELLO, said("Hi."), NEXT]})
    telling.ask({"model": "m", "messages": [HELLO, said("Hi."), NEXT]}, chat("They blow."), at=2)
    telling.ask({"model": "m", "messages": [HELLO, said("Hi."), user("An edited turn.")]}, at=3, path=CHAT)

    assert telling.history.after() == {
        1: {"kind": "continued", "ms": 900.0, "number": 2},
        2: {"kind": "retried", "ms": 900.0, "number": 3},
    }


def test_a_long_conversation_continues_from_turn_to_turn(telling):
    messages = [HELLO]
    for number in range(10):
        telling.ask({"model": "m", "messages": messages}, chat(f"Answer {number}."), at=number)
        messages = [*messages, said(f"Answer {number}."), user(f"Question {number}?")]

    assert [told["number"] for told in telling.history.after().values()] == list(range(2, 11))


def test_a_text_and_its_calls_are_one_turn_in_a_response(telling):
    first = response("Let me look.", calls=[("call_1", "look", "{}"), ("call_2", "look", "{}")])
    results = [{"type": "function_call_output", "call_id": f"call_{n}", "output": "31"} for n in (1, 2)]
    telling.ask({"model": "m", "input": "Hello!"}, first, path=RESPONSES)
    telling.ask({"model": "m", "input": [HELLO, *first["output"], *results]}, response("x"), path=RESPONSES, at=1)

    assert telling.history.after()[1]["kind"] == "continued"


def test_half_a_response_that_the_server_has_whole_can_be_gone_on_from(telling):
    begun = {"type": "response.created", "response": {"object": "response", "id": "resp_7", "status": "in_progress"}}
    half = {"type": "response.output_text.delta", "output_index": 0, "delta": HALF}
    telling.ask({"model": "m", "stream": True, "input": "Hello!"}, [begun, half], path=RESPONSES, end="broken")
    telling.ask({"model": "m", "input": "And?", "previous_response_id": "resp_7"}, response("x"), path=RESPONSES, at=1)

    assert telling.verdict()["mistakes"] == []


def test_equal_conversations_side_by_side_are_paired_one_to_one(telling):
    for at in range(100):
        telling.ask(ASK, chat("Hi."), at=at / 100, took=0.001)
    for at in range(100):
        telling.ask({"model": "m", "messages": [HELLO, said("Hi."), NEXT]}, at=2 + at / 100, took=0.001)

    pairs = {number: told["number"] for number, told in telling.history.after().items() if told["kind"] == "continued"}
    assert sorted(pairs) == list(range(1, 101))
    assert sorted(pairs.values()) == list(range(101, 201))


def test_what_was_read_while_it_was_open_is_read_again_when_it_is_over(telling):
    entry = telling.begin(ASK)
    assert telling.history.after() == {}
    telling.end(entry, chat("Hi."))
    after(telling, [said("Hi."), NEXT])

    assert telling.history.after()[1]["number"] == 2


def test_a_journal_full_of_the_same_is_paired_one_to_one(telling):
    for at in range(1000):
        telling.ask(STREAM, chunks(HALF, finish=None), at=at, end="broken")
    for at in range(1000):
        telling.ask({"model": "m", "messages": [HELLO, said(HALF), NEXT]}, at=2000 + at)

    continued = telling.history.continued
    assert sorted(continued) == list(range(1, 1001))
    assert sorted([following.seen.number for following in continued.values()]) == list(range(1001, 2001))
    assert telling.verdict(storm_s=1)["requests"] == 2000

"""Which clients are accused of mixing up tool calls, of waiting for ever, and of leaving work behind."""

import json

import pytest

from tests.proxy.verdict.telling import CHAT, HELLO, MESSAGES, RESPONSES, Telling, chat, chunks, said, user

ASK = {"model": "m", "messages": [HELLO]}


@pytest.fixture
def telling():
    return Telling()


def called(*ids):
    return chat(None, "tool_calls", [(name, "get_weather", "{}") for name in ids])["choices"][0]["message"]


def result(name):
    return {"role": "tool", "tool_call_id": name, "content": "31 degrees"}


def block(kind, **more):
    return {"type": kind, **more}


GOOD = [
    [called("a"), result("a")],
    [called("a", "b"), result("b"), result("a"), user("Thanks.")],
    [called("call_0"), result("call_0"), called("call_0"), result("call_0")],  # ids that begin again at each turn
    [user("No tools here.")],
]
BAD = {
    "a tool result for 'x', which no call has": [called("a"), result("a"), result("x")],
    "no tool result for the call 'b'": [called("a", "b"), result("a")],
    "2 tool results for the call 'a'": [called("a"), result("a"), result("a")],
}


@pytest.mark.parametrize("more", GOOD)
def test_a_loop_of_tools_that_fits_is_fine(telling, more):
    telling.ask({"model": "m", "messages": [HELLO, *more]})

    assert telling.verdict()["mistakes"] == []


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("status", [200, 400])
def test_results_that_do_not_fit_are_seen_whether_they_are_refused_or_not(telling, what, status):
    ask = {"model": "m", "messages": [HELLO, *BAD[what]]}
    telling.ask(ask, {"error": {"message": "x"}} if status == 400 else None, status=status)

    (found,) = telling.found("mismatched_tool_ids")
    assert (found["message"], found["requests"]) == (f"request 1: {what}", [1])


def test_the_same_mistake_in_a_growing_conversation_is_told_once(telling):
    messages = [HELLO, *BAD["no tool result for the call 'b'"]]
    for text in "xyz":
        messages = [*messages, user(text)]
        telling.ask({"model": "m", "messages": messages}, at=ord(text))

    (found,) = telling.found("mismatched_tool_ids")
    assert found["message"] == "request 1 and 2 after it: no tool result for the call 'b'"
    assert found["requests"] == [1, 2, 3]


def test_messages_have_their_results_in_blocks(telling):
    use, back = block("tool_use", id="toolu_1", name="t", input={}), block("tool_result", tool_use_id="toolu_1")
    good = [HELLO, {"role": "assistant", "content": [use]}, {"role": "user", "content": [back]}]
    telling.ask({"model": "m", "messages": good}, path=MESSAGES)
    telling.ask({"model": "m", "messages": [*good[:2], user("Never mind.")]}, path=MESSAGES, at=3)

    (found,) = telling.found("mismatched_tool_ids")
    assert found["message"] == "request 2: no tool result for the call 'toolu_1'"


def test_responses_have_theirs_beside_each_other_or_behind_an_id(telling):
    call = block("function_call", call_id="call_1", name="t", arguments="{}")
    output = block("function_call_output", call_id="call_1", output="31")
    first = {"object": "response", "id": "resp_1", "status": "completed", "output": [call]}
    second = first | {"id": "resp_2", "output": []}
    telling.ask({"model": "m", "input": "Hello!"}, first, path=RESPONSES)
    telling.ask({"model": "m", "input": [output], "previous_response_id": "resp_1"}, second, path=RESPONSES, at=1)
    telling.ask({"model": "m", "input": [HELLO, call, output]}, second, path=RESPONSES, at=2)
    telling.ask({"model": "m", "input": [output], "previous_response_id": "resp_0"}, path=RESPONSES, at=3)
    assert telling.verdict()["mistakes"] == []

    telling.ask({"model": "m", "input": "Well?", "previous_response_id": "resp_1"}, path=RESPONSES, at=4)
    (found,) = telling.found("mismatched_tool_ids")
    assert found["message"] == "request 5: no tool result for the call 'call_1'"


def test_a_long_wait_is_seen_and_who_leaves_is_not_accused(telling):
    telling.ask(ASK, at=0, took=121)
    telling.ask({"model": "n"}, at=200, took=121, end="left")
    telling.ask({"model": "o"}, at=400, took=119)

    (found,) = telling.found("no_timeout")
    assert found["message"] == "request 1 waited 121.0 s, and the client stayed"
    assert [each["requests"] for each in telling.found("no_timeout", timeout_s=100)] == [[1], [3]]


def test_a_stream_may_take_long_but_not_be_silent(telling):
    def stream(silence):
        entry = telling.begin(ASK | {"model": str(silence)})
        entry.sent(b": first\n\n")
        for piece in chunks("a", "b", "c", finish=None):
            telling.time += silence
            entry.sent(b"data: %b\n\n" % str(piece).encode())
        telling.end(entry, [*chunks("d"), "[DONE]"])

    stream(50)
    stream(130)

    (found,) = telling.found("no_timeout")
    assert found["message"] == "request 2 saw a silence of 130.0 s, and the client stayed"


def test_what_is_still_open_counts_up_to_now(telling):
    telling.begin()
    telling.time += 200

    assert telling.found("no_timeout")[0]["requests"] == [1]


def test_virtual_time_is_told_and_does_not_fail(telling):
    entry = telling.ask()
    entry.notes = {"timing": {"ttft_ms": 1.0, "total_ms": 300_000.0, "virtual": True}}

    (found,) = telling.found("no_timeout")
    assert found["message"] == "request 1 would have waited 300.0 s (virtual clock), and the client stayed"
    assert telling.verdict()["passed"]


def background(telling, name="resp_1", status="queued"):
    answer = {"object": "response", "id": name, "status": status, "output": []}
    telling.ask({"model": "m", "input": name, "background": True}, answer, path=RESPONSES)


def poll(telling, status, name="resp_1", method="GET", more=""):
    answer = {"object": "response", "id": name, "status": status, "output": []}
    telling.ask("", answer, path=f"{RESPONSES}/{name}{more}", method=method)


def test_a_background_response_is_fetched_to_its_end_cancelled_or_deleted(telling):
    background(telling)
    poll(telling, "in_progress")
    poll(telling, "completed")
    background(telling, "resp_2")
    poll(telling, "cancelled", "resp_2", "POST", "/cancel")
    background(telling, "resp_3")
    poll(telling, "", "resp_3", "DELETE")
    background(telling, "resp_4", "completed")
    assert telling.verdict()["mistakes"] == []

    background(telling, "resp_5")
    poll(telling, "in_progress", "resp_5")
    (found,) = telling.found("left_without_cancelling")
    assert found["message"] == (
        "the background response resp_5 of request 9 was neither fetched to its end nor cancelled"
    )


def test_a_request_that_is_sent_again_while_it_runs_is_seen_by_the_sdks_count(telling):
    first = telling.begin(x_stainless_retry_count="0")
    telling.time += 5
    telling.end(telling.begin(x_stainless_retry_count="1"), chat())
    telling.time += 1
    telling.end(first, chat())

    (found,) = telling.found("left_without_cancelling")
    assert (found["certainty"], found["requests"]) == ("seen", [1, 2])


def test_one_that_was_left_before_it_was_sent_again_is_fine(telling):
    telling.end(telling.begin(x_stainless_retry_count="0"), {}, end="left")
    telling.time += 0.5
    telling.ask(x_stainless_retry_count="1", path=CHAT)

    assert telling.verdict()["mistakes"] == []


def test_hedging_and_parallel_requests_are_not_accused(telling):
    first = telling.begin()
    telling.time += 1
    second = telling.begin()
    telling.time += 1
    telling.end(second, chat())
    telling.time += 0.01
    telling.end(first, {}, end="left")
    both = [telling.begin({"model": "n"}) for _ in range(2)]
    for entry in both:
        telling.end(entry, chat())

    assert telling.verdict()["mistakes"] == []


def test_one_that_is_left_late_is_likely_a_mistake(telling):
    first = telling.begin()
    telling.time += 5
    second = telling.begin()
    telling.time += 1
    telling.end(first, {}, end="left")
    telling.time += 1
    telling.end(second, chat())

    (found,) = telling.found("left_without_cancelling")
    assert (found["certainty"], found["requests"]) == ("likely", [1, 2])


def test_a_stream_that_is_left_without_being_closed_is_seen_by_the_next_turn(telling):
    open_still = telling.begin(ASK | {"stream": True})
    for event in chunks("The tides", " come", finish=None):
        telling.time += 1
        open_still.sent(b"data: %b\n\n" % json.dumps(event).encode())
    telling.ask({"model": "m", "messages": [HELLO, said("The tides"), user("Enough. And winds?")]})
    telling.ask({"model": "m", "messages": [HELLO, said("Something else."), user("Another conversation.")]})
    telling.end(open_still, chunks(" and go."))

    (found,) = telling.found("left_without_cancelling")
    assert found["message"] == (
        "the stream of request 1 was still open when request 2 went on with the beginning of its text"
    )

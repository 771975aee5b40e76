"""A run's way through a scenario: which rule answers, with what, and how often."""

import json

import pytest

from proxy.scenarios.asked import Asked
from proxy.scenarios.load import load
from proxy.scenarios.player import Given, Player
from proxy.scenarios.script import script
from proxy.sim.continuation import Continuation
from proxy.sim.job import ChatJob, Message, Tool, ToolUse
from proxy.sim.tokens import count


def player(rules: str) -> Player:
    return Player(Given(load([("s.yaml", "rules:\n" + rules)])))


def chat(user="hello", headers=None, **more):
    document = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": user}]} | more
    return Asked("chat", headers or {}, document)


def text(playing: Player, asked: Asked) -> str | None:
    taken = playing.take(asked)
    if taken is None:
        return None
    said = script(taken.answer, taken.values, taken.placed.key)
    return said.text if said else "nothing of its own"


def fits(when: str, asked: Asked) -> bool:
    return text(player(f"- when: {when}\n  answer: {{text: x}}"), asked) == "x"


TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Weather"}, {"type": "text", "text": "in Rome?"}]},
    {
        "role": "assistant",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "w", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": "sunny"},
]
TOOLS = [{"type": "function", "function": {"name": "w"}}, {"type": "function", "function": {"name": "v"}}]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{}", True),
        ("{model: gpt-*}", True),
        ("{model: claude-*}", False),
        ("{endpoint: chat}", True),
        ("{endpoint: [responses, messages]}", False),
        ("{user: Weather}", True),
        ('{user: {exact: "Weather\\nin Rome?"}}', True),
        ("{user: {exact: Weather}}", False),
        ("{user: {contains: Rome, regex: '^Wea'}}", True),
        ("{user: {contains: Rome, regex: '^Rome'}}", False),
        ("{system: brief}", True),
        ("{system: long}", False),
        ("{tools: [v, w]}", True),
        ("{tools: [v, x]}", False),
        ("{tool_result: sunny}", True),
        ("{tool_result: rain}", False),
        ("{turn: 1}", True),
        ("{turn: 0}", False),
        ("{stream: true}", False),
        ("{stream: false}", True),
        ("{headers: {x-user: ad}}", True),
        ("{headers: {x-user: {exact: ad}}}", False),
        ("{headers: {x-other: ''}}", False),
        ("{jsonpath: {$.temperature: 0.5}}", True),
        ("{jsonpath: {$.temperature: 1}}", False),
        ("{jsonpath: {'$.messages[-1].role': tool}}", True),
        ("{jsonpath: {'$.messages[*].role': assistant}}", True),
        ("{jsonpath: {'$..name': v}}", True),
        ("{jsonpath: {'$..name': {regex: '^v'}}}", True),
        ("{jsonpath: {\"$['metadata'].a\": true}}", False),
        ("{body: {metadata: {a: 1}}}", True),
        ("{body: {metadata: {a: true}}}", False),
        ("{body: {messages: [{role: system}]}}", True),
        ("{body: {messages: [{role: user}]}}", False),
    ],
)
def test_a_rule_answers_what_fits_all_its_conditions(when, expected):
    document = {
        "model": "gpt-sim-1",
        "messages": TALK,
        "tools": TOOLS,
        "temperature": 0.5,
        "metadata": {"a": 1, "b": 2},
    }

    assert fits(when, Asked("chat", {"x-user": "ada"}, document)) is expected


RESPONSES = {
    "model": "m",
    "instructions": "Be brief.",
    "tools": [{"type": "function", "name": "w"}, {"type": "web_search"}],
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {"type": "function_call", "call_id": "c", "name": "w", "arguments": "{}"},
        {"type": "function_call", "call_id": "d", "name": "w", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "sunny"},
    ],
}
MESSAGES = {
    "model": "m",
    "system": [{"type": "text", "text": "Be brief."}],
    "tools": [{"name": "w", "input_schema": {}}],
    "messages": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "w", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "sunny"}]},
    ],
}


@pytest.mark.parametrize(("endpoint", "document"), [("responses", RESPONSES), ("messages", MESSAGES)])
def test_the_other_apis_are_read_in_the_same_words(endpoint, document):
    asked = Asked(endpoint, {}, document)

    assert (asked.user, asked.system, asked.turn, asked.tool_result) == ("Weather?", "Be brief.", 1, "sunny")
    assert "w" in asked.tools


@pytest.mark.parametrize(
    ("endpoint", "document", "user"),
    [
        ("completions", {"prompt": "Once"}, "Once"),
        ("completions", {"prompt": ["Once", "Twice"]}, "Once\nTwice"),
        ("completions", {"prompt": [1, 2]}, ""),
        ("responses", {"input": "Hi"}, "Hi"),
        ("chat", {"messages": "nonsense"}, ""),
        ("chat", {"messages": [3, {"role": 4}, {"role": "user", "content": [{"text": 5}]}]}, ""),
        ("chat", {}, ""),
    ],
)
def test_whatever_comes_is_read_as_far_as_it_can_be(endpoint, document, user):
    assert Asked(endpoint, {}, document).user == user


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("", ["a", "b", "b", "b", "b"]),
        ("repeat: cycle", ["a", "b", "a", "b", "a"]),
        ("repeat: none", ["a", "b", "rest", "rest", "rest"]),
        ("times: 3", ["a", "b", "b", "rest", "rest"]),
        ("repeat: cycle\n  times: 3", ["a", "b", "a", "rest", "rest"]),
    ],
)
def test_answers_come_in_turn_and_then_as_repeat_and_times_say(end, expected):
    playing = player(f"- answers: [{{text: a}}, {{text: b}}]\n  {end}\n- answer: {{text: rest}}")

    assert [text(playing, chat()) for _ in range(5)] == expected


def test_what_was_used_and_missed_is_shown():
    playing = player(
        "- {name: one, when: {user: hello}, answer: {text: a}, times: 1}\n- {when: {user: x}, answer: {text: b}}"
    )
    for _ in range(3):
        playing.take(chat())

    shown = playing.shown()
    assert [(rule["name"], rule["used"], rule["spent"]) for rule in shown["rules"]] == [
        ("one", 1, True),
        ("s.yaml:3", 0, False),
    ]
    assert (shown["missed"], shown["unused"], shown["source"]) == (2, ["s.yaml:3"], "control")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{last_user}}!", "to Rome by train!"),
        ("{{ match.city }} {{match.2}} {{match.0}}", "Rome train to Rome by train"),
        ("{{header.x-user}}{{header.x-none}}", "ada"),
        ("{{model}} {{endpoint}} {{turn}} {{number}}", "gpt-sim-1 chat 0 1"),
        ("{{$.metadata}} {{$.metadata.a}} {{$.none}}.", '{"a": 1} 1 .'),
        ("{{$.metadata.a}}", "1"),
        ("\\{{last_user}}", "{{last_user}}"),
        ("{{system}}{{tool_result}}", ""),
        ("{single} }} {{", "{single} }} {{"),
    ],
)
def test_values_of_the_request_are_filled_in(template, expected):
    rules = f"- when: {{user: {{regex: 'to (?P<city>\\w+) by (\\w+)'}}}}\n  answer: {{text: {json.dumps(template)}}}"

    assert text(player(rules), chat("to Rome by train", {"x-user": "ada"}, metadata={"a": 1})) == expected


def said(answer: str, job: ChatJob):
    taken = player(f"- answer: {answer}").take(chat(temperature=0.5))
    assert taken is not None
    made = script(taken.answer, taken.values, taken.placed.key)
    assert made is not None
    return made.answer(job)


JOB = ChatJob((Message("user", "hello"),))


def test_json_keeps_the_kind_of_a_value_that_stands_alone():
    (choice,) = said("{json: {a: '{{$.temperature}}', b: ['t {{$.temperature}}'], '{{c}}': null}}", JOB).choices

    assert json.loads(choice.text) == {"a": 0.5, "b": ["t 0.5"], "{{c}}": None}


def test_usage_counts_what_is_said():
    answer = said("{text: Grüße aus München}", JOB)

    assert answer.completion_tokens == answer.choices[0].completion_tokens == count("Grüße aus München")
    assert answer.prompt_tokens == 8


def test_limits_of_the_request_cut_the_text():
    (cut,) = said("{text: one two three}", ChatJob(JOB.messages, max_tokens=2)).choices
    (stopped,) = said("{text: one two three}", ChatJob(JOB.messages, stop=("two",))).choices

    assert (cut.text, cut.finish_reason, cut.completion_tokens) == ("one two", "length", 2)
    assert (stopped.text, stopped.finish_reason) == ("one ", "stop")


def test_calls_have_ids_of_their_own_and_are_custom_where_the_tool_is():
    tools = (Tool("f"), Tool("g", custom=True))
    job = ChatJob(JOB.messages, tools_given=tools, tool_use=ToolUse(tools))
    answer = said("{text: So., tool_calls: [{name: f, arguments: {a: 1}}, {name: g, arguments: raw, id: mine}]}", job)

    (choice,) = answer.choices
    first, second = choice.tool_calls
    assert (choice.text, choice.finish_reason) == ("So.", "tool_calls")
    assert (first.name, first.arguments, first.custom) == ("f", '{"a":1}', False)
    assert (second.id, second.arguments, second.custom) == ("mine", "raw", True)
    assert first.id.startswith("call_")
    assert len(first.id) == 29


def test_log_probabilities_spell_the_text():
    (choice,) = said("{text: Grüße}", ChatJob(JOB.messages, top_logprobs=2)).choices

    assert b"".join(token.token for token in choice.logprobs or ()).decode() == "Grüße"


def test_a_refusal_and_a_finish_reason_are_those_of_the_rule():
    (refused,) = said("{refusal: No.}", JOB).choices
    (cut,) = said("{text: half, finish_reason: length}", JOB).choices

    assert (refused.text, refused.refusal, refused.finish_reason) == ("", "No.", "stop")
    assert cut.finish_reason == "length"


def test_a_completion_is_cut_like_any_other():
    taken = player("- answer: {text: one two three}").take(chat())
    assert taken is not None
    made = script(taken.answer, taken.values, taken.placed.key)
    assert made is not None

    choice = made.candidate(Continuation(max_tokens=2), 1)
    assert (choice.index, choice.text, choice.finish_reason) == (1, "one two", "length")


def test_the_same_way_gives_the_same_ids_and_another_time_others():
    ids = []
    for _ in range(2):
        playing = player("- answer: {text: a}")
        for _ in range(2):
            taken = playing.take(chat())
            assert taken is not None
            made = script(taken.answer, taken.values, taken.placed.key)
            assert made is not None
            ids.append(made.answer(JOB).id)

    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]

"""Scenarios are checked whole at loading: what is wrong is told with its line and the word that was meant."""

import pytest

from proxy.scenarios.load import ScenarioError, load
from proxy.scenarios.shadow import MOST, warnings

GOOD = """\
# yaml-language-server: $schema=http://127.0.0.1:3080/_sim/scenario.schema.json
name: refunds
on_miss: fail
rules:
  - name: weather
    when:
      endpoint: [chat, responses]
      model: gpt-*
      user: {regex: "weather in (?P<city>[A-Z][a-z]+)"}
      tools: [get_weather]
      turn: 0
    answer:
      tool_calls:
        - name: get_weather
          arguments: {city: "{{match.city}}", days: "{{$.metadata.days}}"}
  - when: {tool_result: {contains: sunny}, headers: {X-User: ada}, stream: true}
    answer: {text: "Sunny, {{header.x-user}}; turn {{turn}}.", delay: 0.5, fault: "cut;after_events=3"}
  - when: {system: brief, jsonpath: {$.temperature: 0}, body: {metadata: {a: [1]}}}
    answers:
      - error: {status: 429, retry_after: 2}
      - json: {answer: 42, asked: "{{last_user}}"}
      - {refusal: "No, {{model}}."}
      - {text: cut, finish_reason: length}
      - fault: {cut: {after_events: 3}, crlf: {}}
    repeat: cycle
    times: 7
  - {when: {user: {exact: "on"}}, answer: {pass: true}}
  - answer: {simulate: true}
"""


def problems_of(text: str, name: str = "s.yaml") -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load([(name, text)])
    return [str(problem) for problem in caught.value.problems]


def test_a_scenario_with_everything_in_it_is_loaded():
    loaded = load([("s.yaml", GOOD)])

    assert (loaded.name, loaded.on_miss) == ("refunds", "fail")
    assert [placed.line for placed in loaded.rules] == [5, 16, 18, 27, 28]
    assert [placed.label for placed in loaded.rules][:2] == ["weather", "s.yaml:16"]
    assert warnings(loaded) == []


def test_json_is_read_as_json():
    text = '{"rules": [\n\t{"answer": {"text": "a\\ud83d\\ude00\\/"}},\n\n\t{"answer": {"delay": 1e0}}]}'
    loaded = load([("s.json", text)])

    assert [placed.line for placed in loaded.rules] == [2, 4]
    assert loaded.rules[0].rule.sequence[0].text == "a😀/"


def test_words_are_texts_as_in_yaml_1_2():
    loaded = load([("s.yaml", "rules: [{when: {user: no, system: on}, answer: {text: 12:30, delay: 1e-1}}]")])

    (rule,) = [placed.rule for placed in loaded.rules]
    assert (rule.when.user, rule.when.system, rule.sequence[0].text, rule.sequence[0].delay) == (
        "no",
        "on",
        "12:30",
        0.1,
    )


def test_files_are_one_scenario_in_their_order():
    loaded = load(
        [("a.yaml", "rules: [{answer: {text: a}, times: 1}]"), ("b.json", '{"rules": [{"answer": {"text": "b"}}]}')]
    )

    assert [placed.file for placed in loaded.rules] == ["a.yaml", "b.json"]


def test_files_that_disagree_are_told():
    with pytest.raises(ScenarioError, match=r"b\.yaml:1: 'on_miss' is 'pass' here and 'fail' in a\.yaml"):
        load(
            [
                (f"{n}.yaml", f"on_miss: {miss}\nrules: [{{answer: {{text: a}}}}]")
                for n, miss in (("a", "fail"), ("b", "pass"))
            ]
        )


def test_all_that_is_wrong_is_told_at_once():
    text = "on_mis: fail\nrules:\n- answer: {txt: x}\n- answer: {text: x}\n- when: {usr: x}\n  answer: {text: x}\n"

    assert problems_of(text) == [
        "s.yaml:1: unknown key 'on_mis'; did you mean 'on_miss'?",
        "s.yaml:3: unknown key 'txt'; did you mean 'text'?",
        "s.yaml:5: unknown key 'usr'; did you mean 'user'?",
    ]


def test_all_that_is_wrong_with_one_rule_is_told_at_once():
    text = """\
on_miss: never
similarity: high
rules:
- when: {turn: "0", endpoint: [chat, chats]}
  answers:
  - {text: 5, delai: 1}
  - tool_calls: [{name: 1, arguments: 2}]
  - error: {code: x}
  repeat: x
"""

    assert problems_of(text) == [
        "s.yaml:1: 'on_miss' cannot be 'never'; there are fail, pass, record, simulate",
        "s.yaml:2: 'similarity' has to be a number, not a text",
        "s.yaml:4: 'turn' has to be a whole number, not a text",
        "s.yaml:4: cannot be 'chats'; did you mean 'chat'?",
        "s.yaml:6: 'text' has to be a text, not a whole number",
        "s.yaml:6: unknown key 'delai'; did you mean 'delay'?",
        "s.yaml:7: 'name' has to be a text, not a whole number",
        "s.yaml:7: 'arguments' has to be a text or an object, not a whole number",
        "s.yaml:8: the key 'status' is missing",
        "s.yaml:9: 'repeat' cannot be 'x'; there are cycle, last, none",
    ]


def rule(text: str) -> str:
    return f"rules:\n- answer: {{text: fine}}\n  when: {{turn: 9}}\n- {text}\n"


ANSWER = "answer: {text: x}"
PATHS = "there are .name, ['name'], [0], [-1], [*], .* and ..name"
SETTINGS = "Its settings: after_events, after_bytes."
KINDS = "text, json, tool_calls, refusal, error, delay, fault, pass, simulate, replay"


NO_VALUE = "has no value: write one, or leave the key out"
REPLAY = "a replay has one of 'body', 'events' and 'base64'"
EVENT = "an event is [ms, text] or [ms, name, data], ms a whole number of at least 0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: this is empty"),
        ("- a", "1: a scenario is an object with the key 'rules'"),
        ("rules: 3", "1: 'rules' has to be a list, not a whole number"),
        ("\nrules: []", "2: 'rules' has to be a list of at least 1 item"),
        ("name: x", "1: the key 'rules' is missing"),
        (
            "rules:\n\t- a",
            "2: this is no YAML: while scanning for the next token found character '\\t' that cannot start any token",
        ),
        (f"rulez: []\nrules: [{{{ANSWER}}}]", "1: unknown key 'rulez'; did you mean 'rules'?"),
        (
            f"rules: [{{{ANSWER}}}]\non_miss: ignore",
            "2: 'on_miss' cannot be 'ignore'; there are fail, pass, record, simulate",
        ),
        (rule(f"when:\n    usr: x\n  {ANSWER}"), "5: unknown key 'usr'; did you mean 'user'?"),
        (rule(f"whem: {{}}\n  {ANSWER}"), "4: unknown key 'whem'; did you mean 'when'?"),
        (rule(f"when: {{user: 3}}\n  {ANSWER}"), "4: 'user' has to be a text or an object, not a whole number"),
        (rule(f"when: {{user: {{regexp: x}}}}\n  {ANSWER}"), "4: unknown key 'regexp'; did you mean 'regex'?"),
        (
            rule(f"when:\n    user:\n      regex: '('\n  {ANSWER}"),
            "6: the regex cannot be read: missing ), unterminated subpattern at position 0",
        ),
        (rule(f"when: {{user: {{}}}}\n  {ANSWER}"), "4: a test of a text has 'exact', 'contains' or 'regex'"),
        (rule(f"when: {{endpoint: chatt}}\n  {ANSWER}"), "4: 'endpoint' cannot be 'chatt'; did you mean 'chat'?"),
        (rule(f"when:\n    turn: 1\n    user:\n  {ANSWER}"), f"6: 'user' {NO_VALUE}"),
        (rule(f"when: {{body: null}}\n  {ANSWER}"), f"4: 'body' {NO_VALUE}"),
        (rule(f"when:\n  {ANSWER}"), "4: 'when' has to be an object, not nothing"),
        (rule(f"when: {{turn: -1}}\n  {ANSWER}"), "4: 'turn' has to be at least 0"),
        (rule(f"when: {{stream: 1}}\n  {ANSWER}"), "4: 'stream' has to be true or false, not a whole number"),
        (rule(f"when: {{tools: weather}}\n  {ANSWER}"), "4: 'tools' has to be a list, not a text"),
        (rule(f"when: {{jsonpath: {{a: 0}}}}\n  {ANSWER}"), "4: 'a' is no JSONPath: it begins with $"),
        (
            rule(f"when: {{jsonpath: {{'$[?(@.b)]': 0}}}}\n  {ANSWER}"),
            f"4: '$[?(@.b)]' is no JSONPath: '[?(@.b)]' was not understood; {PATHS}",
        ),
        (
            rule(f"when:\n    headers:\n      x-a: a\n      x-b: 1\n  {ANSWER}"),
            "7: 'x-b' has to be a text or an object, not a whole number",
        ),
        (rule("when: {user: x}"), "4: a rule has 'answer' or 'answers'"),
        (rule(f"{ANSWER}\n  answers: [{{text: y}}]"), "4: a rule has either 'answer' or 'answers'"),
        (rule("answers: []"), "4: 'answers' has to be a list of at least 1 item"),
        (rule("answer: {}"), f"4: an answer has at least one of {KINDS}"),
        (rule("answer: {txt: x}"), "4: unknown key 'txt'; did you mean 'text'?"),
        (rule("answer: {text: 5}"), "4: 'text' has to be a text, not a whole number"),
        (
            rule("answers:\n  - text: x\n  - text: x\n    json: {}"),
            "6: an answer has one of 'text' and 'json', not both",
        ),
        (rule("answer: {text: x, error: 500}"), "4: an answer has one of 'error' and 'text', not both"),
        (rule("answer: {pass: true, simulate: true}"), "4: an answer has one of 'pass' and 'simulate', not both"),
        (rule("answer: {pass: false}"), "4: 'pass' cannot be 'false'; there are true"),
        (rule("answer: {error: 200}"), "4: 'error' has to be at least 400"),
        (rule("answer: {error: {code: x}}"), "4: the key 'status' is missing"),
        (
            rule("answer: {error: {status: 429, retry-after: 2}}"),
            "4: unknown key 'retry-after'; did you mean 'retry_after'?",
        ),
        (rule("answer: {delay: -1}"), "4: 'delay' has to be at least 0"),
        (
            rule("answer: {fault: {cut: {after: 3}}}"),
            f"4: Invalid fault 'cut': Object contains unknown field `after`. {SETTINGS}",
        ),
        (rule("answer: {fault: {}}"), "4: no fault is named"),
        (rule("answer: {error: 500, fault: cut}"), "4: an error meets no fault"),
        (rule("answer: {tool_calls: [{arguments: {}}]}"), "4: the key 'name' is missing"),
        (rule("answer: {tool_calls: [{nam: f}]}"), "4: unknown key 'nam'; did you mean 'name'?"),
        (rule("answer: {text: '{{last_usr}}'}"), "4: there is no value '{{last_usr}}'; did you mean '{{last_user}}'?"),
        (
            rule("when: {user: {regex: '(?P<city>x)'}}\n  answer: {json: {a: ['{{match.cty}}']}}"),
            "5: there is no value '{{match.cty}}'; did you mean '{{match.city}}'?",
        ),
        (
            rule("answer: {text: '{{match.city}}'}"),
            "4: there is no value '{{match.city}}': no regex of this rule has found anything",
        ),
        (rule("answer: {text: '{{$.a[}}'}"), f"4: '{{{{$.a[}}}}' is no JSONPath: '[' was not understood; {PATHS}"),
        (
            rule("answer: {delay: 1, finish_reason: length}"),
            "4: 'finish_reason' goes with a text, json, tool_calls or a refusal",
        ),
        (
            rule(f"when: {{user: {{regex: '{'(' * 2000}a{')' * 2000}'}}}}\n  {ANSWER}"),
            "4: the regex cannot be read: it is nested too deep",
        ),
        (
            rule(f"when: {{user: {{regex: 'a{{99999999999999999999}}'}}}}\n  {ANSWER}"),
            "4: the regex cannot be read: the repetition number is too large",
        ),
        (rule("answer: {text: a, probability: 0.5}"), "4: 'probability' goes with a fault"),
        (rule("answer: {fault: cut, probability: 2}"), "4: 'probability' has to be at most 1"),
        (rule(f"{ANSWER}\n  repeat: forever"), "5: 'repeat' cannot be 'forever'; there are cycle, last, none"),
        (rule(f"{ANSWER}\n  times: 0"), "5: 'times' has to be at least 1"),
        (rule(f"{{name: a, {ANSWER}}}\n- {{name: a, {ANSWER}}}"), "5: the name 'a' is that of s.yaml:4 already"),
        (rule(f"{ANSWER}\n  {ANSWER}"), "5: the key 'answer' comes twice"),
        (
            rule(f"when: &a {{body: *a}}\n  {ANSWER}"),
            "4: this is too much: more than 200000 values, or nested 100 deep",
        ),
        (
            rule("answer: {text: !!python/name:os.system x}"),
            "4: the tag tag:yaml.org,2002:python/name:os.system is not known here",
        ),
        (
            rule("answer:\n    json: !!python/object/apply:os.system ['x']"),
            "5: the tag tag:yaml.org,2002:python/object/apply:os.system is not known here",
        ),
        (rule("answer: {json: !!set {a, b}}"), "4: the tag tag:yaml.org,2002:set is not known here"),
        (rule("answer: {!own text: a}"), "4: the tag !own is not known here"),
        (
            rule("answer: &usual {text: a}\n- answer:\n    <<: *usual"),
            "6: merge keys (<<) are not known here, as in YAML 1.2: write the keys out",
        ),
        (rule("answer: {replay: {}}"), f"4: {REPLAY}, not none"),
        (rule("answer:\n    replay:\n      body: a\n      events: []"), f"5: {REPLAY}, not 'body' and 'events'"),
        (rule("answer: {replay: {body: a}, text: b}"), "4: an answer has one of 'replay' and 'text', not both"),
        (rule("answer: {replay: {bdy: a}}"), "4: unknown key 'bdy'; did you mean 'body'?"),
        (rule("answer: {replay: {body: a, status: 500}}"), "4: 'status' has to be at most 499"),
        (rule("answer: {replay: {base64: a}}"), "4: 'base64' is no base64"),
        (rule("answer:\n    replay:\n      events:\n        - [1, a]\n        - [a, b]"), f"8: {EVENT}"),
        (rule("answer: {replay: {events: [[-1, a]]}}"), f"4: {EVENT}"),
        (rule("answer: {replay: {events: [[1]]}}"), "4: has to be a list of at least 2 items"),
        (rule(f"when: {{request: {{}}}}\n  {ANSWER}"), "4: 'request' goes with one 'endpoint'"),
        (f"rules: [{{{ANSWER}}}]\nsimilarity: 2", "2: 'similarity' has to be at most 1"),
        (rule('answer: {text: "\\ud83d"}'), "4: a text has half a character (a surrogate without the other one)"),
    ],
)
def test_what_is_wrong_in_yaml_is_told_with_its_line(text, message):
    assert problems_of(text) == [f"s.yaml:{message}"]


def test_a_fault_that_does_not_exist_is_told_with_the_nearest():
    (problem,) = problems_of(rule("answer: {fault: cutt}"))

    assert problem.startswith("s.yaml:4: There is no fault 'cutt'. Did you mean 'cut'?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"rules": [}', "1: this is no JSON: expecting value"),
        ('{"rules": []}\nx', "2: this is no JSON: there is more after the end of the JSON document"),
        ('{\n"a":1,}', "2: this is no JSON: expected a key in double quotes"),
        ('{"a":1,\n"a":2}', "2: the key 'a' comes twice"),
        ('{"a" 1}', "1: this is no JSON: expected ':' after 'a'"),
        ('{"rules": NaN}', "1: this is no JSON: the value NaN is not one of JSON's"),
        ('{"rules": [\n{"answer": {"txt": "x"}}]}', "2: unknown key 'txt'; did you mean 'text'?"),
        ('{"rules":[{"answer":{"text":"x"', "1: this is no JSON: expected ',' or '}'"),
        ("[" * 5000, "1: this is no JSON: it is nested more than 100 deep"),
    ],
)
def test_what_is_wrong_in_json_is_told_with_its_line(text, message):
    assert problems_of(text, "s.json") == [f"s.json:{message}"]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("{}", "{user: hello}"),
        ("{user: hell}", "{user: hello, turn: 0}"),
        ("{user: {contains: ell}}", "{user: {exact: hello}}"),
        ("{model: 'gpt-*'}", "{model: gpt-4o}"),
        ("{model: 'gpt-*'}", "{model: 'gpt-4?-*'}"),
        ("{endpoint: [chat, messages]}", "{endpoint: chat}"),
        ("{tools: [a]}", "{tools: [b, a]}"),
        ("{headers: {X-A: a}}", "{headers: {x-a: ab}}"),
        ("{body: {a: 1}}", "{body: {a: 1, b: 2}}"),
        ("{jsonpath: {$.a: 1}}", "{jsonpath: {$.a: 1, $.b: 2}}"),
        ("{user: {regex: a}}", "{user: {regex: a}, stream: true}"),
    ],
)
def test_a_rule_that_never_answers_is_told(wide, narrow):
    both = "rules:\n- {when: %s, answer: {text: a}}\n- {when: %s, answer: {text: b}}"

    (warning,) = map(str, warnings(load([("s.yaml", both % (wide, narrow))])))
    assert warning == "s.yaml:3: rule never answers: s.yaml:2 always answers first"
    assert warnings(load([("s.yaml", both % (narrow, wide))])) == []


@pytest.mark.parametrize("end", ["times: 2", "repeat: none"])
def test_a_rule_behind_one_that_ends_is_not_shadowed(end):
    assert warnings(load([("s.yaml", f"rules:\n- {{answer: {{text: a}}, {end}}}\n- answer: {{text: b}}")])) == []


def test_of_very_many_rules_only_the_first_are_compared():
    rules = "\n".join(["- {when: {user: a}, answer: {text: a}}"] * (MOST + 5))

    assert len(load([("s.yaml", f"rules:\n{rules}")]).warnings) == MOST - 1

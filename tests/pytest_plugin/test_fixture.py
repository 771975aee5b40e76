"""The fixture `openai_sim`: what a test can tell the simulator, and what it learns from it."""

import os

import pytest

pytest_plugins = ["pytester"]


def passes(result, count=1):
    result.assert_outcomes(passed=count)


def test_clients_find_the_run_by_their_environment_which_is_as_before_afterwards(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "mine, too")
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    result = run("""
def test_it(openai_sim):
    url = openai_sim.url
    assert os.environ["OPENAI_BASE_URL"] == os.environ["OPENAI_API_BASE"] == openai_sim.base_url == url + "/v1"
    assert os.environ["ANTHROPIC_BASE_URL"] == url
    assert os.environ["OPENAI_API_KEY"] == os.environ["ANTHROPIC_API_KEY"] == openai_sim.api_key
    assert "ANTHROPIC_AUTH_TOKEN" not in os.environ
    assert ask()[0] == 200
""")
    passes(result)
    assert os.environ["OPENAI_API_KEY"] == "mine"
    assert os.environ["ANTHROPIC_AUTH_TOKEN"] == "mine, too"
    assert "ANTHROPIC_BASE_URL" not in os.environ


def test_tests_never_see_each_others_requests(run):
    passes(
        run("""
@pytest.mark.parametrize("text", ["one", "two", "Grüße/☃", "x" * 100])
def test_it(openai_sim, text):
    openai_sim.scenario({"rules": [{"answer": {"text": text}}]})
    assert ask(text, max_tokens=50) == (200, text)
    assert [request.messages[-1]["content"] for request in openai_sim.requests()] == [text]
"""),
        4,
    )


def test_the_key_alone_names_the_run(run):
    passes(
        run("""
def test_it(openai_sim, openai_sim_server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", openai_sim_server.url + "/v1")
    ask()
    assert len(openai_sim.requests()) == 1
""")
    )


def test_a_run_of_ones_own_may_outlive_a_test(run):
    passes(
        run("""
@pytest.fixture(scope="module")
def shared(openai_sim_server):
    return openai_sim_server.run("shared-" + str(os.getpid()))

@pytest.mark.parametrize("number", [1, 2])
def test_it(shared, number, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", shared.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    ask()
    assert len(shared.requests()) == number
    if number == 2:
        shared.clear()
        assert shared.requests() == []
"""),
        2,
    )


@pytest.mark.parametrize(
    "given",
    [
        '{"rules": [{"answer": {"text": "yes"}}]}',
        '\'{"rules": [{"answer": {"text": "yes"}}]}\'',
        '"""\n        rules:\n          - answer: {text: "yes"}\n    """',
        '"answers.yaml"',
        "\"rules: [{answer: {text: 'yes'}}]\"",
        'Path("answers.yaml").resolve()',
    ],
    ids=["object", "json", "indented yaml", "name of a file", "yaml in one line", "path"],
)
def test_a_scenario_is_an_object_a_text_or_a_file(run, given):
    passes(
        run(
            f"""
from pathlib import Path
def test_it(openai_sim):
    openai_sim.scenario({given})
    assert ask() == (200, "yes")
    assert openai_sim.last_request.rule
""",
            answers_yaml="rules: [{answer: {text: 'yes'}}]",
        )
    )


@pytest.mark.parametrize(
    "given",
    [
        '{"rules": [{"when": {"user": "weather"}, "answer": {"text": "fine"}}]}',
        '\'{"rules": [{"when": {"user": "weather"}, "answer": {"text": "fine"}}]}\'',
        '"rules:\\n - {when: {user: weather}, answer: {text: fine}}"',
    ],
    ids=["object", "json", "yaml"],
)
def test_a_request_that_no_rule_answers_fails_the_test_and_is_named(run, given):
    source = f"""
def test_it(openai_sim):
    openai_sim.scenario({given})
    assert ask("the weather") == (200, "fine")
    assert ask("something else")[0] == 404
"""
    result = run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "1 request was answered by no rule of the scenario:",
            "  #2 POST /v1/chat/completions gpt-sim-1 -> 404 no_rule in * ms; user: 'something else'",
        ]
    )
    passes(run(source.replace("def test_it", "@pytest.mark.openai_sim(allow_unmatched=True)\ndef test_it")))


@pytest.mark.parametrize("on_miss", [', on_miss="simulate"', ""])
@pytest.mark.parametrize(
    "form", ["{}", "json.dumps({})", "'on_miss: simulate\\nrules: [{{when: {{turn: 7}}, answer: {{text: x}}}}]'"]
)
def test_what_else_happens_on_a_miss_can_be_chosen(run, form, on_miss):
    told = {"rules": [{"when": {"turn": 7}, "answer": {"text": "x"}}], "on_miss": "simulate"}
    if on_miss:
        told["on_miss"] = "fail"
    given = form.format(told).replace("simulate", told["on_miss"])
    passes(run(f"def test_it(openai_sim):\n    openai_sim.scenario({given}{on_miss})\n    assert ask()[0] == 200\n"))


def test_faults_happen_as_often_as_told(run):
    passes(
        run("""
@pytest.mark.openai_sim(fault="status;status=503;times=1")
def test_text():
    assert [ask()[0] for _ in range(2)] == [503, 200]

@pytest.mark.openai_sim(fault=[{"fault": "status", "status": 429, "after": 1}, "no_usage"])
def test_several(openai_sim):
    assert [ask()[0] for _ in range(3)] == [200, 429, 429]
    assert openai_sim.requests(status=429)[0].faults == ("status", "no_usage")

def test_method(openai_sim):
    openai_sim.fault("status", times=2, status=500, message="Sorry; it broke.")
    assert [ask() for _ in range(3)][:2] == [(500, "Sorry; it broke.")] * 2

@pytest.mark.openai_sim(fault='status;status=500;message="Sorry, it broke; again"')
def test_quoted():
    assert ask() == (500, "Sorry, it broke; again")
"""),
        4,
    )


def test_limits_and_latency_hold_for_the_run(run):
    passes(
        run("""
def test_fields(openai_sim):
    openai_sim.limits(requests_per_minute=1)
    assert [ask()[0] for _ in range(2)] == [200, 429]

@pytest.mark.openai_sim(limits="tier-1", latency={"ttft": 700, "virtual": True})
def test_marker(openai_sim):
    ask()
    assert openai_sim.last_request.answer_headers["x-ratelimit-limit-requests"]
    assert openai_sim.last_request.raw["timing"]["ttft_ms"] == 700

def test_budget(openai_sim):
    openai_sim.limits(budget={"usd": 0}, requests_per_minute=5)
    openai_sim.latency("gpt-4o", virtual=True)
    assert ask()[0] == 429

@pytest.mark.openai_sim(limits={"requests_per_day": 1}, latency="gpt-4o")
class TestNearest:
    @pytest.mark.openai_sim(latency={"virtual": True})
    def test_it(self, openai_sim):
        assert [ask()[0] for _ in range(2)] == [200, 429]
        assert openai_sim.ask("GET", "latency")["profile"] == {"virtual": True}
"""),
        4,
    )


def test_the_journal_tells_what_was_asked_and_answered(run):
    passes(
        run("""
def test_it(openai_sim):
    said = ask("How are you?")[1]
    ask(stream=True)
    plain, streamed = openai_sim.requests()
    assert (plain.number, plain.method, plain.path, plain.status) == (1, "POST", "/v1/chat/completions", 200)
    assert (plain.model, plain.stream, plain.end, plain.retry) == ("gpt-sim-1", False, "whole", 0)
    assert plain.body["max_tokens"] == 5
    assert plain.messages == [{"role": "user", "content": "How are you?"}]
    assert plain.answer["choices"][0]["message"]["content"] == said
    assert plain.headers["authorization"] == "[redacted]"
    assert plain.error is None and plain.events == ()
    assert streamed.answer is None and streamed.events[-1] == "data: [DONE]"
    assert streamed == openai_sim.last_request == openai_sim.requests(after=1)[0]
    assert plain.usage["completion_tokens"] == 5
    assert openai_sim.requests(model="other") == []
""")
    )


def test_a_long_journal_is_told_whole(run):
    passes(
        run("""
from concurrent.futures import ThreadPoolExecutor

def test_it(openai_sim):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(max_tokens=1), range(1003)))
    assert [request.number for request in openai_sim.requests()] == list(range(1, 1004))
    assert openai_sim.last_request.number == 1003
    assert len(openai_sim.requests(limit=2)) == 2
""")
    )


def test_a_proxy_of_the_environment_is_not_asked_for_the_simulator(run, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com")
    passes(
        run("""
def test_it(openai_sim):
    assert os.environ["no_proxy"] == "example.com,127.0.0.1"
    assert ask()[0] == 200
""")
    )


def test_waiting_ends_when_the_requests_are_over_or_says_which_came(run):
    passes(
        run("""
import threading
def test_it(openai_sim):
    app = threading.Thread(target=lambda: [ask(), ask()])
    app.start()
    assert len(openai_sim.wait_for(2)) == 2
    app.join()
    with pytest.raises(AssertionError, match=r"(?s)2 of 3 requests were over after 0 seconds.*#1 POST.*#2 POST"):
        openai_sim.wait_for(3, timeout=0)

def test_nothing(openai_sim):
    with pytest.raises(AssertionError, match="nothing was asked of http"):
        openai_sim.last_request
"""),
        2,
    )


def test_a_failed_test_shows_its_requests(run):
    result = run("""
def test_it(openai_sim):
    openai_sim.fault("status", status=503, times=1)
    ask()
    for _ in range(21):
        ask("a long question " * 9)
    assert 0
def test_other(openai_sim):
    assert 0
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*- OpenAI simulator: http://127.0.0.1:*/t/test-it-* -*",
            "... 2 before",
            "#3 POST /v1/chat/completions gpt-sim-1 -> 200 in * ms; user: 'a long question *'...",
            "*- OpenAI simulator: http://127.0.0.1:*/t/test-other-* -*",
            "nothing was asked",
        ]
    )


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("openai_sim.fault('statu')", "*UseError: There is no fault 'statu'. Did you mean 'status'?*"),
        ("openai_sim.fault('status', statu=3)", "*UseError: *statu*"),
        ("openai_sim.limits('tier-9')", "*UseError: *tier-9*"),
        ("openai_sim.limits(request_per_minute=1)", "*UseError: *request_per_minute*"),
        ("openai_sim.latency('gpt-99')", "*UseError: *gpt-99*"),
        ("openai_sim.requests(stat=1)", "*UseError: Unknown parameter: 'stat'."),
        ("openai_sim.scenario('no.yaml')", "*UseError: there is no scenario file 'no.yaml' in *"),
        ("openai_sim.scenario('wrong.yaml')", "*UseError: *wrong.yaml:2: unknown key 'usr'; did you mean 'user'?"),
        ("openai_sim.scenario({'rule': []})", "*UseError: scenario.json:1: unknown key 'rule'; did you mean 'rules'?"),
        ("openai_sim.scenario('[1,')", "*UseError: there is no scenario file*"),
        ("openai_sim.scenario('rules: [{answer: {txt: b}}]')", "*UseError: scenario.yaml:1: unknown key 'txt'; did*"),
        ("openai_sim.scenario([1])", "*UseError: a scenario is an object, YAML or JSON, or a file, and no list"),
    ],
)
def test_what_the_simulator_does_not_understand_is_told_in_one_sentence(run, source, told):
    wrong = "rules:\n- when: {usr: x}\n  answer: {text: x}\n"
    result = run(f"def test_it(openai_sim):\n    {source}\n", wrong_yaml=wrong)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E  {told}"])
    assert "control.py" not in result.stdout.str()


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("scenari='x'", "the marker openai_sim has no option 'scenari'; did you mean 'scenario'?"),
        ("zzz=1", "the marker openai_sim has no option 'zzz'; there are scenario, *"),
        ("'x.yaml'", "the marker openai_sim takes options by name, such as scenario='file.yaml'"),
        ("scenario='x.yaml'", "there is no scenario file 'x.yaml' in *"),
        ("fault='statu'", "There is no fault 'statu'*"),
    ],
)
def test_a_wrong_marker_is_told_in_one_sentence(run, marker, told):
    result = run(f"@pytest.mark.openai_sim({marker})\ndef test_it():\n    pass\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    assert "Traceback" not in result.stdout.str()
    assert "another exception" not in result.stdout.str()


def test_a_test_that_is_expected_to_fail_may_miss(run):
    result = run("""
@pytest.mark.xfail(strict=True)
@pytest.mark.openai_sim(scenario={"rules": [{"when": {"turn": 7}, "answer": {"text": "x"}}]})
def test_it():
    ask()
""")
    result.assert_outcomes(xfailed=1)


def test_classes_of_unittest_can_use_it(run):
    passes(
        run("""
import unittest
@pytest.mark.openai_sim(scenario={"rules": [{"answer": {"text": "yes"}}]})
class TestIt(unittest.TestCase):
    def test_it(self):
        self.assertEqual(ask(), (200, "yes"))
""")
    )

"""What the plugin makes of the simulator's verdict and assertions, and a run's own seed and clock."""

import pytest

pytest_plugins = ["pytester"]
IMPATIENT = """
def test_it(openai_sim):
    openai_sim.fault("status", status=429, retry_after=20, times=1)
    assert [ask()[0] for _ in range(2)] == [429, 200]
"""
MISTAKE = "ignored_retry_after (seen): request 2 came * ms after request 1, whose 429 said to wait 20.0 s. Wait *"


@pytest.mark.parametrize("how", ["option", "ini", "marker"])
def test_a_mistake_fails_a_test_that_asks_for_the_verdict(run, pytester, how):
    if how == "ini":
        pytester.makeini("[pytest]\nopenai_sim_verdict = true\n")
    marker = "@pytest.mark.openai_sim(verdict=True)" if how == "marker" else ""
    result = run(marker + IMPATIENT, *(["--openai-sim-verdict"] if how == "option" else []))

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([MISTAKE])


def test_without_asking_a_mistake_is_told_only_where_the_test_looks(run):
    result = run(
        IMPATIENT + "    verdict = openai_sim.verdict()\n    assert not verdict.passed\n    print(verdict)\n", "-rP"
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([MISTAKE])


@pytest.mark.parametrize("wanted", ["False", "{'ignore': 'ignored_retry_after'}"])
def test_a_marker_takes_a_test_out_or_a_mistake(run, wanted):
    result = run(f"@pytest.mark.openai_sim(verdict={wanted}){IMPATIENT}", "--openai-sim-verdict")

    result.assert_outcomes(passed=1)


def test_a_client_without_mistakes_passes(run):
    run("def test_it(openai_sim):\n    ask()\n    assert str(openai_sim.verdict()) == 'no mistakes'\n").assert_outcomes(
        passed=1
    )


def test_assertions_hold_or_say_what_was_found(run):
    result = run("""
HELLO = {"requests": {"user": "hello"}, "exactly": 1}
def test_holds(openai_sim):
    ask()
    openai_sim.check(HELLO, {"requests": {"user": "bye"}, "none": True})
def test_fails(openai_sim):
    ask(), ask()
    openai_sim.check({"name": "once", **HELLO})
def test_wrong(openai_sim):
    openai_sim.check({"request": {}, "exactly": 1})
""")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "E *AssertionError: once: expected exactly 1 request with user hello, found 2: 1, 2",
            "E *UseError: *unknown key 'request'; did you mean 'requests'?",
        ]
    )


def test_a_run_has_a_seed_and_a_clock_of_its_own(run):
    result = run("""
def created(sim):
    ask()
    return sim.last_request.answer["created"]
@pytest.mark.openai_sim(seed=7, clock=1_700_000_000)
def test_marker(openai_sim):
    assert 0 <= created(openai_sim) - 1_700_000_000 < 60
def test_methods(openai_sim):
    first = ask(max_tokens=50)
    openai_sim.seed(8)
    openai_sim.clock(5, frozen=True)
    assert ask(max_tokens=50) != first
    assert created(openai_sim) == 5
""")
    result.assert_outcomes(passed=2)

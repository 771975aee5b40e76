"""How the plugin comes to a simulator, and how it gets rid of it."""

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from tests.pytest_plugin.conftest import ASK, PLUGIN
from tests.running import ROOT

pytest_plugins = ["pytester"]
TELLS = """
def test_it(openai_sim_server, openai_sim):
    ask()
    print("\\nat", openai_sim_server.url, len(openai_sim.requests()))
"""


def test_one_is_started_and_stopped_whatever_the_environment_says(outer, monkeypatch):
    for name, value in {"PORT": "x", "SEED": "y", "LOG_LEVEL": "trace", "LLAMA_URL": "z"}.items():
        monkeypatch.setenv(name, value)
    result = outer(TELLS, "-s", "-p", "no:asyncio")

    result.assert_outcomes(passed=1)
    (url,) = [line.split()[1] for line in result.outlines if line.startswith("at ")]
    port = int(url.rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_flags_for_it_stand_in_the_ini_file(outer, pytester):
    pytester.makeini("[pytest]\nopenai_sim_args = --strict-models\n")
    outer("def test_it(openai_sim):\n    assert ask(model='unheard')[0] == 404\n").assert_outcomes(passed=1)


def test_what_it_said_during_a_test_is_shown_where_that_fails(outer, pytester):
    pytester.makeini("[pytest]\nopenai_sim_args = --access-log\n")
    result = outer("""
def heard(server):
    while not any("POST" in line for line in list(server.log)):
        pass
def test_first(openai_sim, openai_sim_server):
    ask()
    heard(openai_sim_server)
def test_second(openai_sim, openai_sim_server):
    ask(model="other")
    heard(openai_sim_server)
    assert 0
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*- OpenAI simulator: log -*", "INFO *POST*/v1/chat/completions*200*"])
    assert result.stdout.str().count("INFO ") == 1


def test_flags_that_it_does_not_know_are_told_in_one_sentence(outer, pytester):
    pytester.makeini("[pytest]\nopenai_sim_args = --sede 7\n")
    result = outer("def test_it(openai_sim):\n    pass\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["the simulator did not start; it said: error: unknown argument '--sede'*"])


def test_workers_of_xdist_have_one_each_and_never_meet(outer):
    result = outer(
        """
@pytest.mark.parametrize("number", range(8))
def test_it(openai_sim, number):
    openai_sim.scenario({"rules": [{"answer": {"text": str(number)}}]})
    assert [ask() for _ in range(3)] == [(200, str(number))] * 3
    assert len(openai_sim.requests()) == 3
""",
        "-n",
        "2",
    )
    result.assert_outcomes(passed=8)


def test_none_is_started_where_no_test_wants_one(outer):
    result = outer("""
import psutil
def test_it():
    assert psutil.Process().children() == []
def test_other(openai_sim):
    assert len(psutil.Process().children()) == 1
""")
    result.assert_outcomes(passed=2)


def test_a_test_in_which_it_dies_fails_in_one_sentence(outer):
    result = outer("""
import psutil
def test_it(openai_sim):
    (server,) = [each for each in psutil.Process().children() if "--with-parent" in each.cmdline()]
    server.kill()
    server.wait()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["no simulator answers at http://127.0.0.1:*/t/test-it-*/_sim/requests: *refused*"])
    assert "Traceback" not in result.stdout.str()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_it_ends_with_a_pytest_that_is_killed(pytester, tmp_path):
    pytester.makepyfile(
        test_app=ASK
        + "def test_it(openai_sim_server):\n    print('at', openai_sim_server.url, flush=True)\n    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", "-s", "-q"],
        cwd=pytester.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout is not None
        assert any(line.startswith("at ") for line in tests.stdout)
        (server,) = [each for each in psutil.Process(tests.pid).children() if "--with-parent" in each.cmdline()]
        tests.send_signal(signal.SIGKILL)

    gone, alive = psutil.wait_procs([server], timeout=30)
    assert (len(gone), alive) == (1, [])


def test_the_one_that_is_named_by_the_environment_or_the_ini_file_is_used(run, pytester, simulator, monkeypatch):
    told = f"def test_it(openai_sim):\n    assert openai_sim.url.startswith('{simulator.url}/t/test-it-')\n"
    pytester.makeini(f"[pytest]\nopenai_sim_url = {simulator.url}/v1\n")
    run(told, url="").assert_outcomes(passed=1)

    monkeypatch.setenv("OPENAI_SIM_URL", simulator.url + "/")
    pytester.makeini("[pytest]\nopenai_sim_url = http://127.0.0.1:9\n")
    run(told, url="").assert_outcomes(passed=1)


def test_an_address_that_is_none_ends_the_run_at_once(run):
    result = run("def test_it(): pass", url="127.0.0.1:3080")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: '127.0.0.1:3080' is no address of a simulator; expected such as http://*"])


def test_an_address_where_none_answers_is_told_in_one_sentence(run):
    result = run("def test_it(openai_sim): pass", url="http://127.0.0.1:9")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["no simulator answers at http://127.0.0.1:9/_sim: *refused*; start one there, or *"])


def test_asynchronous_tests_use_it_with_the_official_client(outer):
    result = outer(
        """
import asyncio
import openai

@pytest.mark.asyncio
@pytest.mark.openai_sim(scenario={"rules": [{"answer": {"text": "yes"}}]})
async def test_it(openai_sim):
    async with openai.AsyncOpenAI() as client:
        messages = [{"role": "user", "content": "hello"}]
        asking = asyncio.create_task(client.chat.completions.create(model="gpt-4o", messages=messages))
        (request,) = await asyncio.to_thread(openai_sim.wait_for, 1)
        assert (await asking).choices[0].message.content == "yes"
        assert request.model == "gpt-4o"
""",
        "-W",
        "ignore",
    )
    result.assert_outcomes(passed=1)

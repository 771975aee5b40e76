import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.launcher.launched import eventually, gone

GUARD = Path(__file__).parents[2] / "launcher/guard.py"


def guarded(*argv: str, grace: str = "20") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD), grace, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["sh", "-c", "exit 0"], 0),
        (["sh", "-c", "exit 10"], 10),
        (["sh", "-c", "kill -SEGV $$"], 139),
        (["./not-there"], 127),
        (["/"], 126),
    ],
)
def test_the_programs_exit_code_is_passed_on(argv, code):
    with guarded(*argv) as guard:
        assert guard.wait(30) == code  # not communicate(), which would close the pipe
        assert guard.stderr is not None
        said = guard.stderr.read()
    if code in (126, 127):
        assert argv[0].encode() in said
        assert b"Traceback" not in said


def program_of(guard: subprocess.Popen[bytes]) -> psutil.Process:
    assert guard.stdout is not None
    assert guard.stdout.readline() == b"up\n"
    return psutil.Process(guard.pid).children()[0]


def test_the_end_of_the_pipe_asks_the_program_to_end():
    code = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    with guarded("sh", "-c", code) as guard:
        program_of(guard)
        out, _ = guard.communicate(timeout=30)
    assert out == b"asked\n"


def test_a_program_that_does_not_listen_is_ended_after_the_grace():
    with guarded("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done", grace="0.2") as guard:
        program = program_of(guard)
        assert guard.stdin is not None
        guard.stdin.close()
        assert guard.wait(30) == -signal.SIGKILL
        eventually(lambda: gone([program]), "the program ends")


def test_signals_for_the_group_reach_the_program_and_not_the_guard():
    with guarded("sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done") as guard:
        program_of(guard)
        os.killpg(guard.pid, signal.SIGTERM)
        guard.communicate(timeout=30)
    assert guard.returncode == 7


def test_the_program_reads_nothing_from_the_pipe_and_has_the_usual_signals():
    check = "import signal, sys; print(repr(sys.stdin.read()), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    with guarded(sys.executable, "-c", check) as guard:
        assert guard.stdout is not None
        assert guard.stdout.readline() == b"'' True\n"
        guard.communicate(timeout=30)


@pytest.mark.parametrize("delay", [number / 400 for number in range(16)])
def test_a_signal_at_any_moment_of_the_start_is_not_lost(delay):
    with guarded("sleep", "600") as guard:
        time.sleep(delay)  # not waiting for something: each run hits another moment
        os.killpg(guard.pid, signal.SIGTERM)
        assert guard.wait(15) in (-signal.SIGTERM, 128 + signal.SIGTERM)

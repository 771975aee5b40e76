"""Two hundred runs at once, from two client processes, each with everything that a run may have."""

import subprocess
import sys

import pytest

from tests import running
from tests.contract import many_runs


@pytest.mark.timeout(300)
def test_two_processes_of_a_hundred_runs_each_never_see_each_other():
    with running.upstream("complete") as upstream, running.proxy("--llama-url", upstream.url) as server:
        command = [sys.executable, "-m", many_runs.__name__, server.url]
        processes = [
            subprocess.Popen([*command, *map(str, ends)], cwd=running.ROOT, stderr=subprocess.PIPE, text=True)
            for ends in ((1, 100), (101, 200))
        ]
        told = [process.communicate()[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], "\n".join(told)[-5000:]

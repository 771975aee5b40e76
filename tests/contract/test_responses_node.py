"""The Responses API through the official Node client, where Node is there and its registry can be reached."""

import json
import os
import shutil
import subprocess

import pytest

from tests.running import ROOT

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


def test_the_node_client_streams_calls_parses_and_polls_responses(simulator, node_modules):
    shutil.copy(ROOT / "tests/contract/responses.mjs", node_modules)  # where it finds its modules
    done = subprocess.run(
        ["node", "responses.mjs"],
        cwd=node_modules,
        env=os.environ | {"BASE_URL": simulator.v1},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert "volcano" in got["plain"]
    assert got["plain"] == got["text"] == got["streamed"]
    assert json.loads(got["call"]) == got["parsed"] == {"city": "Paris"}
    assert "18" in got["answer"]
    assert got["statuses"] == ["queued", "in_progress", "completed"]
    assert got["items"] == ["function_call_output", "function_call", "message"]
    assert got["error"] == {
        "name": "BadRequestError",
        "status": 400,
        "param": "previous_response_id",
        "code": "previous_response_not_found",
    }

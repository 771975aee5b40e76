"""The official Node client, where Node is there and its registry can be reached."""

import json
import os
import shutil
import subprocess

import pytest

from tests.running import ROOT

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


def test_the_node_client_chats_streams_and_understands_errors(simulator, node_modules):
    shutil.copy(ROOT / "tests/contract/chat.mjs", node_modules)  # where it finds its modules
    done = subprocess.run(
        ["node", "chat.mjs"],
        cwd=node_modules,
        env=os.environ | {"BASE_URL": simulator.v1},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert "volcano" in got["text"]
    assert got["text"] == got["plain"]["choices"][0]["message"]["content"]
    assert got["usage"] == got["plain"]["usage"]
    assert got["models"] == ["gpt-sim-1"]
    assert got["error"] == {
        "name": "BadRequestError",
        "status": 400,
        "param": "messages",
        "code": "invalid_type",
    }

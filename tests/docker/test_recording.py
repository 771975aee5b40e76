"""Recording and replaying through Compose: the real model of the stack, into a folder of the host."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.docker.engine import Stack

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.xdist_group("docker")]
MODEL = "smollm2-135m"
ASK = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "What is the capital of France? Answer in one short sentence."}],
    "max_tokens": 24,
    "temperature": 0,
}


def asked(stack: Stack) -> list[bytes]:
    bodies = [ASK, ASK | {"stream": True}]
    answers = [httpx.post(f"{stack.url}/v1/chat/completions", json=body, timeout=60) for body in bodies]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    return [answer.content for answer in answers]


def test_the_stacks_model_is_recorded_and_replayed_byte_for_byte_without_it(
    new_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    folder.chmod(0o777)  # the tests may be another user than the containers' 1000
    mount = tmp_path / "mount.yml"
    mount.write_text(f'services: {{proxy: {{volumes: ["{folder}:/recordings"]}}}}\n')
    stack = new_stack("record", mount, MODEL=MODEL)
    stack.compose("up", "--wait", "--no-build", RECORD="/recordings/real.yaml")
    recorded = asked(stack)
    assert "Paris" in recorded[0].decode()
    file = folder / "real.yaml"
    assert len(re.findall("^- name: ", file.read_text(), re.MULTILINE)) == 2

    stack.compose("stop", "llama")
    stack.compose("up", "--wait", "--no-build", "--no-deps", "proxy", SCENARIO="/recordings/real.yaml", ON_MISS="fail")
    assert asked(stack) == recorded
    assert [path.name for path in folder.iterdir()] == ["real.yaml"]
    assert stack.down() == []


def test_a_folder_that_the_container_may_not_write_is_told(new_stack: Callable[..., Stack], tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    mount = tmp_path / "mount.yml"
    mount.write_text(f'services: {{proxy: {{volumes: ["{folder}:/recordings:ro"]}}}}\n')
    stack = new_stack("readonly", mount)
    done = stack.compose("run", "--rm", "--no-deps", "proxy", check=False, RECORD="/recordings/real.yaml")

    assert done.returncode == 2
    assert "error: --record /recordings/real.yaml: /recordings: this user may not write into the folder" in done.stderr
    assert stack.down() == []

"""`make build-nanochat`: one file that works away from the clone, with an empty home and an empty cache."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def executable(tmp_path_factory) -> Path:
    if subprocess.run([sys.executable, "-c", "import pex"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: pex is not installed here; `make build-nanochat` installs it")
    file: Path = tmp_path_factory.mktemp("built") / "openai-api-simulator-nanochat"
    env = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        ["sh", "deploy/build-executable.sh", str(file)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture
def run(executable, tmp_path):
    """Run it in a folder with packages of the same names, which must not be taken for ours."""
    for name in ("proxy", "fetcher", "launcher"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    env = {"PATH": f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}", "HOME": str(tmp_path / "home")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(executable), *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    return run


def test_it_has_the_launchers_commands(run):
    done = run("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: openai-api-simulator-nanochat")


def test_it_takes_the_flags_of_up_without_a_command(run):
    done = run("-port", "none")
    assert (done.returncode, done.stderr) == (2, "error: --port=none: a number is needed.\n")


def test_its_children_find_their_packages_and_pip(run):
    rows = {
        row["name"]: row
        for row in json.loads(run("doctor", "--json", "--offline", "--model", "nanochat").stdout)["rows"]
    }
    assert "it comes from the hub" in rows["model"]["text"]  # said by the fetcher, as a child
    assert "no " not in rows["python"]["text"]

"""deploy/llama-entrypoint.sh with a stand-in for llama-server; needs a POSIX shell and no engine."""

import subprocess
from pathlib import Path

import pytest

from tests.docker.engine import ROOT

ENV_FILE = """\
LLAMA_ARG_MODEL='/models/smol/a=b $(touch {folder}/ran).gguf'
LLAMA_ARG_ALIAS='smol'
LLAMA_ARG_CTX_SIZE='4096'
PATH='/evil'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder, a llama-server that prints what it was given, and a cgroup folder without a limit."""
    (tmp_path / "models" / "active").mkdir(parents=True)
    (tmp_path / "models" / "active" / "llama.env").write_text(ENV_FILE.format(folder=tmp_path))
    server = tmp_path / "llama-server"
    server.write_text('#!/bin/sh\nprintenv | grep -e ^LLAMA_ARG_ -e ^PATH=\nprintf "arg=%s\\n" "$@"\n')
    server.chmod(0o755)
    (tmp_path / "cgroup" / "cpu").mkdir(parents=True)
    return tmp_path


def start(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    outside = {
        "PATH": "/usr/bin:/bin",
        "MODELS_DIR": str(folder / "models"),
        "LLAMA_SERVER": str(folder / "llama-server"),
        "CGROUP_DIR": str(folder / "cgroup"),
    }
    script = str(ROOT / "deploy" / "llama-entrypoint.sh")
    return subprocess.run(
        ["/bin/sh", script, *args], env={**outside, **env}, capture_output=True, text=True, check=False
    )


def test_the_model_that_the_fetcher_installed_last_is_loaded(folder: Path) -> None:
    seen = start(folder, "--metrics").stdout.splitlines()
    assert {"LLAMA_ARG_ALIAS=smol", "LLAMA_ARG_CTX_SIZE=4096", "arg=--temp", "arg=0.7", "arg=--metrics"} <= set(seen)


def test_nothing_in_the_fetchers_file_is_run_as_a_program_or_changes_another_variable(folder: Path) -> None:
    seen = start(folder).stdout.splitlines()
    assert f"LLAMA_ARG_MODEL=/models/smol/a=b $(touch {folder}/ran).gguf" in seen
    assert "PATH=/usr/bin:/bin" in seen
    assert not (folder / "ran").exists()


def test_the_environment_wins_over_the_file_unless_it_is_empty(folder: Path) -> None:
    seen = start(folder, LLAMA_ARG_CTX_SIZE="512", LLAMA_ARG_ALIAS="", TEMPERATURE="0").stdout.splitlines()
    assert {"LLAMA_ARG_CTX_SIZE=512", "LLAMA_ARG_ALIAS=smol", "arg=0"} <= set(seen)


@pytest.mark.parametrize(
    ("cpu_max", "threads"),
    [("200000 100000", "2"), ("190000 100000", "1"), ("9000 100000", "1"), ("max 100000", None)],
)
def test_threads_follow_the_cpu_quota(folder: Path, cpu_max: str, threads: str | None) -> None:
    (folder / "cgroup" / "cpu.max").write_text(cpu_max + "\n")
    assert threads_of(start(folder, LLAMA_ARG_THREADS="")) == threads


@pytest.mark.parametrize(("quota", "threads"), [("300000", "3"), ("-1", None)])
def test_threads_follow_the_cpu_quota_of_the_older_cgroups_too(folder: Path, quota: str, threads: str | None) -> None:
    (folder / "cgroup" / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (folder / "cgroup" / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert threads_of(start(folder)) == threads


def test_threads_that_were_asked_for_are_kept(folder: Path) -> None:
    (folder / "cgroup" / "cpu.max").write_text("100000 100000\n")
    assert threads_of(start(folder, LLAMA_ARG_THREADS="7")) == "7"


def threads_of(done: subprocess.CompletedProcess[str]) -> str | None:
    assert done.returncode == 0, done.stderr
    found = [line.partition("=")[2] for line in done.stdout.splitlines() if line.startswith("LLAMA_ARG_THREADS=")]
    return found[0] if found else None


def test_without_a_model_one_sentence_says_where_to_look(folder: Path) -> None:
    done = start(folder, MODELS_DIR="/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: there is no model in /nowhere yet: see what the fetcher's log says\n"

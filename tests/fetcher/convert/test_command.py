"""`python -m fetcher convert`, as a person runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fetcher.convert.command import TYPES
from fetcher.convert.quantise import RECIPES
from tests.fetcher.convert.gguf_reader import read_gguf

ROOT = Path(__file__).parents[3]


@pytest.fixture
def command(tmp_path):
    """The arguments, and an environment in which no llama.cpp is to be found."""
    environ = {"PATH": str(tmp_path), "OPENAI_API_SIMULATOR_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    return {"args": [sys.executable, "-m", "fetcher", "convert"], "env": environ, "cwd": ROOT}


def run(command, *arguments):
    args = [*command.pop("args"), *map(str, arguments)]
    return subprocess.run(args, **command, capture_output=True, text=True, timeout=60, check=False)


def test_it_prints_what_became_of_the_checkpoint(command, tiny, tmp_path):
    done = run(command, tiny, tmp_path / "tiny.gguf", "--type", "q8_0", "--name", "tiny", "--license", "other")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["path"] == str(tmp_path / "tiny.gguf")
    assert (told["quantization"], told["size"]) == ("Q8_0", (tmp_path / "tiny.gguf").stat().st_size)
    keys = read_gguf(tmp_path / "tiny.gguf").keys
    assert (keys["general.name"], keys["general.license"]) == ("tiny", "other")


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["{tmp}/nowhere", "{tmp}/x.gguf"], 3, "there is no nanochat checkpoint in"),
        (["{tiny}", "{tmp}"], 2, "is a folder. Name the GGUF file to write."),
        (["{tiny}", "{tmp}/nowhere/x.gguf", "--type", "f32"], 2, "nowhere cannot be used: No such file"),
        (
            ["{wide}", "{tmp}/x.gguf"],
            8,
            "need the ggml library of llama.cpp, and none was found. Name the libggml-base",
        ),
        (["{tiny}", "{tmp}/x.gguf", "--stage", "rl"], 3, "no nanochat checkpoint of the stage 'rl'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, code, reason, command, tiny, tmp_path):
    from bench.make_checkpoint import write_checkpoint

    wide = tmp_path / "wide"
    config = {"sequence_len": 8, "vocab_size": 300, "n_layer": 1, "n_head": 1, "n_kv_head": 1, "n_embd": 256}
    write_checkpoint(wide, config)
    done = run(command, *(argument.format(tiny=tiny, tmp=tmp_path, wide=wide) for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert reason in line
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.gguf*"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_leaves_nothing(number, code, command, tiny, tmp_path):
    out = tmp_path / "tiny.gguf"
    half = tmp_path / "tiny.gguf.converting"
    os.mkfifo(half)  # takes a little and then no more: the conversion is in the middle until the signal comes
    args = [*command.pop("args"), str(tiny), str(out), "--type", "f32"]
    with subprocess.Popen(args, **command, stderr=subprocess.PIPE, text=True) as process:
        with half.open("rb") as reader:
            assert reader.read(4) == b"GGUF"
            process.send_signal(number)
            _, told = process.communicate(timeout=30)
        assert process.returncode == code
    assert told.splitlines()[-1].endswith("nothing of it is kept.")
    assert not out.exists()
    assert not half.exists()


def test_the_types_are_the_recipes():
    assert list(RECIPES) == list(TYPES)

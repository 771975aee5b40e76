import os
import signal
import subprocess
import sys

import pytest
from filelock import FileLock

from launcher.errors import UnavailableError
from launcher.native_build import Percent, build, compiled, missing_tools
from launcher.process import Lifeline
from launcher.settings import Settings
from tests.launcher.launched import ROOT, eventually

CMAKE = """#!{python}
import sys
from pathlib import Path
words = sys.argv[1:]
if "--build" not in words:
    print("-- Configuring done")
    sys.exit(0)
for percent in (0, 5, 10, 50, 100):
    print(f"[{{percent:3}}%] Building", flush=True)
if {fail}:
    print("fatal error: vector: No such file", file=sys.stderr)
    sys.exit(2)
out = Path(words[words.index("--build") + 1]) / "bin"
out.mkdir(parents=True)
for name in words[words.index("--target") + 1:]:
    (out / {{"ggml-base": "libggml-base.so"}}.get(name, name)).write_text(name)
    (out / "libllama.so").write_text("not asked for")
"""


@pytest.mark.parametrize(
    ("tools", "system", "words"),
    [
        ({"cmake", "c++", "make"}, "Linux", ""),
        ({"cmake", "clang++", "ninja"}, "Darwin", ""),
        ({"c++", "make"}, "Linux", "Install cmake: `apt install"),
        ({"cmake", "make"}, "Linux", "Install a C++ compiler: `apt install"),
        (set(), "Darwin", "Install cmake and a C++ compiler and make: `xcode-select --install`"),
    ],
)
def test_what_a_build_lacks_is_named_with_how_to_install_it(tools, system, words):
    said = missing_tools(lambda name: name if name in tools else None, system)
    assert said.startswith(words)
    assert bool(said) is bool(words)


def tree_of(tmp_path, *, fail: bool):
    program = tmp_path / "bin/cmake"
    program.parent.mkdir()
    program.write_text(CMAKE.format(python=sys.executable, fail=fail))
    program.chmod(0o755)
    tree = tmp_path / "source/llama.cpp"
    tree.mkdir(parents=True)
    (tree / "LICENSE").write_text("MIT")
    return tree, {"PATH": f"{program.parent}:/usr/bin:/bin"}


async def test_a_build_yields_the_programs_their_libraries_and_their_licence(tmp_path, capsys):
    tree, environ = tree_of(tmp_path, fail=False)
    with Lifeline() as lifeline:
        fresh = await compiled(lifeline, 2, environ, tree, tmp_path / "build.log")
    assert {path.name for path in fresh.iterdir()} == {"llama-server", "llama-quantize", "libggml-base.so", "LICENSE"}
    assert "compiling llama-server: 50 %" in capsys.readouterr().err
    assert "Configuring done" in (tmp_path / "build.log").read_text()


async def test_a_build_that_fails_shows_the_compilers_last_words_and_where_the_rest_is(tmp_path):
    tree, environ = tree_of(tmp_path, fail=True)
    with Lifeline() as lifeline, pytest.raises(UnavailableError) as caught:
        await compiled(lifeline, 2, environ, tree, tmp_path / "build.log")
    assert "compiling ggml-base failed:" in caught.value.message
    assert "fatal error: vector: No such file" in caught.value.message
    assert str(tmp_path / "build.log") in caught.value.advice


@pytest.mark.parametrize(
    ("terminal", "shown"),
    [(True, "\rx: 0 %\rx: 5 %\rx: 42 %\rx: 100 %\n"), (False, "x: 0 %\nx: 42 %\nx: 100 %\n")],
)
def test_progress_is_one_changing_line_on_a_terminal_and_a_line_each_ten_percent_elsewhere(terminal, shown):
    said: list[str] = []
    percent = Percent("x", terminal, said.append)
    for line in ("[  0%] a", "noise", "[  5%] b", "[  5%] c", "[21/50] d", "[50/50] e"):
        percent.take(line)
    percent.done()
    assert "".join(said) == shown


@pytest.fixture
def tools(tmp_path):
    """A PATH on which every tool is there; cmake never ends."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cmake", "c++", "make"):
        (folder / name).write_text("#!/bin/sh\nexec sleep 600\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


async def test_a_second_build_at_the_same_time_is_refused(tmp_path, tools):
    settings = Settings(cache=tmp_path / "cache")
    settings.llama_dir.mkdir(parents=True)
    with FileLock(settings.llama_dir / ".native.lock"), pytest.raises(UnavailableError, match="another build"):
        await build(settings, tools, print)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_build_that_is_stopped_leaves_nothing_half_done(tmp_path, tools, number, code):
    llama = tmp_path / "cache/llama"
    argv = [sys.executable, "-m", "launcher", "build-llama", "--cache", str(tmp_path / "cache")]
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}  # nothing is reached; the fetcher is slow enough
    with subprocess.Popen(argv, cwd=ROOT, env={**os.environ, **tools, **index}, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: any(llama.glob(".building-*")), "it has begun")
        process.send_signal(number)
        assert process.wait(30) in (code, 3, 5)  # or the fetcher was quicker to give up
    assert not list(llama.glob(".building-*"))
    assert not (llama / "native").exists()

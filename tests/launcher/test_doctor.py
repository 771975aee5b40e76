import asyncio
import json
import os
import socket
from dataclasses import replace

import pytest

from launcher import doctor
from launcher.cli import main
from launcher.doctor import Row, examine, render
from launcher.host import Host
from launcher.settings import Settings
from tests.launcher.release_server import LINUX, script

NOWHERE = "http://127.0.0.1:9"
FIELDS = {"name", "state", "text", "advice"}


@pytest.fixture
def settings(tmp_path, free_port):
    program = tmp_path / "llama-server"
    program.write_bytes(script("echo 'version: 11434 (x)'"))
    program.chmod(0o755)
    model = tmp_path / "cache/models/small"
    model.mkdir(parents=True)
    (model / "manifest.json").write_text(json.dumps({"name": "small", "file": "a.gguf", "size": 98_362_432}))
    return Settings(
        model="small", port=free_port(), llama_port=free_port(), llama_server=str(program), offline=True,
        cache=tmp_path / "cache",
    )  # fmt: skip


def look(settings: Settings, host: Host = LINUX, **environ: str) -> dict[str, Row]:
    rows = asyncio.run(examine(settings, {"PATH": os.environ["PATH"], **environ}, host))
    return {row.name: row for row in rows}


def failed(rows: dict[str, Row]) -> set[str]:
    return {name for name, row in rows.items() if row.state == "fail"}


def test_where_everything_is_there_nothing_fails(settings):
    rows = look(settings)
    assert failed(rows) == set()
    assert rows["platform"].text == "Linux x86_64, glibc 2.39"
    assert "b11434, given with --llama-server" in rows["llama-server"].text
    assert rows["model"].text == "small is installed, 98.4 MB"
    assert rows["threads"].text == "4 for llama-server (4 physical cores, 8 hardware threads)"
    assert set(rows) == {
        "python", "platform", "accelerator", "threads", "llama-server", "model", "cache", "disk", "port",
        "llama port", "reach",
    }  # fmt: skip


def test_it_changes_nothing(settings):
    before = sorted(settings.cache.rglob("*"))
    look(settings)
    assert sorted(settings.cache.rglob("*")) == before


def test_a_named_llama_server_that_is_missing_fails(settings):
    row = look(replace(settings, llama_server="/not/there"))["llama-server"]
    assert (row.state, row.text) == ("fail", "--llama-server /not/there does not exist")


def test_no_llama_server_and_no_way_to_one_fails(settings):
    rows = look(replace(settings, llama_server=""), PATH="/usr/bin:/bin")
    assert rows["llama-server"].state == "fail"
    assert "no source can be reached" in rows["llama-server"].text
    assert "make llama-native" in rows["llama-server"].advice


def test_a_platform_without_a_build_fails(settings):
    rows = look(replace(settings, llama_server=""), Host("Linux", "riscv64", "glibc", (2, 39)), PATH="/usr/bin:/bin")
    assert rows["llama-server"].text == "none runs on this platform"


def test_a_release_server_that_answers_makes_a_download_of_what_is_missing(settings, release_server):
    reachable = replace(
        settings,
        llama_server="",
        offline=False,
        releases_url=release_server.url,
        releases_api=f"{release_server.url}/tags",
    )
    rows = look(reachable, PATH="/usr/bin:/bin", HF_ENDPOINT=NOWHERE, PIP_NO_INDEX="1")
    assert rows["llama-server"].text == "not here yet; the next start downloads llama.cpp b11434 for linux-x64"
    assert "needed" in rows["disk"].text
    assert all("download" not in line for line in release_server.asked)


def test_a_model_that_nobody_knows_fails(settings):
    row = look(replace(settings, model="gpt-17"))["model"]
    assert (row.state, row.text) == ("fail", "no model is called gpt-17")


def test_a_model_that_cannot_be_reached_fails_and_says_what_would_work(settings):
    row = look(replace(settings, model="nanochat"))["model"]
    assert row.state == "fail"
    assert "which cannot be reached" in row.text
    assert "HF_ENDPOINT" in row.advice


def test_a_file_of_ones_own_is_looked_for(settings, tmp_path):
    assert look(replace(settings, model="/not/there.gguf"))["model"].state == "fail"
    (tmp_path / "mine.gguf").write_bytes(bytes(10))
    assert look(replace(settings, model=str(tmp_path / "mine.gguf")))["model"].state == "ok"


def test_a_web_address_is_no_file_of_ones_own(settings):
    row = look(replace(settings, model="https://example.com/a/My.gguf"))["model"]
    assert (row.state, row.text) == ("ok", "my is not here yet; it comes from the web")


def test_a_port_in_use_fails_and_names_the_flag(settings):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.llama_port))
        holder.listen()
        row = look(settings)["llama port"]
    assert row.state == "fail"
    assert "--llama-port" in row.advice


def test_a_disk_without_room_fails(settings, monkeypatch):
    monkeypatch.setattr(doctor, "UNKNOWN_MODEL_BYTES", 10**18)
    row = look(replace(settings, model="hf:a/b"))["disk"]
    assert row.state == "fail"
    assert "--cache DIR" in row.advice


def test_an_accelerator_that_was_asked_for_and_is_missing_is_a_warning(settings):
    assert look(replace(settings, accelerator="cuda"))["accelerator"].state == "warn"


def test_an_accelerator_that_nobody_asked_for_is_offered(settings):
    row = look(settings, replace(LINUX, accelerators=frozenset({"vulkan"})))["accelerator"]
    assert row.advice == "Ask for it with --llama-accelerator vulkan."


def test_as_json_it_is_one_object_that_says_whether_all_is_well():
    rows = [Row("port", "ok", "3080 is free"), Row("disk", "fail", "1 MB free", "Free some.")]
    content = json.loads(render(rows, as_json=True, colour=True))
    assert content["ok"] is False
    assert all(set(row) == FIELDS for row in content["rows"])


def test_on_a_terminal_what_fails_is_red_and_elsewhere_it_is_plain():
    rows = [Row("disk", "fail", "1 MB free", "Free some.")]
    assert "\x1b[31mFAIL" in render(rows, as_json=False, colour=True)
    plain = render(rows, as_json=False, colour=False)
    assert "\x1b" not in plain
    assert "-> Free some." in plain


def test_the_command_exits_1_when_something_will_not_work_and_0_otherwise(settings, capsys):
    words = ["doctor", "--json", "--offline", "--model", "small", "--cache", str(settings.cache),
             "--port", str(settings.port), "--llama-port", str(settings.llama_port)]  # fmt: skip
    assert main([*words, "--llama-server", settings.llama_server], dict(os.environ)) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert main([*words, "--llama-server", "/not/there"], dict(os.environ)) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False

"""The server's scenario files: read again when they change, and a broken version keeps the old one."""

import asyncio
import os

import pytest

from proxy.scenarios.asked import Asked
from proxy.scenarios.files import Files
from proxy.scenarios.load import ScenarioError
from proxy.scenarios.player import Player

HELLO = Asked("chat", {}, {"messages": [{"role": "user", "content": "hello"}]})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("rules: [{name: a, answers: [{text: one}, {text: two}, {text: three}]}]")
    return path


def write(path, text, at):
    """A new version, with a time of its own, however fast the test is."""
    path.write_text(text)
    os.utime(path, ns=(at, at))


def text(player):
    taken = player.take(HELLO)
    return taken and taken.answer.text


async def test_a_change_is_read_once_it_has_settled_and_positions_are_kept(file):
    files = Files([file])
    player = Player(files)
    assert text(player) == "one"

    write(file, "rules: [{name: a, answers: [{text: ONE}, {text: TWO}]}]", 1)
    await files.look()
    assert files.shown()["reloads"] == 0  # somebody may still be writing
    await files.look()

    assert text(player) == "TWO"
    assert files.shown() == {"source": "files", "files": [str(file)], "reloads": 1, "problem": None}


async def test_a_rule_that_changes_without_a_name_begins_again(file):
    write(file, "rules: [{answers: [{text: one}, {text: two}]}]", 1)
    files = Files([file])
    player = Player(files)
    text(player)
    write(file, "# a comment changes nothing\nrules: [{answers: [{text: one}, {text: two}]}]", 2)
    await files.look()
    await files.look()
    assert text(player) == "two"

    write(file, "rules: [{answers: [{text: uno}, {text: due}]}]", 3)
    await files.look()
    await files.look()
    assert text(player) == "uno"


@pytest.mark.parametrize("broken", ["rules: [", "rules: [{answer: {txt: x}}]", ""])
async def test_a_broken_version_keeps_the_old_one_and_says_why(file, broken, caplog):
    files = Files([file])
    player = Player(files)
    write(file, broken, 1)
    await files.look()
    await files.look()

    assert text(player) == "one"
    assert player.shown()["problem"].startswith(f"{file}:1: ")
    assert "cannot be used" in caplog.text
    write(file, "rules: [{answer: {text: well}}]", 2)
    await files.look()
    await files.look()
    assert (text(player), player.shown()["problem"]) == ("well", None)


async def test_a_file_that_goes_away_keeps_the_old_one(file):
    files = Files([file])
    file.unlink()
    await files.look()
    await files.look()

    assert files.shown()["problem"] == f"{file}: this file cannot be read: No such file or directory"
    assert text(Player(files)) == "one"


async def test_of_a_folder_also_files_that_come_later_are_read_but_not_the_one_that_is_recorded(file):
    recorded = file.with_name("tape.yaml")
    files = Files([file.parent], recorded)
    write(file.with_name("r.yaml"), "rules: [{answer: {text: earlier}}]", 1)
    await files.look()
    await files.look()
    assert text(Player(files)) == "earlier"
    assert files.shown()["files"] == [str(file.with_name("r.yaml")), str(file)]

    write(recorded, "rules: [{answer: {text: recorded}}]", 2)
    await files.look()
    await files.look()
    assert files.shown()["reloads"] == 1


def test_files_that_cannot_be_read_are_all_told(tmp_path):
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    (tmp_path / "wrong.yaml").write_text("rules: 1")

    with pytest.raises(ScenarioError) as caught:
        Files([tmp_path / "none.yaml", tmp_path / "bytes.yaml", tmp_path / "wrong.yaml"])
    told = [problem.message for problem in caught.value.problems]
    assert told == [
        "this file cannot be read: No such file or directory",
        "this file is not UTF-8",
        "'rules' has to be a list, not a whole number",
    ]


async def test_watching_looks_each_time_it_has_slept(file):
    files = Files([file])
    write(file, "rules: [{answer: {text: new}}]", 1)
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await files.watch(sleep)
    assert slept == [0.25] * 3
    assert text(Player(files)) == "new"

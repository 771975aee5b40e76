"""What is recorded is a scenario: in the order of the requests, within bounds, in a file that is whole at any time."""

import asyncio
import json
from typing import Any

import pytest

from proxy.recordings.playback import body_of
from proxy.recordings.question import Question
from proxy.recordings.recorder import Recorder, in_memory
from proxy.recordings.tape import Tape
from proxy.scenarios.load import ScenarioError, load

LARGE = 10**9


def question(text: str) -> Question:
    return Question.of("chat", {"model": "m", "messages": [{"role": "user", "content": text}]})


def rules(text: str, name: str = "r.yaml") -> Any:
    return [
        (
            placed.rule.when.request["messages"][0]["content"],
            [body_of(answer.replay).decode() for answer in placed.rule.sequence if answer.replay],
        )
        for placed in load([(name, text)]).rules
        if placed.rule.when.request
    ]


def test_the_order_is_that_of_the_requests_whichever_answer_comes_first():
    tape = Tape(lambda: LARGE)
    slots = [tape.begin(question(text)) for text in ("a", "b", "a", "c")]
    for slot, body in reversed(list(zip(slots, "1234", strict=True))):
        tape.add(slot, {"body": body})

    assert rules(tape.text()) == [("a", ["1", "3"]), ("b", ["2"]), ("c", ["4"])]
    assert len({slot.key for slot in slots}) == 4
    assert tape.told() | {"bytes": 0} == {
        "file": None, "rules": 3, "answers": 4, "bytes": 0, "skipped": {}, "problem": None
    }  # fmt: skip


def test_without_room_an_answer_is_not_recorded_and_that_is_told(caplog):
    tape = Tape(lambda: 350)
    for _ in range(3):
        tape.add(tape.begin(question("a")), {"body": "x" * 100})

    assert [len(answers) for _, answers in rules(tape.text())] == [2]
    assert tape.skipped == {"there is no room for more": 1}
    assert "an answer was not recorded: there is no room for more" in caplog.text


def test_all_runs_together_have_a_bound():
    recorders: list[Recorder] = []
    for _ in range(12):
        recorders.append(in_memory(None, True, lambda: recorders))
        for number in range(9):
            recorders[-1].tape.add(recorders[-1].tape.begin(question(str(number))), {"body": "x" * 2**20})

    assert [len(recorder.tape.told()["skipped"]) for recorder in recorders] == [1] * 12
    assert sum(recorder.tape.bytes for recorder in recorders) <= 64 * 2**20
    assert recorders[0].tape.bytes > 7 * 2**20


@pytest.mark.parametrize("name", ["r.yaml", "r.json"])
async def test_many_at_once_are_all_in_the_file_and_nothing_else_is_in_its_folder(tmp_path, name):
    file = tmp_path / name
    tape = Tape(lambda: LARGE, file)

    async def record(number):
        slot = tape.begin(question(f"question {number}"))
        await asyncio.sleep(0)
        tape.add(slot, {"body": str(number)})
        await tape.save()
        assert f'"{number}"' in file.read_text() or f"body: '{number}'" in file.read_text()

    await asyncio.gather(*[record(number) for number in range(50)])
    assert rules(file.read_text(), name) == [(f"question {number}", [str(number)]) for number in range(50)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["r.yaml", "r.json"])
async def test_what_a_file_has_stays_but_for_what_is_recorded_anew(tmp_path, name):
    file = tmp_path / name
    first = Tape(lambda: LARGE, file)
    for text, body in (("a", "1"), ("a", "2"), ("b", "3")):
        first.add(first.begin(question(text)), {"body": body})
    await first.save()
    document = {"similarity": 0.9, "on_miss": "pass", "rules": [{"answer": {"text": "mine"}}]}
    if name == "r.yaml":
        file.write_text(f"similarity: 0.9\n{file.read_text()}- answer: {{text: mine}}\n".replace("fail", "pass"))
    else:
        file.write_text(json.dumps(document | {"rules": json.loads(file.read_text())["rules"] + document["rules"]}))

    second = Tape(lambda: LARGE, file)
    second.add(second.begin(question("a")), {"body": "9"})
    await second.save()
    loaded = load([(name, file.read_text())])
    assert rules(file.read_text(), name) == [("b", ["3"]), ("a", ["9"])]
    assert (loaded.on_miss, "0.9" in file.read_text()) == ("pass", True)
    assert [answer.text for placed in loaded.rules for answer in placed.rule.sequence] == [None, "mine", None]


async def test_recording_the_same_again_gives_the_same_file(tmp_path):
    texts = []
    for _ in range(2):
        tape = Tape(lambda: LARGE, tmp_path / "r.yaml")
        for text in ("b", "a", "b"):
            tape.add(tape.begin(question(text)), {"body": text})
        await tape.save()
        texts.append((tmp_path / "r.yaml").read_text())

    assert texts[0] == texts[1]


async def test_a_file_that_cannot_be_written_any_more_is_told_and_nothing_breaks(tmp_path, caplog):
    folder = tmp_path / "folder"
    folder.mkdir()
    tape = Tape(lambda: LARGE, folder / "r.yaml")
    folder.rmdir()
    tape.add(tape.begin(question("a")), {"body": "1"})
    await tape.save()
    assert tape.told()["problem"] == f"{folder}/r.yaml cannot be written: No such file or directory"
    assert "Traceback" not in caplog.text

    folder.mkdir()
    tape.add(tape.begin(question("b")), {"body": "2"})
    await tape.save()
    assert tape.problem is None
    assert len(rules((folder / "r.yaml").read_text())) == 2


def test_a_file_that_is_no_scenario_is_refused(tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text("rules: 1\n")

    with pytest.raises(ScenarioError):
        Tape(lambda: LARGE, file)


def test_a_rule_is_named_after_what_was_asked():
    assert (
        Tape(lambda: 1)
        .begin(question("What's the Größe? " * 9))
        .name.startswith("chat-what-s-the-gr-e-what-s-the-gr-e")
    )
    assert Tape(lambda: 1).begin(question("日本")).name.count("-") == 1

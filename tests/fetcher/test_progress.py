"""What people and programs are told, with a clock that the test turns."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fetcher.errors import OutOfReach
from fetcher.progress import Progress
from fetcher.status import StatusFile


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Watch:
    """A progress, its clock, its two outputs."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run" / "status.json"
        self.clock = Clock()
        self.stream = io.StringIO()
        status = StatusFile(self.path, "wish", now=lambda: 1795420800.1234)
        self.progress = Progress(status, self.stream, clock=self.clock, terminal=False)

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.path.read_text())
        return told

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_the_status_file_is_the_document_of_the_contract(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 98_400_000)
    watch.clock.seconds += 2
    watch.progress.at(41_000_000)
    assert watch.status() == {
        "schema": 1,
        "model": "wish",
        "phase": "downloading",
        "percent": 41.7,
        "detail": "41.0 of 98.4 MB at 20.5 MB/s",
        "eta_seconds": 2.8,
        "error": None,
        "retry_at": None,
        "updated_at": 1795420800.123,
    }


def test_a_line_comes_every_five_seconds(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 1_000_000_000)
    for step in range(1, 97):
        watch.clock.seconds += 0.125
        watch.progress.at(step * 6_250_000)
    assert watch.lines() == [
        "fetcher: downloading m",
        "fetcher: downloading m: 25%, 250.0 of 1000.0 MB at 50.0 MB/s, 15 s left",
        "fetcher: downloading m: 50%, 500.0 of 1000.0 MB at 50.0 MB/s, 10 s left",
    ]


def test_the_status_file_is_written_four_times_a_second_at_most(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 1024)
    written = set()
    for step in range(1024):
        watch.clock.seconds += 1 / 1024
        watch.progress.at(step)
        written.add(watch.status()["percent"])
    assert len(written) == 5  # the beginning and every quarter of this one second


def test_what_was_there_before_counts_for_the_share_but_not_for_the_speed(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 100_000_000, 50_000_000)
    watch.clock.seconds += 1
    watch.progress.at(60_000_000)
    assert watch.status()["detail"] == "60.0 of 100.0 MB at 10.0 MB/s"
    assert watch.status()["percent"] == 60.0


def test_a_new_start_never_shows_a_negative_speed(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 100_000_000)
    for done in (50_000_000, 1_000_000, 2_000_000):
        watch.clock.seconds += 1
        watch.progress.at(done)
    assert watch.status()["detail"] == "2.0 of 100.0 MB at 1.0 MB/s"


def test_a_size_that_nobody_knows_has_no_share(watch: Watch) -> None:
    watch.progress.begin("downloading", "m")
    watch.clock.seconds += 1
    watch.progress.at(3_000_000)
    assert (watch.status()["percent"], watch.status()["eta_seconds"]) == (None, None)
    assert watch.status()["detail"] == "3.0 MB at 3.0 MB/s"


def test_a_wait_is_told_at_once_to_both(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 1000)
    watch.progress.note("the line is dead; trying again in 2 s")
    assert watch.lines()[-1] == "fetcher: the line is dead; trying again in 2 s"
    assert watch.status()["detail"].endswith("the line is dead; trying again in 2 s")


def test_a_failure_carries_code_message_and_advice(watch: Watch) -> None:
    watch.progress.named("m")
    watch.progress.failed(OutOfReach("nobody answers", "Try later."))
    told = watch.status()
    assert (told["model"], told["phase"]) == ("m", "failed")
    assert told["error"] == {"code": "out_of_reach", "message": "nobody answers", "advice": "Try later."}


def test_a_status_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    progress = Progress(StatusFile(tmp_path / "file" / "status.json", "m"), io.StringIO(), terminal=False)
    progress.begin("downloading", "m", 10)
    progress.installed("m")


def test_no_temporary_file_stays(watch: Watch) -> None:
    watch.progress.begin("downloading", "m", 1000)
    watch.progress.installed("done")
    assert [path.name for path in watch.path.parent.iterdir()] == ["status.json"]

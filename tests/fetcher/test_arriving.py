"""A checkpoint that is converted while it arrives, from a hub that misbehaves."""

import io
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.errors import Corrupt, OutOfReach
from tests.fetcher.conftest import CommandLine
from tests.fetcher.stand_in_hub import Fault, Seen, StandInHub
from tests.fetcher.test_checkpoints import CATALOGUE, PUBLISHED, TINY, Fetch, get, left_in, settings, to_gguf
from tests.fetcher.test_command_line import wait_for

__all__ = ["get", "settings", "to_gguf"]
MODEL = "model_000650.pt"
SIZE = len(PUBLISHED[MODEL])
BEFORE_THE_PASS = 4
"""GETs of bytes: meta, tokenizer, the end of the model file, its beginning."""


def misbehave(hub: StandInHub, *faults: Fault, at: int = BEFORE_THE_PASS) -> None:
    hub.faults.extend([Fault()] * at + list(faults))


def asked_for_the_model(hub: StandInHub) -> list[Seen]:
    return [seen for seen in hub.downloads if MODEL in seen.path]


def ranges(hub: StandInHub) -> list[str | None]:
    return [seen.range for seen in asked_for_the_model(hub)]


@pytest.fixture
def expected(to_gguf: Any) -> bytes:
    data: bytes = to_gguf(TINY, "q8_0").path.read_bytes()
    return data


@pytest.fixture
def converted(get: Fetch, settings: Any) -> Any:
    """Fetch as q8_0; the bytes of the file."""

    def run() -> bytes:
        manifest = get(quantization="q8_0")
        folder = settings.models_dir / "nanochat"
        assert left_in(folder) == {"nanochat-q8_0.gguf"}
        return bytes((folder / manifest.file).read_bytes())

    return run


def test_after_two_glances_one_pass_is_enough(converted: Any, expected: bytes, hub: StandInHub, told: Any) -> None:
    assert converted() == expected
    assert [wanted is None for wanted in ranges(hub)] == [False, False, True]
    assert sum(seen.sent for seen in asked_for_the_model(hub)) <= SIZE + 2 * 256 * 1024
    assert "downloading nanochat, converting it to q8_0" in told.getvalue()


@pytest.mark.parametrize(
    "fault",
    [Fault(reset_after=1_000_000), Fault(close_after=700_001), Fault(stall_after=1_500_000), Fault(status=503)],
    ids=["reset", "closed", "stalled", "503"],
)
def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    get: Fetch, settings: Any, expected: bytes, hub: StandInHub, fault: Fault, told: io.StringIO
) -> None:
    misbehave(hub, fault, Fault(close_after=200_000))
    manifest = get(quantization="q8_0", patience=replace(settings.patience, stall_seconds=0.3))
    assert (settings.models_dir / "nanochat" / manifest.file).read_bytes() == expected
    assert told.getvalue().count("trying again") == 2
    assert "downloading it first" not in told.getvalue()
    assert ranges(hub).count(None) == (2 if fault.status else 1), "the pass began once"


@pytest.mark.parametrize(
    ("faults", "before", "reason"),
    [
        ([Fault(ignore_range=True)], 2, "the server does not send parts of it"),
        ([Fault(reset_after=1_000_000), Fault(ignore_range=True)], 4, "the server cannot continue it"),
        ([Fault(flip_byte=1_000_000)], 4, "arrived damaged"),
        ([Fault(flip_byte=300)], 4, "the server does not send the same bytes twice"),
        ([Fault(flip_byte=SIZE - 300)], 4, "the server does not send the same bytes twice"),
    ],
)
def test_what_cannot_be_converted_on_its_way_is_downloaded_first(
    converted: Any, expected: bytes, hub: StandInHub, told: io.StringIO, faults: list[Fault], before: int, reason: str
) -> None:
    misbehave(hub, *faults, at=before)
    assert converted() == expected
    assert f"{reason}; downloading it first" in told.getvalue()


def test_a_redirect_to_another_origin_is_followed_without_the_token(
    get: Fetch, settings: Any, expected: bytes, hub: StandInHub, other_origin: StandInHub
) -> None:
    hub.location = other_origin.url
    other_origin.plain.update(PUBLISHED)
    manifest = get(quantization="q8_0", hf_token="hf_secret")
    assert (settings.models_dir / "nanochat" / manifest.file).read_bytes() == expected
    assert all(seen.headers.get("authorization") == "Bearer hf_secret" for seen in hub.seen)
    assert [wanted is None for wanted in ranges(other_origin)] == [False, False, True]
    assert all("authorization" not in seen.headers for seen in other_origin.seen)


def test_weights_that_make_no_sense_on_their_way_get_a_second_chance(
    converted: Any, expected: bytes, hub: StandInHub, told: io.StringIO
) -> None:
    # The upper byte of a float32: the number becomes too large for a weight.
    at = PUBLISHED[MODEL].index(b"\xbd", 1_000_000)
    misbehave(hub, *[Fault(flip_byte=at + step) for step in (0,)])
    assert converted() == expected
    assert "downloading" in told.getvalue()


def test_a_hash_that_differs_at_the_end_discards_the_result(get: Fetch, settings: Any, hub: StandInHub) -> None:
    hub.etags[MODEL] = f'"{"0" * 64}"'
    with pytest.raises(Corrupt, match="arrived damaged twice"):
        get(quantization="q8_0")
    assert not list(settings.models_dir.rglob("*.gguf*"))
    assert not list(settings.models_dir.rglob("manifest.json"))


def test_a_file_whose_hash_nobody_knows_is_downloaded_first(
    converted: Any, expected: bytes, hub: StandInHub, told: io.StringIO
) -> None:
    hub.etags[MODEL] = '"strong"'
    assert converted() == expected
    assert ranges(hub) == [None]


def test_another_file_is_refused_at_a_glance(get: Fetch, hub: StandInHub) -> None:
    hub.files["o/nanochat"][MODEL] = PUBLISHED[MODEL].replace(b"lm_head.weight", b"lm_tail.weight")
    with pytest.raises(UnsupportedCheckpoint, match=r"lm_tail\.weight"):
        get(quantization="q8_0")
    assert None not in ranges(hub)


def test_a_pass_that_was_given_up_is_followed_by_a_download_that_can_be_continued(
    get: Fetch, settings: Any, expected: bytes, hub: StandInHub
) -> None:
    misbehave(hub, Fault(reset_after=600_000), *[Fault(status=503)] * 3)
    with pytest.raises(OutOfReach, match="answered 503"):
        get(quantization="q8_0")
    assert left_in(settings.models_dir / "nanochat") == {"checkpoint"}
    hub.seen.clear()
    hub.faults.clear()
    hub.faults.extend([Fault(close_after=500_000), *[Fault(status=503)] * 3])
    with pytest.raises(OutOfReach):
        get(quantization="q8_0")
    hub.seen.clear()
    hub.faults.clear()
    manifest = get(quantization="q8_0")
    (wanted,) = ranges(hub)
    assert wanted is not None
    assert int(wanted.removeprefix("bytes=").rstrip("-")) >= 400_000
    assert (settings.models_dir / "nanochat" / manifest.file).read_bytes() == expected


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGKILL, -9, ""), (signal.SIGINT, 130, "interrupted; what had arrived was not")],
)
def test_after_a_signal_in_the_middle_the_next_run_downloads_first(
    command_line: CommandLine, hub: StandInHub, expected: bytes, number: int, code: int, word: str
) -> None:
    hub.files["o/nanochat"] = PUBLISHED
    command_line.catalogue.write_text(CATALOGUE)
    misbehave(hub, Fault(stall_after=SIZE // 2))
    options = ("fetch", "nanochat", "--type", "q8_0")
    with command_line.start(*options) as child:
        wait_for(lambda: any(seen.sent >= SIZE // 2 for seen in asked_for_the_model(hub)), child)
        os.kill(child.pid, number)
        _, err = child.communicate(timeout=60)
        assert child.returncode == code
        assert word in err
        assert "Traceback" not in err
    hub.seen.clear()
    done = command_line.run(*options)
    assert done.returncode == 0, done.stderr
    assert ranges(hub) == [None]
    folder = command_line.models / "nanochat"
    assert (folder / "nanochat-q8_0.gguf").read_bytes() == expected
    assert left_in(folder) == {"nanochat-q8_0.gguf"}


def test_the_status_says_how_far_it_is_and_what_becomes_of_it(
    command_line: CommandLine, hub: StandInHub, tmp_path: Path
) -> None:
    hub.files["o/nanochat"] = PUBLISHED
    command_line.catalogue.write_text(CATALOGUE)
    misbehave(hub, Fault(stall_after=SIZE // 2))
    with command_line.start("fetch", "nanochat", "--type", "q8_0") as child:
        wait_for(lambda: command_line.status.exists() and 0 < (command_line.read_status()["percent"] or 0) < 100, child)
        told = command_line.read_status()
        child.terminate()
        child.communicate(timeout=60)
    assert told["phase"] == "downloading"
    assert " of 2.1 MB" in told["detail"]

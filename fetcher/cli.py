"""The command line (Contract 3 in ARCHITECTURE.md). JSON goes to stdout, people are told on stderr."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

from fetcher import atomic
from fetcher.catalogue import Model, read_catalogue
from fetcher.convert import command as conversion
from fetcher.errors import FetchError, Interrupted, UsageError
from fetcher.folder import Manifest, ModelsFolder
from fetcher.progress import Progress, megabytes
from fetcher.settings import DEFAULT_MODEL, Settings, add_checkpoint_flags, add_flags, cache_folder, read_settings
from fetcher.status import StatusFile

_KEPT: Final = "nothing is half installed, and the same command goes on from what is kept"
EXAMPLES: Final = """\
examples:
  python -m fetcher fetch smollm2-135m
  python -m fetcher fetch ~/models/my-model.gguf
  python -m fetcher fetch hf:Qwen/Qwen3-0.6B-GGUF:Q8_0
  python -m fetcher fetch nanochat --type q8_0
  python -m fetcher list

Exit codes: 0 done, 2 usage, 3 not found, 4 access refused, 5 out of reach, 6 disk full, 7 corrupt,
8 cannot be used, 130 interrupted, 143 terminated. docs/models.md says more.
"""


def main(argv: Sequence[str], environ: Mapping[str, str], stdout: TextIO, stderr: TextIO) -> int:
    """Run one command; returns its exit code."""
    flags = _parser().parse_args(argv)
    progress: Progress | None = None
    try:
        settings = read_settings(flags, environ)
        status = settings.model_status if flags.command != "list" else None
        progress = Progress(StatusFile(status, _subject(flags, environ)), stderr)
        print(flags.run(flags, settings, progress), file=stdout, flush=True)
    except FetchError as error:
        return _fail(error, progress, stderr)
    except OSError as failure:
        return _fail(_from_system(failure), progress, stderr)
    except Interrupted as signalled:
        kept = "nothing of it is kept" if flags.command == "convert" else signalled.kept or _KEPT
        text = f"{signalled.verb}; {kept}"
        if progress is not None:
            progress.stopped(text)
        print(f"error: {text}.", file=stderr)
        return signalled.exit_code
    return 0


def _fail(error: FetchError, progress: Progress | None, stderr: TextIO) -> int:
    if progress is not None:
        progress.failed(error)
    print(f"error: {error}", file=stderr)
    return error.exit_code


def _from_system(failure: OSError) -> FetchError:
    place = Path(str(failure.filename)) if failure.filename else Path()
    if failure.errno in atomic.NO_ROOM:
        return atomic.no_room(place.parent, place.name)
    return UsageError(
        f"{place} cannot be used: {failure.strerror or failure}", "Check its owner and permissions, or MODELS_DIR."
    )


def _subject(flags: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """What the status file is about, until it is known better."""
    return _wish(flags, environ) if flags.command == "fetch" else str(getattr(flags, "label", None) or flags.command)


def _wish(flags: argparse.Namespace, environ: Mapping[str, str]) -> str:
    return str(getattr(flags, "model", None) or environ.get("MODEL") or DEFAULT_MODEL)


def _fetch(flags: argparse.Namespace, settings: Settings, progress: Progress) -> str:
    from fetcher.pipeline import fetch  # noqa: PLC0415 - `list` and a mistake answer without it

    manifest = fetch(_wish(flags, settings.environ), settings, progress, verify=flags.verify)
    return json.dumps(manifest.as_json())


def _file(flags: argparse.Namespace, settings: Settings, progress: Progress) -> str:
    from fetcher.download import Offer  # noqa: PLC0415 - slow to import
    from fetcher.single import fetch_file, label_of  # noqa: PLC0415

    offer = Offer(flags.url, flags.size, flags.sha256)
    arrived = fetch_file(offer, Path(flags.dest).absolute(), flags.label or label_of(flags.url), settings, progress)
    return json.dumps(asdict(arrived), default=str)


def _package(flags: argparse.Namespace, settings: Settings, progress: Progress) -> str:
    from fetcher.index import Distribution  # noqa: PLC0415 - slow to import
    from fetcher.single import fetch_package  # noqa: PLC0415

    wanted = Distribution(flags.spec, flags.size, flags.sha256, flags.sdist)
    arrived = fetch_package(wanted, Path(flags.dest_dir).absolute(), flags.label or flags.spec, settings, progress)
    return json.dumps(asdict(arrived), default=str)


def _convert(flags: argparse.Namespace, settings: Settings, progress: Progress) -> str:
    return conversion.run(flags, settings.environ, cache_folder(settings.environ), progress)


def _list(flags: argparse.Namespace, settings: Settings, _progress: Progress) -> str:
    catalogue = read_catalogue(settings.catalogue)
    installed = {manifest.name: manifest for manifest in ModelsFolder(settings.models_dir).all_installed()}
    rows = [_row(name, catalogue.get(name), installed.get(name)) for name in {**catalogue, **installed}]
    if flags.json:
        return json.dumps(rows, indent=2)
    lines = [f"{'NAME':<28} {'MB':>8}  {'LICENCE':<12} {'INSTALLED':<10} TITLE"]
    for row in rows:
        size = megabytes(row["size"]) if row["size"] else "?"
        state = "yes" if row["installed"] else "no"
        lines.append(f"{row['name']:<28} {size:>8}  {row['license'] or '?':<12} {state:<10} {row['title']}")
    return "\n".join(lines)


def _row(name: str, model: Model | None, manifest: Manifest | None) -> dict[str, Any]:
    known: Model | Manifest | None = manifest or model
    assert known is not None
    return {
        "name": name,
        "title": model.title if model else "",
        "size": manifest.size if manifest else model.download_bytes if model else None,
        "license": known.license,
        "parameters": known.parameters,
        "context_length": known.context_length,
        "sources": [str(source) for source in model.sources] if model else [],
        "installed": manifest is not None,
    }


def _bytes(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a number of bytes")
    return int(text)


def _sha256(text: str) -> str:
    if len(text) != 64 or not set(text.lower()) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("a sha256 has 64 hexadecimal digits")
    return text.lower()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fetcher",
        description="Makes a model be there: finds, downloads, verifies and installs it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    fetch = commands.add_parser("fetch", help="make a model be there; prints its manifest")
    fetch.add_argument(
        "model",
        nargs="?",
        help=f"NAME, PATH.gguf, its URL, a checkpoint's folder, or hf:owner/repo[:file] (MODEL; {DEFAULT_MODEL})",
    )
    add_checkpoint_flags(fetch)
    fetch.add_argument("--verify", action="store_true", help="read an installed file again and check its sha256")
    fetch.set_defaults(run=_fetch)

    file = commands.add_parser("file", help="download any one file, verified and resumed")
    file.add_argument("url")
    file.add_argument("dest")
    file.set_defaults(run=_file)

    package = commands.add_parser("package", help="take one distribution file from the package index, with pip")
    package.add_argument("spec", metavar="NAME==VERSION")
    package.add_argument("dest_dir")
    package.add_argument("--sdist", action="store_true", help="the source archive instead of a wheel")
    package.set_defaults(run=_package)

    listing = commands.add_parser("list", help="the models that have a name, and those installed")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)

    convert = commands.add_parser("convert", help="a nanochat checkpoint to a GGUF file")
    conversion.add_arguments(convert)
    convert.set_defaults(run=_convert)

    for command in (file, package):
        command.add_argument("--sha256", type=_sha256, help="what the file must be")
        command.add_argument("--size", type=_bytes, metavar="BYTES", help="how large it must be")
        command.add_argument("--label", help="what to call it while it comes")
    for command in (fetch, file, package, listing, convert):
        add_flags(command)
    return parser

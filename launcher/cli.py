"""The command line: which command, which settings, and errors as one sentence with an exit code."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher import cache, releases
from launcher.errors import INTERRUPTED, TERMINATED, LauncherError
from launcher.settings import Settings, add_options, read_settings

UP_EXAMPLES = """
examples:
  up                                    nanochat and gpt-sim-1 on http://127.0.0.1:3080/v1
  up --model smollm2-135m --port 3090   a small model that any machine can run
  up --model ./my-model.gguf            a file of your own
  up --model hf:owner/repo:file.gguf    any GGUF of the hub
  up --scenario answers.yaml --seed 7   all other flags are the proxy's: python -m proxy --help

exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 a port is in use, or the proxy ended; 2 settings; 3 to 8 the fetcher's
(docs/models.md), with --fail-fast; 10 llama-server ended; 11 it was not healthy in time; 130, 143 stopped at once by a
second signal.
"""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; its exit code. Without a command, it is `up`."""
    words = list(arguments)
    if not words or (words[0] not in COMMANDS and words[0] not in ("-h", "--help")):
        words.insert(0, "up")
    flags = _flags(words)
    try:
        code: int = COMMANDS[flags["command"]](flags, environ)
    except LauncherError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before, or beside, what handles signals itself
        return INTERRUPTED
    except OSError as error:
        print(f"error: {error.strerror}: {error.filename or ''}. Check the disk and its rights.", file=sys.stderr)
        return 1
    return code


def _flags(words: Sequence[str]) -> dict[str, Any]:
    """What was asked for; flags of `up` that are none of ours are the proxy's, which knows and checks them."""
    parser = _parser()
    known, others = parser.parse_known_args(words)
    if others and (known.command != "up" or not others[0].startswith("-")):
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    return vars(known) | {"proxy_flags": tuple(others)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="launcher" if sys.argv[0].endswith("__main__.py") else Path(sys.argv[0]).name,
        description="Native mode: one endpoint with a simulated and a real model. Without a command: up.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str, epilog: str = "") -> argparse.ArgumentParser:
        style = argparse.RawDescriptionHelpFormatter
        return commands.add_parser(
            name, help=text, description=text, epilog=epilog, formatter_class=style, allow_abbrev=False
        )

    add_options(add("up", "serve simulated models at once, and a real one as soon as it is there", UP_EXAMPLES))
    doctor = add("doctor", "look at this machine and say what will not work; exit 1 when the real model will not")
    doctor.add_argument("--json", action="store_true", help="the same as JSON")
    add_options(doctor)
    add_options(add("build-llama", "build llama-server for this very CPU from a source package; minutes, once"))
    add_options(add("clear-cache", "remove downloaded models, llama-server builds and logs"))
    pin = add("pin", "rewrite releases.toml for another llama.cpp build")
    pin.add_argument("--tag", required=True, help="the build, such as b11434")
    pin.add_argument("--table", type=Path, default=releases.TABLE, help="the file to rewrite")
    add_options(pin)
    return parser


def _up(flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    from launcher.up import up  # noqa: PLC0415 -- only `up` pays for it

    return asyncio.run(up(read_settings(flags, environ), environ, _say))


def _doctor(flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    from launcher.doctor import examine, render  # noqa: PLC0415 -- as above

    rows = asyncio.run(examine(read_settings(flags, environ), environ))
    print(render(rows, as_json=flags["json"], colour=sys.stdout.isatty()))
    return 1 if any(row.state == "fail" for row in rows) else 0


def _build_llama(flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    from launcher.native_build import build  # noqa: PLC0415 -- as above

    settings = read_settings(flags, environ)

    async def stoppable() -> None:
        """SIGTERM cleans up as Ctrl-C does."""
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await build(settings, environ, _say)

    try:
        asyncio.run(stoppable())
    except asyncio.CancelledError:
        return TERMINATED
    return 0


def _clear_cache(flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    settings: Settings = read_settings(flags, environ)
    removed = cache.clear(settings.cache)
    for path, size in removed:
        _say(f"removed {path} ({cache.human(size)})")
    if not removed:
        _say(f"{settings.cache}: nothing to remove")
    return 0


def _pin(flags: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    settings = read_settings(flags, environ)
    _say(releases.pin(flags["tag"], flags["table"], settings.releases_api))
    return 0


COMMANDS: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], int]] = {
    "up": _up,
    "doctor": _doctor,
    "build-llama": _build_llama,
    "clear-cache": _clear_cache,
    "pin": _pin,
}


def _say(line: str) -> None:
    print(line, flush=True)


def run() -> None:
    """The entry point of the one-file executable."""
    sys.exit(main(sys.argv[1:], os.environ))

"""`python -m proxy scenario check FILES`: says what is wrong with scenario files, without a server."""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from proxy.scenarios.files import read
from proxy.scenarios.load import ScenarioError
from proxy.scenarios.schema import published

PROGRAM = "python -m proxy"
USAGE = f"""\
usage: {PROGRAM} scenario check FILE...   what is wrong in the files, or folders, which together are one scenario
       {PROGRAM} scenario schema          the JSON Schema of the format

exit codes: 0 they can be used (warnings are printed), 2 they cannot
"""


def scenario(arguments: Sequence[str], out: TextIO, err: TextIO, program: str = PROGRAM) -> int:
    """The command; its exit code."""
    usage = USAGE.replace(PROGRAM, program)
    match list(arguments):
        case ["schema"]:
            print(published(), end="", file=out)
            return 0
        case ["-h" | "--help"] | ["check", "-h" | "--help"]:
            print(usage, end="", file=out)
            return 0
        case ["check", *files] if files and not any(file.startswith("-") for file in files):
            return _check([Path(file) for file in files], out, err)
    print(usage, end="", file=err)
    return 2


def _check(files: list[Path], out: TextIO, err: TextIO) -> int:
    try:
        loaded = read(files)
    except ScenarioError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=err)
        return 2
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=err)
    print(f"ok: {len(loaded.rules)} rule{'s' * (len(loaded.rules) != 1)}", file=out)
    return 0

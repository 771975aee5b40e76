"""`python -m fetcher`: signals become exceptions, then the command line runs."""

import os
import signal
import sys
from types import FrameType

from fetcher.errors import Interrupted


def _stop(signum: int, _frame: FrameType | None) -> None:
    raise Interrupted(signum)


def _run() -> int:
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        from fetcher.cli import main  # noqa: PLC0415 - after the handlers, so that no import shows a traceback

        return main(sys.argv[1:], os.environ, sys.stdout, sys.stderr)
    except Interrupted as signalled:
        return signalled.exit_code


if __name__ == "__main__":
    sys.exit(_run())

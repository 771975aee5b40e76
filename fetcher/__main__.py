"""`python -m fetcher`: signals become exceptions, then the command line runs."""

import os
import signal
import sys
from types import FrameType

from fetcher.cli import main
from fetcher.errors import Interrupted


def _stop(signum: int, _frame: FrameType | None) -> None:
    raise Interrupted(signum)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    sys.exit(main(sys.argv[1:], os.environ, sys.stdout, sys.stderr))

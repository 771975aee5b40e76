"""`python -m proxy`: settings, logging, serve."""

import asyncio
import logging
import os
import sys

from proxy.settings import SettingsError, read


def main() -> int:
    """Run until a signal; the exit code is 0, 1 (cannot listen), 2 (bad configuration) or 130."""
    try:
        settings = read(sys.argv[1:], os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return error.exit_code
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)

    from proxy.server import CannotListenError, serve  # noqa: PLC0415 - --help need not wait for aiohttp

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(settings, sys.stdout, sys.stderr))
    except CannotListenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before the server could take care of signals
        return 130
    return 0


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return None
    return uvloop.Loop


if __name__ == "__main__":
    sys.exit(main())

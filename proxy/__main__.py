"""`python -m proxy`: settings, logging, serve."""

import asyncio
import logging
import os
import sys

from proxy.settings import SettingsError, read


def main(program: str = "python -m proxy") -> int:
    """Run until a signal, or check scenarios; the exit code is 0, 1 (cannot listen), 2 (bad configuration) or 130."""
    if sys.argv[1:2] == ["scenario"]:
        from proxy.scenarios.check import scenario  # noqa: PLC0415 - who serves need not load it

        return scenario(sys.argv[2:], sys.stdout, sys.stderr, program)
    try:
        settings = read(sys.argv[1:], os.environ, program)
    except SettingsError as error:
        return _report(error)
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)

    from proxy.server import CannotListenError, serve  # noqa: PLC0415 - --help need not wait for aiohttp

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(settings, sys.stdout, sys.stderr))
    except SettingsError as error:  # in the files that they name
        return _report(error)
    except CannotListenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before the server could take care of signals
        return 130
    return 0


def _report(error: SettingsError) -> int:
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)
    return error.exit_code


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return None
    return uvloop.Loop


if __name__ == "__main__":
    sys.exit(main())

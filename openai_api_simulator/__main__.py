"""`openai-api-simulator`, and `python -m openai_api_simulator`: the server, with the flags of `python -m proxy`.

Its package is called `proxy`, as are others: so it can be imported in this process alone, and never by who installs
this one. With `--with-parent` first, the server ends when its standard input does, as it does when whoever started it
is gone, however that came.
"""

import os
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
WITH_PARENT = "--with-parent"


def main() -> int:
    """Serve, or check scenarios; the exit code is that of `python -m proxy`."""
    if sys.argv[1:2] == [WITH_PARENT]:
        del sys.argv[1]
        threading.Thread(target=_end_with_stdin, name="parent", daemon=True).start()
    installed = HERE / "services"
    sys.path.insert(0, str(installed if installed.is_dir() else HERE.parent))
    from proxy.__main__ import main as serve  # noqa: PLC0415 - its folder is known only now

    return serve("openai-api-simulator")


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())

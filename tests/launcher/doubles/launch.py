"""`launcher up` with the stand-ins for proxy and fetcher; waits between tries are short where RETRY says so."""

import asyncio
import os
import sys
from pathlib import Path

from launcher.errors import LauncherError
from launcher.settings import read_settings
from launcher.supervisor import back_off
from launcher.up import up

try:
    settings = read_settings({}, os.environ)
    first = float(os.environ.get("RETRY", "30"))
    root = Path(__file__).parent
    sys.exit(asyncio.run(up(settings, os.environ, lambda line: print(line, flush=True), root, back_off(first))))
except LauncherError as error:
    print(f"error: {error}")
    sys.exit(error.exit_code)

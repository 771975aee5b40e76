"""`launcher up` with the stand-ins for proxy and fetcher; waits between tries are short where RETRY says so."""

import asyncio
import os
import sys
from pathlib import Path

from launcher.errors import LauncherError
from launcher.settings import read_settings
from launcher.up import up

try:
    settings = read_settings({}, os.environ)
    sys.exit(asyncio.run(up(settings, os.environ, lambda line: print(line, flush=True), root=Path(__file__).parent)))
except LauncherError as error:
    print(f"error: {error}")
    sys.exit(error.exit_code)

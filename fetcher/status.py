"""Writes the status file (Contract 2 in ARCHITECTURE.md): one JSON file that the proxy shows to people who wait."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from fetcher import atomic
from fetcher.errors import FetchError

SCHEMA: Final = 1
Phase = Literal["resolving", "downloading", "verifying", "converting", "installing", "installed", "failed"]


class StatusFile:
    """The one writer while the fetcher works."""

    def __init__(self, path: Path | None, model: str, now: Callable[[], float] = time.time) -> None:
        """No `path`, no file: everything here then does nothing."""
        self._path = path
        self.model = model
        self._now = now

    def write(
        self,
        phase: Phase,
        *,
        percent: float | None = None,
        detail: str | None = None,
        eta_seconds: float | None = None,
        error: FetchError | None = None,
    ) -> None:
        """Replace the file."""
        if self._path is None:
            return
        told = {
            "schema": SCHEMA,
            "model": self.model,
            "phase": phase,
            "percent": None if percent is None else round(percent, 1),
            "detail": detail,
            "eta_seconds": None if eta_seconds is None else round(eta_seconds, 1),
            "error": error and {"code": error.code, "message": error.message, "advice": error.advice},
            "retry_at": None,
            "updated_at": round(self._now(), 3),
        }
        # Nobody should lose a download because nobody can be told about it (a full disk, a read-only folder).
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_text(self._path, json.dumps(told) + "\n")

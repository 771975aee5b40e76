"""Writes the status file (Contract 2 of ARCHITECTURE.md) for the phases that are the launcher's.

Reads it once: to add to the fetcher's own `failed` when it will be tried again.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.errors import LauncherError, UnavailableError


@dataclass(frozen=True)
class StatusFile:
    """The one status file of this stack."""

    path: Path
    model: str
    clock: Callable[[], float] = time.time

    def phase(self, phase: str, detail: str) -> None:
        """Say what is being done now."""
        self._write({"phase": phase, "detail": detail, "error": None, "retry_at": None})

    def failed(self, error: LauncherError, retry_in: float | None = None) -> None:
        """Say why there is no real model, and when it is tried again."""
        code = error.reason if isinstance(error, UnavailableError) else error.code
        self._write(
            {
                "phase": "failed",
                "detail": error.message,
                "error": {"code": code, "message": error.message, "advice": error.advice},
                "retry_at": None if retry_in is None else self.clock() + retry_in,
            }
        )

    def fetchers_error(self) -> dict[str, str] | None:
        """The `error` the fetcher left here, or None."""
        try:
            content = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        error = content.get("error") if isinstance(content, dict) else None
        return error if isinstance(error, dict) else None

    def clear(self) -> None:
        """Forget what a run before this one left."""
        self.path.unlink(missing_ok=True)

    def _write(self, fields: dict[str, Any]) -> None:
        content = {
            "schema": 1,
            "model": self.model,
            "percent": None,
            "eta_seconds": None,
            "updated_at": self.clock(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".launcher")
        fresh.write_text(json.dumps(content | fields), encoding="utf-8")
        fresh.replace(self.path)

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

    def error(self) -> dict[str, str] | None:
        """The `error` a fetcher left here, or None."""
        error = self.read().get("error")
        return error if isinstance(error, dict) else None

    def follow(self, source: "StatusFile", phase: str) -> None:
        """Show another file's progress as this one's `phase`."""
        theirs = source.read()
        if theirs.get("phase") in ("downloading", "verifying"):
            shown = {key: theirs.get(key) for key in ("percent", "detail", "eta_seconds")}
            self._write({"phase": phase, "error": None, "retry_at": None, **shown})

    def clear(self) -> None:
        """Forget what a run before this one left."""
        self.path.unlink(missing_ok=True)

    def read(self) -> dict[str, Any]:
        """The whole of it; empty where there is none."""
        try:
            content = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

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

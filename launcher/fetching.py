"""Runs one command of the fetcher (Contract 3) as a child: its answer, or its reason as an UnavailableError."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from launcher.errors import UnavailableError
from launcher.process import Lifeline
from launcher.services import Services
from launcher.status import StatusFile

GRACE = 5.0


@dataclass(frozen=True)
class Fetcher:
    """The fetcher, one command at a time. `status` is the stack's file."""

    services: Services
    lifeline: Lifeline
    status: StatusFile

    async def model(self, wish: str, llama_server: Path) -> Mapping[str, Any]:
        """Make a model be there: its manifest. The fetcher itself writes the stack's status meanwhile."""
        return await self._run(self.status, "fetch", wish, llama_server=llama_server)

    async def __call__(self, *arguments: str) -> Mapping[str, Any]:
        """Any other command: a part of llama-server on its way, shown as phase `binary`."""
        private = StatusFile(self.status.path.with_name("download.json"), self.status.model)
        mirror = asyncio.create_task(self._mirror(private))
        try:
            return await self._run(private, *arguments)
        finally:
            mirror.cancel()
            private.clear()

    async def _run(self, told: StatusFile, *arguments: str, llama_server: Path | None = None) -> Mapping[str, Any]:
        told.phase("binary", "on the way")
        child = await self.lifeline.start(
            self.services.fetcher(*arguments, status=told.path, llama_server=llama_server)
        )
        try:
            output = await child.output()
            code = await child.wait()
        finally:
            await child.stop(GRACE)
        if code != 0:
            raise _refusal(told.error(), code, arguments)
        answer: Mapping[str, Any] = json.loads(output.strip().splitlines()[-1])
        return answer

    async def _mirror(self, source: StatusFile) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.status.follow(source, "binary")


def model_name(wish: str) -> str:
    """What the model is called until the fetcher says it: the name, or one made of the last part of what was given."""
    if not (wish.startswith("hf:") or wish.lower().endswith(".gguf") or "/" in wish):
        return wish
    place = urlsplit(wish).path if "://" in wish else wish.rpartition(":")[2]
    stem = Path(place).name.lower().removesuffix(".gguf")
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")


def _refusal(told: Mapping[str, str] | None, code: int, arguments: tuple[str, ...]) -> UnavailableError:
    if not told:
        return UnavailableError(f"`fetcher {' '.join(arguments[:2])}` ended with exit code {code}", "", code)
    error = UnavailableError(told.get("message", ""), told.get("advice", ""), code, told.get("code", ""))
    error.told = True
    return error

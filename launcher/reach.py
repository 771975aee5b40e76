"""Which of the outside places a first start needs can be reached from here: hub, release server, package index."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from launcher.releases import Releases

SECONDS = 5.0
HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Place:
    """An outside place; `problem` is empty when it answers."""

    key: str
    title: str
    problem: str = ""

    @property
    def reached(self) -> bool:
        """Whether it answers."""
        return not self.problem


async def places(releases: Releases, environ: Mapping[str, str], *, offline: bool) -> dict[str, Place]:
    """Ask all of them at once; takes a few seconds at most."""
    hub = environ.get("HF_ENDPOINT") or HUB
    names = (("hub", f"the hub ({hub})"), ("releases", "llama.cpp's releases"), ("index", "the package index (pip)"))
    if offline:
        return {key: Place(key, title, "offline was asked for") for key, title in names}
    problems = await asyncio.gather(
        asyncio.to_thread(_problem_of, hub),
        asyncio.to_thread(_problem_of, releases.digests_link()),
        _problem_of_index(releases.source.requirement.partition("==")[0], environ),
    )
    return {key: Place(key, title, problem) for (key, title), problem in zip(names, problems, strict=True)}


def _problem_of(link: str) -> str:
    import httpx  # noqa: PLC0415 -- 100 ms, for those who ask only

    try:
        answer = httpx.head(link, timeout=SECONDS, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}"
    return f"answers {answer.status_code}" if answer.status_code >= 500 else ""


async def _problem_of_index(package: str, environ: Mapping[str, str]) -> str:
    """Through pip, because only pip knows which index, proxy and certificates are configured here."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "--timeout", str(SECONDS),
        "--retries", "0", "index", "versions", package,
        env=dict(environ), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, said = await asyncio.wait_for(process.communicate(), 3 * SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return "silent"
    if process.returncode == 0:
        return ""
    return "pip is missing: install python3-pip" if b"No module named pip" in said else "no answer"

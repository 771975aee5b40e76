"""One test's run of the simulator: where it answers, what goes wrong there, and what it was asked."""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from openai_api_simulator.control import ControlError, Query, ask
from openai_api_simulator.exchange import Request, read

_MOST = 1_000  # requests in one page


@dataclass(frozen=True)
class Mistake:
    """Something that a client did wrong, with the numbers of its requests."""

    mistake: str
    certainty: str  # seen, or likely: then a good client may look the same, and the verdict is passed
    message: str
    requests: list[int]
    advice: str

    def __str__(self) -> str:
        return f"{self.mistake} ({self.certainty}): {self.message}. {self.advice}"


@dataclass(frozen=True)
class Verdict:
    """What the client of a run did wrong."""

    passed: bool
    mistakes: tuple[Mistake, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes)) or "no mistakes"


class UseError(Exception):
    """The simulator does not understand what a test wants of it; the message is one sentence."""


class OpenAISim:
    """A run. What it is told holds for its own requests alone, and for no other test."""

    def __init__(self, server: str, name: str, folders: Sequence[Path] = ()) -> None:
        self.name = name
        self.url = f"{server}/t/{name}"
        self.base_url = f"{self.url}/v1"
        self.api_key = f"sk-sim-{name}"
        self.folders = tuple(folders) or (Path.cwd(),)  # where files are looked for
        self.allow_unmatched = False

    @property
    def environment(self) -> dict[str, str]:
        """What sends OpenAI's and Anthropic's clients here. LangChain looks at OPENAI_API_BASE first."""
        return {
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_BASE": self.base_url,
            "OPENAI_API_KEY": self.api_key,
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": self.api_key,
        }

    def scenario(self, given: "Mapping[str, Any] | str | Path", *, on_miss: str | None = None) -> None:
        """Answer by these rules (docs/scenarios.md): an object, YAML or JSON, or a file.

        What no rule answers is a 404, and the test fails; unless `on_miss`, here or in the scenario, says otherwise.
        Raises UseError for a scenario that is wrong.
        """
        __tracebackhide__ = True
        text, file = self._read(given)
        sent = _with_on_miss(text, on_miss)
        try:
            self.ask("POST", "scenario", sent.encode())
        except UseError as problem:
            shown = re.sub(r"\bscenario\.(?:yaml|json)(?=:\d)", str(file), str(problem)) if file else str(problem)
            raise UseError(shown) from None

    def fault(
        self,
        name: str,
        /,
        *,
        times: int | None = None,
        after: int = 0,
        probability: float = 1.0,
        model: str = "*",
        path: str = "*",
        **settings: Any,
    ) -> None:
        """Let this go wrong (docs/faults.md): so many times, after so many requests that are spared.

        Raises UseError for a fault or a setting that there is not.
        """
        __tracebackhide__ = True
        when = {"times": times, "after": after, "probability": probability, "model": model, "path": path}
        self.ask("POST", "faults", {"fault": name, "settings": settings, **when})

    def limits(self, preset: str | None = None, /, **plan: Any) -> None:
        """Hold the run to limits (docs/limits.md): `limits("tier-1")`, or `limits(requests_per_minute=2)`.

        `limits=[...]`, `budget=...` and `prices=...` are as there; all else is one limit. Raises UseError.
        """
        __tracebackhide__ = True
        body: dict[str, Any] = {name: plan.pop(name) for name in ("limits", "budget", "prices") if name in plan}
        if preset:
            body["preset"] = preset
        if plan:
            body["limits"] = [*body.get("limits", ()), plan]
        self.ask("POST", "limits", body)

    def latency(self, preset: str | None = None, /, **profile: Any) -> None:
        """Take this long to answer (docs/latency.md): `latency("gpt-4o", virtual=True)`. Raises UseError."""
        __tracebackhide__ = True
        self.ask("POST", "latency", {"preset": preset, **profile} if preset else profile)

    def requests(self, **filters: "str | int") -> list[Request]:
        """What was asked so far, oldest first; filters are those of the journal (docs/runs.md): `status=429`.

        An answer that is still on its way is given a second to end.
        """
        __tracebackhide__ = True
        data = self._journal(filters)
        if any(entry["end"] == "open" for entry in data):
            data = self._journal({**filters, "wait_for": min(len(data), _MOST), "timeout": 1})
        return [read(entry) for entry in data]

    def wait_for(self, count: int, *, timeout: int = 10, **filters: "str | int") -> list[Request]:
        """The requests, when so many are over. Raises AssertionError where they are not after `timeout` seconds.

        It waits; in an asynchronous test, `await asyncio.to_thread(openai_sim.wait_for, 2)`.
        """
        __tracebackhide__ = True
        data = self._journal({**filters, "wait_for": count, "timeout": timeout}, timeout + 30)
        came = [read(entry) for entry in data]
        over = [request for request in came if request.end != "open"]
        if len(over) < count:
            shown = "".join([f"\n  {request}" for request in came])
            raise AssertionError(f"{len(over)} of {count} requests were over after {timeout} seconds{shown}")
        return came

    @property
    def last_request(self) -> Request:
        """The newest one. Raises AssertionError where there was none."""
        __tracebackhide__ = True
        requests = self.requests()
        if not requests:
            raise AssertionError(f"nothing was asked of {self.base_url}")
        return requests[-1]

    @property
    def unmatched(self) -> list[Request]:
        """The requests that no rule of the scenario answered."""
        return [request for request in self.requests(status=404) if request.unmatched]

    def verdict(self, **settings: "str | float") -> Verdict:
        """What the client did wrong (docs/verdict.md): `verdict(ignore="storm")`. Raises UseError."""
        __tracebackhide__ = True
        told = self.ask("GET", "verdict", query=settings)
        names = [spec.name for spec in fields(Mistake)]
        mistakes = [Mistake(**{name: mistake.get(name, "") for name in names}) for mistake in told["mistakes"]]
        return Verdict(told["passed"], tuple(mistakes))

    def check(self, *assertions: Mapping[str, Any]) -> None:
        """Hold the requests against assertions (docs/verdict.md). Raises AssertionError, UseError."""
        __tracebackhide__ = True
        told = self.ask("POST", "assertions", {"assertions": assertions})
        failed = [f"{result['name']}: {result['message']}" for result in told["results"] if not result["passed"]]
        if failed:
            raise AssertionError("\n".join(failed))

    def seed(self, seed: int) -> None:
        """Let the run answer as with that seed. Raises UseError."""
        __tracebackhide__ = True
        self.ask("POST", "runs", {"seed": seed})

    def clock(self, now: float, *, frozen: bool = False) -> None:
        """Let it be this time, in seconds since 1970, in what the run is answered. Raises UseError."""
        __tracebackhide__ = True
        self.ask("POST", "runs", {"now": now, "frozen": frozen})

    def clear(self) -> None:
        """Forget the requests so far."""
        self.ask("DELETE", "requests")

    def ask(
        self,
        method: str,
        what: str,
        body: "bytes | Mapping[str, Any] | None" = None,
        *,
        query: Query | None = None,
        seconds: float = 30.0,
    ) -> Any:
        """Anything else of the run's `/_sim/` (docs/runs.md), as JSON. Raises UseError."""
        __tracebackhide__ = True
        try:
            return ask(method, f"{self.url}/_sim/{what}", body, query=query, seconds=seconds)
        except ControlError as problem:
            raise UseError(str(problem)) from None

    def _journal(self, query: Query, seconds: float = 30.0) -> list[Any]:
        """All pages of it."""
        __tracebackhide__ = True
        entries: list[Any] = []
        more = True
        while more:
            newer = {"after": entries[-1]["number"]} if entries else {}
            page = self.ask("GET", "requests", query={"limit": _MOST, "full": 1, **query, **newer}, seconds=seconds)
            entries += page["data"]
            more = page["has_more"] and "limit" not in query
        return entries

    def _read(self, given: "Mapping[str, Any] | str | Path") -> "tuple[str, Path | None]":
        """A scenario's text, and the file that it is from."""
        __tracebackhide__ = True
        if isinstance(given, Mapping):
            return json.dumps(given), None
        if not isinstance(given, str | Path):
            raise UseError(f"a scenario is an object, YAML or JSON, or a file, and no {type(given).__name__}")
        if isinstance(given, str) and _is_text(given):
            return textwrap.dedent(given), None
        for folder in self.folders:
            if (file := folder / given).is_file():
                return file.read_text(encoding="utf-8"), file
        raise UseError(f"there is no scenario file {str(given)!r} in {' nor '.join(map(str, self.folders))}")


def _is_text(given: str) -> bool:
    """Whether it is YAML or JSON itself, and no file's name."""
    is_name = given.endswith((".yaml", ".yml", ".json"))
    return "\n" in given or given.lstrip().startswith("{") or (": " in given and not is_name)


def _with_on_miss(text: str, wanted: str | None) -> str:
    """YAML or JSON that says what is answered where no rule fits, and in which lines keep their numbers."""
    if text.lstrip().startswith("{"):
        said, place, line = r'"on_miss"\s*:\s*"\w*"', r"{", f'{{"on_miss": "{wanted or "fail"}", '
        told = f'"on_miss": "{wanted}"'
    else:
        said, place, line = r"(?m)^on_miss[ \t]*:.*$", r"\s*\Z", f"\non_miss: {wanted or 'fail'}\n"
        told = f"on_miss: {wanted}"
    if re.search(said, text):
        return re.sub(said, told, text, count=1) if wanted else text
    return re.sub(place, line, text, count=1)

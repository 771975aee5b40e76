"""Where a run is in its scenario: how often each rule has answered, and what it answers next. One for each run."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from proxy.scenarios.asked import Asked
from proxy.scenarios.format import Answer, Rule
from proxy.scenarios.load import Loaded, Placed
from proxy.scenarios.match import Found, matched
from proxy.scenarios.patience import TooSlowError
from proxy.scenarios.template import Values

if TYPE_CHECKING:  # loaded where there are recordings
    from proxy.recordings.library import Hit, Library
    from proxy.recordings.report import Report


class Source(Protocol):
    """Where the scenario comes from: it may be another one at the next request."""

    @property
    def loaded(self) -> Loaded:
        """The scenario as it is now."""

    def shown(self) -> dict[str, Any]:
        """Where it comes from, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Given:
    """A scenario that was given once, by the control API, in so many bytes."""

    loaded: Loaded
    size: int = 0

    def shown(self) -> dict[str, Any]:
        """It comes from no file."""
        return {"source": "control", "files": [], "problem": None}


@dataclass(frozen=True, slots=True)
class Nothing:
    """No scenario: what is on a miss is for every request."""

    loaded: Loaded = field(default_factory=lambda: Loaded((), None, "simulate"))

    def shown(self) -> dict[str, Any]:
        """There is none."""
        return {"source": None, "files": [], "problem": None}


@dataclass(frozen=True, slots=True)
class Taken:
    """A rule that answers, with its answer and the values for it; `hit` where it is a recording."""

    placed: Placed
    answer: Answer
    values: Values
    hit: "Hit | None" = None


class Player:
    """One run's way through a scenario. A rule that stays the same when files change keeps its position.

    `on_miss` wins over the scenario's own.
    """

    def __init__(self, source: Source, on_miss: str | None = None) -> None:
        self.source = source
        self._on_miss = on_miss
        self._read = source.loaded
        self._used: dict[str, int] = {}
        self._missed = 0
        self._report: Report | None = None
        self.nearest = ""  # recording of the last request that no rule answers, in words

    @property
    def is_empty(self) -> bool:
        """Whether there is no scenario."""
        return not self.source.loaded.rules

    @property
    def on_miss(self) -> str:
        """What no rule answers."""
        return self._on_miss or self.source.loaded.on_miss

    @property
    def replays(self) -> bool:
        """Whether there are recordings: answers that were made elsewhere."""
        return self.source.loaded.library is not None

    def take(self, asked: Asked) -> Taken | None:
        """The answer to this request, which is counted; None where no rule answers. Passes TooSlowError on."""
        loaded = self._current()
        self.nearest, is_looked_up = "", False
        for placed in loaded.rules:
            if placed.rule.when.request is None:
                if (found := self._fits(placed, asked)) is not None:
                    return self._taken(placed, Values(asked, found, self._number(placed)))
            elif not is_looked_up:  # all recordings stand where the first of them stands
                is_looked_up = True
                if loaded.library and (taken := self._replayed(loaded.library, asked)):
                    return taken
        self._missed += 1
        return None

    def _fits(self, placed: Placed, asked: Asked) -> Found | None:
        return None if is_spent(placed.rule, self._used.get(placed.key, 0)) else _matched(placed, asked)

    def _number(self, placed: Placed) -> int:
        return self._used.get(placed.key, 0) + 1

    def _taken(self, placed: Placed, values: Values, hit: "Hit | None" = None) -> Taken:
        self._used[placed.key] = values.number
        return Taken(placed, answer_of(placed.rule, values.number - 1), values, hit)

    def _replayed(self, library: "Library", asked: Asked) -> Taken | None:
        from proxy.recordings.library import Miss  # noqa: PLC0415 - who replays nothing need not load it
        from proxy.recordings.report import Report  # noqa: PLC0415

        found = library.find(asked, lambda placed: self._fits(placed, asked) is not None)
        self._report = self._report or Report()
        self._report.note(asked, found)
        if isinstance(found, Miss):
            self.nearest = found.told()
            return None
        values = Values(asked, self._fits(found.placed, asked) or {}, self._number(found.placed))
        return self._taken(found.placed, values, found)

    def shown(self) -> dict[str, Any]:
        """The scenario and how far it is, for people and programs."""
        loaded = self._current()
        rules = [
            {
                "name": placed.label,
                "file": placed.file,
                "line": placed.line,
                "used": self._used.get(placed.key, 0),
                "spent": is_spent(placed.rule, self._used.get(placed.key, 0)),
            }
            for placed in loaded.rules
        ]
        return {
            "object": "sim.scenario",
            "name": loaded.name,
            **self.source.shown(),
            "on_miss": self.on_miss,
            "missed": self._missed,
            "rules": rules,
            "unused": [rule["name"] for rule in rules if not rule["used"]],
            "warnings": [str(problem) for problem in loaded.warnings],
            **({"replay": self._report.shown()} if self._report else {}),
        }

    def _current(self) -> Loaded:
        loaded = self.source.loaded
        if loaded is not self._read:
            keys = {placed.key for placed in loaded.rules}
            self._used = {key: used for key, used in self._used.items() if key in keys}
            self._read = loaded
        return loaded


def _matched(placed: Placed, asked: Asked) -> Found | None:
    try:
        return matched(placed.rule.when, asked)
    except TooSlowError as problem:
        problem.rule = placed.label
        raise


def is_spent(rule: Rule, used: int) -> bool:
    """Whether a rule has given all its answers."""
    return (rule.times is not None and used >= rule.times) or (rule.repeat == "none" and used >= len(rule.sequence))


def answer_of(rule: Rule, used: int) -> Answer:
    """Its next answer."""
    answers = rule.sequence
    return answers[used % len(answers) if rule.repeat == "cycle" else min(used, len(answers) - 1)]

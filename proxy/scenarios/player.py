"""Where a run is in its scenario: how often each rule has answered, and what it answers next. One for each run."""

from dataclasses import dataclass
from typing import Any, Protocol

from proxy.scenarios.asked import Asked
from proxy.scenarios.format import Answer, Rule
from proxy.scenarios.load import Loaded, Placed
from proxy.scenarios.match import Found, matched
from proxy.scenarios.patience import TooSlowError
from proxy.scenarios.template import Values


class Source(Protocol):
    """Where the scenario comes from: it may be another one at the next request."""

    @property
    def loaded(self) -> Loaded:
        """The scenario as it is now."""

    def shown(self) -> dict[str, Any]:
        """Where it comes from, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Given:
    """A scenario that was given once, by the control API."""

    loaded: Loaded

    def shown(self) -> dict[str, Any]:
        """It comes from no file."""
        return {"source": "control", "files": [], "problem": None}


@dataclass(frozen=True, slots=True)
class Taken:
    """A rule that answers, with its answer and the values for it."""

    placed: Placed
    answer: Answer
    values: Values


class Player:
    """One run's way through a scenario. A rule that stays the same when files change keeps its position."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._read = source.loaded
        self._used: dict[str, int] = {}
        self._missed = 0

    @property
    def on_miss(self) -> str:
        """What no rule answers."""
        return self._source.loaded.on_miss

    def take(self, asked: Asked) -> Taken | None:
        """The answer to this request, which is counted; None where no rule answers. Passes TooSlowError on."""
        for placed in self._current().rules:
            rule = placed.rule
            found = _matched(placed, asked)
            if found is None or is_spent(rule, used := self._used.get(placed.key, 0)):
                continue
            self._used[placed.key] = used + 1
            return Taken(placed, answer_of(rule, used), Values(asked, found, used + 1))
        self._missed += 1
        return None

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
            **self._source.shown(),
            "on_miss": loaded.on_miss,
            "missed": self._missed,
            "rules": rules,
            "unused": [rule["name"] for rule in rules if not rule["used"]],
            "warnings": [str(problem) for problem in loaded.warnings],
        }

    def _current(self) -> Loaded:
        loaded = self._source.loaded
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

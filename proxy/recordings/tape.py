"""What has been recorded: rules of a scenario, in the order in which the requests came, as a text or in a file.

A request that comes again has its answers in turn. A file's older recording of a request gives way to the new one;
every other rule in it stays. Knows no HTTP.
"""

import asyncio
import json
import logging
import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proxy.recordings.question import Question
from proxy.recordings.yaml_text import written
from proxy.scenarios.load import MOST_RULES, load
from proxy.scenarios.source import read

log = logging.getLogger("proxy")

MOST_ANSWERS = 1_000  # of one request: as many as a rule may have
HEAD = "# Recorded by the OpenAI API Simulator: docs/recording.md says how it is replayed."
_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an answer that is on its way: the number of the request, and how often it has come."""

    question: Question
    number: int
    turn: int

    @property
    def name(self) -> str:
        """What its rule is called."""
        slug = _SLUG.sub("-", self.question.user.lower())[:_SLUG_LENGTH].strip("-")
        return "-".join(filter(None, [self.question.endpoint, slug, self.question.digest]))

    @property
    def key(self) -> str:
        """What decides the ids in the answer."""
        return f"{self.question.digest} {self.turn}"


@dataclass(slots=True)
class _Rule:
    """The answers to one request, by the numbers of the requests that got them."""

    slot: Slot
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    shown: str = ""

    def value(self) -> dict[str, Any]:
        """As a scenario has it."""
        question = self.slot.question
        answers = [{"replay": self.answers[number]} for number in sorted(self.answers)]
        when = {"endpoint": question.endpoint, "request": question.request}
        return {"name": self.slot.name, "when": when} | (
            {"answer": answers[0]} if len(answers) == 1 else {"answers": answers}
        )


class Tape:
    """Where answers are recorded: in memory, within `most` bytes, and in a file if there is one.

    Raises ScenarioError for a file that is no scenario, and OSError for one that cannot be written.
    """

    def __init__(self, most: Callable[[], int], path: Path | None = None) -> None:
        self.path = path
        self.bytes = 0
        self.skipped: Counter[str] = Counter()  # why what was not recorded
        self.problem: str | None = None
        self._most = most
        self._head: dict[str, Any] = {"on_miss": "fail"}
        self._older: dict[str, str] = {}  # rules of the file as it has them, by name
        self._rules: dict[str, _Rule] = {}
        self._begun: Counter[str] = Counter()
        self._number = 0
        self._version = self._saved = 0
        self._saving = asyncio.Lock()
        if path is not None:
            self._open(path)

    def begin(self, question: Question) -> Slot:
        """A place for the answer to this request."""
        self._number += 1
        if question.digest in self._begun or len(self._begun) < MOST_RULES:
            self._begun[question.digest] += 1
        return Slot(question, self._number, self._begun[question.digest])

    def add(self, slot: Slot, replay: dict[str, Any]) -> bool:
        """Record a whole answer, if there is room; whether there was."""
        rule = self._rules.get(slot.question.whole)
        size = len(repr(replay)) + (0 if rule else len(repr(slot.question.request)))
        if why := self._full(rule, size):
            self.skip(why)
            return False
        if rule is None:
            rule = self._rules[slot.question.whole] = _Rule(slot)
            self._older.pop(slot.name, None)
        if slot.number < rule.slot.number:
            rule.slot = slot
        rule.answers[slot.number] = replay
        rule.shown = ""
        self.bytes += size
        self._version += 1
        return True

    def _full(self, rule: _Rule | None, size: int) -> str | None:
        """Why there is no room for so many bytes more."""
        if self.bytes + size > self._most():
            return "there is no room for more"
        if rule is None and len(self._rules) + len(self._older) >= MOST_RULES:
            return f"there are {MOST_RULES} rules"
        return f"a request has {MOST_ANSWERS} answers" if rule and len(rule.answers) >= MOST_ANSWERS else None

    def skip(self, why: str) -> None:
        """Count what is not recorded."""
        if not self.skipped[why]:
            log.warning("an answer was not recorded: %s", why)
        self.skipped[why] += 1

    def text(self) -> str:
        """All of it, as a scenario in YAML; or in JSON where the file's name says so."""
        rules = sorted(self._rules.values(), key=lambda rule: rule.slot.number)
        for rule in rules:
            rule.shown = rule.shown or self._listed(rule.value())
        shown = [*self._older.values(), *[rule.shown for rule in rules]]
        if self._is_json:
            head = "".join([f"{json.dumps(name)}: {json.dumps(value)},\n" for name, value in self._head.items()])
            return f'{{\n{head}"rules": [\n{",".join(shown)}]\n}}\n'
        head = "".join([f"{name}: {written(value)}" for name, value in self._head.items()])
        return "".join([f"{HEAD}\n", head, "rules:\n" if shown else "rules: []\n", *shown])

    def told(self) -> dict[str, Any]:
        """How much there is, for people and programs."""
        return {
            "file": self.path and str(self.path),
            "rules": len(self._rules),
            "answers": sum(len(rule.answers) for rule in self._rules.values()),
            "bytes": self.bytes,
            "skipped": dict(self.skipped),
            "problem": self.problem,
        }

    async def save(self) -> None:
        """Have in the file, if there is one, all that is recorded now; those who wait meanwhile share one writing."""
        wanted = self._version
        async with self._saving:
            if self.path is None or self._saved >= wanted:
                return
            text, version = self.text(), self._version
            try:
                await asyncio.to_thread(_write, self.path, text)
            except OSError as problem:
                self.problem = f"{self.path} cannot be written: {problem.strerror}"
                log.error("%s", self.problem)
                return
            self.problem, self._saved = None, version

    def _open(self, path: Path) -> None:
        folder = path.parent
        if not folder.is_dir():
            raise FileNotFoundError(2, "the folder does not exist", str(folder))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "this user may not write into the folder", str(folder))
        if not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        loaded = load([(str(path), text)])
        value = read(text.removeprefix("\ufeff"), is_json=self._is_json).value
        labels = [placed.rule.name or f"#{index}" for index, placed in enumerate(loaded.rules)]
        self._older = dict(zip(labels, map(self._listed, value["rules"]), strict=True))
        self._head = {name: each for name, each in value.items() if name != "rules"}

    def _listed(self, rule: dict[str, Any]) -> str:
        """One item of the list of rules."""
        return json.dumps(rule, ensure_ascii=False, indent=1) + "\n" if self._is_json else written([rule])

    @property
    def _is_json(self) -> bool:
        return self.path is not None and self.path.suffix == ".json"


def _write(path: Path, text: str) -> None:
    """All or nothing: whoever reads it meanwhile has the old one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

"""A scenario out of a text: read, checked whole, and with the line of each rule. Knows no files and no server."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from proxy.scenarios import checks
from proxy.scenarios.format import Rule, Scenario
from proxy.scenarios.source import Document, Path, SourceError, read
from proxy.scenarios.wording import mistakes

if TYPE_CHECKING:
    from proxy.recordings.library import Library

MOST_RULES = 10_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where; line 0 is the file as such."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.message}"


class ScenarioError(Exception):
    """A scenario that cannot be used: all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule, where it stands, and a key that stays its own when the file around it changes."""

    rule: Rule
    file: str
    line: int
    key: str

    @property
    def label(self) -> str:
        """What to call it."""
        return self.rule.name or f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Loaded:
    """A scenario that can be used; `library` has its recordings, if there are any."""

    rules: tuple[Placed, ...]
    name: str | None
    on_miss: str
    library: "Library | None" = None

    @cached_property
    def warnings(self) -> "list[Problem]":
        """What may not be meant; found once, which takes a moment where there are a thousand rules."""
        from proxy.scenarios.shadow import warnings  # noqa: PLC0415 - it knows what is loaded here

        return warnings(self)


def load(texts: Iterable[tuple[str, str]]) -> Loaded:
    """One scenario out of (name, text) of files, their rules in order; `.json` is JSON. Raises ScenarioError."""
    problems: list[Problem] = []
    rules: list[Placed] = []
    heads: list[tuple[str, Scenario]] = []
    for file, text in texts:
        try:
            document = read(text.removeprefix("\ufeff"), is_json=file.endswith(".json"))
        except SourceError as problem:
            problems.append(Problem(file, problem.line, problem.message))
            continue
        for line, message in _check(file, document, rules, heads):
            problems.append(Problem(file, line, message))
    problems += _twice(rules) + _disagreeing(heads)
    if problems:
        raise ScenarioError(problems)
    policies = [head.on_miss for _, head in heads if head.on_miss]
    names = [head.name for _, head in heads if head.name]
    placed = tuple(_with_keys(rules))
    library = _library(placed, [head.similarity for _, head in heads if head.similarity is not None])
    return Loaded(placed, ", ".join(names) or None, policies[0] if policies else "simulate", library)


def _library(rules: Iterable[Placed], similarities: list[float]) -> "Library | None":
    recorded = [placed for placed in rules if placed.rule.when.request is not None]
    if not recorded:
        return None
    from proxy.recordings import library  # noqa: PLC0415 - who replays nothing need not load it

    return library.Library(recorded, similarities[0] if similarities else library.SIMILARITY)


def _check(
    file: str, document: Document, rules: list[Placed], heads: list[tuple[str, Scenario]]
) -> Iterator[tuple[int, str]]:
    """Everything wrong with one document; what is right is added to the lists."""
    value = document.value
    if not isinstance(value, dict):
        yield 1, "this is empty" if value in (None, "") else "a scenario is an object with the key 'rules'"
        return
    given = value.get("rules")
    listed = given if isinstance(given, list) else []
    stand_in: list[dict[str, Any]] = [{}] * min(len(listed), MOST_RULES + 1)  # the rules are checked one by one
    head = value | ({"rules": stand_in} if listed else {})
    try:
        heads.append((file, msgspec.convert(head, Scenario)))
    except msgspec.ValidationError:
        yield from [(document.line(path), message) for path, message in mistakes(head, Scenario)]
    for index, each in enumerate(listed[:MOST_RULES]):
        where: Path = ("rules", index)
        found = list(_of_rule(each))
        if found:
            yield from [(document.line((*where, *path)), message) for path, message in found]
        else:
            rules.append(Placed(msgspec.convert(each, Rule), file, document.line(where), ""))


def _of_rule(given: Any) -> Iterator[tuple[Path, str]]:
    try:
        rule = msgspec.convert(given, Rule)
    except msgspec.ValidationError:
        yield from mistakes(given, Rule)
        return
    for name, value in given.get("when", {}).items():
        if value is None:  # for the types it is absent, and the rule would answer everything
            yield ("when", name), f"'{name}' has no value: write one, or leave the key out"
    yield from checks.problems(rule)


def _twice(rules: list[Placed]) -> list[Problem]:
    first: dict[str, Placed] = {}
    found = []
    for placed in rules:
        name = placed.rule.name
        if name and (other := first.setdefault(name, placed)) is not placed:
            found.append(
                Problem(placed.file, placed.line, f"the name '{name}' is that of {other.file}:{other.line} already")
            )
    return found


def _disagreeing(heads: list[tuple[str, Scenario]]) -> list[Problem]:
    told_by = [(file, head.on_miss) for file, head in heads if head.on_miss]
    return [
        Problem(file, 1, f"'on_miss' is '{policy}' here and '{told_by[0][1]}' in {told_by[0][0]}")
        for file, policy in told_by
        if policy != told_by[0][1]
    ]


def _with_keys(rules: list[Placed]) -> Iterator[Placed]:
    seen: Counter[str] = Counter()
    for placed in rules:
        key = placed.rule.name or blake2b(ascii(placed.rule).encode(), digest_size=12).hexdigest()
        seen[key] += 1
        yield Placed(placed.rule, placed.file, placed.line, f"{key} {seen[key]}")

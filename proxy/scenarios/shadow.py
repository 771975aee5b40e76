"""Finds rules that can never answer, because an earlier one always answers first. Says nothing where it is not sure."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from proxy.scenarios.format import Rule, Test, When
from proxy.scenarios.load import Loaded, Placed, Problem
from proxy.scenarios.match import has

_WILD = re.compile(r"[*?[]")
MOST = 1_000  # rules that are compared with each other: half a million pairs


def shadowed(loaded: Loaded) -> Iterator[tuple[Placed, Placed]]:
    """Each rule that never answers, with the one that answers first."""
    endless: list[Placed] = []
    for placed in loaded.rules[:MOST]:
        before = next((other for other in endless if _covers(other.rule.when, placed.rule.when)), None)
        if before is not None:
            yield placed, before
        elif _is_endless(placed.rule):
            endless.append(placed)


def warnings(loaded: Loaded) -> list[Problem]:
    """The same in words."""
    return [
        Problem(
            rule.file,
            rule.line,
            f"rule{_named(rule)} never answers: {before.file}:{before.line}{_named(before)} always answers first",
        )
        for rule, before in shadowed(loaded)
    ]


def _named(placed: Placed) -> str:
    return f" '{placed.rule.name}'" if placed.rule.name else ""


def _is_endless(rule: Rule) -> bool:
    """Whether it answers for ever all that fits it; of a recording, nobody knows here what is near enough."""
    return rule.times is None and rule.repeat != "none" and rule.when.request is None


def _covers(wide: When, narrow: When) -> bool:
    """Whether all that the narrow one takes is taken by the wide one too."""
    return (
        _text(wide.user, narrow.user)  # what most rules differ by: half a million pairs are soon looked at
        and _model(wide.model, narrow.model)
        and _endpoints(wide.endpoint) >= _endpoints(narrow.endpoint)
        and wide.stream in (None, narrow.stream)
        and wide.turn in (None, narrow.turn)
        and set(wide.tools or ()) <= set(narrow.tools or ())
        and all(_text(getattr(wide, name), getattr(narrow, name)) for name in ("system", "tool_result"))
        and _texts(_lower(wide.headers), _lower(narrow.headers))
        and _equal(wide.jsonpath or {}, narrow.jsonpath or {})
        and (wide.body is None or (narrow.body is not None and has(narrow.body, wide.body)))
    )


def _endpoints(given: Any) -> set[str]:
    if given is None:
        return {"chat", "completions", "responses", "messages"}
    return set(given) if isinstance(given, list) else {given}


def _model(wide: str | None, narrow: str | None) -> bool:
    if wide is None or wide in ("*", narrow):
        return True
    if narrow is None:
        return False
    if _WILD.search(narrow) is None:
        return fnmatchcase(narrow, wide)
    begin = wide.removesuffix("*")  # takes all that begins so
    return begin != wide and _WILD.search(begin) is None and narrow.startswith(begin)


def _lower(headers: Mapping[str, str | Test] | None) -> dict[str, str | Test]:
    return {name.lower(): test for name, test in (headers or {}).items()}


def _texts(wide: dict[str, str | Test], narrow: dict[str, str | Test]) -> bool:
    return all(_text(test, narrow.get(name)) for name, test in wide.items())


def _equal(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    return all(name in narrow and narrow[name] == value for name, value in wide.items())


def _text(wide: str | Test | None, narrow: str | Test | None) -> bool:
    if wide is None or wide == narrow:
        return True
    if narrow is None:
        return False
    if isinstance(wide, Test):
        if wide.regex is not None or wide.exact is not None or wide.contains is None:
            return False
        wide = wide.contains
    parts = [narrow] if isinstance(narrow, str) else [narrow.exact or "", narrow.contains or ""]
    return any(wide in part for part in parts)

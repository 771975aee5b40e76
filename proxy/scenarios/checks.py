"""The rules that span the fields of a rule: what its types alone cannot say."""

import re
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from proxy.errors import BadRequestError
from proxy.faults.fault import Fault
from proxy.faults.table import asked_for, make
from proxy.scenarios import template
from proxy.scenarios.format import Answer, Replay, Rule, Test, When
from proxy.scenarios.jsonpath import steps
from proxy.scenarios.match import compiled
from proxy.scenarios.source import Path

Problem = tuple[Path, str]
_SAID = ("text", "json", "refusal")
_KEYS = ("text", "json", "tool_calls", "refusal", "error", "delay", "fault", "pass", "simulate", "replay")
_ENDS = ("error", "pass", "simulate", "replay")


def problems(rule: Rule) -> Iterator[Problem]:
    """All that is wrong, with the place in the rule."""
    if (rule.answer is None) is (rule.answers is None):
        which = "either 'answer' or 'answers'" if rule.answer else "'answer' or 'answers'"
        yield (), f"a rule has {which}"
    if rule.when.request is not None and not isinstance(rule.when.endpoint, str):
        yield ("when", "request"), "'request' goes with one 'endpoint'"
    groups: set[str] = set()
    yield from [(("when", *path), message) for path, message in of_when(rule.when, groups)]
    each: list[tuple[Path, Answer]] = [(("answer",), rule.answer)] if rule.answer else []
    each += [(("answers", index), answer) for index, answer in enumerate(rule.answers or ())]
    for path, answer in each:
        yield from [((*path, *more), message) for more, message in _of_answer(answer, groups)]


def of_when(when: When, groups: set[str]) -> Iterator[Problem]:
    """What is wrong in conditions; the groups of their regular expressions are added."""
    for path, test in _tests(when):
        yield from [((*path, *more), message) for more, message in of_test(test, groups)]
    for name in when.jsonpath or {}:
        yield from [(("jsonpath", name), message) for message in _of_path(name)]


def _tests(when: When) -> Iterator[tuple[Path, str | Test]]:
    single = {"user": when.user, "system": when.system, "tool_result": when.tool_result}
    yield from [((name,), test) for name, test in single.items() if test is not None]
    yield from [(("headers", name), test) for name, test in (when.headers or {}).items()]
    yield from [(("jsonpath", name), test) for name, test in (when.jsonpath or {}).items() if isinstance(test, Test)]


def of_test(test: str | Test, groups: set[str]) -> Iterator[Problem]:
    """What is wrong in a test of a text."""
    if test == Test():
        yield (), "a test of a text has 'exact', 'contains' or 'regex'"
    if isinstance(test, str) or test.regex is None:
        return
    try:
        pattern = compiled(test.regex)
    except RecursionError:
        yield ("regex",), "the regex cannot be read: it is nested too deep"
        return
    except (re.error, OverflowError) as problem:
        yield ("regex",), f"the regex cannot be read: {problem}"
        return
    groups |= {*map(str, range(pattern.groups + 1)), *pattern.groupindex}


def _of_path(path: str) -> Iterator[str]:
    try:
        steps(path)
    except ValueError as problem:
        yield f"'{path}' is no JSONPath: {problem}"


def given_in(answer: Answer) -> list[str]:
    """The keys that an answer has."""
    return [name for key, name in _keys_of_answers() if getattr(answer, key) is not None]


@cache  # msgspec reads the annotations anew each time: of thousands of rules that is a second
def _keys_of_answers() -> list[tuple[str, str]]:
    return [(field.name, field.encode_name) for field in msgspec.structs.fields(Answer)]


def _of_answer(answer: Answer, groups: set[str]) -> Iterator[Problem]:
    given = given_in(answer)
    yield from _together(answer, given)
    for name in ("text", "json", "refusal"):
        yield from [((name,), message) for message in template.problems(getattr(answer, name), groups)]
    for index, call in enumerate(answer.tool_calls or ()):
        at: Path = ("tool_calls", index, "arguments")
        yield from [(at, message) for message in template.problems(call.arguments, groups)]
    if answer.fault is not None:
        yield from _of_fault(answer.fault)
    if answer.replay is not None:
        yield from [(("replay", *path), message) for path, message in _of_replay(answer.replay)]


def _of_replay(replay: Replay) -> Iterator[Problem]:
    given = [name for name in ("body", "events", "base64") if getattr(replay, name) is not None]
    if len(given) != 1:
        yield (), f"a replay has one of 'body', 'events' and 'base64', not {_both(given) or 'none'}"
    for index, (ms, *texts) in enumerate(replay.events or ()):
        if not isinstance(ms, int) or ms < 0 or not all(isinstance(text, str) for text in texts):
            yield ("events", index), "an event is [ms, text] or [ms, name, data], ms a whole number of at least 0"
    try:
        b64decode(replay.base64 or "", validate=True)
    except ValueError:
        yield ("base64",), "'base64' is no base64"


def _together(answer: Answer, given: list[str]) -> Iterator[Problem]:
    """Which keys go together."""
    if not given:
        yield (), f"an answer has at least one of {', '.join(_KEYS)}"
    said = [name for name in given if name in _SAID]
    ends = [name for name in given if name in _ENDS]
    calls = ["tool_calls"] if answer.tool_calls else []
    if len(said) > 1 or (answer.refusal and calls):
        yield (), f"an answer has one of {_both(said + calls)}, not both"
    if ends and (len(ends) > 1 or said or calls):
        yield (), f"an answer has one of {_both(ends + said + calls)}, not both"
    if answer.finish_reason and not said and not calls:
        yield ("finish_reason",), "'finish_reason' goes with a text, json, tool_calls or a refusal"
    if answer.probability is not None and answer.fault is None:
        yield ("probability",), "'probability' goes with a fault"
    if answer.error is not None and answer.fault is not None:
        yield ("fault",), "an error meets no fault"


def _both(names: list[str]) -> str:
    return " and ".join([f"'{name}'" for name in names])


def _of_fault(given: str | dict[str, dict[str, Any]]) -> Iterator[Problem]:
    try:
        if not faults_of(given):
            yield ("fault",), "no fault is named"
    except BadRequestError as problem:
        yield ("fault",), problem.message


def faults_of(given: str | dict[str, dict[str, Any]]) -> tuple[Fault, ...]:
    """The faults that are named. Raises BadRequestError."""
    if isinstance(given, str):
        return asked_for(given)
    return tuple([make(name, settings, "fault") for name, settings in given.items()])

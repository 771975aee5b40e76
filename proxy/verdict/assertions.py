"""What a test expects of its client's requests: how many fit, and in which order. Reads and checks, and says both.

The conditions are those of scenarios, with the answer's beside them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from proxy.runs.journal import Entry
from proxy.runs.paths import usual
from proxy.scenarios import checks
from proxy.scenarios.asked import Asked
from proxy.scenarios.format import Name, Text, When
from proxy.scenarios.match import matched, tested
from proxy.scenarios.source import Path
from proxy.scenarios.wording import told
from proxy.verdict.conditions import why_never
from proxy.verdict.mistake import many
from proxy.verdict.seen import Seen

Number = Annotated[int, Meta(ge=0)]
Names = str | Annotated[list[str], Meta(min_length=1)]
_SHOWN = 20  # numbers of requests in a message
_OF_TEXTS = ("user", "system", "tool_result", "tools", "turn", "body", "jsonpath")
_HEAD = {"object": "sim.assertions"}


class Where(When, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which requests: a scenario's `when`, and what was answered. All that is given has to hold."""

    path: str | None = None
    method: str | None = None
    status: int | Annotated[list[int], Meta(min_length=1)] | None = None
    end: Literal["open", "whole", "left", "broken"] | None = None
    fault: str | None = None
    rule: str | None = None
    tool_called: str | None = None
    finish_reason: str | None = None
    text: Text | None = None


class Assertion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One expectation. Without a number there has to be one request at least."""

    requests: Where = Where()
    name: Name | None = None
    count: Literal["requests", "tool_calls"] = "requests"
    exactly: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    none: Literal[True] | None = None
    after: Where | None = None
    before: Where | None = None
    in_order: Annotated[list[Where], Meta(min_length=1, max_length=1000)] | None = None


class Wish(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Several, and how long they may take to come true."""

    assertions: Annotated[list[Assertion], Meta(min_length=1, max_length=1000)]
    wait_s: Annotated[float, Meta(ge=0, le=300)] = 0.0


class AssertionsError(Exception):
    """Assertions that cannot be understood: where, and what is wrong."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A request that fits, and how often it counts."""

    number: int
    times: int = 1


def wish_of(given: Any) -> Wish:
    """The assertions in a list or an object. Raises AssertionsError."""
    if isinstance(given, list):
        given = {"assertions": given}
    try:
        wish = msgspec.convert(given, Wish)
    except msgspec.ValidationError as problem:
        path, message = told(problem, Wish, given)
        raise AssertionsError(f"{_place(path)}{message}") from None
    for index, assertion in enumerate(wish.assertions):
        for path, message in _problems(assertion):
            raise AssertionsError(f"{_place(('assertions', index, *path))}{message}")
    return wish


def checked(wish: Wish, entries: Sequence[Entry]) -> dict[str, Any]:
    """Which of them hold for these exchanges."""
    seen = [Seen(entry) for entry in entries]
    results = [_result(index, assertion, seen) for index, assertion in enumerate(wish.assertions)]
    return {**_HEAD, "passed": all(result["passed"] for result in results), "results": results}


def _problems(assertion: Assertion) -> Iterator[tuple[Path, str]]:
    """What the types alone cannot say."""
    counts = [name for name in ("exactly", "at_least", "at_most", "none") if getattr(assertion, name) is not None]
    alone = [name for name in counts if name in ("exactly", "none")]
    if alone and len(counts) > 1:
        yield (), f"'{alone[0]}' stands alone, without {' and '.join([repr(n) for n in counts if n != alone[0]])}"
    if assertion.in_order is not None and (counts or assertion.requests != Where()):
        yield ("in_order",), "'in_order' stands alone, without 'requests' and numbers"
    if assertion.at_least is not None and assertion.at_most is not None and assertion.at_least > assertion.at_most:
        yield ("at_least",), "'at_least' is more than 'at_most'"
    if assertion.count == "tool_calls" and assertion.requests.tool_called is None:
        yield ("count",), "'tool_calls' are counted where 'requests' has 'tool_called'"
    for name in ("requests", "after", "before"):
        if (where := getattr(assertion, name)) is not None:
            yield from [((name, *path), message) for path, message in _of_where(where)]
    for index, where in enumerate(assertion.in_order or ()):
        yield from [(("in_order", index, *path), message) for path, message in _of_where(where)]


def _of_where(where: Where) -> Iterator[tuple[Path, str]]:
    yield from checks.of_when(where, set())
    for name in ("method", "status", "fault", "finish_reason"):
        given = getattr(where, name)
        values = given if isinstance(given, list) else [] if given is None else [given]
        yield from [((name,), f"'{name}' {why}") for value in values if (why := why_never(name, str(value)))]
    if where.text is not None:
        yield from [(("text", *path), message) for path, message in checks.of_test(where.text, set())]


def _place(path: Path) -> str:
    return reduce(lambda text, step: text + (f"[{step}]" if isinstance(step, int) else f".{step}"), path, "")[1:] + (
        ": " if path else ""
    )


def _result(index: int, assertion: Assertion, seen: Sequence[Seen]) -> dict[str, Any]:
    passed, message, numbers = _checked(assertion, seen)
    if not passed:
        wheres = [assertion.requests, assertion.after, assertion.before, *(assertion.in_order or ())]
        unread = [each.number for each in seen if any(where and _is_unread(where, each) for where in wheres)]
        message += f" (too large to be kept whole, so that nobody can tell: {_listed(unread)})" if unread else ""
    return {
        "name": assertion.name or f"assertions[{index}]",
        "passed": passed,
        "message": message,
        "requests": list(numbers),
    }


def _checked(assertion: Assertion, seen: Sequence[Seen]) -> tuple[bool, str, Sequence[int]]:
    where = ""
    for name in ("after", "before"):
        bound: Where | None = getattr(assertion, name)
        if bound is None:
            continue
        first = next((each.number for each in seen if _fits(bound, each)), None)
        if first is None:
            return False, f"expected a request with {_words(bound)} to come {name} or before others, found none", ()
        where += f" {name} request {first}"
        seen = [each for each in seen if (each.number > first if name == "after" else each.number < first)]
    if assertion.in_order is not None:
        return _in_order(assertion.in_order, seen, where)
    return _counted(assertion, seen, where)


def _counted(assertion: Assertion, seen: Sequence[Seen], where: str) -> tuple[bool, str, Sequence[int]]:
    wanted, calls = assertion.requests, assertion.count == "tool_calls"
    hits = [_Hit(each.number, _calls(wanted, each) if calls else 1) for each in seen if _fits(wanted, each)]
    number = sum([hit.times for hit in hits])
    least, most, words = _expected(assertion)
    noun = "tool call" if calls else "request"
    plural = "" if words.endswith(" 1") else "s"
    what = f"expected {words} {noun}{plural}{_with(wanted)}{where}"
    numbers = [hit.number for hit in hits]
    among = f" among {many(len(seen), 'request')}" if seen else ""
    unread = sum([_is_unread(wanted, each) for each in seen])
    found = f"found {number}: {_listed(numbers)}" if numbers else f"found none{among}"
    return least <= number and number + unread <= most, f"{what}, {found}", numbers


def _expected(assertion: Assertion) -> tuple[int, float, str]:
    """The least, the most, and both in words."""
    if assertion.none:
        return 0, 0, "no"
    if assertion.exactly is not None:
        return assertion.exactly, assertion.exactly, f"exactly {assertion.exactly}"
    least, most = assertion.at_least, assertion.at_most
    if least is not None and most is not None:
        return least, most, f"{least} to {most}"
    if most is not None:
        return 0, most, f"at most {most}"
    return (1 if least is None else least), float("inf"), f"at least {1 if least is None else least}"


def _in_order(wanted: Sequence[Where], seen: Sequence[Seen], where: str) -> tuple[bool, str, Sequence[int]]:
    found: list[int] = []
    left = iter(seen)
    for step, each in enumerate(wanted):
        number = next((one.number for one in left if _fits(each, one)), None)
        if number is None:
            last = f" after request {found[-1]}" if found else where
            told = f"expected {len(wanted)} requests in order, and the {_nth(step + 1)}, one{_with(each)}"
            return False, f"{told}, did not come{last}", found
        found.append(number)
    return True, f"expected {many(len(wanted), 'request')} in order{where}, found {_listed(found)}", found


def _nth(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (", ..." if len(numbers) > _SHOWN else "")


def _with(where: Where) -> str:
    words = _words(where)
    return f" with {words}" if words else ""


def _words(where: Where) -> str:
    """The conditions, as short as they were written."""
    given = msgspec.to_builtins(where)
    told = []
    for name, value in given.items():
        if value is not None:
            if isinstance(value, dict) and name in ("user", "system", "tool_result", "text"):
                value = {key: each for key, each in value.items() if each is not None}  # noqa: PLW2901 - the same, shorter
            told.append(f"{name} {value if isinstance(value, str) else msgspec.json.encode(value).decode()}")
    return ", ".join(told)


def _calls(where: Where, seen: Seen) -> int:
    return sum([call.name == where.tool_called for call in seen.said.calls])


def _fits(where: Where, seen: Seen) -> bool:
    entry = seen.entry
    document = seen.document if isinstance(seen.document, dict) else {}
    return (
        (where.path is None or usual(where.path) == seen.path)
        and (where.method is None or where.method.upper() == entry.method)
        and _is_answered(where, seen)
        and matched(where, Asked(seen.endpoint, entry.headers, document)) is not None
    )


def _is_unread(where: Where, seen: Seen) -> bool:
    """Whether what is missing of a large request may be what makes it fit."""
    asks = any(getattr(where, name) is not None for name in _OF_TEXTS)
    return asks and bool(seen.endpoint) and seen.entry.is_abridged and not _fits(where, seen)


def _is_answered(where: Where, seen: Seen) -> bool:
    """Whether the answer is as it should be."""
    entry = seen.entry
    statuses = where.status if isinstance(where.status, list) else [where.status]
    return (
        (where.status is None or entry.status in statuses)
        and (where.end is None or entry.end == where.end)
        and (where.fault is None or where.fault in entry.faults)
        and (where.rule is None or where.rule == entry.rule)
        and (where.tool_called is None or _calls(where, seen) > 0)
        and (where.finish_reason is None or _ended_with(where.finish_reason, seen))
        and (where.text is None or any(tested(where.text, choice.text) is not None for choice in _choices(seen)))
    )


def _choices(seen: Seen) -> Any:
    return seen.said.choices.values()


def _ended_with(reason: str, seen: Seen) -> bool:
    """By the API's own word, or by that of chats."""
    return any(reason in (choice.finish, choice.end) for choice in _choices(seen))

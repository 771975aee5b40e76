"""Whether a rule answers a request, and what its regular expressions found."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from proxy.scenarios.asked import Asked
from proxy.scenarios.format import Test, When
from proxy.scenarios.jsonpath import find

Found = dict[str, str]


@lru_cache(maxsize=12_000)  # more than the rules of the largest scenario
def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression. Raises re.error."""
    return re.compile(pattern)


def matched(when: When, asked: Asked) -> Found | None:
    """What the regular expressions found, by group; None where the rule does not answer this."""
    if isinstance(when.user, str) and when.user not in asked.user:
        return None  # most rules end here, so it comes first
    if not _fits_exactly(when, asked):
        return None
    found: Found = {}
    for test, text in _texts(when, asked):
        if text is None or (more := tested(test, text)) is None:
            return None
        found |= more
    return found


def _fits_exactly(when: When, asked: Asked) -> bool:
    """The cheap half of the conditions."""
    endpoints = when.endpoint if isinstance(when.endpoint, list) else [when.endpoint]
    return (
        (when.model is None or fnmatchcase(asked.model, when.model))
        and (when.endpoint is None or asked.endpoint in endpoints)
        and (when.stream is None or asked.stream is when.stream)
        and (when.turn is None or asked.turn == when.turn)
        and (when.tools is None or asked.tools.issuperset(when.tools))
        and (when.body is None or has(asked.document, when.body))
        and all(_is_at(path, wanted, asked) for path, wanted in (when.jsonpath or {}).items())
    )


def _texts(when: When, asked: Asked) -> Iterator[tuple[str | Test, str | None]]:
    if when.system is not None:
        yield when.system, asked.system
    if when.tool_result is not None:
        yield when.tool_result, asked.tool_result
    for name, test in (when.headers or {}).items():
        yield test, asked.headers.get(name)
    for path, wanted in (when.jsonpath or {}).items():
        if isinstance(wanted, Test):  # it fits: what its groups are is found here
            yield wanted, next(text for text in _texts_at(path, asked) if tested(wanted, text) is not None)
    if when.user is not None:  # last, so that its groups are the ones that count
        yield when.user, asked.user


def tested(test: str | Test, text: str) -> Found | None:
    """What the regular expression found where the text passes, else None."""
    if isinstance(test, str):
        return {} if test in text else None
    if (test.exact is not None and text != test.exact) or (test.contains or "") not in text:
        return None
    if test.regex is None:
        return {}
    found = compiled(test.regex).search(text)
    if found is None:
        return None
    numbered = {str(number): group or "" for number, group in enumerate([found[0], *found.groups()])}
    return numbered | {name: group or "" for name, group in found.groupdict().items()}


def has(given: Any, wanted: Any) -> bool:
    """Whether a JSON value has another: objects may have more, and arrays may go on."""
    if isinstance(wanted, dict):
        return isinstance(given, Mapping) and all(name in given and has(given[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        longer = isinstance(given, list) and len(given) >= len(wanted)
        return longer and all(has(one, other) for one, other in zip(given, wanted, strict=False))
    return _is_equal(given, wanted)


def _is_equal(given: Any, wanted: Any) -> bool:
    """Equality in JSON, where true is not 1."""
    return bool(given == wanted) and isinstance(given, bool) is isinstance(wanted, bool)


def _texts_at(path: str, asked: Asked) -> list[str]:
    return [value for value in find(path, asked.document) if isinstance(value, str)]


def _is_at(path: str, wanted: Any, asked: Asked) -> bool:
    if isinstance(wanted, Test):
        return any(tested(wanted, text) is not None for text in _texts_at(path, asked))
    return any(_is_equal(value, wanted) for value in find(path, asked.document))

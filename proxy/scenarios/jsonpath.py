"""The part of JSONPath (RFC 9535) that finds values by names and indices.

That is `$.a`, `$['a']`, `$[0]`, `$[-1]`, `$[*]`, `$.*` and `$..a`. Filters and slices are left out: what they find is
found by a regex, or by another rule.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"(?P<deep>\.\.)(?P<any_name>[A-Za-z_][\w-]*)"
    r"|\.(?P<name>[A-Za-z_][\w-]*)"
    r"|\[(?P<index>-?[0-9]{1,6})\]"
    r"|\[(?P<quoted>'[^']*'|\"[^\"]*\")\]"
    r"|(?P<all>\.\*|\[\*\])"
)
Step = tuple[str, str | int]


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """The path in steps. Raises ValueError that says what was not understood."""
    if not path.startswith("$"):
        raise ValueError("it begins with $")
    found: list[Step] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(
                f"{path[at:]!r} was not understood; there are .name, ['name'], [0], [-1], [*], .* and ..name"
            )
        found.append(_read(step))
        at = step.end()
    return tuple(found)


def _read(step: re.Match[str]) -> Step:
    if step["deep"]:
        return "deep", step["any_name"]
    if step["all"]:
        return "all", ""
    if step["index"] is not None:
        return "index", int(step["index"])
    return "name", step["name"] or step["quoted"][1:-1]


def find(path: str, document: Any) -> list[Any]:
    """Every value at that path. Raises ValueError for a path that is none."""
    found = [document]
    for step in steps(path):
        found = [value for each in found for value in _taken(step, each)]
    return found


def _taken(step: Step, value: Any) -> Sequence[Any]:
    kind, key = step
    if kind == "deep":
        return [each[key] for each in _below(value) if isinstance(each, dict) and key in each]
    if kind == "all":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if kind == "index":
        in_range = isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value)
        return [value[key]] if in_range else []
    return [value[key]] if isinstance(value, dict) and key in value else []


def _below(value: Any) -> Iterator[Any]:
    """A value and all that is in it, what is nearer the top first."""
    held = deque([value])
    while held:
        each = held.popleft()
        yield each
        if isinstance(each, dict):
            held += each.values()
        elif isinstance(each, list):
            held += each

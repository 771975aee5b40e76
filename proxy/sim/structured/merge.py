"""What several parts of a schema ask for together: references followed, `allOf` merged, alternatives listed.

Knows no values: which of the alternatives to take is the search's to find out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, lcm
from typing import Any

from proxy.sim.structured.check import AVOID, UNMATCHED, exact, identity
from proxy.sim.structured.document import Schema

ATOMS = ("string", "integer", "fraction", "boolean", "object", "array", "null")
"""JSON's types, with the numbers parted into those that are whole and those that are not."""

_ATOMS = {**{name: (name,) for name in ATOMS}, "number": ("integer", "fraction")}
# Keywords that tell the type where `type` does not.
_TELLING = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties", "propertyNames"), "object"),
    **dict.fromkeys(("minProperties", "maxProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "contains", "uniqueItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
}
# Keywords that are guided towards, and then checked.
_CHECKED = frozenset((
    "not", "oneOf", "if", "contains", "propertyNames", "dependentSchemas", "dependentRequired", "multipleOf",
    AVOID, UNMATCHED,
))  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Alternatives at one place, of which each is more parts to meet."""

    key: tuple[Any, ...]
    options: list[tuple[Schema, ...]]
    ranked: bool = False  # the options are equals: the best comes first
    harder: list[tuple[Schema, ...]] = field(default_factory=list)  # to be tried when none of the options will do


@dataclass(eq=False)
class Node:
    """Parts to be met together. `dead` says why no value can."""

    schemas: tuple[Schema, ...]
    settled: frozenset[tuple[Any, ...]]
    parts: list[dict[Any, Any]] = field(default_factory=list)
    references: set[int] = field(default_factory=set)
    choices: list[Choice] = field(default_factory=list)
    types: tuple[str, ...] = ATOMS
    values: list[Any] | None = None
    checked: bool = False
    suggestions: list[Any] = field(default_factory=list)  # by the schema itself: the default, then examples
    dead: str = ""
    members: dict[str, tuple[Schema, ...]] = field(default_factory=dict)  # what a property must meet, as far as known

    def first(self, keyword: str, default: Any = None) -> Any:
        """What the first part with this keyword says."""
        return self._said.get(keyword, (default,))[0]

    def every(self, keyword: str) -> Sequence[Any]:
        """What each part with this keyword says."""
        return self._said.get(keyword, ())

    @cached_property
    def _said(self) -> dict[str, list[Any]]:
        said: dict[str, list[Any]] = {}
        for part in self.parts:
            for keyword, value in part.items():
                said.setdefault(keyword, []).append(value)
        return said

    @property
    def title(self) -> str:
        """What the schema is called."""
        title = self.first("title", "")
        return title if isinstance(title, str) else ""

    def sizes(self, least: str, most: str) -> tuple[int, int | None]:
        """Bounds such as `minItems` and `maxItems`."""
        uppers = self.every(most)
        return int(max(self.every(least), default=0)), int(min(uppers)) if uppers else None

    def items(self, at: int) -> tuple[Schema, ...]:
        """What the element at this place must meet."""
        found: list[Schema] = []
        for part in self.parts:
            first = part.get("prefixItems", ())
            if at < len(first):
                found.append(first[at])
            elif "items" in part:
                found.append(part["items"])
        return tuple(found)

    @cached_property
    def range(self) -> "Range":
        """The numbers that the parts allow."""
        lows = [(exact(bound), False) for bound in self.every("minimum")]
        lows += [(exact(bound), True) for bound in self.every("exclusiveMinimum")]
        highs = [(exact(bound), True) for bound in self.every("maximum")]
        highs += [(exact(bound), False) for bound in self.every("exclusiveMaximum")]
        steps = [exact(step) for step in self.every("multipleOf")]
        low, high = max(lows, default=(None, False)), min(highs, default=(None, False))
        return Range(low[0], low[1], high[0], not high[1], common_multiple(steps))


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included unless open, that are multiples of `step`."""

    low: Fraction | None
    low_open: bool
    high: Fraction | None
    high_open: bool
    step: Fraction | None

    def multiples(self, step: Fraction) -> tuple[int | None, int | None]:
        """The least and the greatest number of steps that lie within."""
        least = most = None
        if self.low is not None:
            least = ceil(self.low / step)
            least += self.low_open and least * step == self.low
        if self.high is not None:
            most = floor(self.high / step)
            most -= self.high_open and most * step == self.high
        return least, most


def common_multiple(steps: list[Fraction]) -> Fraction | None:
    """The least number that is a multiple of all; None without any."""
    if not steps:
        return None
    below = lcm(*(step.denominator for step in steps))
    return Fraction(lcm(*(int(step * below) for step in steps)), below)


def node(
    schemas: tuple[Schema, ...],
    settled: frozenset[tuple[Any, ...]],
    target: Callable[[dict[str, Any]], Schema],
    choices: Callable[[dict[Any, Any]], list[Choice]],
) -> Node:
    """Merge the schemas; `target` follows a `$ref`, `choices` lists the alternatives in a part."""
    made = Node(schemas, settled)
    waiting = list(reversed(schemas))
    seen: set[int] = set()
    while waiting:
        schema = waiting.pop()
        if schema is False:
            made.dead = "the schema 'false' allows no value."
        if isinstance(schema, bool) or id(schema) in seen:
            continue
        seen.add(id(schema))
        made.parts.append(schema)
        if "$ref" in schema:
            aim = target(schema)
            made.references.add(id(aim))
            waiting.append(aim)
        waiting += reversed(schema.get("allOf", ()))
        made.choices += [choice for choice in choices(schema) if choice.key not in settled]
    _find_types(made)
    _find_values(made)
    made.suggestions = [value for value in made.every("default") if value not in (None, "", [], {})][:1]
    made.suggestions += [value for part in made.parts for value in _examples(part)]
    made.checked = any(not _CHECKED.isdisjoint(part) for part in made.parts)
    return made


def _find_types(made: Node) -> None:
    types: tuple[str, ...] = ATOMS
    for part in made.parts:
        if "type" in part:
            names = [part["type"]] if isinstance(part["type"], str) else part["type"]
            allowed = [atom for name in names for atom in _ATOMS[name]]
            types = (
                tuple(dict.fromkeys(atom for atom in allowed if atom in types))
                if types is ATOMS
                else tuple([atom for atom in types if atom in allowed])
            )
    if not types:
        named = sorted({str(each) for each in made.every("type")})
        made.dead = f"no value has the types {' and '.join(named)} at once."
    told = [_TELLING[key] for part in made.parts for key in part if key in _TELLING]
    if types is ATOMS and told:
        first = _ATOMS[told[0]]
        types = (*first, *(atom for atom in types if atom not in first))
    made.types = types


def _find_values(made: Node) -> None:
    lists = [[value] for value in made.every("const")] + list(made.every("enum"))
    if not lists:
        return
    values = {identity(value): value for value in lists[0]}
    for others in lists[1:]:
        allowed = {identity(value) for value in others}
        values = {key: value for key, value in values.items() if key in allowed}
    made.values = list(values.values())
    if not values:
        made.dead = "'enum' and 'const' leave no value."


def _examples(part: dict[Any, Any]) -> list[Any]:
    examples = part.get("examples", [])
    return [*(examples if isinstance(examples, list) else []), *([part["example"]] if "example" in part else [])]

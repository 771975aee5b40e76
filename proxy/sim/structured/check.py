"""Tells whether a value meets a schema: what guides the search for one, and judges what it found.

Formats are assertions here. Each pair of a value and a part of the schema is looked at once: shared parts cost nothing.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from proxy.sim.structured.document import Document, Schema, is_number
from proxy.sim.structured.formats import FORMATS
from proxy.sim.structured.patterns import Patterns
from proxy.sim.structured.work import Work

# Keywords of our own, for what `not` asks of a value; a document is refused that has them.
AVOID = "avoid\0"  # values
UNMATCHED = "unmatched\0"  # a pattern

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "integer": lambda value: is_number(value) and value == int(value),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def identity(value: Any) -> Any:
    """Equal for values that JSON Schema calls equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return ("object", frozenset([(name, identity(each)) for name, each in value.items()]))
    if isinstance(value, list):
        return ("array", tuple([identity(each) for each in value]))
    return (isinstance(value, bool), value)


def is_multiple(value: float, step: float) -> bool:
    """Whether it is one by the decimals as written and by floating point, since validators differ."""
    if exact(value) % exact(step):
        return False
    if isinstance(step, int):
        return not value % step
    try:
        return (value / step).is_integer()
    except OverflowError:
        return True


def exact(number: float) -> Fraction:
    """The number as its decimals say it: 0.1 is a tenth."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def has_type(value: Any, types: Any) -> bool:
    """Whether the value is of the type, or of one of them."""
    return any(_TYPES[each](value) for each in ([types] if isinstance(types, str) else types))


class Checker:
    """Checks values against parts of one document."""

    def __init__(self, document: Document, patterns: Patterns, work: Work) -> None:
        self.document = document
        self._patterns = patterns
        self._work = work
        self._known: dict[tuple[int, int], bool] = {}
        self._nested = 0

    def valid(self, value: Any, schema: Schema) -> bool:
        """Whether the value meets the schema."""
        if isinstance(schema, bool):
            return schema
        key = (id(schema), id(value))
        if key in self._known:
            return self._known[key]
        self._known[key] = True  # a part that leads back to itself asks for nothing more
        self._nested += 1
        self._work.spend(1)
        try:
            self._known[key] = result = all(
                check(self, value, schema) for keyword, check in _CHECKS.items() if keyword in schema
            )
        finally:
            self._nested -= 1
            if not self._nested:
                self._known = {}  # identities last as long as the values
        return result

    def found(self, source: str, text: str) -> bool:
        """Whether the pattern is found in the text."""
        self._work.spend(1 + len(text) // 8)
        return self._patterns.found(source, text)


Check = Callable[[Checker, Any, dict[Any, Any]], bool]


def _reference(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return checker.valid(value, checker.document.target(schema))


def _condition(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return checker.valid(value, schema.get("then" if checker.valid(value, schema["if"]) else "else", True))


def _one_of(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return sum(checker.valid(value, each) for each in schema["oneOf"]) == 1


def _unmatched(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return not isinstance(value, str) or not checker.found(schema[UNMATCHED], value)


def _pattern(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return not isinstance(value, str) or checker.found(schema["pattern"], value)


def _properties(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(checker.valid(value[name], each) for name, each in schema["properties"].items() if name in value)


def _pattern_properties(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return not isinstance(value, dict) or all(
        checker.valid(inner, each)
        for source, each in schema["patternProperties"].items()
        for name, inner in value.items()
        if checker.found(source, name)
    )


def _additional(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(
        checker.valid(inner, schema["additionalProperties"])
        for name, inner in value.items()
        if is_additional(checker, name, schema)
    )


def is_additional(checker: Checker, name: str, schema: dict[Any, Any]) -> bool:
    """Whether a property is none that the schema knows by name or pattern."""
    known = name in schema.get("properties", ())
    return not known and not any(checker.found(each, name) for each in schema.get("patternProperties", ()))


def _property_names(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return not isinstance(value, dict) or all(checker.valid(name, schema["propertyNames"]) for name in value)


def _dependent_schemas(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(checker.valid(value, each) for name, each in schema["dependentSchemas"].items() if name in value)


def _items(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    if not isinstance(value, list):
        return True
    first = schema.get("prefixItems", ())
    return all(
        checker.valid(each, first[at] if at < len(first) else schema.get("items", True))
        for at, each in enumerate(value)
    )


def _contains(checker: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    if not isinstance(value, list):
        return True
    found = sum(checker.valid(each, schema["contains"]) for each in value)
    return bool(schema.get("minContains", 1) <= found <= schema.get("maxContains", len(value)))


def _dependent_required(_: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    return not isinstance(value, dict) or all(
        other in value for name, others in schema["dependentRequired"].items() if name in value for other in others
    )


def _sized(keyword: str, kind: type[Any], check: Callable[[int, float], bool]) -> Check:
    return lambda _, value, schema: not isinstance(value, kind) or check(len(value), schema[keyword])


def _bounded(keyword: str, check: Callable[[float, float], bool]) -> Check:
    return lambda _, value, schema: not is_number(value) or check(value, schema[keyword])


def _format(_: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    known = FORMATS.get(schema["format"])
    return known is None or not isinstance(value, str) or known.check(value)


def _distinct(_: Checker, value: Any, schema: dict[Any, Any]) -> bool:
    if not isinstance(value, list) or not schema["uniqueItems"]:
        return True
    return len({identity(each) for each in value}) == len(value)


_CHECKS: dict[Any, Callable[[Checker, Any, dict[Any, Any]], bool]] = {
    "type": lambda _, value, schema: has_type(value, schema["type"]),
    "const": lambda _, value, schema: identity(value) == identity(schema["const"]),
    "enum": lambda _, value, schema: identity(value) in [identity(each) for each in schema["enum"]],
    AVOID: lambda _, value, schema: identity(value) not in schema[AVOID],
    UNMATCHED: _unmatched,
    "minimum": _bounded("minimum", lambda value, bound: value >= bound),
    "maximum": _bounded("maximum", lambda value, bound: value <= bound),
    "exclusiveMinimum": _bounded("exclusiveMinimum", lambda value, bound: value > bound),
    "exclusiveMaximum": _bounded("exclusiveMaximum", lambda value, bound: value < bound),
    "multipleOf": _bounded("multipleOf", is_multiple),
    "minLength": _sized("minLength", str, lambda size, bound: size >= bound),
    "maxLength": _sized("maxLength", str, lambda size, bound: size <= bound),
    "minItems": _sized("minItems", list, lambda size, bound: size >= bound),
    "maxItems": _sized("maxItems", list, lambda size, bound: size <= bound),
    "minProperties": _sized("minProperties", dict, lambda size, bound: size >= bound),
    "maxProperties": _sized("maxProperties", dict, lambda size, bound: size <= bound),
    "pattern": _pattern,
    "format": _format,
    "uniqueItems": _distinct,
    "required": lambda _, value, schema: (
        not isinstance(value, dict) or all(each in value for each in schema["required"])
    ),
    "dependentRequired": _dependent_required,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "dependentSchemas": _dependent_schemas,
    "prefixItems": _items,
    "items": _items,
    "contains": _contains,
    "$ref": _reference,
    "allOf": lambda checker, value, schema: all(checker.valid(value, each) for each in schema["allOf"]),
    "anyOf": lambda checker, value, schema: any(checker.valid(value, each) for each in schema["anyOf"]),
    "oneOf": _one_of,
    "not": lambda checker, value, schema: not checker.valid(value, schema["not"]),
    "if": _condition,
}

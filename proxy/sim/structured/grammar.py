"""A schema made ready for the search: checked, its patterns read, what it asks for at each place remembered."""

from collections.abc import Iterator
from typing import Any

from proxy.sim.structured.document import Document, Schema
from proxy.sim.structured.error import SchemaError
from proxy.sim.structured.merge import Choice, Node, node
from proxy.sim.structured.negation import negations
from proxy.sim.structured.patterns import Patterns

_MOST_REMEMBERED = 20_000
_NOTHING: frozenset[tuple[Any, ...]] = frozenset()


class Grammar:
    """One schema. Raises SchemaError for what is malformed, too deep, too large or leads nowhere."""

    def __init__(self, schema: Any) -> None:
        self.document = Document(schema)
        self.patterns = Patterns()
        for part in self.document.parts:
            try:
                for source in (*part.get("patternProperties", ()), *([part["pattern"]] if "pattern" in part else ())):
                    self.patterns.read(source)
            except SchemaError as error:
                raise SchemaError(self.document.path(part), error.message) from None
        self._nodes: dict[tuple[tuple[int, ...], frozenset[tuple[Any, ...]]], Node] = {}
        self._choices: dict[int, tuple[dict[Any, Any], list[Choice]]] = {}

    def node(self, schemas: tuple[Schema, ...], settled: frozenset[tuple[Any, ...]] = _NOTHING) -> Node:
        """What the schemas ask for together, with these choices made."""
        key = (tuple(map(id, schemas)), settled)
        found = self._nodes.get(key)
        if found is None:
            if len(self._nodes) > _MOST_REMEMBERED:
                self._nodes.clear()
            found = self._nodes[key] = node(schemas, settled, self.document.target, self._choices_of)
        return found

    def member(self, made: Node, name: str) -> tuple[Schema, ...]:
        """What the property `name` of an object must meet."""
        found = made.members.get(name)
        if found is None:
            found = tuple(self._member_parts(made, name))
            if len(made.members) < _MOST_REMEMBERED:
                made.members[name] = found
        return found

    def _member_parts(self, made: Node, name: str) -> Iterator[Schema]:
        for part in made.parts:
            known = name in part.get("properties", ())
            if known:
                yield part["properties"][name]
            for source, schema in part.get("patternProperties", {}).items():
                if self.patterns.found(source, name):
                    known = True
                    yield schema
            if not known and "additionalProperties" in part:
                yield part["additionalProperties"]

    def _choices_of(self, part: dict[Any, Any]) -> list[Choice]:
        found = self._choices.get(id(part))
        if found is None or found[0] is not part:
            # The part is kept with its choices: an identity says nothing once its owner is gone.
            found = self._choices[id(part)] = part, list(self._new_choices(part))
        return found[1]

    def _new_choices(self, part: dict[Any, Any]) -> Iterator[Choice]:
        key = id(part)
        if "anyOf" in part:
            yield Choice((key, "anyOf"), [(each,) for each in part["anyOf"]], ranked=True)
        if "oneOf" in part:
            # First as if no two could be met at once, which the check of the value tells.
            several = part["oneOf"]
            alone: list[tuple[Schema, ...]] = [
                (each, {"not": {"anyOf": [other for other in several if other is not each]}}) for each in several
            ]
            yield Choice(
                (key, "oneOf"), [(each,) for each in several], ranked=True, harder=alone if several[1:] else []
            )
        if "not" in part:
            yield Choice((key, "not"), [()], harder=[(each,) for each in negations(part["not"], self.document.target)])
        if "if" in part:
            met = (part["if"], part.get("then", True))
            yield Choice((key, "if"), [met, ({"not": part["if"]}, part.get("else", True))])
        for name, others in part.get("dependentRequired", {}).items():
            yield self._dependency(part, name, {"required": others})
        for name, schema in part.get("dependentSchemas", {}).items():
            yield self._dependency(part, name, schema)

    def _dependency(self, part: dict[Any, Any], name: str, schema: Schema) -> Choice:
        options: list[tuple[Schema, ...]] = [({"required": [name]}, schema), ({"properties": {name: False}},)]
        if name not in part.get("properties", ()):
            options.reverse()
        return Choice((id(part), name, id(schema)), options)

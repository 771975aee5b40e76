"""A schema made ready for the search: checked, its patterns read, what it asks for at each place remembered."""

from collections.abc import Iterator
from typing import Any

from proxy.sim.structured.check import Checker
from proxy.sim.structured.document import Document, Schema
from proxy.sim.structured.error import SchemaError
from proxy.sim.structured.merge import Choice, Node, node
from proxy.sim.structured.negation import negations
from proxy.sim.structured.outline import Outline
from proxy.sim.structured.patterns import Patterns
from proxy.sim.structured.work import Work

_MOST_REMEMBERED = 2000  # of each kind, so that a plan stays small; what is forgotten is found again
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
        self._outlines: dict[int, tuple[Node, Outline]] = {}
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

    def possible(self, made: Node, name: str) -> bool:
        """Whether an object may have the property, as far as can be told without a value."""
        return not self.node(self.member(made, name)).dead and self._allowed(made, name)

    def outline(self, made: Node) -> Outline:
        """Which properties an object has."""
        found = self._outlines.get(id(made))
        if found is None or found[0] is not made:
            if len(self._outlines) > _MOST_REMEMBERED:
                self._outlines.clear()
            found = self._outlines[id(made)] = made, self._new_outline(made)
        return found[1]

    def _new_outline(self, made: Node) -> Outline:
        least, most = made.sizes("minProperties", "maxProperties")
        known = tuple(dict.fromkeys([name for each in made.every("properties") for name in each]))
        required = tuple(dict.fromkeys([name for each in made.every("required") for name in each]))
        needed = set(required)
        optional = tuple([name for name in known if name not in needed and self.possible(made, name)])
        made_up = not known and (made.every("additionalProperties") or made.every("patternProperties"))
        outline = Outline(
            least, most, known, required, optional,
            small=tuple([name for name in optional if "object" not in self.node(self.member(made, name)).types]),
            free=min(2, 2 if most is None else most) if made_up else 0,
        )  # fmt: skip
        wrong = [name for name in required if not self._allowed(made, name)]
        if wrong:
            outline.wrong = f"the required property {wrong[0]!r} is no name that 'propertyNames' allows."
        return outline

    def _allowed(self, made: Node, name: str) -> bool:
        checker = Checker(self.document, self.patterns, Work())
        return all(checker.valid(name, each) for each in made.every("propertyNames"))

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
            if len(self._choices) > _MOST_REMEMBERED:
                self._choices.clear()
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
            opposites: list[tuple[Schema, ...]] = [(each,) for each in negations(part["not"], self.document.target)]
            yield Choice((key, "not"), [()] if opposites else [(False,)], harder=opposites)
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

"""The patterns of a schema, each read once."""

from proxy.sim.structured.automaton import Condition, conditions
from proxy.sim.structured.error import SchemaError
from proxy.sim.structured.pattern import Pattern, PatternError, read_pattern

_MOST_STATES = 50_000  # of all patterns of a schema


class Patterns:
    """Reads them as they come; remembers trees and automata."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Pattern, list[Condition]]] = {}
        self._states = 0

    def read(self, source: str) -> tuple[Pattern, list[Condition]]:
        """A pattern as a tree and as automata. Raises SchemaError."""
        if source not in self._read:
            try:
                pattern = read_pattern(source)
                found = conditions(pattern)
                self._states += sum(each.automaton.size for each in found)
                if self._states > _MOST_STATES:
                    raise PatternError("is one too many: the patterns are too large together.")
            except PatternError as error:
                shown = repr(source if len(source) < 100 else source[:97] + "...")
                raise SchemaError(None, f"pattern {shown} {error}") from None
            self._read[source] = pattern, found
        return self._read[source]

    def found(self, source: str, text: str) -> bool:
        """Whether the pattern is found in the text."""
        return all(each.holds(text) for each in self.read(source)[1])

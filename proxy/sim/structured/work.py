"""The work that one value may cost."""

from proxy.sim.structured.error import SchemaError

_MOST_WORK = 50_000  # some tenths of a second
_FOR_EACH_PART = 20


class TooMuchWorkError(SchemaError):
    """The schema may have a value, but finding it costs more than a request may."""

    def __init__(self) -> None:
        super().__init__(None, "The schema is too complex to generate a value for.")


class Work:
    """Counts steps, which must not depend on what is remembered from another request."""

    __slots__ = ("_most", "left")

    def __init__(self, parts: int = 0) -> None:
        self._most = self.left = _MOST_WORK + _FOR_EACH_PART * parts

    def spend(self, steps: int) -> None:
        """Raises TooMuchWorkError when the last step is spent."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchWorkError

    @property
    def spent(self) -> int:
        """Steps so far."""
        return self._most - self.left

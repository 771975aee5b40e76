"""Which properties an object has, before any has a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_MOST_PROPERTIES = 10_000


@dataclass(slots=True)
class Outline:
    """`small` are the optional ones without objects, `free` counts those to make up, `wrong` says why none can be."""

    least: int
    most: int | None
    known: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    small: tuple[str, ...]
    free: int
    wrong: str = ""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.names = self.ordered(self.optional)
        least = max(self.least, len(self.required))
        if self.most is not None and least > self.most:
            self.wrong = f"an object cannot have at least {least} and at most {self.most} properties."
        if self.least > _MOST_PROPERTIES:
            self.wrong = f"an object of {self.least} properties is too large."

    def ordered(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The required and the wanted properties, as the schema names them."""
        both = {*self.required, *wanted}
        return (*[name for name in self.known if name in both], *_unknown(self.required, self.known))


def _unknown(required: Sequence[str], known: Sequence[str]) -> list[str]:
    """Required properties that the schema says nothing more about."""
    named = set(known)
    return [name for name in required if name not in named]

"""Faults that hold for a whole run: which requests they meet, how often, and with what probability."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TYPE_CHECKING

from proxy.runs.paths import fits

if TYPE_CHECKING:  # the way out knows the runs, and the faults know the way out
    from proxy.faults.fault import Fault

_WHOLE = 2**64


@dataclass(slots=True)
class Rule:
    """A fault and when it happens. `model` and `path` may have wildcards; `times` None means for ever."""

    id: str
    name: str
    fault: "Fault"
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    model: str = "*"
    path: str = "*"
    met: int = 0
    happened: int = 0

    def strikes(self, model: str, path: str, seed: int) -> bool:
        """Whether it happens to this request, which is counted. The same requests meet the same faults again."""
        if not (fits(path, self.path) and fnmatchcase(model, self.model)):
            return False
        self.met += 1
        if self.met <= self.after or (self.times is not None and self.happened >= self.times):
            return False
        if self.probability < 1 and not drawn(seed, self.id, self.met) < self.probability:
            return False
        self.happened += 1
        return True


def drawn(seed: int, rule: str, number: int) -> float:
    """A number from 0 to 1, always the same for the same."""
    digest = blake2b(f"{seed} {rule} {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / _WHOLE

"""What records a run: where from, and onto which tape."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.recordings.tape import Tape

MOST_OF_A_FILE = 64 * 2**20  # bytes; about
MOST_OF_A_RUN = 8 * 2**20
MOST_OF_ALL_RUNS = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Recorder:
    """`base` is the URL of the API; None is the real model. One that `wins` records whatever is on a miss."""

    tape: Tape
    base: str | None
    wins: bool = True

    def shown(self) -> dict[str, Any]:
        """For people and programs."""
        return {"object": "sim.recording", "from": self.base, **self.tape.told()}


def in_memory(base: str | None, wins: bool, all_there_are: Callable[[], Iterable["Recorder | None"]]) -> Recorder:
    """A recorder of one run; those of all runs have a bound together."""
    tape: Tape

    def most() -> int:
        rest = sum([each.tape.bytes for each in all_there_are() if each is not None and each.tape is not tape])
        return min(MOST_OF_A_RUN, MOST_OF_ALL_RUNS - rest)

    tape = Tape(most)
    return Recorder(tape, base, wins)


def in_file(path: Path, base: str | None) -> Recorder:
    """The recorder of all runs. Raises ScenarioError and OSError as Tape does."""
    return Recorder(Tape(lambda: MOST_OF_A_FILE, path), base)

"""The runs, by name: made on first use, gone when nobody has used them for an hour, and bounded in all."""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from proxy.runs.journal import Journal
from proxy.runs.own import Own, forget
from proxy.runs.rules import Rule

if TYPE_CHECKING:  # loaded where a run has them
    from proxy.latency.profile import Profile
    from proxy.latency.timing import Latency
    from proxy.limits.meter import Meter
    from proxy.limits.plan import Plan
    from proxy.recordings.recorder import Recorder
    from proxy.scenarios.player import Player

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
MOST_RUNS = 1_000
MOST_RULES = 100
IDLE_SECONDS = 3_600.0
MOST_JOURNAL_BYTES = 64 * 2**20  # of all runs together
TRIM_EVERY = 64  # exchanges


@dataclass(slots=True)
class Run:
    """One test run. The unnamed one, "", is that of everybody who names none; it does not end."""

    name: str
    seed: int
    serial: int  # no other run has it, nor this one when it has begun again
    journal: Journal
    created: float
    used: float
    now: Callable[[], float]  # Unix time as its answers tell it
    frozen: bool = False
    rules: dict[str, Rule] = field(default_factory=dict)
    rules_made: int = 0
    meter: "Meter | None" = None
    latency: "Latency | None" = None
    player: "Player | None" = None
    recorder: "Recorder | None" = None
    own: dict[Own[Any], Any] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Whose what it keeps is, among what all runs keep."""
        return str(self.serial)


class Runs:
    """Every run there is. `now` is Unix time, `clock` monotonic, both in seconds."""

    def __init__(
        self,
        seed: int,
        now: Callable[[], float],
        clock: Callable[[], float],
        limits: "Plan | None" = None,
        latency: "Profile | None" = None,
    ) -> None:
        self._seed = seed
        self._limits = limits
        self._latency = latency
        self._now = now
        self._clock = clock
        self.usual_player: Callable[[], Player | None] = lambda: None  # of a run without a scenario of its own
        self._serials = count()
        self.usual_recorder: Recorder | None = None
        self._named: OrderedDict[str, Run] = OrderedDict()  # the one that was used last stands last
        self._ended = 0
        self.unnamed = self._new("")

    def play_in_all(self, player: "Callable[[], Player]") -> None:
        """Give every run a player of its own, from now on."""
        self.usual_player = player
        self.unnamed.player = player()

    def record_all(self, recorder: "Recorder") -> None:
        """Record what every run is answered, from now on."""
        self.usual_recorder = self.unnamed.recorder = recorder

    def of(self, name: str) -> Run:
        """The run of that name, made if need be, and now in use."""
        if not name:
            return self.unnamed
        run = self._named.get(name)
        if run is None:
            self._expire()
            run = self._named[name] = self._new(name)
            if len(self._named) > MOST_RUNS:
                self._drop_oldest()
        else:
            self._named.move_to_end(name)
        run.used = self._clock()
        return run

    def all(self) -> list[Run]:
        """The runs that there are, the one used last at the end, the unnamed one first."""
        self._expire()
        return [self.unnamed, *self._named.values()]

    def reset(self, name: str) -> None:
        """Begin that run again, with nothing asked and no rules."""
        run = self._named.pop(name, None) if name else self.unnamed
        if not name:
            self.unnamed = self._new("")
        if run is not None:
            forget(run.own)
            run.journal.wake()  # who waits goes on with the new one's

    def limit(self, run: Run, plan: "Plan | None") -> None:
        """Give a run other limits, of which nothing is used yet; or none."""
        run.meter = None
        if plan is not None:
            from proxy.limits.meter import Meter  # noqa: PLC0415 - as above

            run.meter = Meter(plan, self._clock)

    def time(self, run: Run, profile: "Profile | None") -> None:
        """Give a run another latency, from the beginning of its draws; or none."""
        run.latency = None
        if profile is not None:
            from proxy.latency.timing import Latency  # noqa: PLC0415 - as above

            run.latency = Latency(profile, run.seed)

    def seed(self, run: Run, seed: int) -> None:
        """Give a run a seed of its own: of its answers, and of what is drawn for its faults and its latency."""
        run.seed = seed
        if run.latency is not None:
            self.time(run, run.latency.profile)

    def set_clock(self, run: Run, now: float, *, frozen: bool) -> None:
        """Let its answers tell another Unix time, which stands still or goes on from there."""
        begun = self._clock()
        run.now = lambda: now if frozen else now + self._clock() - begun
        run.frozen = frozen

    def ended(self) -> None:
        """An exchange is over, of whichever run: now and then all journals are looked at together."""
        self._ended += 1
        if self._ended % TRIM_EVERY == 0:
            self.trim()

    def trim(self) -> None:
        """Keep all journals together within their bound: the largest gives first."""
        runs = [self.unnamed, *self._named.values()]
        total = sum(run.journal.bytes for run in runs)
        while total > MOST_JOURNAL_BYTES:
            largest = max(runs, key=lambda run: run.journal.bytes).journal
            before = largest.bytes
            while largest.bytes > before * 0.9:
                largest.drop_oldest()
            total -= before - largest.bytes

    def _new(self, name: str) -> Run:
        clock = self._clock()
        run = Run(name, self._seed, next(self._serials), Journal(self._now, self._clock), self._now(), clock, self._now)
        run.player = self.usual_player()
        run.recorder = self.usual_recorder
        self.limit(run, self._limits)
        self.time(run, self._latency)
        return run

    def _drop_oldest(self) -> None:
        forget(self._named.popitem(last=False)[1].own)

    def _expire(self) -> None:
        until = self._clock() - IDLE_SECONDS
        while self._named and next(iter(self._named.values())).used < until:
            self._drop_oldest()

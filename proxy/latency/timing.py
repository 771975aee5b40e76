"""The whole timing of one answer, computed before any of it goes out."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random

from proxy.errors import UnavailableError
from proxy.latency.line import Line, Place
from proxy.latency.profile import Profile, spread
from proxy.latency.prompts import Prompts


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds after the request came: when it had a slot, and when each token of its answer was there."""

    queued: float
    tokens: tuple[float, ...]
    place: Place
    arrived: float
    cached: int

    @property
    def first(self) -> float:
        """When the first token was there."""
        return self.tokens[0]

    @property
    def total(self) -> float:
        """When the last one was."""
        return self.tokens[-1]

    def of_piece(self, number: int, pieces: int) -> float:
        """When a piece of the answer goes out: with the last of its share of the tokens."""
        return self.tokens[max((number + 1) * len(self.tokens) // pieces - 1, 0)]


class Latency:
    """The profile of a run at work. Times of arrival are seconds of whatever clock; draws come from the seed."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self.profile = profile
        self.line = Line(profile.slots, profile.queue)
        self.prompts = Prompts()
        self.answers = 0
        self.virtual_now = 0.0
        self._random = Random(f"latency {seed}")
        self._ttft = spread(profile.ttft)
        self._per_token = spread(profile.per_token)

    def timed(self, arrived: float, prompt_tokens: int, cached: int, completion_tokens: int) -> Timing:
        """Take a place in the line. Raises UnavailableError where it is full."""
        if self.line.is_full(arrived):
            raise UnavailableError(
                "The engine is currently overloaded, please try again later", code="engine_overloaded"
            )
        start = self.line.start(arrived)
        slower = self._slower(start)
        first = self._ttft.draw(self._random) / 1000
        if self.profile.prefill_tokens_per_second:
            first += max(prompt_tokens - cached, 0) / self.profile.prefill_tokens_per_second
        gaps = [self._per_token.draw(self._random) / 1000 * slower for _ in range(completion_tokens - 1)]
        spans = tuple(accumulate(gaps, initial=first * slower))
        place = self.line.take(start, spans[-1])
        self.answers += 1
        queued = start - arrived
        return Timing(queued, tuple([queued + span for span in spans]), place, arrived, cached)

    def _slower(self, start: float) -> float:
        """1 alone, `slowdown` where all slots are taken, and evenly between."""
        slots, slowdown = self.profile.slots or 1, self.profile.slowdown or 1.0
        return 1 + (slowdown - 1) * self.line.beside(start) / (slots - 1) if slots > 1 else 1.0

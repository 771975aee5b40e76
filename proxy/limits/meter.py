"""The limits of a run at work: who has used how much, who is refused, and what was spent.

Knows no HTTP: a refusal is an ApiError, and what headers say is a mapping.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from fnmatch import fnmatchcase

from proxy.allowance import duration
from proxy.errors import RejectedError
from proxy.limits.ask import Ask
from proxy.limits.bucket import Bucket, Kind
from proxy.limits.plan import Limit, Plan, Scope

MOST_TALLIES = 1_000  # of those that are told apart; the one used longest ago is forgotten
_KINDS: tuple[Kind, ...] = ("requests", "tokens", "images")
_BUSY_WAIT = 1.0  # seconds: nobody knows when an answer will end
_LEARN_MORE = "Visit https://platform.openai.com/account/rate-limits to learn more."


class Tally:
    """What one of those that a limit tells apart has used, and is using."""

    def __init__(self, limit: Limit, who: tuple[str, ...]) -> None:
        self.limit = limit
        self.who = who
        self.running = 0
        given: tuple[tuple[Kind, int | None, int | None], ...] = (
            ("requests", limit.requests_per_minute, limit.requests_per_day),
            ("tokens", limit.tokens_per_minute, limit.tokens_per_day),
            ("images", limit.images_per_minute, limit.images_per_day),
        )
        self.buckets: list[Bucket] = []
        for kind, minute, day in given:
            self.buckets += [Bucket(kind, "min", minute)] if minute else []
            self.buckets += [Bucket(kind, "day", day)] if day else []


class Meter:
    """The limits and the purse of one run; `clock` is monotonic, in seconds."""

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self.plan = plan
        self._clock = clock
        self._limits = plan.all_limits()
        self._tallies: OrderedDict[tuple[int, tuple[str, ...]], Tally] = OrderedDict()
        self._spent: OrderedDict[tuple[str, ...], float] = OrderedDict()

    def admit(self, ask: Ask) -> list[Tally]:
        """Use what a request takes of every limit that holds for it, or of none. Raises RejectedError.

        Who is admitted has to be released.
        """
        self.check_budget(ask)
        tallies = self._holding(ask)
        self._check(tallies, ask)
        now = self._clock()
        for tally in tallies:
            tally.running += 1
            for bucket in tally.buckets:
                bucket.take(ask.amount(bucket.kind), now)
        return tallies

    def told(self, ask: Ask) -> dict[str, str]:
        """The x-ratelimit headers: of each kind the limit of which least remains."""
        now = self._clock()
        buckets = [bucket for tally in self._holding(ask) for bucket in tally.buckets]
        headers = {}
        for kind in _KINDS:
            of_kind = [bucket for bucket in buckets if bucket.kind == kind and (kind != "images" or ask.images)]
            if of_kind:
                least = min(of_kind, key=lambda bucket: bucket.remaining(now))
                headers[f"x-ratelimit-limit-{kind}"] = str(least.limit)
                headers[f"x-ratelimit-remaining-{kind}"] = str(least.remaining(now))
                headers[f"x-ratelimit-reset-{kind}"] = duration(least.full_in(now)) if least.used(now) else "0s"
        return headers

    def spend(self, ask: Ask, prompt: int, cached: int, completion: int, share: float = 1.0) -> float:
        """Charge the tokens of an answer, or a share of their price; US dollars."""
        cost = self.plan.price(ask.model).of(prompt, cached, completion) * share
        budget = self.plan.budget
        assert budget is not None, "without a budget nothing is charged"
        who = ask.who(budget.per)
        self._spent[who] = self._spent.pop(who, 0.0) + cost
        if len(self._spent) > MOST_TALLIES:
            self._spent.popitem(last=False)
        return cost

    @property
    def tallies(self) -> list[Tally]:
        """All of them, the one used last at the end."""
        return list(self._tallies.values())

    @property
    def spent(self) -> list[tuple[tuple[str, ...], float]]:
        """Who has spent how much."""
        return list(self._spent.items())

    def _holding(self, ask: Ask) -> list[Tally]:
        """Of limits that tell apart alike, the first whose model fits."""
        counted: set[tuple[Scope, ...]] = set()
        tallies = []
        for number, limit in enumerate(self._limits):
            if limit.per not in counted and fnmatchcase(ask.model, limit.model):
                counted.add(limit.per)
                tallies.append(self._tally(number, limit, ask.who(limit.per)))
        return tallies

    def _tally(self, number: int, limit: Limit, who: tuple[str, ...]) -> Tally:
        tally = self._tallies.get((number, who))
        if tally is None:
            tally = self._tallies[number, who] = Tally(limit, who)
            if len(self._tallies) > MOST_TALLIES:
                self._tallies.popitem(last=False)
        else:
            self._tallies.move_to_end((number, who))
        return tally

    def _check(self, tallies: list[Tally], ask: Ask) -> None:
        """Raises the refusal of the limit that has to be waited for longest."""
        now = self._clock()
        longest, refusing = 0.0, None
        for bucket in [bucket for tally in tallies for bucket in tally.buckets]:
            wait = bucket.wait(ask.amount(bucket.kind), now)
            if wait > longest:
                longest, refusing = wait, bucket
        if refusing is not None:
            used = math.ceil(refusing.used(now) - 1e-6)
            raise _refusal(ask, refusing.kind, _words(refusing), refusing.limit, used, longest)
        for tally in tallies:
            most = tally.limit.concurrent
            if most is not None and tally.running >= most:
                raise _refusal(ask, "requests", "concurrent requests", most, tally.running, _BUSY_WAIT)

    def check_budget(self, ask: Ask) -> None:
        """Raises RejectedError where it is spent."""
        budget = self.plan.budget
        if budget is None or budget.usd is None or self._spent.get(ask.who(budget.per), 0.0) < budget.usd:
            return
        raise RejectedError(
            429,
            "You exceeded your current quota, please check your plan and billing details. For more information on "
            "this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
            kind="insufficient_quota",
            param=None,
            code="insufficient_quota",
        )


def release(tallies: list[Tally]) -> None:
    """The answer is over."""
    for tally in tallies:
        tally.running -= 1


def _words(bucket: Bucket) -> str:
    """As in "tokens per min (TPM)"."""
    short = f"{bucket.kind[0]}p{bucket.window[0]}".upper()
    return f"{bucket.kind} per {bucket.window} ({short})"


def _refusal(ask: Ask, kind: Kind, what: str, limit: int, used: int, wait: float) -> RejectedError:
    """The 429 in OpenAI's words."""
    where = f"for {ask.model} in organization {ask.organization} on {what}: Limit {limit}"
    amount = ask.amount(kind)
    if math.isinf(wait):
        reduce = "The input or output tokens must be reduced in order to run successfully."
        message, headers = f"Request too large {where}, Requested {amount}. {reduce}", {}
    else:
        again = f"Please try again in {duration(wait)}."
        message = f"Rate limit reached {where}, Used {used}, Requested {amount}. {again}"
        headers = {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
    return RejectedError(
        429, f"{message} {_LEARN_MORE}", kind=kind, param=None, code="rate_limit_exceeded", headers=headers
    )

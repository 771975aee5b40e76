"""How long a model takes, as people write it: by hand, in a file, or as a preset of profiles.toml."""

import difflib
import math
import tomllib
from functools import cache
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
_P95 = 1.6448536269514722  # standard deviations above the mean


class ProfileError(Exception):
    """A profile that makes no sense: one sentence."""


class Spread(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A time that varies.

    `spread_ms` is half the width (uniform), the standard deviation (normal), or how far the 95th percentile is above
    the median `ms` (lognormal).
    """

    ms: Milliseconds
    spread_ms: Milliseconds = 0.0
    distribution: Literal["constant", "uniform", "normal", "lognormal"] = "constant"

    def draw(self, random: Random) -> float:
        """Milliseconds, never negative."""
        if self.distribution == "uniform":
            return max(0.0, self.ms + self.spread_ms * (2 * random.random() - 1))
        if self.distribution == "normal":
            return max(0.0, random.gauss(self.ms, self.spread_ms))
        if self.distribution == "lognormal" and self.ms:
            return self.ms * math.exp(math.log1p(self.spread_ms / self.ms) / _P95 * random.gauss(0, 1))
        return self.ms


Time = Milliseconds | Spread


class Profile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the answers of simulated models take. What is None comes from the preset, else is nothing."""

    preset: Annotated[str, Meta(max_length=200)] | None = None
    ttft: Time | None = None
    per_token: Time | None = None
    prefill_tokens_per_second: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    slots: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    queue: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    slowdown: Annotated[float, Meta(ge=1, le=1000)] | None = None
    cache: bool | None = None
    virtual: bool = False

    def whole(self) -> "Profile":
        """The profile with its preset in it. Raises ProfileError."""
        if self.preset is None:
            return self
        known = presets()
        if self.preset not in known:
            near = difflib.get_close_matches(self.preset, known, n=1)
            guess = f" Did you mean '{near[0]}'?" if near else ""
            raise ProfileError(f"There is no preset '{self.preset}'.{guess} The presets are: {', '.join(known)}.")
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(known[self.preset], **given)


def spread(time: Time | None) -> Spread:
    """A time as one that may vary."""
    return time if isinstance(time, Spread) else Spread(ms=time or 0.0)


def read(text: str) -> Profile:
    """The profile of a preset's name, or of a TOML or JSON file. Raises ProfileError."""
    path = Path(text).expanduser()
    if path.suffix not in (".toml", ".json"):
        return Profile(preset=text).whole()
    try:
        data = path.read_bytes()
        document: Any = tomllib.loads(data.decode()) if path.suffix == ".toml" else msgspec.json.decode(data)
        return msgspec.convert(document, Profile).whole()
    except OSError as problem:
        raise ProfileError(f"{path} cannot be read: {problem.strerror}.") from None
    except (ValueError, msgspec.MsgspecError, ProfileError) as problem:  # tomllib's error is a ValueError
        raise ProfileError(f"{path}: {problem}") from None


@cache
def presets() -> dict[str, Profile]:
    """The presets by name."""
    tables = tomllib.loads((Path(__file__).parent / "profiles.toml").read_text("utf-8"))
    return msgspec.convert(tables, dict[str, Profile])

"""What limits a run has, as people write them: by hand, in a file, or as a preset; with a budget and prices.

The numbers of presets and prices, and where they come from, are in tiers.toml and prices.toml.
"""

import difflib
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Scope = Literal["key", "model", "organization"]
Count = Annotated[int, Meta(ge=1, le=10**12)]
Name = Annotated[str, Meta(max_length=200)]
Per = Annotated[tuple[Scope, ...], Meta(max_length=3)]
Dollars = Annotated[float, Meta(ge=0, le=10**9)]

_HERE = Path(__file__).parent
_MOST_LIMITS = 100
_WHO = ("model", "per")


class PlanError(Exception):
    """A plan that makes no sense: one sentence."""


class Limit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each of those that `per` tells apart may do; `model` may have wildcards."""

    model: Name = "*"
    per: Per = ("organization", "model")
    requests_per_minute: Count | None = None
    requests_per_day: Count | None = None
    tokens_per_minute: Count | None = None
    tokens_per_day: Count | None = None
    images_per_minute: Count | None = None
    images_per_day: Count | None = None
    concurrent: Count | None = None


class Budget(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be spent; None is counted and not bounded."""

    usd: Dollars | None = None
    per: Per = ()


class Price(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """US dollars for a million tokens; `model` may have wildcards."""

    model: Name
    input: Dollars
    output: Dollars
    cached_input: Dollars | None = None

    def of(self, prompt: int, cached: int, completion: int) -> float:
        """What so many tokens cost; the cached ones are among those of the prompt."""
        again = self.input if self.cached_input is None else self.cached_input
        return ((prompt - cached) * self.input + cached * again + completion * self.output) / 1e6


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All limits of a run. Those of the preset come after those that are written here."""

    preset: Name | None = None
    limits: Annotated[tuple[Limit, ...], Meta(max_length=_MOST_LIMITS)] = ()
    budget: Budget | None = None
    prices: Annotated[tuple[Price, ...], Meta(max_length=_MOST_LIMITS)] = ()

    def all_limits(self) -> tuple[Limit, ...]:
        """The limits, the preset's too."""
        return self.limits + (presets()[self.preset] if self.preset else ())

    def price(self, model: str) -> Price:
        """The first price that fits a model; the table's last fits all."""
        return next(price for price in (*self.prices, *_prices()) if fnmatchcase(model, price.model))


def checked(plan: Plan) -> Plan:
    """The plan, if it makes sense. Raises PlanError."""
    if plan.preset is not None and plan.preset not in presets():
        near = difflib.get_close_matches(plan.preset, presets(), n=1)
        guess = f" Did you mean '{near[0]}'?" if near else ""
        raise PlanError(f"There is no preset '{plan.preset}'.{guess} The presets are: {', '.join(presets())}.")
    for number, limit in enumerate(plan.limits):
        if all(value is None for name, value in msgspec.structs.asdict(limit).items() if name not in _WHO):
            fields = ", ".join(field.name for field in msgspec.structs.fields(Limit) if field.name not in _WHO)
            raise PlanError(f"'limits[{number}]' limits nothing: give at least one of {fields}.")
    return plan


def read(text: str) -> Plan:
    """The plan of a preset's name, or of a TOML or JSON file. Raises PlanError."""
    path = Path(text).expanduser()
    if path.suffix not in (".toml", ".json"):
        return checked(Plan(preset=text))
    try:
        data = path.read_bytes()
        document: Any = tomllib.loads(data.decode()) if path.suffix == ".toml" else msgspec.json.decode(data)
        return checked(msgspec.convert(document, Plan))
    except OSError as problem:
        raise PlanError(f"{path} cannot be read: {problem.strerror}.") from None
    except (ValueError, msgspec.MsgspecError, PlanError) as problem:  # tomllib's error is a ValueError
        raise PlanError(f"{path}: {problem}") from None


@cache
def presets() -> dict[str, tuple[Limit, ...]]:
    """The presets of tiers.toml by name."""
    tables = tomllib.loads((_HERE / "tiers.toml").read_text("utf-8"))
    return {name: msgspec.convert(table["limits"], tuple[Limit, ...]) for name, table in tables.items()}


@cache
def _prices() -> tuple[Price, ...]:
    tables = tomllib.loads((_HERE / "prices.toml").read_text("utf-8"))
    return msgspec.convert(tables["prices"], tuple[Price, ...])

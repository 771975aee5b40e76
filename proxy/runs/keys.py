"""What one request carries of its run, and where the runs are, under typed keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from proxy.runs.journal import Entry
from proxy.runs.runs import Run, Runs

if TYPE_CHECKING:  # the way out looks here
    from proxy.relay import Look, Shape


@dataclass(slots=True)
class Exchange:
    """One request in its run: its line in the journal, and what is to happen to its answer."""

    run: Run
    entry: Entry
    shapes: "tuple[Shape, ...]" = ()
    looks: "tuple[Look, ...]" = ()
    told: Mapping[str, str] | None = None  # the x-ratelimit headers, where the run has limits


RUNS = web.AppKey("RUNS", Runs)
# One key for all, because each look at a request costs.
EXCHANGE = web.RequestKey("exchange", Exchange)

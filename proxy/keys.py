"""What the endpoints share, under typed keys."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from proxy.batches import Batches
from proxy.files import Files
from proxy.pace import Clock, Sleep
from proxy.real_model import RealModel
from proxy.runs.own import Own
from proxy.settings import Settings


@dataclass(frozen=True, slots=True)
class Times:
    """The time of day (Unix seconds), a clock that never jumps (seconds), and how to wait."""

    now: Callable[[], float]
    clock: Clock
    sleep: Sleep


SETTINGS = web.AppKey("SETTINGS", Settings)
REAL_MODEL = web.AppKey("REAL_MODEL", RealModel)
TIMES = web.AppKey("TIMES", Times)
FILES: web.AppKey[Own[Files]] = web.AppKey("FILES", Own)
BATCHES: web.AppKey[Own[Batches]] = web.AppKey("BATCHES", Own)
LISTED = web.AppKey("LISTED", tuple[str, ...])  # the map, for people

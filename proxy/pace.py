"""The only code that waits. An event goes out at its time on one absolute schedule, so delays never add up.

Clock (seconds, monotonic) and sleep are parameters; what the events are is not known here.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


async def on_schedule(
    events: Iterable[tuple[float, bytes]], clock: Clock, sleep: Sleep, start: float | None = None
) -> AsyncGenerator[bytes, None]:
    """Each event's bytes at its time, in seconds after the start, which is now; what is late goes out at once."""
    if start is None:
        start = clock()
    for due, event in events:
        wait = start + due - clock()
        if wait > 0:
            await sleep(wait)
        yield event


async def until(due: float, clock: Clock, sleep: Sleep) -> None:
    """Wait for a time of the clock."""
    wait = due - clock()
    if wait > 0:
        await sleep(wait)

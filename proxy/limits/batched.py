"""What the lines of a batch cost: half the price (https://platform.openai.com/docs/guides/batch).

They meet no rate limits, for those of batches are others; but a budget that is spent refuses them.
"""

from collections.abc import Awaitable, Callable, Mapping

from proxy.limits.ask import read
from proxy.limits.bill import Usage
from proxy.limits.meter import Meter
from proxy.runs.view import decoded

_SHARE = 0.5


async def charged(
    meter: Meter, path: str, headers: Mapping[str, str], body: bytes, answer: Callable[[], Awaitable[tuple[int, bytes]]]
) -> tuple[int, bytes]:
    """Status and body of an answer, charged to the run's budget. Raises RejectedError."""
    ask = read(path, headers, body)
    meter.check_budget(ask)
    status, told = await answer()
    usage = Usage(ask.prompt_tokens)
    usage.see(decoded(told))
    if usage.told:
        meter.spend(ask, usage.prompt, usage.cached, usage.completion, _SHARE)
    return status, told

"""What a client may still send, for the x-ratelimit headers: two buckets that empty with use and fill with time.

They are generous, and nobody is refused. OpenAI's words: https://platform.openai.com/docs/guides/rate-limits.
"""

from collections.abc import Callable

from multidict import istr

REQUESTS_A_MINUTE = 1_000_000
TOKENS_A_MINUTE = 1_000_000_000
_A_REQUEST, _A_TOKEN = 60 / REQUESTS_A_MINUTE, 60 / TOKENS_A_MINUTE  # seconds until it is there again
_HALF = 0.5  # a float's last bits must not cost one
_BYTES_A_TOKEN = 4  # of a request's body: a token of English text, as OpenAI's own estimate has it
_REMAINING_REQUESTS = istr("x-ratelimit-remaining-requests")
_REMAINING_TOKENS = istr("x-ratelimit-remaining-tokens")
_RESET_REQUESTS = istr("x-ratelimit-reset-requests")
_RESET_TOKENS = istr("x-ratelimit-reset-tokens")

LIMITS: dict[str, str] = {
    istr("x-ratelimit-limit-requests"): str(REQUESTS_A_MINUTE),
    istr("x-ratelimit-limit-tokens"): str(TOKENS_A_MINUTE),
}


class Allowance:
    """The allowance of everybody together; `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # When each bucket will be full, which says all that there is to know of it.
        self._requests_full_at = self._tokens_full_at = clock()

    def spend(self, body_bytes: int) -> dict[str, str]:
        """Count one request; the headers tell the limits, what is left, and when it will be whole again."""
        now = self._clock()
        requests = self._requests_full_at - now
        requests = (requests if requests > 0.0 else 0.0) + _A_REQUEST
        tokens = self._tokens_full_at - now
        tokens = (tokens if tokens > 0.0 else 0.0) + (body_bytes // _BYTES_A_TOKEN + 1) * _A_TOKEN
        requests = requests if requests < 60.0 else 60.0
        tokens = tokens if tokens < 60.0 else 60.0
        self._requests_full_at = now + requests
        self._tokens_full_at = now + tokens
        return {
            **LIMITS,
            _REMAINING_REQUESTS: str(int(REQUESTS_A_MINUTE - requests / _A_REQUEST + _HALF)),
            _REMAINING_TOKENS: str(int(TOKENS_A_MINUTE - tokens / _A_TOKEN + _HALF)),
            _RESET_REQUESTS: "1ms" if requests <= 0.001 else duration(requests),
            _RESET_TOKENS: "1ms" if tokens <= 0.001 else duration(tokens),
        }


def duration(seconds: float) -> str:
    """As OpenAI writes it, rounded up to milliseconds: 8ms, 1.5s, 1m0s, 2h0m0s."""
    milliseconds = -int(-seconds * 1000 // 1)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:g}s"
    hours, rest = divmod(milliseconds, 3_600_000)
    return f"{f'{hours}h' if hours else ''}{rest // 60_000}m{rest % 60_000 / 1000:g}s"

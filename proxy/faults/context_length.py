"""Refuses the request as too long for the model."""

from proxy.errors import BadRequestError
from proxy.faults.fault import Count, Fault


class ContextLength(Fault, frozen=True):
    """400 `context_length_exceeded`, as if the messages were longer than the model can read."""

    limit: Count = 8192
    asked: Count = 10_000

    def before(self) -> None:
        """Raises the error."""
        raise BadRequestError(
            f"This model's maximum context length is {self.limit} tokens. However, your messages resulted in "
            f"{self.asked} tokens. Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )

"""Says that the answer is something else."""

from proxy.faults.fault import Fault, Text
from proxy.keys import Times
from proxy.relay import Answer


class ContentType(Fault, frozen=True):
    """Another `Content-Type` than the body's."""

    value: Text = "text/html; charset=utf-8"

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The same bytes under another name."""
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
        return Answer(answer.body, kept | {"Content-Type": "".join(c for c in self.value if c >= " ")}, answer.status)

"""Everything that can stop a fetch, each with its exit code, a word for programs, and advice for people.

    FetchError
    ├── UsageError      2  the command or the configuration is wrong
    ├── NoSuchThing     3  no such repository, revision, file or version
    ├── AccessRefused   4  gated, or the token is missing or wrong
    ├── OutOfReach      5  offline, unreachable, server errors, stalled
    ├── DiskFull        6
    ├── Corrupt         7  a hash or a size differs
    └── Unusable        8  a format that llama-server here cannot load
    Transient              one attempt failed; never leaves the package
    Interrupted            130 or 143: a signal; not an error, so that nothing catches it by accident

A message is one sentence without its full stop; advice is one sentence that begins with a verb.
"""

# ruff: noqa: N818 - the module says "errors"; a name says what is the case, as in KeyboardInterrupt

import re
import signal
from typing import ClassVar


class FetchError(Exception):
    """A fetch that cannot go on."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        """What happened and what to do, on one line."""
        return f"{self.message}. {self.advice}"


class UsageError(FetchError):
    """The command or the configuration is wrong."""

    exit_code = 2
    code = "usage"


class NoSuchThing(FetchError):
    """No such repository, revision, file or version."""

    exit_code = 3
    code = "not_found"


class AccessRefused(FetchError):
    """Gated or private, or the token is missing or wrong."""

    exit_code = 4
    code = "access_refused"


class OutOfReach(FetchError):
    """Offline, unreachable, server errors, stalled."""

    exit_code = 5
    code = "out_of_reach"


class DiskFull(FetchError):
    """No room for it."""

    exit_code = 6
    code = "disk_full"


class Corrupt(FetchError):
    """A hash or a size differs."""

    exit_code = 7
    code = "corrupt"


class Unusable(FetchError):
    """A format that llama-server cannot load."""

    exit_code = 8
    code = "unusable"


class Transient(Exception):
    """One attempt failed in a way that another attempt may mend."""

    def __init__(self, reason: str, *, retry_after: float | None = None, hopeless_soon: bool = False) -> None:
        """`retry_after` is in seconds. `hopeless_soon`: nobody answered at all, so few tries are enough."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.hopeless_soon = hopeless_soon


class Interrupted(BaseException):
    """A signal asked for the end."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.kept = ""  # what became of the work so far, where that is worth a word
        self.exit_code = 128 + signum
        self.verb = "interrupted" if signum == signal.SIGINT else "terminated"


_SECRET_PARTS = re.compile(r"(?P<scheme>https?://)(?:[^/\s@]+@)?(?P<rest>[^\s?#'\"]*)(?:\?[^\s'\"#]*)?")


def without_secrets(text: str) -> str:
    """`text` with the user information and the query of every URL in it removed: tokens live there."""
    return _SECRET_PARTS.sub(r"\g<scheme>\g<rest>", text)

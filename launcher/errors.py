"""What can go wrong in native mode, each with its exit code and what to do about it.

LauncherError               exit 1   one sentence, and advice
├── ConfigurationError      exit 2   everything wrong with the settings, at once
├── PortInUseError          exit 1
├── ProxyError              exit 1   the proxy ended although nobody asked it to
├── UnavailableError        3 to 8   a binary or a model could not be had; the code is the fetcher's
│   └── UnsafeArchiveError  exit 7   an archive that tries to write where it should not
├── LlamaExitError          exit 10  llama-server ended, before or after it was ready
└── LlamaHealthError        exit 11  llama-server runs and does not become healthy
"""

from typing import ClassVar

INTERRUPTED = 130
"""A second Ctrl-C: stopped at once, streams were cut. The first one ends with 0."""
TERMINATED = 143
"""A second SIGTERM, likewise."""

NOT_FOUND = 3
OUT_OF_REACH = 5
CORRUPT = 7
UNUSABLE = 8
PERMANENT = frozenset({2, NOT_FOUND, UNUSABLE})
"""Codes of the fetcher (Contract 3) that trying again does not change."""


class LauncherError(Exception):
    """`message`: one sentence about what is wrong, without its full stop. `advice`: what to do, with it."""

    exit_code: int = 1
    code: ClassVar[str] = "launcher_error"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}. {self.advice}".strip()


class ConfigurationError(LauncherError):
    """Settings that cannot work."""

    exit_code = 2
    code = "bad_configuration"


class PortInUseError(LauncherError):
    """Somebody listens there already."""

    code = "port_in_use"


class ProxyError(LauncherError):
    """The proxy ended although nobody asked it to."""

    code = "proxy_failed"


class UnavailableError(LauncherError):
    """A binary or a model could not be had."""

    code = "unavailable"

    def __init__(self, message: str, advice: str = "", exit_code: int = OUT_OF_REACH, code: str = "") -> None:
        super().__init__(message, advice)
        self.told = False
        """Whether the fetcher has printed it already."""
        self.exit_code = exit_code
        self.reason = code or self.code

    @property
    def permanent(self) -> bool:
        """Whether trying again later cannot help."""
        return self.exit_code in PERMANENT


class UnsafeArchiveError(UnavailableError):
    """An archive that tries to write where it should not, or too much."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "Nothing of it was kept.", CORRUPT, "unsafe_archive")


class LlamaExitError(LauncherError):
    """llama-server ended, before or after it was ready."""

    exit_code = 10
    code = "llama_died"


class LlamaHealthError(LauncherError):
    """llama-server runs and does not become healthy."""

    exit_code = 11
    code = "llama_not_healthy"

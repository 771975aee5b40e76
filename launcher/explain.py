"""Turns what a llama-server said on its way out into one sentence and a remedy.

The patterns are llama.cpp's own words (build b11434), the dynamic linkers' and the systems'. What is not known here
is not guessed: the last lines are shown instead.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

BUILD = "`make llama-native` (or the command `build-llama`)"
OTHER_SERVER = f"Take another llama-server with --llama-server PATH, or build one here with {BUILD}."
SIGNAL_BASE = 128


@dataclass(frozen=True)
class Cause:
    """A pattern of words; `message` may use its groups as \\1."""

    pattern: str
    message: str
    advice: str


START = (
    Cause(r"(GLIBC(?:XX)?_[\d.]+)'? not found", r"it needs \1, and this system's C library is older", OTHER_SERVER),
    Cause(r"libgomp\.so\.1: cannot open", "the library libgomp is missing",
          "Install it: `apt install libgomp1`, `dnf install libgomp` or `apk add libgomp`."),
    Cause(r"(?:libraries: |Library not loaded: )(\S+?)[:\s]", r"the library \1 is missing", OTHER_SERVER),
    Cause(r"Exec format error|bad CPU type", "it was built for another kind of processor or system", OTHER_SERVER),
    Cause(r"No such file or directory$", "its program loader is not on this system (musl?), or it is not there",
          OTHER_SERVER),
    Cause(r"Permission denied", "it may not be executed",
          "Make it executable (chmod +x), on a disk that is not noexec."),
)  # fmt: skip

LOAD = (
    Cause(r"unknown model architecture: '?([\w.-]+)",
          r"this llama-server does not know the model's architecture, \1",
          "Take another model (--model smollm2-135m), or a newer llama-server with --llama-server PATH."),
    Cause(r"couldn't bind HTTP server socket.*port: (\d+)", r"port \1 is in use",
          "Choose another one with --llama-port."),
    Cause(r"failed to allocate|out of memory|cudaMalloc failed|ErrorOutOfDeviceMemory|bad_alloc|Insufficient Memory",
          "there is not enough memory", "Take a smaller --ctx-size or a smaller model."),
    Cause(r"(?:unknown argument|invalid argument): (\S+)",
          r"it does not know the option \1: its build is too old", OTHER_SERVER),
    Cause(r"error loading model: (.+)", r"the model cannot be loaded: \1",
          "Fetch it again (remove its folder in the cache first), or take another model."),
    Cause(r"failed to load model", "the model cannot be loaded",
          "Fetch it again (remove its folder in the cache first), or take another model."),
)  # fmt: skip

SIGNALS = {
    4: ("its build uses instructions that this processor does not have", OTHER_SERVER),
    6: ("it aborted", "Its log says more."),
    9: (
        "it was killed; the system does that when memory runs out",
        "Take a smaller --ctx-size or a smaller model.",
    ),
    11: ("it crashed (segmentation fault)", OTHER_SERVER),
    15: ("something stopped it with SIGTERM", "Start it again."),
}
QUARANTINE = (
    "macOS killed it: it is quarantined or not signed",
    "Run `xattr -dr com.apple.quarantine` on its folder, then start again.",
)


def why_it_does_not_start(text: str, code: int, system: str) -> tuple[str, str]:
    """Message and advice for a binary whose `--version` failed with `code` and said `text`."""
    if system == "Darwin" and code == SIGNAL_BASE + 9:
        return QUARANTINE
    return _match(text, START) or _by_code(text, code)


def why_it_ended(text: str, code: int) -> tuple[str, str]:
    """Message and advice for a llama-server that ended with `code` and whose log is `text`."""
    return _match(text, (*LOAD, *START)) or _by_code(text, code)


def last_words(text: str, lines: int = 3) -> str:
    """The last lines that say something, without llama.cpp's time stamps."""
    said = [re.sub(r"^[\d.]+ [A-Z] ", "", line).strip() for line in text.splitlines() if line.strip()]
    return " / ".join(said[-lines:]).rstrip(".")


def _match(text: str, causes: Sequence[Cause]) -> tuple[str, str] | None:
    for cause in causes:
        if found := re.search(cause.pattern, text, re.MULTILINE):
            return found.expand(cause.message).rstrip("."), cause.advice
    return None


def _by_code(text: str, code: int) -> tuple[str, str]:
    if code - SIGNAL_BASE in SIGNALS:
        return SIGNALS[code - SIGNAL_BASE]
    words = last_words(text)
    return (f"exit code {code}" + (f", its last words: {words}" if words else "")), OTHER_SERVER

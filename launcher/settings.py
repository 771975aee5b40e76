"""Every knob of native mode, once: flag, environment name, default, help. Read once, frozen.

Contract 4 of ARCHITECTURE.md: the flag `--some-name` is the variable `SOME_NAME`, and the flag wins.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from launcher.errors import ConfigurationError

APP = "openai-api-simulator"
CACHE_VARIABLE = "OPENAI_API_SIMULATOR_CACHE"
ACCELERATORS = ("cuda", "vulkan")


@dataclass(frozen=True)
class Settings:
    """What `up` and `doctor` work with. Seconds are seconds; `threads` 0 means chosen."""

    model: str = "nanochat"
    host: str = "127.0.0.1"
    port: int = 3080
    llama_port: int = 8081
    llama_server: str = ""
    accelerator: str = ""
    ctx_size: int = 4096
    temperature: float = 0.7
    threads: int = 0
    health_timeout: float = 45.0
    fail_fast: bool = False
    offline: bool = False
    releases_url: str = ""
    releases_api: str = ""
    cache: Path = Path()
    proxy_flags: tuple[str, ...] = ()

    @property
    def models_dir(self) -> Path:
        """Contract 1."""
        return self.cache / "models"

    @property
    def run_dir(self) -> Path:
        """Status file and logs of the stack on this port."""
        return self.cache / "run" / str(self.port)

    @property
    def status_file(self) -> Path:
        """Contract 2."""
        return self.run_dir / "status.json"

    @property
    def llama_dir(self) -> Path:
        """The llama-server builds."""
        return self.cache / "llama"

    @property
    def downloads_dir(self) -> Path:
        """Archives in flight."""
        return self.cache / "downloads"

    @property
    def url(self) -> str:
        """Where the proxy can be asked from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    @property
    def llama_url(self) -> str:
        """Where llama-server listens: never beyond this machine."""
        return f"http://127.0.0.1:{self.llama_port}"


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError("a port is a number from 1 to 65535")
    return number


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = float(text)
        if not low <= number <= high:
            raise ValueError(f"a number from {low:g} to {high:g} is needed")
        return number

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return number

    return read


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("1 or 0 is needed")
    return words[text.lower()]


def _accelerator(text: str) -> str:
    if text.lower() not in ACCELERATORS:
        raise ValueError(f"one of {', '.join(ACCELERATORS)} is needed")
    return text.lower()


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("it must not be empty")
    return text.strip()


@dataclass(frozen=True)
class Option:
    """One row of the table: a field of Settings and how it is given."""

    field: str
    flags: tuple[str, ...]
    env: str
    read: Callable[[str], Any]
    help: str
    metavar: str = ""


OPTIONS = (
    Option("model", ("--model", "-model"), "MODEL", _text,
           "a name (nanochat, smollm2-135m, ...), PATH.gguf, its URL, or hf:owner/repo[:file]", "MODEL"),
    Option("port", ("--port", "-port"), "PORT", _port, "where the OpenAI API is served", "N"),
    Option("llama_port", ("--llama-port", "-llama-port"), "LLAMA_PORT", _port,
           "where llama-server listens, on 127.0.0.1 only", "N"),
    Option("host", ("--host",), "HOST", _text, "address the API listens on; 0.0.0.0 opens it to the network", "ADDR"),
    Option("llama_server", ("--llama-server",), "LLAMA_SERVER", _text, "a llama-server of your own", "PATH"),
    Option("accelerator", ("--llama-accelerator", "--accelerator"), "LLAMA_ACCELERATOR", _accelerator,
           "take llama.cpp's cuda or vulkan build, where such a device is found", "NAME"),
    Option("ctx_size", ("--ctx-size",), "CTX_SIZE", _whole(128, 10_000_000),
           "tokens of context, at most the model's own limit", "N"),
    Option("temperature", ("--temperature",), "TEMPERATURE", _number(0, 5),
           "of the real model, when a request names none", "X"),
    Option("threads", ("--threads",), "THREADS", _whole(0, 4096), "threads of llama-server; 0: chosen", "N"),
    Option("health_timeout", ("--health-timeout",), "HEALTH_TIMEOUT", _number(0.1, 86_400),
           "seconds llama-server may take to load the model", "S"),
    Option("fail_fast", ("--fail-fast",), "FAIL_FAST", _switch,
           "exit when the real model cannot be had, instead of serving the simulator and trying again"),
    Option("offline", ("--offline",), "HF_HUB_OFFLINE", _switch, "use only what is on this machine already"),
    Option("releases_url", ("--llama-releases-url",), "LLAMA_RELEASES_URL", _text,
           "a mirror of llama.cpp's releases/download", "URL"),
    Option("releases_api", ("--llama-releases-api",), "LLAMA_RELEASES_API", _text,
           "a mirror of the API that lists the digests of a release", "URL"),
    Option("cache", ("--cache",), CACHE_VARIABLE, lambda text: Path(_text(text)),
           "folder of models, llama-server builds and logs", "DIR"),
)  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    """Every option as a flag of `parser`; values stay text until `read_settings` checks them all."""
    defaults = Settings()
    for option in OPTIONS:
        value = getattr(defaults, option.field)
        shown = str(default_cache()) if option.field == "cache" else str(value)
        note = f"{option.help} [{option.env}" + (f"; {shown}]" if shown and value is not False else "]")
        if option.metavar:
            parser.add_argument(*option.flags, dest=option.field, metavar=option.metavar, help=note)
        else:
            parser.add_argument(*option.flags, dest=option.field, action="store_const", const="1", help=note)


def read_settings(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Flags over environment over defaults. Raises ConfigurationError that names everything wrong at once."""
    values: dict[str, Any] = {"cache": default_cache(), "proxy_flags": flags.get("proxy_flags", ())}
    wrong = []
    for option in OPTIONS:
        given, origin = flags.get(option.field), option.flags[0]
        if given is None:
            given, origin = environ.get(option.env) or None, option.env
        if given is None:
            continue
        try:
            values[option.field] = option.read(given)
        except ValueError as error:
            plain = "a number is needed" if "invalid literal" in str(error) or "convert" in str(error) else error
            wrong.append(f"{origin}={given}: {plain}")
    settings = Settings(**(values | {"cache": values["cache"].expanduser().absolute()}))
    if settings.port == settings.llama_port:
        wrong.append(f"--port and --llama-port are both {settings.port}: two servers need two ports")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return settings


def default_cache() -> Path:
    """The platform's cache folder, `~/.cache/openai-api-simulator` on Linux."""
    return Path(platformdirs.user_cache_dir(APP, appauthor=False))

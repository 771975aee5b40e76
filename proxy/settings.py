"""Every knob of the proxy, once: one field is a flag, an environment name, a default, a check and a help text.

`read` takes the arguments and the environment as parameters, collects every mistake, and reports them together.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from proxy import VERSION

if TYPE_CHECKING:
    from proxy.latency.profile import Profile
    from proxy.limits.plan import Plan

PROGRAM = "python -m proxy"
EXAMPLES = """\
examples:
  python -m proxy                                   simulated models on http://127.0.0.1:3080/v1
  python -m proxy --port 8000 --seed 7              another port, other texts
  python -m proxy --llama-url http://10.0.0.5:8081  a real model from that llama-server
  python -m proxy --scenario answers.yaml           answers by rules; `python -m proxy scenario check FILE` checks them
  PORT=8000 STRICT_MODELS=true python -m proxy      every flag --some-name is also the variable SOME_NAME

exit codes: 0 stopped by a signal, 1 cannot listen, 2 bad configuration
"""


class SettingsError(Exception):
    """Bad configuration: one sentence for each mistake."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ValueError("must be a port number from 0 to 65535")
    return int(text)


def _url(text: str) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed:
        raise ValueError("must be an http:// or https:// URL, or empty to turn real models off")
    return text.rstrip("/")


def base_url(text: str) -> str | None:
    """The base URL of an API; None for an empty text. Raises ValueError."""
    try:
        url = _url(text) or ""
    except ValueError:
        raise ValueError("must be an http:// or https:// URL, such as https://api.openai.com/v1") from None
    if "@" in url.partition("://")[2].partition("/")[0]:  # it would be told, and does not go with the key of a client
        raise ValueError("must have no name and password in it; a key goes into RECORD_API_KEY")
    return url or None


def _on_miss(text: str) -> str | None:
    if not text:
        return None
    if text not in ("fail", "simulate", "record", "pass"):
        raise ValueError("must be fail, simulate, record or pass")
    return text


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1000:
        raise ValueError("must be a number from 0 to 1000")
    return value


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return words[text.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _seed(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 2**63
    if not -(2**63) <= value < 2**63:
        raise ValueError("must be a whole number of at most 64 bits")
    return value


def _bytes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("must be a whole number of bytes, at least 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86400:
        raise ValueError("must be a number of seconds from 0 to 86400")
    return value


def _positive_seconds(text: str) -> float:
    value = _seconds(text)
    if value == 0:
        raise ValueError("must be more than 0 seconds")
    return value


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for origin in origins:
        if origin != "*" and "://" not in origin:
            raise ValueError(f"must be * or origins such as https://example.org, and {origin!r} is neither")
    return origins


def _level(text: str) -> str:
    level = text.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be debug, info, warning or error")
    return level


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _limits(text: str) -> "Plan | None":
    if not text:
        return None
    from proxy.limits import plan  # noqa: PLC0415 - hardly anybody sets limits

    try:
        return plan.read(text)
    except plan.PlanError as problem:
        raise ValueError(f"must be a preset or a .toml or .json file ({problem})") from None


def _latency(text: str) -> "Profile | None":
    if not text:
        return None
    from proxy.latency import profile  # noqa: PLC0415 - as above

    try:
        return profile.read(text)
    except profile.ProfileError as problem:
        raise ValueError(f"must be a preset or a .toml or .json file ({problem})") from None


def _paths(text: str) -> tuple[Path, ...]:
    return tuple([Path(part.strip()).expanduser() for part in text.split(",") if part.strip()])


def _knob(shown: str, parse: Callable[[str], Any], explanation: str) -> dict[str, Any]:
    """`shown` is the default as it is written in the help and in docs/settings.md."""
    return {"shown": shown, "parse": parse, "help": explanation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the proxy was told; the order is that of `--help` and of docs/settings.md."""

    host: str = field(
        default="127.0.0.1", metadata=_knob("127.0.0.1", str, "address to listen on; 0.0.0.0 opens it to the network")
    )
    port: int = field(default=3080, metadata=_knob("3080", _port, "port to listen on; 0 takes a free one"))
    llama_url: str | None = field(
        default="http://127.0.0.1:8081",
        metadata=_knob("http://127.0.0.1:8081", _url, "the llama-server; empty turns real models off"),
    )
    models_dir: Path | None = field(
        default=None, metadata=_knob("", _path, "the models folder, for what /v1/models says of a real model")
    )
    model_status: Path | None = field(
        default=None, metadata=_knob("", _path, "status file of the real model, while it is fetched and started")
    )
    strict_models: bool = field(
        default=False, metadata=_knob("false", _switch, "answer 404 to models that /v1/models does not list")
    )
    lenient: bool = field(
        default=False, metadata=_knob("false", _switch, "let unknown parameters pass instead of answering 400")
    )
    seed: int = field(default=0, metadata=_knob("0", _seed, "seed of the simulator: another seed, other texts"))
    limits: "Plan | None" = field(
        default=None,
        metadata=_knob("", _limits, "rate limits of every run: free, tier-1 to tier-5, or a .toml or .json file"),
    )
    latency: "Profile | None" = field(
        default=None,
        metadata=_knob("", _latency, "how long simulated models take: a preset of docs/latency.md, or a file"),
    )
    max_body_bytes: int = field(
        default=8 * 2**20, metadata=_knob("8388608", _bytes, "largest request body; more is answered with 413")
    )
    drain_seconds: float = field(
        default=25.0, metadata=_knob("25", _seconds, "how long answers may go on after a signal to stop")
    )
    connect_timeout: float = field(
        default=5.0, metadata=_knob("5", _positive_seconds, "seconds to reach the llama-server")
    )
    read_timeout: float = field(
        default=300.0,
        metadata=_knob("300", _positive_seconds, "seconds the llama-server may be silent between bytes"),
    )
    cors_origins: tuple[str, ...] = field(
        default=("*",),
        metadata=_knob("*", _origins, "web origins that may call, separated by commas; empty for none"),
    )
    scenario: tuple[Path, ...] = field(
        default=(),
        metadata=_knob(
            "", _paths, "scenario files or folders, separated by commas, that say what is answered; watched for changes"
        ),
    )
    on_miss: str | None = field(
        default=None,
        metadata=_knob("", _on_miss, "what no rule answers: fail, simulate, record or pass; wins over the files'"),
    )
    replay_speed: float = field(
        default=0.0, metadata=_knob("0", _speed, "recorded answers go out at once (0), as they came (1), or faster (2)")
    )
    record: Path | None = field(
        default=None, metadata=_knob("", _path, "scenario file into which what no rule answers is recorded")
    )
    record_from: str | None = field(
        default=None,
        metadata=_knob("", base_url, "base URL of the API that is recorded; not set: the real model"),
    )
    record_api_key: str | None = field(
        default=None,
        repr=False,
        metadata=_knob("", lambda text: text or None, "its key, in place of the client's; a variable only")
        | {"secret": True},
    )
    access_log: bool = field(default=False, metadata=_knob("false", _switch, "one line on stderr for each request"))
    log_level: str = field(default="INFO", metadata=_knob("info", _level, "debug, info, warning or error"))


def read(arguments: Sequence[str], environment: Mapping[str, str], program: str = PROGRAM) -> Settings:
    """Settings from flags, else the environment, else defaults. Raises SettingsError with every mistake."""
    parsed, unknown = _parser(program).parse_known_args(arguments)
    problems = [f"unknown argument {word!r}; --help lists the flags" for word in unknown]
    values: dict[str, Any] = {}
    for knob in dataclasses.fields(Settings):
        given, text = _lookup(knob.name, getattr(parsed, knob.name, None), environment)
        if text is None or (text == "" and knob.name not in ("llama_url", "cors_origins")):
            continue  # an empty variable is what `NAME=` in a Compose file means: the default
        try:
            values[knob.name] = knob.metadata["parse"](text)
        except ValueError as problem:
            problems.append(f"{given} {problem}, not {text!r}")
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def flag(name: str) -> str:
    """The command-line flag of a field: `llama_url` is `--llama-url`."""
    return "--" + name.replace("_", "-")


def _lookup(name: str, argument: str | None, environment: Mapping[str, str]) -> tuple[str, str | None]:
    if argument is not None:
        return flag(name), argument.strip()
    value = environment.get(name.upper())
    return name.upper(), None if value is None else value.strip()


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="One OpenAI-compatible endpoint: the simulated model gpt-sim-1, and a real one from llama.cpp.",
        epilog=EXAMPLES.replace(PROGRAM, program),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"openai-api-simulator {VERSION}")
    for knob in dataclasses.fields(Settings):
        if "secret" in knob.metadata:
            continue  # whoever lists processes sees their flags
        shown = knob.metadata["shown"] or "not set"
        switch: dict[str, Any] = {"nargs": "?", "const": "true"} if knob.metadata["parse"] is _switch else {}
        parser.add_argument(
            flag(knob.name), metavar=knob.name.upper(), help=f"{knob.metadata['help']} (default: {shown})", **switch
        )
    return parser

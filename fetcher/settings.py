"""Every knob of the fetcher, read once: a flag wins over its environment name, which wins over the default."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fetcher.catalogue import DEFAULT_CATALOGUE
from fetcher.convert.command import TYPES
from fetcher.convert.files import STAGES
from fetcher.errors import UsageError

DEFAULT_MODEL: Final = "nanochat"
DEFAULT_ENDPOINT: Final = "https://huggingface.co"
_ON: Final = ("1", "true", "yes", "on")


@dataclass(frozen=True)
class Patience:
    """How long to go on with a difficult server. Seconds throughout."""

    stall_seconds: float = 30.0
    tries: int = 6
    backoff_seconds: float = 1.0


@dataclass(frozen=True)
class CheckpointWish:
    """What to make of a checkpoint; `None` where the user says nothing. `libggml` is a path."""

    quantization: str | None = None
    stage: str | None = None
    keep: bool = False
    libggml: str | None = None


@dataclass(frozen=True)
class Settings:
    """What a run of the fetcher works with."""

    models_dir: Path
    model_status: Path | None
    catalogue: Path
    hf_endpoint: str
    hf_token: str | None = field(repr=False)
    offline: bool
    patience: Patience
    environ: Mapping[str, str] = field(repr=False)
    checkpoint: CheckpointWish = CheckpointWish()


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that every command has. The help names each one's environment name."""
    add = parser.add_argument
    add("--models-dir", metavar="DIR", help="where models live (MODELS_DIR; default: the platform's cache folder)")
    add("--model-status", metavar="FILE", help="status file to keep up to date (MODEL_STATUS)")
    add("--catalogue", metavar="FILE", help="another list of models than models.toml (CATALOGUE)")
    add("--hf-endpoint", metavar="URL", help="a mirror of the Hugging Face hub (HF_ENDPOINT)")
    add("--offline", action="store_true", default=None, help="use only what is here (HF_HUB_OFFLINE)")
    add("--stall-seconds", metavar="S", help="give a silent server up after this (STALL_SECONDS; default 30)")
    add("--tries", metavar="N", help="tries without progress before giving up (TRIES; default 6)")
    add("--backoff-seconds", metavar="S", help="the first wait between tries (BACKOFF_SECONDS; default 1)")


def add_checkpoint_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of a fetch that may have to convert."""
    add = parser.add_argument
    add(
        "--quantization",
        "--type",
        metavar="TYPE",
        help=f"of a converted checkpoint: {', '.join(TYPES)} (QUANTIZATION; default {TYPES[0]})",
    )
    add(
        "--checkpoint-stage",
        metavar="STAGE",
        help=f"of training, where a checkpoint has several: {', '.join(STAGES)} (CHECKPOINT_STAGE)",
    )
    add(
        "--keep-checkpoint",
        action="store_true",
        default=None,
        help="keep a downloaded checkpoint after its conversion (KEEP_CHECKPOINT)",
    )
    add("--libggml", metavar="PATH", help="llama.cpp's libggml-base, for the Q4_K types (LIBGGML)")


class _Reader:
    """One knob after the other; collects what is wrong with them."""

    def __init__(self, flags: argparse.Namespace, environ: Mapping[str, str]) -> None:
        self._flags = flags
        self._environ = environ
        self.wrong: list[str] = []

    def text(self, name: str) -> str | None:
        flag = getattr(self._flags, name, None)
        return flag if flag is not None else self._environ.get(name.upper()) or None

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return Path(text).expanduser() if text else None

    def switch(self, name: str, variable: str | None = None) -> bool:
        value = self._environ.get(variable or name.upper(), "")
        return bool(getattr(self._flags, name, None)) or value.lower() in _ON

    def number(self, name: str, default: float) -> float:
        try:
            value = float(self.text(name) or default)
        except ValueError:
            value = 0.0
        if not 0 < value < 1e6:
            self._refuse(name, "must be a positive number")
        return value

    def one_of(self, name: str, known: Sequence[str]) -> str | None:
        value = (self.text(name) or "").lower() or None
        if value is not None and value not in known:
            self._refuse(name, f"must be one of {', '.join(known)}")
        return value

    def endpoint(self) -> str:
        value = self.text("hf_endpoint") or DEFAULT_ENDPOINT
        if not value.startswith(("https://", "http://")):
            self._refuse("hf_endpoint", "must begin with https:// or http://")
        return value

    def token(self) -> str | None:
        token = self._environ.get("HF_TOKEN", "").strip()
        if not token.isascii() or any(c.isspace() for c in token):
            self.wrong.append("HF_TOKEN is not a token (it has characters that no token has)")
        return token or None

    def _refuse(self, name: str, why: str) -> None:
        self.wrong.append(f"--{name.replace('_', '-')} ({name.upper()}) {why}")


def read_settings(flags: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Raises UsageError that names everything wrong at once."""
    read = _Reader(flags, environ)
    models_dir = read.path("models_dir")
    settings = Settings(
        models_dir=models_dir.absolute() if models_dir else cache_folder(environ) / "models",
        model_status=read.path("model_status"),
        catalogue=read.path("catalogue") or DEFAULT_CATALOGUE,
        hf_endpoint=read.endpoint(),
        hf_token=read.token(),
        offline=read.switch("offline", "HF_HUB_OFFLINE"),
        patience=Patience(
            read.number("stall_seconds", 30), int(read.number("tries", 6)), read.number("backoff_seconds", 1)
        ),
        environ=environ,
        checkpoint=CheckpointWish(
            quantization=read.one_of("quantization", TYPES),
            stage=read.one_of("checkpoint_stage", STAGES),
            keep=read.switch("keep_checkpoint"),
            libggml=read.text("libggml"),
        ),
    )
    if read.wrong:
        raise UsageError("; ".join(read.wrong), "Correct it, or leave it out.")
    return settings


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The native cache: OPENAI_API_SIMULATOR_CACHE, or the platform's own place."""
    if chosen := environ.get("OPENAI_API_SIMULATOR_CACHE"):
        return Path(chosen).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 - not needed where the folder is given

    return platformdirs.user_cache_path("openai-api-simulator", appauthor=False)

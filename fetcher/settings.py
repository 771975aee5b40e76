"""Every knob of the fetcher, read once: a flag wins over its environment name, which wins over the default."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fetcher.catalogue import DEFAULT_CATALOGUE
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


def read_settings(flags: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Raises UsageError that names everything wrong at once."""
    wrong: list[str] = []

    def text(name: str) -> str | None:
        flag = getattr(flags, name)
        return flag if flag is not None else environ.get(name.upper()) or None

    def number(name: str, default: float) -> float:
        try:
            value = float(text(name) or default)
        except ValueError:
            value = 0.0
        if not 0 < value < 1e6:
            wrong.append(f"--{name.replace('_', '-')} ({name.upper()}) must be a positive number")
        return value

    endpoint = text("hf_endpoint") or DEFAULT_ENDPOINT
    if not endpoint.startswith(("https://", "http://")):
        wrong.append("--hf-endpoint (HF_ENDPOINT) must begin with https:// or http://")
    token = environ.get("HF_TOKEN", "").strip()
    if not token.isascii() or any(c.isspace() for c in token):
        wrong.append("HF_TOKEN is not a token (it has characters that no token has)")
    patience = Patience(number("stall_seconds", 30), int(number("tries", 6)), number("backoff_seconds", 1))
    if wrong:
        raise UsageError("; ".join(wrong), "Correct it, or leave it out.")
    models_dir, status, catalogue = text("models_dir"), text("model_status"), text("catalogue")
    return Settings(
        models_dir=Path(models_dir).expanduser().absolute() if models_dir else cache_folder(environ) / "models",
        model_status=Path(status).expanduser() if status else None,
        catalogue=Path(catalogue).expanduser() if catalogue else DEFAULT_CATALOGUE,
        hf_endpoint=endpoint,
        hf_token=token or None,
        offline=bool(flags.offline) or environ.get("HF_HUB_OFFLINE", "").lower() in _ON,
        patience=patience,
        environ=environ,
    )


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The native cache: OPENAI_API_SIMULATOR_CACHE, or the platform's own place."""
    if chosen := environ.get("OPENAI_API_SIMULATOR_CACHE"):
        return Path(chosen).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 - not needed where the folder is given

    return platformdirs.user_cache_path("openai-api-simulator", appauthor=False)

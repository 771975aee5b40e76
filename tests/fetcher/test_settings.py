"""Settings: flags, environment names, defaults; and the small rules beside them."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from fetcher.errors import UsageError, without_secrets
from fetcher.resolve import safe_name
from fetcher.retry import retry_after_seconds
from fetcher.settings import CheckpointWish, Settings, add_checkpoint_flags, add_flags, cache_folder, read_settings


def settings(*flags: str, **environ: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    add_checkpoint_flags(parser)
    return read_settings(parser.parse_args(flags), {"OPENAI_API_SIMULATOR_CACHE": "/c", **environ})


def test_defaults_are_the_documented_ones() -> None:
    plain = settings()
    assert plain.models_dir == Path("/c/models")
    assert plain.hf_endpoint == "https://huggingface.co"
    assert (plain.model_status, plain.hf_token, plain.offline) == (None, None, False)
    assert (plain.patience.stall_seconds, plain.patience.tries, plain.patience.backoff_seconds) == (30, 6, 1)


def test_an_environment_name_sets_and_a_flag_wins() -> None:
    assert settings(MODELS_DIR="/e").models_dir == Path("/e")
    assert settings("--models-dir", "/f", MODELS_DIR="/e").models_dir == Path("/f")
    assert settings("--tries", "2", TRIES="9").patience.tries == 2


def test_what_becomes_of_a_checkpoint_is_said_by_flag_or_environment() -> None:
    assert settings().checkpoint == CheckpointWish()
    wanted = CheckpointWish("q8_0", "base", True, "/lib")
    assert (
        settings(QUANTIZATION="Q8_0", CHECKPOINT_STAGE="base", KEEP_CHECKPOINT="1", LIBGGML="/lib").checkpoint == wanted
    )
    flags = ("--type", "q8_0", "--checkpoint-stage", "base", "--keep-checkpoint", "--libggml", "/lib")
    assert settings(*flags, QUANTIZATION="f32").checkpoint == wanted
    with pytest.raises(
        UsageError, match=r"--quantization \(QUANTIZATION\) must be one of q4_k_m, .*--checkpoint-stage"
    ):
        settings(QUANTIZATION="q3", CHECKPOINT_STAGE="x")


@pytest.mark.parametrize(("value", "offline"), [("1", True), ("ON", True), ("true", True), ("0", False), ("", False)])
def test_offline_is_read_as_the_hub_client_reads_it(value: str, offline: bool) -> None:
    assert settings(HF_HUB_OFFLINE=value).offline is offline


def test_an_empty_environment_name_counts_as_not_there() -> None:
    empty = settings(HF_ENDPOINT="", MODELS_DIR="", HF_TOKEN="", MODEL_STATUS="")
    assert replace(empty, environ={}) == replace(settings(), environ={})


def test_a_token_loses_the_line_end_that_a_file_gave_it() -> None:
    assert settings(HF_TOKEN="hf_x\n").hf_token == "hf_x"


@pytest.mark.parametrize("token", ["two words", "hf_\u00e4"])
def test_what_can_be_no_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(UsageError, match="HF_TOKEN") as caught:
        settings(HF_TOKEN=token)
    assert token not in str(caught.value)


def test_one_variable_moves_the_cache() -> None:
    assert cache_folder({"OPENAI_API_SIMULATOR_CACHE": "/somewhere"}) == Path("/somewhere")
    assert cache_folder({}).name == "openai-api-simulator"


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("Qwen3-0.6B-Q8_0", "qwen3-0.6b-q8_0"),
        ("../../etc/passwd", "etc-passwd"),
        ("My Model (1)", "my-model-1"),
        ("active", "model-active"),
        ("...", "model"),
        ("\u6a21\u578b", "model"),
        ("x" * 300, "x" * 96),
    ],
)
def test_a_name_made_from_a_file_is_safe_as_a_folder(stem: str, name: str) -> None:
    assert safe_name(stem) == name


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://u:p@host/x?sig=1#f", "https://host/x#f"),
        ("GET http://host:80/a?b=c failed", "GET http://host:80/a failed"),
        ("see https://host/x, or 'http://t@h/y?z'", "see https://host/x, or 'http://h/y'"),
        ("no address at all?", "no address at all?"),
    ],
)
def test_secrets_leave_an_address(text: str, clean: str) -> None:
    assert without_secrets(text) == clean


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("7", 7.0), ("soon", None), ("-3", None),
     ("Thu, 01 Jan 1970 00:01:00 GMT", 50.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=10.0) == seconds

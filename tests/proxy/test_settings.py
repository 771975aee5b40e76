"""Every knob: flags, environment, defaults, mistakes, and that the documentation lists them all."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from proxy import VERSION
from proxy.settings import Settings, SettingsError, flag, read
from tests.running import ROOT


def test_without_flags_and_environment_the_defaults_hold():
    assert read([], {}) == Settings()


@pytest.mark.parametrize("knob", dataclasses.fields(Settings), ids=lambda knob: knob.name)
def test_the_default_that_is_shown_is_the_default(knob):
    shown = knob.metadata["shown"]

    assert knob.metadata["parse"](shown) == knob.default or (shown, knob.default) == ("", None)


def test_a_flag_wins_over_its_variable():
    assert read(["--port", "1"], {"PORT": "2", "HOST": "::1"}) == Settings(port=1, host="::1")


def test_an_empty_variable_means_the_default_except_for_an_empty_llama_url():
    settings = read([], {"PORT": "", "SEED": " ", "MODELS_DIR": "", "LLAMA_URL": ""})

    assert settings == Settings(llama_url=None)


def test_every_kind_of_value_is_understood():
    settings = read(
        ["--strict-models", "--llama-url=http://h:1/", "--models-dir=/m", "--cors-origins=https://a.b/,*"],
        {"ACCESS_LOG": "on", "DRAIN_SECONDS": "0", "LOG_LEVEL": "Debug", "SEED": "-3"},
    )

    assert settings == Settings(
        strict_models=True,
        llama_url="http://h:1",
        models_dir=Path("/m"),
        cors_origins=("https://a.b", "*"),
        access_log=True,
        drain_seconds=0,
        log_level="DEBUG",
        seed=-3,
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--port", "65536"], "--port must be a port number from 0 to 65535, not '65536'"),
        (["--port", "-1"], "--port must be"),
        (["--llama-url", "localhost:8081"], "--llama-url must be an http:// or https:// URL"),
        (["--llama-url", "http://h:99999"], "--llama-url must be"),
        (["--strict-models", "maybe"], "--strict-models must be true or false, not 'maybe'"),
        (["--seed", "1.5"], "--seed must be a whole number"),
        (["--max-body-bytes", "0"], "--max-body-bytes must be a whole number of bytes, at least 1"),
        (["--read-timeout", "0"], "--read-timeout must be more than 0 seconds"),
        (["--drain-seconds", "nan"], "--drain-seconds must be a number of seconds"),
        (["--cors-origins", "example.org"], "--cors-origins must be * or origins"),
        (["--log-level", "trace"], "--log-level must be debug, info, warning or error"),
        (["--limits", "tier1"], "--limits must be a preset or a .toml or .json file (There is no preset 'tier1'. Did"),
        (
            ["--latency", "gpt4o"],
            "--latency must be a preset or a .toml or .json file (There is no preset 'gpt4o'. Did",
        ),
        (["--on-miss", "ask"], "--on-miss must be fail, simulate, record or pass, not 'ask'"),
        (["--replay-speed", "-1"], "--replay-speed must be a number from 0 to 1000"),
        (["--record-from", "api.openai.com"], "--record-from must be an http:// or https:// URL, such as"),
        (["--record-api-key", "x"], "unknown argument '--record-api-key'"),
        (["--prt", "1"], "unknown argument '--prt'; --help lists the flags"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(arguments, problem):
    with pytest.raises(SettingsError) as caught:
        read(arguments, {})

    assert caught.value.problems[0].startswith(problem)


def test_a_secret_is_a_variable_and_no_flag_and_is_not_shown():
    settings = read([], {"RECORD_API_KEY": "sk-1"})

    assert settings.record_api_key == "sk-1"
    assert "sk-1" not in repr(settings)


def test_all_mistakes_are_reported_together():
    with pytest.raises(SettingsError) as caught:
        read(["--port", "x", "--seed", "y"], {"LLAMA_URL": "z"})

    assert len(caught.value.problems) == 3


def test_the_documentation_lists_every_flag_variable_and_default():
    text = (ROOT / "docs/settings.md").read_text()

    for knob in dataclasses.fields(Settings):
        default = f"`{knob.metadata['shown']}`" if knob.metadata["shown"] else "not set"
        shown = "" if "secret" in knob.metadata else f"`{flag(knob.name)}` "
        row = f"| {shown}| `{knob.name.upper()}` | {default} | {knob.metadata['help']} |"
        assert row in text, row


def test_the_version_is_the_projects():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION

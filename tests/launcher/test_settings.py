from pathlib import Path

import pytest

from launcher.errors import ConfigurationError
from launcher.settings import CACHE_VARIABLE, OPTIONS, default_cache, read_settings


def test_without_anything_it_is_nanochat_on_3080_and_8081_on_this_machine_only():
    settings = read_settings({}, {})
    assert (settings.model, settings.host, settings.port, settings.llama_port) == ("nanochat", "127.0.0.1", 3080, 8081)
    assert (settings.ctx_size, settings.temperature, settings.health_timeout) == (4096, 0.7, 45)
    assert settings.cache == default_cache()


@pytest.mark.parametrize(
    ("field", "variable", "text", "value"),
    [
        ("model", "MODEL", "hf:a/b:c.gguf", "hf:a/b:c.gguf"),
        ("port", "PORT", "3090", 3090),
        ("llama_port", "LLAMA_PORT", "9000", 9000),
        ("host", "HOST", "0.0.0.0", "0.0.0.0"),
        ("llama_server", "LLAMA_SERVER", "/opt/llama-server", "/opt/llama-server"),
        ("accelerator", "LLAMA_ACCELERATOR", "CUDA", "cuda"),
        ("ctx_size", "CTX_SIZE", "8192", 8192),
        ("temperature", "TEMPERATURE", "0", 0),
        ("threads", "THREADS", "6", 6),
        ("health_timeout", "HEALTH_TIMEOUT", "1.5", 1.5),
        ("fail_fast", "FAIL_FAST", "yes", True),
        ("offline", "HF_HUB_OFFLINE", "1", True),
        ("releases_url", "LLAMA_RELEASES_URL", "http://mirror/d", "http://mirror/d"),
        ("releases_api", "LLAMA_RELEASES_API", "http://mirror/t", "http://mirror/t"),
        ("cache", CACHE_VARIABLE, "/data/cache", Path("/data/cache")),
    ],
)
def test_each_setting_is_read_from_its_variable_and_its_flag_wins(field, variable, text, value):
    assert getattr(read_settings({}, {variable: text}), field) == value
    assert getattr(read_settings({field: text}, {variable: "nonsense"}), field) == value


def test_the_table_above_names_every_option():
    marks = test_each_setting_is_read_from_its_variable_and_its_flag_wins.pytestmark
    assert {row[0] for row in marks[0].args[1]} == {option.field for option in OPTIONS}


def test_everything_wrong_is_reported_at_once():
    with pytest.raises(ConfigurationError) as caught:
        read_settings({"port": "0", "ctx_size": "many"}, {"TEMPERATURE": "hot", "LLAMA_ACCELERATOR": "abacus"})
    assert caught.value.exit_code == 2
    for words in ("--port=0", "--ctx-size=many: a number is needed", "TEMPERATURE=hot", "cuda, vulkan"):
        assert words in caught.value.message


@pytest.mark.parametrize("text", ["-1", "65536", "http", "80.5"])
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(ConfigurationError, match="PORT="):
        read_settings({}, {"PORT": text})


def test_one_port_for_two_servers_is_refused():
    with pytest.raises(ConfigurationError, match="both 4000"):
        read_settings({"port": "4000", "llama_port": "4000"}, {})


def test_an_empty_variable_counts_as_none():
    assert read_settings({}, {"PORT": "", "MODEL": ""}).port == 3080


def test_the_cache_is_an_absolute_path_with_the_home_folder_put_in():
    assert read_settings({"cache": "~/x"}, {}).cache == Path.home() / "x"
    assert read_settings({"cache": "x"}, {}).cache == Path.cwd() / "x"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:3080"),
        ("0.0.0.0", "http://127.0.0.1:3080"),
        ("::", "http://[::1]:3080"),
        ("::1", "http://[::1]:3080"),
        ("box.local", "http://box.local:3080"),
    ],
)
def test_the_url_is_one_that_can_be_asked(host, url):
    assert read_settings({"host": host}, {}).url == url

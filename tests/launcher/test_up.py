import pytest

from launcher.errors import ConfigurationError
from launcher.host import Host
from launcher.settings import Settings
from launcher.up import up


async def test_windows_is_told_what_works_there(tmp_path):
    with pytest.raises(ConfigurationError, match="runs on Linux and macOS") as caught:
        await up(Settings(cache=tmp_path), {}, print, host=Host("Windows", "AMD64"))
    assert "docker compose up" in caught.value.advice


async def test_a_drain_time_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="DRAIN_SECONDS=long: a number is needed"):
        await up(Settings(cache=tmp_path), {"DRAIN_SECONDS": "long"}, print)

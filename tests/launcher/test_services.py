import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.binary import Binary
from launcher.host import Host
from launcher.services import Services
from launcher.settings import Settings
from tests.launcher.release_server import LINUX

MAC = Host("Darwin", "arm64", accelerators=frozenset({"metal"}), cpus=6)
SETTINGS = Settings(cache=Path("/cache"), port=4000, llama_port=4001, host="0.0.0.0")
BINARY = Binary(Path("/bin/llama-server"), "release")
MODEL = Path("/cache/models/small/a.gguf")


def llama(host: Host = LINUX, binary: Binary = BINARY, context: int | None = 8192, **settings) -> list[str]:
    services = Services(replace(SETTINGS, **settings), host, {})
    return list(services.llama(binary, MODEL, "small", context).argv)


def value(argv: list[str], flag: str) -> str:
    return argv[argv.index(flag) + 1]


def test_the_proxy_is_told_its_place_llama_server_and_the_folders():
    settings = replace(SETTINGS, proxy_flags=("--scenario", "a.yaml"))
    spec = Services(settings, LINUX, {"SEED": "7", "PORT": "1"}).proxy()
    assert list(spec.argv) == [sys.executable, "-P", "-m", "proxy", "--scenario", "a.yaml"]
    expected = {
        "HOST": "0.0.0.0",
        "PORT": "4000",
        "LLAMA_URL": "http://127.0.0.1:4001",
        "MODELS_DIR": "/cache/models",
        "MODEL_STATUS": "/cache/run/4000/status.json",
        "SEED": "7",
    }
    assert expected.items() <= spec.env.items()


def test_children_find_our_packages_before_the_users_own():
    spec = Services(SETTINGS, LINUX, {"PYTHONPATH": "/theirs"}, root=Path("/ours")).proxy()
    assert spec.env["PYTHONPATH"] == f"/ours{os.pathsep}/theirs"


def test_llama_server_listens_on_this_machine_only_whatever_the_host():
    argv = llama()
    assert (value(argv, "--host"), value(argv, "--port")) == ("127.0.0.1", "4001")
    assert (value(argv, "--model"), value(argv, "--alias")) == (str(MODEL), "small")
    assert (value(argv, "--temp"), value(argv, "--threads")) == ("0.7", "4")


@pytest.mark.parametrize(("wanted", "models", "given"), [(4096, 8192, 4096), (4096, 2048, 2048), (4096, None, 4096)])
def test_the_context_is_what_was_asked_for_or_the_models_own_limit(wanted, models, given):
    assert value(llama(context=models, ctx_size=wanted), "--ctx-size") == str(given)


def test_all_layers_go_to_the_gpu_on_apple_silicon_only():
    assert value(llama(MAC), "--n-gpu-layers") == "999"
    assert "--n-gpu-layers" not in llama()
    assert "--n-gpu-layers" not in llama(Host("Darwin", "x86_64"))


def test_the_packages_vulkan_leaves_a_device_alone_that_nobody_asked_for():
    package = Binary(Path("/bin/llama-server"), "package")
    device = replace(LINUX, accelerators=frozenset({"vulkan"}))
    assert value(llama(device, package), "--device") == "none"
    assert "--device" not in llama(device, package, accelerator="vulkan")
    assert value(llama(LINUX, package, accelerator="vulkan"), "--device") == "none"
    assert "--device" not in llama(device)


def test_libraries_that_lie_elsewhere_are_found():
    binary = replace(BINARY, library_dirs=("/a", "/b"))
    spec = Services(SETTINGS, LINUX, {"LD_LIBRARY_PATH": "/old"}).llama(binary, MODEL, "small", None)
    assert spec.env["LD_LIBRARY_PATH"] == os.pathsep.join(["/a", "/b", "/old"])
    plain = Services(SETTINGS, LINUX, {}).llama(BINARY, MODEL, "small", None)
    assert "LD_LIBRARY_PATH" not in plain.env


def test_the_fetcher_learns_which_llama_server_and_which_cache_are_ours():
    env = Services(SETTINGS, LINUX, {}).fetcher("fetch", "small", status=Path("/s"), llama_server=Path("/b/ls")).env
    assert (env["LLAMA_SERVER"], env["OPENAI_API_SIMULATOR_CACHE"]) == ("/b/ls", str(SETTINGS.cache))


def test_offline_reaches_the_fetcher():
    services = Services(replace(SETTINGS, offline=True), LINUX, {})
    assert services.fetcher("fetch", "small", status=Path("/s")).env["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in Services(SETTINGS, LINUX, {}).fetcher("fetch", "small", status=Path("/s")).env

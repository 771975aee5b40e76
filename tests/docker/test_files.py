"""What the Compose files, the Dockerfiles and the example of settings say; needs no engine."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.docker.engine import ROOT, docker

COMPOSE = (ROOT / "docker-compose.yml").read_text()
needs_compose = pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="DOCKER COMPOSE IS NOT INSTALLED: the profiles were not checked",
)


def config(*args: str, **env: str) -> dict[str, Any]:
    blank = dict.fromkeys(("COMPOSE_PROFILES", "MODEL", "PORT", "BIND", "LLAMA_PORT", "HF_TOKEN"), "")
    env_file = ("--env-file", "/dev/null")  # a .env of the developer must not decide what is tested
    out = docker("compose", *env_file, *args, "config", "--format", "json", env={**blank, **env}).stdout
    return dict(json.loads(out))


@needs_compose
@pytest.mark.parametrize(
    ("profile", "services"),
    [
        ("", {"proxy", "fetcher", "llama"}),
        ("cpu", {"proxy", "fetcher", "llama"}),
        ("cuda", {"proxy", "fetcher", "llama-cuda"}),
        ("rocm", {"proxy", "fetcher", "llama-rocm"}),
        ("vulkan", {"proxy", "fetcher", "llama-vulkan"}),
        ("none-of-these", {"proxy"}),
    ],
)
def test_a_profile_starts_exactly_one_kind_of_llama(profile: str, services: set[str]) -> None:
    flags = ("--profile", profile) if profile else ()
    assert set(config(*flags)["services"]) == services
    assert set(config(COMPOSE_PROFILES=profile)["services"]) == services


@needs_compose
@pytest.mark.parametrize("profile", ["cpu", "cuda", "rocm", "vulkan"])
def test_whichever_llama_runs_it_answers_to_one_name_and_waits_for_the_model(profile: str) -> None:
    services = config("--profile", profile)["services"]
    (llama,) = (service for name, service in services.items() if name.startswith("llama"))
    assert llama["networks"]["default"]["aliases"] == ["llama"]
    assert llama["depends_on"]["fetcher"]["condition"] == "service_completed_successfully"
    assert services["proxy"]["environment"]["LLAMA_URL"] == "http://llama:8081"


@needs_compose
def test_the_gpu_services_ask_for_their_devices() -> None:
    services = config("--profile", "cuda", "--profile", "rocm", "--profile", "vulkan")["services"]
    (gpu,) = services["llama-cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert (gpu["driver"], gpu["capabilities"]) == ("nvidia", ["gpu", "utility"])
    assert [device["source"] for device in services["llama-rocm"]["devices"]] == ["/dev/kfd", "/dev/dri"]
    assert [device["source"] for device in services["llama-vulkan"]["devices"]] == ["/dev/dri"]


@needs_compose
def test_every_service_is_locked_down_and_listens_on_loopback_only() -> None:
    for name, service in config("--profile", "*")["services"].items():
        assert service["read_only"] is True, name
        assert service["init"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {port["host_ip"] for port in service.get("ports", [])} <= {"127.0.0.1"}, name
        writable = [volume["target"] for volume in service["volumes"] if not volume.get("read_only")]
        assert writable == (["/models"] if name == "fetcher" else []), name


@needs_compose
def test_the_token_reaches_the_fetcher_and_nobody_else() -> None:
    services = config("--profile", "*", HF_TOKEN="hf_secret")["services"]
    assert [name for name, service in services.items() if "hf_secret" in json.dumps(service)] == ["fetcher"]


@needs_compose
def test_the_proxy_gets_longer_to_stop_than_it_needs_to_drain() -> None:
    proxy = config()["services"]["proxy"]
    assert float(proxy["stop_grace_period"].removesuffix("s")) > float(proxy["environment"]["DRAIN_SECONDS"])


@needs_compose
def test_with_a_llama_on_the_host_only_the_proxy_runs_here() -> None:
    services = config("--file", "deploy/compose.host-llama.yml", LLAMA_PORT="9000")["services"]
    assert set(services) == {"proxy"}
    assert services["proxy"]["environment"]["LLAMA_URL"] == "http://host.docker.internal:9000"
    assert services["proxy"]["extra_hosts"] == ["host.docker.internal=host-gateway"]


def test_the_example_of_settings_names_every_variable_of_the_compose_file_and_no_other() -> None:
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    handed_over = set(re.findall(r"^ +([A-Z_]+):$", COMPOSE, re.MULTILINE))
    documented = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    pip_and_proxies = {"PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "HTTP_PROXY", "NO_PROXY"}
    assert documented == (interpolated | handed_over) - pip_and_proxies | {"COMPOSE_PROFILES"}


def test_the_example_of_settings_states_the_defaults_of_the_compose_file() -> None:
    defaults = dict(re.findall(r"\$\{([A-Z_]+):-([^}]+)\}", COMPOSE))
    stated = dict(re.findall(r"^#([A-Z_]+)=(\S*)", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name: stated[name] for name in defaults} == defaults


def test_whatever_the_dockerfiles_copy_is_let_through_to_the_builder() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    dockerfiles = (ROOT / "Dockerfile.proxy").read_text() + (ROOT / "Dockerfile.llama").read_text()
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(\S+) ", dockerfiles, re.MULTILINE)
    assert sorted(copied) == sorted(allowed)

"""The wheel, the sdist, and what they install: everything that the server needs, under one name."""

import re
import subprocess
import tarfile
import zipfile

import httpx
import pytest

from tests.examples.conftest import ran
from tests.running import ROOT, clean_environment

pytestmark = pytest.mark.examples


def tracked(*folders):
    listed = ran("git", "ls-files", "--", *folders, cwd=ROOT).stdout.splitlines()
    return {name for name in listed if (ROOT / name).is_file()}


def test_the_wheel_has_every_file_of_the_proxy_and_the_plugin_and_nothing_beside_them(installed):
    names = {name for name in zipfile.ZipFile(installed.wheel).namelist() if ".dist-info/" not in name}

    expected = tracked("openai_api_simulator") | {f"openai_api_simulator/services/{name}" for name in tracked("proxy")}
    assert names == expected
    assert {"profiles.toml", "prices.toml", "tiers.toml", "py.typed"} < {name.rpartition("/")[2] for name in names}


def test_the_sdist_builds_the_same_wheel(installed, tmp_path):
    with tarfile.open(installed.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    installed.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), cwd=folder)

    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert zipfile.ZipFile(wheel).namelist() == zipfile.ZipFile(installed.wheel).namelist()


def test_no_other_package_can_meet_the_name_proxy(installed, tmp_path):
    (tmp_path / "proxy.py").write_text("raise SystemExit('the proxy.py of somebody else')\n")
    asked = "import proxy, sys; print('ours')"

    assert "somebody else" in installed.run("python", "-c", asked, cwd=tmp_path, fails=True).stderr
    assert "no module named" in installed.run("python", "-c", asked, cwd="/", fails=True).stderr.lower()
    assert (
        "usage: openai-api-simulator"
        in installed.run("python", "-m", "openai_api_simulator", "-h", cwd=tmp_path).stdout
    )


def test_the_command_serves_and_says_what_is_wrong(installed, tmp_path):
    with subprocess.Popen(
        [installed.command("openai-api-simulator"), "--port", "0", "--latency", "gpt-4o", "--limits", "tier-1"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            found = (re.search(r"base URL: (\S+)", line) for line in server.stdout)
            base = next(match[1] for match in found if match)
            assert httpx.get(f"{base}/models").json()["data"][0]["id"] == "gpt-sim-1"
            scenario = "rules: [{answer: {text: 'yes'}}]"
            assert httpx.post(base.replace("/v1", "/_sim/scenario"), content=scenario).status_code == 201
            asked = {"model": "any", "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 5}
            answer = httpx.post(f"{base}/chat/completions", json=asked, timeout=30)
            assert answer.json()["choices"][0]["message"]["content"] == "yes", answer.text
            assert answer.headers["x-ratelimit-limit-requests"]
        finally:
            server.terminate()

    wrong = installed.run("openai-api-simulator", "--prot", fails=True)
    assert (wrong.returncode, wrong.stderr) == (2, "error: unknown argument '--prot'; --help lists the flags\n")
    usage = installed.run("openai-api-simulator", "scenario", fails=True).stderr
    assert "usage: openai-api-simulator scenario check FILE" in usage

"""What pyproject.toml says of the package that other projects install."""

import subprocess
import sys
import tomllib

from tests.running import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_package_needs_what_the_proxy_needs():
    assert PROJECT["project"]["dependencies"] == PROJECT["dependency-groups"]["proxy"]


def test_every_pytest_imports_little_of_it():
    asked = "import sys, pytest; before = set(sys.modules); import openai_api_simulator.pytest_plugin; "
    told = "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    done = subprocess.run([sys.executable, "-c", asked + told], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) <= {"openai_api_simulator", "difflib", "secrets", "hmac", "_hashlib"}, done.stdout

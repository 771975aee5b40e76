"""docs/clients.md says what `make test-clients` runs: the clients themselves, and the versions that are pinned."""

import json
import re

import pytest

from tests.contract.clients.__main__ import BEGIN, CLIENTS, END, PAGE
from tests.contract.clients.environments import HERE, NODE
from tests.running import ROOT

ROWS = re.findall(r"\| (.+?) \| `(.+?)` (\S+) \| (\w+) \|", PAGE.read_text().partition(BEGIN)[2].partition(END)[0])
LOCKS = sorted([*HERE.glob("*.txt"), NODE / "package-lock.json"])


def pinned(client, package):
    if client.language == "Node":
        return json.loads((NODE / "package-lock.json").read_text())["packages"][f"node_modules/{package}"]["version"]
    lock = HERE / f"{client.lock}.txt" if client.lock else ROOT / "requirements/test.txt"
    found = re.search(rf"^{re.escape(package)}==(\S+)", lock.read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_every_script_is_a_client():
    scripts = {path.name for path in (*HERE.glob("use_*.py"), *NODE.glob("use_*.mjs"))}

    assert {client.script for client in CLIENTS} == scripts


def test_the_page_has_every_client_with_its_pinned_version():
    assert [(name, language) for name, _, _, language in ROWS] == [(client.name, client.language) for client in CLIENTS]
    told = [version for _, _, version, _ in ROWS]
    assert told == [pinned(client, row[1]) for client, row in zip(CLIENTS, ROWS, strict=True)]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_registry(lock):
    text = lock.read_text()

    assert '"resolved"' not in text
    assert re.findall(r"https?://(?=[^/]*(?:pypi|npm|pythonhosted))", text) == []

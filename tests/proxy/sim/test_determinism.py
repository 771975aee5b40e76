"""The same job gives the same answer on every interpreter, with every hash seed and locale."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import toktok

from tests.proxy.sim import golden

ROOT = Path(__file__).parents[3]
RENEW = "text changed: raise VERSION in proxy/sim/chat.py, then `python -m tests.proxy.sim.golden --write`"


def answers_of(python: str, **environment: str) -> str:
    # toktok's extension works for every interpreter from 3.11 on, so others can borrow it.
    path = os.pathsep.join((str(ROOT), str(Path(toktok.__file__).parents[1])))
    return subprocess.run(
        [python, "-m", "tests.proxy.sim.golden"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    ).stdout


def test_this_interpreter_gives_the_recorded_answers():
    recorded = json.loads(golden.GOLDEN.read_text(encoding="utf-8"))
    for name, answer in json.loads(golden.answers()).items():
        assert answer == recorded.get(name), RENEW
    assert len(recorded) == len(golden.jobs() | golden.spoken())


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_hash_seed_and_locale_change_nothing(hash_seed):
    recorded = golden.GOLDEN.read_text(encoding="utf-8")
    assert answers_of(sys.executable, PYTHONHASHSEED=hash_seed, LC_ALL="tr_TR.UTF-8") == recorded


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_another_python_gives_the_recorded_answers(version):
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip(f"no python{version} on PATH")
    assert answers_of(python) == golden.GOLDEN.read_text(encoding="utf-8")


def test_importing_the_simulator_loads_no_tables_and_no_tokenizer():
    code = "import sys, proxy.sim.chat, proxy.sim.tokens; sys.exit('toktok' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_plain_chat_loads_neither_tools_nor_schemas():
    code = (
        "import sys; from proxy.sim.chat import complete; from proxy.sim.job import ChatJob, Message;"
        "complete(ChatJob((Message('user', 'Hi'),)));"
        "sys.exit(any(name.startswith(('proxy.sim.tools', 'proxy.sim.structured', 'decimal')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

"""docs/simulator.md shows what the simulator really says."""

import re
from pathlib import Path
from typing import get_args

from proxy.sim.chat import complete
from proxy.sim.job import ChatJob, Length, Message

DOCUMENT = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_examples_are_real():
    examples = re.findall(r"user \(seed (\d+), (\w+)\): (.+)\ngpt-sim-1: (.+)", DOCUMENT)
    assert len(examples) >= 5
    for seed, name, prompt, text in examples:
        (length,) = (length for length in get_args(Length) if length == name)
        job = ChatJob((Message("user", prompt),), seed=int(seed), response_length=length)
        assert complete(job).choices[0].text == text


def test_every_length_is_documented():
    assert all(f"| `{length}` |" in DOCUMENT for length in get_args(Length))

"""Jobs and the answers they must give everywhere; golden.json holds the answers.

`python -m tests.proxy.sim.golden`, run in the repository's root, prints them as this interpreter computes them; with
`--write` it replaces the file, after VERSION in proxy/sim/chat.py went up.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from proxy.sim.chat import complete
from proxy.sim.job import ChatJob, Message
from tests.proxy.sim.prompts import ODD_TEXTS, PROMPTS

GOLDEN = Path(__file__).with_name("golden.json")


def jobs() -> dict[str, ChatJob]:
    asked = {f"{text[:40]!r}": (Message("user", text),) for text in (*PROMPTS, *ODD_TEXTS)}
    hello = (
        Message("system", "You know everything about marine biology."),
        Message("user", "Hi, why is the sea salty?"),
    )
    turns = (*hello, Message("assistant", "Because of rivers."), Message("user", "Tell me more."))
    return {name: ChatJob(messages, seed=at) for at, (name, messages) in enumerate(asked.items())} | {
        "no seed": ChatJob(hello),
        "negative and large seeds": ChatJob(hello, seed=-(2**63), server_seed=2**63 - 1),
        "several turns": ChatJob(turns, seed=7),
        "short": ChatJob(hello, response_length="short"),
        "long": ChatJob(hello, response_length="long"),
        "cut": ChatJob(hello, max_tokens=20),
        "stopped": ChatJob(hello, stop=(" the",)),
        "odd stops": ChatJob(hello, stop=("\U0001fae8", "\u0378", "\ud800")),
        "three": ChatJob(hello, n=3),
    }


def answers() -> str:
    return json.dumps({name: asdict(complete(job)) for name, job in jobs().items()}, indent=1) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        GOLDEN.write_text(answers(), encoding="utf-8")
    else:
        sys.stdout.write(answers())

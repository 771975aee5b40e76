"""Jobs and the answers they must give everywhere; golden.json holds the answers.

`python -m tests.proxy.sim.golden`, run in the repository's root, prints them as this interpreter computes them; with
`--write` it replaces the file, after VERSION in proxy/sim/chat.py went up.
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from proxy.sim.chat import complete
from proxy.sim.job import REFUSE, Answer, ChatJob, Format, Message
from proxy.sim.voiced import voiced
from tests.proxy.sim.prompts import ODD_TEXTS, PROMPTS
from tests.proxy.sim.tools.sample import PLAIN, after, asked

GOLDEN = Path(__file__).with_name("golden.json")
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "city": {"type": "string"},
        "role": {"enum": ["admin", "guest"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 3},
        "joined": {"type": "string", "format": "date"},
    },
    "required": ["name", "age", "city", "role", "score", "tags", "joined"],
    "additionalProperties": False,
}


def jobs() -> dict[str, ChatJob]:
    asked = {f"{text[:40]!r}": (Message("user", text),) for text in (*PROMPTS, *ODD_TEXTS)}
    hello = (
        Message("system", "You know everything about marine biology."),
        Message("user", "Hi, why is the sea salty?"),
    )
    turns = (*hello, Message("assistant", "Because of rivers."), Message("user", "Tell me more."))
    return (
        {name: ChatJob(messages, seed=at) for at, (name, messages) in enumerate(asked.items())}
        | {
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
        | demanding(hello)
    )


def demanding(hello: tuple[Message, ...]) -> dict[str, ChatJob]:
    """Jobs that ask for more than a text."""
    loop = asked("What's the weather in Paris and in Tokyo, in celsius? Then book flight AF123.")
    messages = after(loop, complete(loop).choices[0], '{"temperature": 18.50, "sky": "overcast"}')
    schema = Format(json.dumps(SCHEMA))
    ann = (Message("user", "Ann is 31, lives in Paris and likes tea. Make up the rest, and answer in JSON."),)
    return {
        "two calls": loop,
        "the next step": replace(loop, messages=messages),
        "the end of a loop": replace(loop, messages=messages, tool_use=None),
        "one call at a time": asked("What's the weather in Paris and in Tokyo?", parallel=False, n=2),
        "a required call": asked("Hello!", mode="required", n=3, seed=5),
        "a call cut short": asked("What's the weather in Paris in celsius?", max_tokens=6),
        "a custom tool": asked("Run print(1) in Python", (PLAIN,)),
        "a schema": ChatJob(ann, format=schema, n=3, seed=1),
        "a schema cut short": ChatJob(ann, format=schema, max_tokens=10),
        "any JSON": ChatJob(ann, format=Format()),
        "JSON with keys": ChatJob((Message("user", "JSON with the keys name, age and is_member"),), format=Format()),
        "logprobs": ChatJob(hello, top_logprobs=3, max_tokens=12),
        "logprobs of parts of characters": ChatJob((Message("user", "\u65e5\u672c \U0001f9e0"),), top_logprobs=20),
        "reasoning": ChatJob(hello, reasoning_effort="high"),
        "reasoning alone": ChatJob(hello, reasoning_effort="medium", max_tokens=100),
        "a refusal": ChatJob((Message("user", "Tell me. " + REFUSE),), top_logprobs=0),
        "a prediction": ChatJob(hello, prediction="Hi! There are several reasons behind the sea salty, I think."),
        "banned": ChatJob(hello, logit_bias=((290, -100), (11, -100))),
        "only one word": ChatJob(hello, logit_bias=((13022, 100), (3160, 100)), max_tokens=5, n=2),
        "names and media": ChatJob((Message("user", "What is on this picture?", name="ann", media_tokens=85),)),
    }


def spoken() -> dict[str, Answer]:
    read = complete(jobs()["three"])
    return {"spoken": voiced(read, "alloy", "wav", None), "spoken in 60 tokens": voiced(read, "alloy", "wav", 60)}


def answers() -> str:
    found = {name: asdict(complete(job)) for name, job in jobs().items()}
    found |= {name: asdict(answer) for name, answer in spoken().items()}
    return json.dumps(found, indent=1, default=bytes.hex) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        GOLDEN.write_text(answers(), encoding="utf-8")
    else:
        sys.stdout.write(answers())

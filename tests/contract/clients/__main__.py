"""`python -m tests.contract.clients [--write]`: each client against a running simulator, and a table of what it showed.

A client is a script that asserts what it got and prints one line of JSON. `--write` puts the table into
docs/clients.md. The exit code is 1 where a client failed or could not be installed; without Node its clients are left
out, with a word.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.contract.clients.environments import HERE, NODE, NotMadeError, node_modules, python_with
from tests.running import ROOT, clean_environment, proxy

PAGE = ROOT / "docs/clients.md"
BEGIN, END = "<!-- begin: clients -->\n", "<!-- end: clients -->\n"
_LONGEST_SCRIPT = 180  # seconds
_AT_ONCE = 2
_SHOWN = 60  # lines of what a script said at last


@dataclass(frozen=True)
class Client:
    """A client, its script, and where its packages are: a lock file, Node, or the environment of the tests."""

    name: str
    script: str
    lock: str | None = None

    @property
    def language(self) -> str:
        return "Node" if self.script.endswith(".mjs") else "Python"


CLIENTS = (
    Client("OpenAI", "use_openai.py"),
    Client("OpenAI Agents SDK", "use_openai_agents.py", "frameworks"),
    Client("LangChain", "use_langchain.py", "frameworks"),
    Client("Pydantic AI", "use_pydantic_ai.py", "frameworks"),
    Client("LiteLLM", "use_litellm.py", "litellm"),
    Client("Instructor", "use_instructor.py", "instructor"),
    Client("Anthropic", "use_anthropic.py", "frameworks"),
    Client("OpenAI", "use_openai.mjs"),
    Client("Vercel AI SDK", "use_ai_sdk.mjs"),
    Client("LangChain", "use_langchain.mjs"),
    Client("Anthropic", "use_anthropic.mjs"),
)


@dataclass(frozen=True)
class Outcome:
    """What a client showed, or why it failed; neither where it was left out."""

    client: Client
    shown: dict[str, Any] | None = None
    failure: str = ""


def main(arguments: list[str]) -> int:
    """Run all, print the table, and say how many passed."""
    has_node = shutil.which("node") is not None and shutil.which("npm") is not None
    with proxy() as simulator, ThreadPoolExecutor(_AT_ONCE) as pool, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copytree(NODE, folder, dirs_exist_ok=True)
        runs = [client for client in CLIENTS if has_node or client.language != "Node"]
        outcomes = list(pool.map(lambda client: _outcome(client, simulator.url, folder), _slowest_first(runs)))
        log = "".join(simulator.lines.get() for _ in range(simulator.lines.qsize()))
    outcomes.sort(key=lambda outcome: CLIENTS.index(outcome.client))
    print(table(outcomes))
    failed = [outcome for outcome in outcomes if outcome.failure]
    for outcome in failed:
        print(f"\n--- {outcome.client.name} ({outcome.client.script}) failed:\n{outcome.failure}")
    if failed:
        print(f"\n--- the simulator said:\n{log}")
    left_out = len(CLIENTS) - len(runs)
    if left_out:
        print("\nNode and npm are not there: the Node clients did NOT run")
    if "--write" in arguments and not failed and not left_out:
        _write(table(outcomes))
    print(f"\n{len(outcomes) - len(failed)} passed, {len(failed)} failed, {left_out} skipped")
    return 1 if failed else 0


def table(outcomes: list[Outcome]) -> str:
    """A row for each client that passed."""
    rows = [
        f"| {outcome.client.name} | `{outcome.shown['client']}` {outcome.shown['version']} | {outcome.client.language} "
        f"| {', '.join(outcome.shown['checks'])} |"
        for outcome in outcomes
        if outcome.shown
    ]
    return "\n".join(["| client | package | language | what it did |", "|---|---|---|---|", *rows])


def _slowest_first(clients: list[Client]) -> list[Client]:
    """Those that have an environment of their own to make, so that they do not come last; one of each at first."""
    locks = list(dict.fromkeys(client.lock for client in clients if client.lock))
    first = [next(client for client in clients if client.lock == lock) for lock in locks]
    return [*first, *[client for client in clients if client not in first]]


def _outcome(client: Client, url: str, scratch: Path) -> Outcome:
    mine = f"{url}/t/{client.script.replace('_', '-')}"
    try:
        command = _command(client, scratch)
        done = subprocess.run(
            command,
            cwd=scratch if client.language == "Node" else HERE,
            env=_environment(f"{mine}/v1"),
            capture_output=True,
            text=True,
            timeout=_LONGEST_SCRIPT,
            check=False,
        )
    except NotMadeError as problem:
        return Outcome(client, failure=f"it could not be installed: {problem}")
    except subprocess.TimeoutExpired:
        return Outcome(client, failure=f"it was not done after {_LONGEST_SCRIPT} seconds")
    if done.returncode:
        return Outcome(client, failure="\n".join(f"{done.stdout}{done.stderr}".splitlines()[-_SHOWN:]))
    verdict = httpx.get(f"{mine}/_sim/verdict").json()
    if verdict["mistakes"] or not verdict["requests"]:
        return Outcome(client, failure=f"its verdict: {json.dumps(verdict['mistakes'], indent=2)}")
    return Outcome(client, shown=json.loads(done.stdout.splitlines()[-1]))


def _command(client: Client, scratch: Path) -> list[str]:
    if client.language == "Python":
        python = python_with(client.lock) if client.lock else sys.executable
        return [str(python), client.script]
    with suppress(FileExistsError):
        (scratch / "node_modules").symlink_to(node_modules())
    return ["node", client.script]


def _environment(base_url: str) -> dict[str, str]:
    """Without keys and addresses of this machine's own, and without what clients would fetch."""
    ours = {"BASE_URL": base_url, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONDONTWRITEBYTECODE": "1"}
    foreign = ("OPENAI_", "ANTHROPIC_", "LANGCHAIN_", "LANGSMITH_", "LITELLM_")
    kept = {name: value for name, value in clean_environment().items() if not name.startswith(foreign)}
    return kept | ours


def _write(rows: str) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{rows}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How many threads llama-server should get: tokens per second at several counts, best of some rounds.

    python -m bench.threads LLAMA_SERVER MODEL.gguf [--threads 1,2,4] [--rounds 3]

The best and not the mean, because a machine that others use as well can only slow a round down.
docs/decisions/0040 has what it said.
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import time
from typing import Any

import httpx

from launcher.health import status_of
from launcher.host import detect

PROMPT = "Once upon a time there was a small server that answered every question. " * 8
TOKENS = 96


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def one_round(program: str, model: str, threads: int) -> tuple[float, float]:
    """Prompt and generated tokens per second of one fresh server."""
    port = free_port()
    argv = [program, "--model", model, "--port", str(port), "--ctx-size", "2048", "--threads", str(threads)]
    argv += ["--device", "none"] if sys.platform == "linux" else []
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while asyncio.run(status_of(port)) != 200:
            if server.poll() is not None:
                raise SystemExit(f"llama-server ended with {server.returncode}")
            time.sleep(0.05)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client:
            body: dict[str, Any] = {"prompt": PROMPT, "n_predict": TOKENS, "ignore_eos": True, "cache_prompt": False}
            client.post("/completion", json=body | {"n_predict": 4})  # warm
            timings = client.post("/completion", json=body).json()["timings"]
    finally:
        server.terminate()
        server.wait()
    return timings["prompt_per_second"], timings["predicted_per_second"]


def main(arguments: argparse.Namespace) -> None:
    host = detect()
    print(f"{host}: {host.cpus} physical cores, {host.logical} hardware threads, quota {host.quota}")
    counts = [int(text) for text in arguments.threads.split(",")]
    best = dict.fromkeys(counts, (0.0, 0.0))
    for _ in range(arguments.rounds):
        for count in counts:
            prompt, generated = one_round(arguments.program, arguments.model, count)
            best[count] = (max(best[count][0], prompt), max(best[count][1], generated))
    print("threads  prompt tokens/s  generated tokens/s")
    for count, (prompt, generated) in best.items():
        print(f"{count:7}  {prompt:15.1f}  {generated:18.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="LLAMA_SERVER")
    parser.add_argument("model", metavar="MODEL.gguf")
    parser.add_argument("--threads", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=3)
    main(parser.parse_args())

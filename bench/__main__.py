"""`make bench`: CPU per request, cold start, idle memory and the pass-through, beside floors of the same run.

Read the figures as ratios: absolute ones move with the machine. CPU is the server process's user + system time
divided by the work done; the load comes from this process. The simulator remembers its last answers, so it is
measured with one request again and again, as load tests send it, and with a new prompt every time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bench.load import Load, drive

TOPICS = (
    "rivers",
    "bread",
    "compilers",
    "sailing",
    "tea",
    "violins",
    "glaciers",
    "chess",
    "bees",
    "maps",
    "tides",
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server under measurement."""

    process: psutil.Process
    port: int
    first_answer_s: float

    def cpu_s(self) -> float:
        """Time on a core so far, user + system, in seconds: to the nanosecond on Linux, else in clock ticks."""
        tasks = list(Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"))
        if tasks:
            return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
        times = self.process.cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        """Resident memory in megabytes (10^6 bytes)."""
        return self.process.memory_info().rss / 1e6


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> bool:
    """Whether the URL answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def running(arguments: list[str], port: int, **env: str) -> Iterator[Server]:
    """Start a server as a child; it is there when `/health` answers; gone when the block ends."""
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        child = subprocess.Popen([sys.executable, "-m", *arguments], stdout=log, stderr=log, env={**os.environ, **env})
        try:
            while not get(f"http://127.0.0.1:{port}/health"):
                if child.poll() is not None or time.perf_counter() - started > 30:
                    log.seek(0)
                    sys.exit(f"error: {' '.join(arguments)} did not start: {log.read().decode(errors='replace')}")
                time.sleep(0.002)
            yield Server(psutil.Process(child.pid), port, time.perf_counter() - started)
        finally:
            child.terminate()
            child.wait(40)


@contextmanager
def floor(kind: str, *more: str) -> Iterator[Server]:
    """One of the floors of `bench.servers`."""
    port = free_port()
    with running(["bench.servers", kind, str(port), *more], port) as server:
        yield server


@contextmanager
def proxy(**env: str) -> Iterator[Server]:
    """The proxy as its users start it; without a real model unless `LLAMA_URL` says so."""
    port = free_port()
    with running(["proxy"], port, **{"PORT": str(port), "LLAMA_URL": "", **env}) as server:
        yield server


def body(model: str, *, stream: bool, fresh: bool = True) -> Callable[[int], bytes]:
    """Bodies of short chats, each another one if `fresh`; 13 tokens make a stream of up to 16 events."""

    def of(i: int) -> bytes:
        i *= fresh
        content = f"Tell me about {TOPICS[i % len(TOPICS)]} number {i}."
        message = {"role": "user", "content": content}
        return json.dumps({"model": model, "messages": [message], "max_tokens": 13, "stream": stream}).encode()

    return of


def measure(server: Server, total: int, connections: int, bodies: Callable[[int], bytes]) -> tuple[Load, float]:
    """Drive a server after a warm-up; the load and the server's CPU seconds for it."""
    asyncio.run(drive(server.port, max(total // 10, connections), connections, bodies))
    before = server.cpu_s()
    load = asyncio.run(drive(server.port, total, connections, bodies))
    return load, server.cpu_s() - before


def best(server: Server, total: int, bodies: Callable[[int], bytes], rounds: int = 3) -> dict[str, float]:
    """The round with the least CPU of several: the one that other work on the machine disturbed least."""
    runs = [measure(server, total, 8, bodies) for _ in range(rounds)]
    load, cpu = min(runs, key=lambda run: run[1])
    return {
        "cpu_us": cpu / total * 1e6,
        "wall_us": load.wall_s / total * 1e6,
        "p50_ms": load.percentile_ms(0.5),
        "p99_ms": load.percentile_ms(0.99),
        "events": load.events / total,
    }


def simulator(requests: int) -> dict[str, dict[str, float]]:
    """CPU per plain request and per 16-event stream, beside the bare handler."""
    rows = {}
    with floor("bare") as bare, proxy() as ours:
        for name, stream in (("plain", False), ("stream", True)):
            rows[f"bare {name}"] = best(bare, requests, body("gpt-sim-1", stream=stream))
            rows[f"proxy {name}"] = best(ours, requests, body("gpt-sim-1", stream=stream, fresh=False))
            rows[f"proxy {name}, every prompt new"] = best(ours, requests, body("gpt-sim-1", stream=stream))
    return rows


def pass_through(requests: int, streams: int) -> dict[str, dict[str, float]]:
    """What the proxy adds to a request for a real model, beside the plainest relay."""
    rows = {}
    with floor("upstream") as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        with floor("relay", url) as relay, proxy(LLAMA_URL=url) as ours:
            wait_for_model(ours.port)
            for name, server in (("direct", upstream), ("relay", relay), ("proxy", ours)):
                load, cpu = measure(server, requests, 1, body("bench-model", stream=False))
                small = {
                    "cpu_us": cpu / requests * 1e6,
                    "p50_ms": load.percentile_ms(0.5),
                    "p99_ms": load.percentile_ms(0.99),
                }
                load, cpu = measure(server, streams, 8, body("bench-model", stream=True))
                rows[name] = {**small, "cpu_us_per_event": cpu / load.events * 1e6}
    return rows


def wait_for_model(port: int) -> None:
    """Until the proxy has seen that the real model is ready."""
    deadline = time.monotonic() + 20
    while not get(f"http://127.0.0.1:{port}/v1/models/bench-model"):
        if time.monotonic() > deadline:
            sys.exit("error: the proxy did not see the stand-in for llama-server within 20 s")
        time.sleep(0.05)


def start_up(rounds: int) -> dict[str, dict[str, float]]:
    """From the command to the first answer, and the memory then; bytecode is cached after the first round."""
    rows = {}
    for name, start in (("bare", partial(floor, "bare")), ("proxy", proxy)):
        seconds, memory = [], []
        for _ in range(rounds):
            with start() as server:
                seconds.append(server.first_answer_s)
                memory.append(server.rss_mb())
                if name == "proxy":
                    asyncio.run(drive(server.port, 20, 1, body("gpt-sim-1", stream=False)))
                    after = server.rss_mb()
        rows[name] = {
            "first_answer_ms": statistics.median(seconds) * 1000,
            "rss_mb": statistics.median(memory),
        }
    rows["proxy"]["rss_with_token_tables_mb"] = after
    return rows


def show(title: str, rows: dict[str, dict[str, float]]) -> None:
    """One Markdown table."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    print(f"\n### {title}\n\n| | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for name, row in rows.items():
        print(f"| {name} | {' | '.join(f'{row[key]:.1f}' if key in row else '' for key in columns)} |")


def main() -> None:
    """Measure, print tables, and write them as JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5000, help="requests a round (default 5000)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    results = {
        "start": start_up(5),
        "simulator": simulator(options.requests),
        "pass-through": pass_through(options.requests // 5, 80),
    }
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    show("Start (median of 5)", results["start"])
    show(f"Simulator ({options.requests} requests, 8 connections, best of 3 rounds)", results["simulator"])
    simulated = results["simulator"]
    for name, figures in simulated.items():
        if name.startswith("proxy"):
            floor_us = simulated["bare " + name.split(",")[0].removeprefix("proxy ")]["cpu_us"]
            print(f"\n{name}: {figures['cpu_us'] / floor_us:.2f} times the CPU of the bare handler")
    show("Pass-through (one connection; streams of 400 events over 8)", results["pass-through"])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()

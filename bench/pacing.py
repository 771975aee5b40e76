"""`python -m bench.pacing`: how late the events of paced streams are, at 1, 100 and 1,000 streams at once.

The simulator is told to bring its first token after 500 ms and one more every 50 ms (`/_sim/latency`). The server notes
in its journal when each event went out; what is measured is the offset there less the time when it was due. Read it
beside `cpu`: where the server has no core left, events are late.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import urllib.request
from typing import Any

from bench.__main__ import Server, proxy
from bench.load import encode, read_answer

FIRST_MS, EACH_MS, TOKENS = 500.0, 50.0, 40
RUNS = 10  # each keeps its own journal, of 2,000 exchanges


def body(number: int) -> bytes:
    """A streamed chat, each another one."""
    messages = [{"role": "user", "content": f"Tell me about glaciers number {number}."}]
    ask = {"model": "gpt-sim-1", "messages": messages, "stream": True, "max_tokens": TOKENS}
    return json.dumps(ask).encode()


def control(server: Server, path: str, document: Any = None) -> Any:
    """Ask the control surface."""
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


async def drive(server: Server, streams: int) -> None:
    """So many streams at once, begun over half a second, for nobody's clients all begin at once."""

    async def one(number: int) -> None:
        await asyncio.sleep(number / streams / 2)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(encode("bench", body(number)).replace(b"POST /v1", b"POST /t/r%d/v1" % (number % RUNS), 1))
        await read_answer(reader)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*[one(number) for number in range(streams)])


def lateness(server: Server) -> list[float]:
    """How many milliseconds each event with text went out after it was due."""
    late: list[float] = []
    for run in range(RUNS):
        for entry in control(server, f"/t/r{run}/_sim/requests?full=1&limit=1000")["data"]:
            tokens = round((entry["timing"]["total_ms"] - FIRST_MS) / EACH_MS) + 1
            sent = [each["offset_ms"] for each in entry["answer"]["events"] if '"delta":{"content"' in each["text"]]
            for number, offset in enumerate(sent, 1):  # an event goes out with the last of its tokens
                late.append(offset - FIRST_MS - EACH_MS * max(number * tokens // len(sent) - 1, 0))
    return sorted(late)


def main(arguments: argparse.Namespace) -> None:
    """One line for each number of streams."""
    print("| streams | events | p50_ms | p90_ms | p99_ms | max_ms | cpu |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for streams in arguments.streams:
        with proxy() as server:
            for run in range(RUNS):
                control(server, f"/t/r{run}/_sim/latency", {"ttft": FIRST_MS, "per_token": EACH_MS})
            asyncio.run(drive(server, 1))  # tables are loaded at the first request
            for run in range(RUNS):
                control(server, f"/t/r{run}/_sim/latency", {"ttft": FIRST_MS, "per_token": EACH_MS})
                _forget(server, run)
            before, began = server.cpu_s(), os.times().elapsed
            asyncio.run(drive(server, streams))
            cpu = (server.cpu_s() - before) / (os.times().elapsed - began)
            late = lateness(server)
        shares = [late[min(len(late) - 1, int(len(late) * share))] for share in (0.5, 0.9, 0.99, 1.0)]
        print(f"| {streams} | {len(late)} |" + "".join([f" {share:.2f} |" for share in shares]) + f" {cpu:.0%} |")


def _forget(server: Server, run: int) -> None:
    url = f"http://127.0.0.1:{server.port}/t/r{run}/_sim/requests"
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=60):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streams", nargs="*", type=int, default=[1, 100, 1000])
    main(parser.parse_args())

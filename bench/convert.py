"""Converts one checkpoint to each type and prints seconds, peak memory and file size, as a table.

    python -m bench.convert CHECKPOINT_DIR [--libggml PATH] [--type q4_k_m ...]

Each conversion is a process of its own, run as a user runs it; memory is the peak of its resident set.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fetcher.convert.command import TYPES


def convert(checkpoint: Path, kind: str, out: Path, more: list[str]) -> tuple[float, float]:
    """(seconds, peak MB)"""
    command = [sys.executable, "-m", "fetcher", "convert", str(checkpoint), str(out), "--type", kind, *more]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the conversion to {kind} failed")
    scale = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - start, usage.ru_maxrss * scale / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--libggml", help="as for `python -m fetcher convert`")
    parser.add_argument("--type", nargs="*", choices=TYPES, default=TYPES)
    flags = parser.parse_args()
    more = ["--libggml", flags.libggml] if flags.libggml else []
    print("| type | seconds | peak memory, MB | file, bytes |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in flags.type:
            out = Path(folder) / "model.gguf"
            seconds, peak = convert(flags.checkpoint, kind, out, more)
            print(f"| {kind} | {seconds:.1f} | {peak:.0f} | {out.stat().st_size:,} |", flush=True)


if __name__ == "__main__":
    main()

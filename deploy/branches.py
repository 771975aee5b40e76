"""`make coverage`'s last word: the share of branches that the tests take, of the simulator and of the whole proxy.

Reads what `coverage json` wrote, and ends with 1 where the simulator is below the share that is asked for.
"""

import json
import sys
from pathlib import Path
from typing import Any

SIMULATOR = ("proxy/sim/", "proxy/endpoints/")


def main(report: Path, least: float) -> int:
    """The exit code."""
    files: dict[str, Any] = json.loads(report.read_text())["files"]
    simulator = {name: file for name, file in files.items() if name.startswith(SIMULATOR)}
    share = _share(simulator)
    print(f"branches taken: {share:.1f} % of {' and '.join(SIMULATOR)}, {_share(files):.1f} % of proxy/")
    return int(share < least)


def _share(files: dict[str, Any]) -> float:
    summaries = [file["summary"] for file in files.values()]
    taken, there = (sum(int(each[name]) for each in summaries) for name in ("covered_branches", "num_branches"))
    return 100 * taken / there


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))

"""What the stand-ins did, one line each, in the order it happened."""

import os
from pathlib import Path


def note(line: str) -> None:
    with Path(os.environ["EVENTS"]).open("a", encoding="utf-8") as file:
        file.write(line + "\n")

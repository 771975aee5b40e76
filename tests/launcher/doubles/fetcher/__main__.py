"""A stand-in for the fetcher; the model's name says what happens.

`small` is there at once; `late` is out of reach the first time; `never` always; `wrong` does not exist; `slow`
takes for ever.
"""

import json
import os
import signal
import sys
from pathlib import Path

from events import note  # type: ignore[import-not-found]  # lies in the stand-ins' root

REFUSALS = {"late": (5, "out_of_reach"), "never": (5, "out_of_reach"), "wrong": (3, "not_found")}


def main(words: list[str]) -> int:
    command, model = words[0], words[1]
    note(f"fetcher {command} {model} {os.getpid()}")
    folder = Path(os.environ["MODELS_DIR"]) / model
    if model == "slow":
        signal.pause()
    code, reason = REFUSALS.get(model, (0, ""))
    if model == "late" and folder.exists():
        code = 0
    folder.mkdir(parents=True, exist_ok=True)
    if code:
        error = {"code": reason, "message": f"{model} cannot be had", "advice": "Take small."}
        status = {"schema": 1, "model": model, "phase": "failed", "error": error}
        Path(os.environ["MODEL_STATUS"]).write_text(json.dumps(status))
        print(f"error: {model} cannot be had. Take small.", file=sys.stderr)
        return code
    (folder / "model-file.gguf").write_bytes(b"GGUF")
    print(json.dumps({"name": model, "file": "model-file.gguf", "context_length": 2048}))
    return 0


sys.exit(main(sys.argv[1:]))

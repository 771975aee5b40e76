"""`convert`: a checkpoint folder to a GGUF file, from the command line. Knows arguments and words, no formats."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from fetcher.convert.files import STAGES, find_files
from fetcher.errors import UsageError
from fetcher.progress import Progress

TYPES: Final = ("q4_k_m", "q4_k", "q8_0", "bf16", "f32")
DESCRIPTION: Final = """\
Convert a nanochat checkpoint (model_*.pt, meta_*.json, tokenizer.pkl) to a GGUF file that an unmodified
llama-server loads. Nothing in the checkpoint is run, and neither torch nor tiktoken is needed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to `parser`."""
    parser.description = DESCRIPTION
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT_DIR", help="searched with its subfolders")
    parser.add_argument("out", type=Path, metavar="OUT.gguf", help="replaced when it exists")
    parser.add_argument("--type", choices=TYPES, default=TYPES[0], help="of the weights (default: %(default)s)")
    parser.add_argument("--stage", choices=STAGES, help="of training, where the folder has several")
    parser.add_argument("--name", default="nanochat", help="of the model, in the file (default: %(default)s)")
    parser.add_argument("--license", default="mit", help="of the model, in the file (default: %(default)s)")
    parser.add_argument(
        "--libggml",
        metavar="PATH",
        help="llama.cpp's libggml-base, for the Q4_K types (env: LIBGGML; default:"
        " the one beside LLAMA_SERVER, beside llama-server on PATH, or in the cache)",
    )


def run(flags: argparse.Namespace, environ: Mapping[str, str], cache: Path, progress: Progress) -> str:
    """Convert; what became of it as JSON. `cache` is the native cache. Raises FetchError and OSError."""
    from fetcher.convert.conversion import Source, convert  # noqa: PLC0415 - numpy, which no other command needs
    from fetcher.convert.ggml import find_ggml  # noqa: PLC0415
    from fetcher.convert.quantise import RECIPES  # noqa: PLC0415

    if flags.out.is_dir():
        raise UsageError(f"{flags.out} is a folder", "Name the GGUF file to write.")
    files = find_files(flags.checkpoint, flags.stage)
    source = Source(files, flags.name, flags.license)
    progress.begin("converting", flags.out.name)
    converted = convert(
        source,
        flags.out,
        RECIPES[flags.type],
        lambda: find_ggml(flags.libggml, environ, cache),
        lambda done, total, _tensor: progress.at(done, total),
    )
    return json.dumps(asdict(converted), default=str)

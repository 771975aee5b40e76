"""The conversion itself: the files of a checkpoint in, one GGUF file and what to know about it out.

The file is written front to back under another name and renamed at the end, so that a conversion which
stops half-way leaves nothing under the final name. The tensors stream through in blocks of rows, several
at once, so memory does not grow with the model. It knows no network and no models folder.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fetcher import atomic
from fetcher.convert.checkpoint import Checkpoint
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.files import CheckpointFiles
from fetcher.convert.gguf_writer import encode_head
from fetcher.convert.metadata import ARCHITECTURE, metadata
from fetcher.convert.nanochat import Config, plan_weights, read_config, weights_of
from fetcher.convert.quantise import KQuantiser, Recipe
from fetcher.convert.stream import Report, Tensors, WeightStream
from fetcher.convert.tokenizer import DIGIT_SEPARATOR, DIGITS_PER_GROUP, Tokenizer, read_tokenizer

MAX_META: Final = 1 << 20


@dataclass(frozen=True)
class Source:
    """What is converted, and what its file says about itself."""

    files: CheckpointFiles
    name: str
    license: str


@dataclass(frozen=True)
class Converted:
    """The GGUF file that is there now, in the words of the manifest."""

    path: Path
    size: int
    sha256: str
    quantization: str
    parameters: int
    context_length: int
    architecture: str
    tokenization: dict[str, Any]
    """What whoever builds prompts for this model must do, so that they are tokenised as by the original."""


def convert(
    source: Source,
    out: Path,
    recipe: Recipe,
    find_quantiser: Callable[[], KQuantiser],
    report: Report,
    arriving: Tensors | None = None,
) -> Converted:
    """Write `out`, replacing it. `find_quantiser` is called if a tensor gets one of the K types.

    `arriving` stands in for the model file while that is still on its way: it is asked for each tensor once, in
    file order, and `out` appears only after it gave the last one without an error.
    Raises UnsupportedCheckpoint, NoQuantiser, DiskFull, and OSError when a file cannot be read or written.
    """
    files = source.files
    model, meta, vocabulary = Path(files.model), Path(files.meta), Path(files.tokenizer)
    config = _read_meta(meta)
    tokenizer = read_tokenizer(vocabulary)
    if len(tokenizer.tokens) != config.vocab_size:
        raise UnsupportedCheckpoint(
            f"{vocabulary.name} has {len(tokenizer.tokens)} tokens, and {meta.name} a vocab_size of {config.vocab_size}"
        )
    with Checkpoint(model) if arriving is None else nullcontext(arriving) as checkpoint:
        weights = plan_weights(config, checkpoint.tensors, model.name)
        stream = WeightStream(checkpoint, config, weights, recipe, find_quantiser)
        keys = metadata(config, tokenizer, name=source.name, model_license=source.license, file_type=recipe.file_type)
        size, digest = _write(out, encode_head(keys, stream.infos), stream, report)
    return Converted(
        path=out,
        size=size,
        sha256=digest,
        quantization=recipe.label,
        parameters=sum(weight.rows * weight.columns for weight in weights),
        context_length=config.sequence_len,
        architecture=ARCHITECTURE,
        tokenization=_tokenization(tokenizer),
    )


def planned_size(meta: Path, recipe: Recipe) -> int:
    """The bytes of the weights in the file to come, by the checkpoint's meta file alone.

    Raises UnsupportedCheckpoint for another network: before any weight was moved.
    """
    config = _read_meta(meta)
    kinds = ((w, recipe.type_of(w.name, config.n_layer, w.columns)) for w in weights_of(config))
    return sum(kind.bytes_of(weight.rows, weight.columns) for weight, kind in kinds)


def _read_meta(path: Path) -> Config:
    """Only model_config is read: the rest differs from stage to stage."""
    if path.stat().st_size > MAX_META:
        raise UnsupportedCheckpoint(f"{path.name} is larger than {MAX_META:,} bytes")
    try:
        meta = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnsupportedCheckpoint(f"{path.name} is not JSON") from error
    return read_config(meta.get("model_config") if isinstance(meta, dict) else None, path.name)


def _tokenization(tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "special_tokens": list(tokenizer.special),
        "digit_separator": DIGIT_SEPARATOR,
        "digits_per_group": DIGITS_PER_GROUP,
    }


def _write(out: Path, head: bytes, stream: WeightStream, report: Report) -> tuple[int, str]:
    """The file, whole or not at all; returns its size and sha256."""
    size = len(head) + stream.size
    full = atomic.no_room(out.parent, f"the converted model of {size / 1e6:.0f} MB")
    if atomic.free_space(out.parent) < size:
        raise full
    partial = out.with_name(f"{out.name}.converting")
    digest = hashlib.sha256(head)
    try:
        with partial.open("wb") as file:
            file.write(head)
            for chunk in stream.chunks(report):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(out)
    except OSError as error:
        if error.errno in atomic.NO_ROOM:
            raise full from error
        raise
    finally:
        partial.unlink(missing_ok=True)
    return size, digest.hexdigest()

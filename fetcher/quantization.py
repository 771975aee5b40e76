"""Chooses one GGUF among the files of a repository, by name or by quantisation."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from fetcher.errors import NoSuchThing, UsageError

# Best first: small and still good, then larger, then lossier.
PREFERRED: Final = (
    "Q4_K_M", "Q4_K_S", "Q4_0", "Q4_1", "IQ4_XS", "IQ4_NL", "Q5_K_M", "Q5_K_S", "Q5_0", "Q5_1", "Q6_K", "Q8_0",
    "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "BF16", "F16", "F32",
)  # fmt: skip
_TAG: Final = re.compile(r"(?<![a-z0-9])(i?q\d+(?:_[a-z0-9]+)*|bf16|f16|f32|mxfp4(?:_moe)?)(?![a-z0-9])", re.I)
_PART_OF_MANY: Final = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.I)
_SHOWN: Final = 20


def quantization_of(file: str) -> str | None:
    """The quantisation that a file's name tells, as llama.cpp writes it."""
    found = _TAG.findall(PurePosixPath(file).stem)
    return str(found[-1]).upper() if found else None


def fits(file: str, wish: str | None) -> bool:
    """Whether `file` is what was asked for: its name, its quantisation, or anything at all."""
    return wish is None or file.lower() == wish.lower() or quantization_of(file) == wish.upper()


def choose(repo: str, files: Sequence[str], wish: str | None) -> str:
    """One file of `files`; raises NoSuchThing or UsageError (several are equally good) listing what is there."""
    models = sorted(name for name in files if _is_model(name))
    there = ", ".join(models[:_SHOWN]) + (" and more" if len(models) > _SHOWN else "")
    candidates = [name for name in models if fits(name, wish)]
    if not models:
        raise NoSuchThing(f"{repo} has no GGUF file", "Choose a repository whose name ends in -GGUF, or convert it.")
    if not candidates:
        raise NoSuchThing(f"{repo} has no {wish}", f"Choose one of: {there}.")
    if wish is None:
        best = min(_rank(name) for name in candidates)
        candidates = [name for name in candidates if _rank(name) == best]
    if len(candidates) > 1:
        raise UsageError(
            f"{repo} has {len(candidates)} files that fit equally", f"Name one, as hf:{repo}:FILE, of: {there}."
        )
    return candidates[0]


def _is_model(name: str) -> bool:
    base = PurePosixPath(name).name.lower()
    aside = base.startswith(("mmproj", "imatrix")) or _PART_OF_MANY.search(base)
    return base.endswith(".gguf") and not aside


def _rank(name: str) -> int:
    quantization = quantization_of(name)
    return PREFERRED.index(quantization) if quantization in PREFERRED else len(PREFERRED)

"""Which files make up a checkpoint, among the paths of a folder or of a repository.

The published layout is flat: `model_000650.pt`, `meta_000650.json`, `tokenizer.pkl`. What training leaves
behind is a tree: `<stage>_checkpoints/<depth>/model_<step>.pt` and `tokenizer/tokenizer.pkl`. Knows paths only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from fetcher.errors import NoSuchThing

STAGES: Final = ("sft", "mid", "base", "rl")
"""In the order of preference when none is named: the original's chat takes sft."""
_MODEL: Final = re.compile(r"model_(\d{1,12})\.pt")
_DEPTH: Final = re.compile(r"d(\d{1,6})")
_ADVICE: Final = "Name a folder that holds model_*.pt, meta_*.json of the same number, and tokenizer.pkl."


@dataclass(frozen=True)
class CheckpointFiles:
    """The three files, as paths of whatever was searched, and the step of training that they are from."""

    model: str
    meta: str
    tokenizer: str
    step: int

    def in_folder(self, folder: Path) -> "CheckpointFiles":
        """The same files, all in that folder."""
        model, meta, tokenizer = (
            str(folder / PurePosixPath(path).name) for path in (self.model, self.meta, self.tokenizer)
        )
        return CheckpointFiles(model, meta, tokenizer, self.step)


def choose_files(paths: Iterable[str], where: str, stage: str | None = None) -> CheckpointFiles:
    """The newest step of `stage`, or of the best stage there is; of several depths the largest.

    `paths` are relative, with slashes. Raises NoSuchThing, which names `where`, when a file is missing.
    """
    found = [PurePosixPath(path) for path in paths]
    models = [path for path in found if _MODEL.fullmatch(path.name) and _meta_of(path) in found]
    if stage is not None:
        models = [path for path in models if _stage(path) == stage]
    if not models:
        which = f" of the stage {stage!r}" if stage else ""
        raise NoSuchThing(f"there is no nanochat checkpoint{which} in {where}", _ADVICE)
    model = max(models, key=_preference)
    tokenizers = [path for path in found if path.name == "tokenizer.pkl"]
    if not tokenizers:
        raise NoSuchThing(f"there is no tokenizer.pkl in {where}", _ADVICE)
    nearest = max(tokenizers, key=lambda path: (path.parent == model.parent, -len(path.parts), str(path)))
    return CheckpointFiles(str(model), str(_meta_of(model)), str(nearest), _step(model))


def has_checkpoint(paths: Iterable[str]) -> bool:
    """Whether anything among the paths looks like one."""
    return any(_MODEL.fullmatch(PurePosixPath(path).name) for path in paths)


def find_files(folder: Path, stage: str | None = None) -> CheckpointFiles:
    """The same for a folder on the disk; the paths are whole."""
    patterns = ("model_*.pt", "meta_*.json", "tokenizer.pkl")
    paths = [path.relative_to(folder).as_posix() for name in patterns for path in folder.rglob(name)]
    chosen = choose_files(paths, str(folder), stage)
    return CheckpointFiles(
        str(folder / chosen.model), str(folder / chosen.meta), str(folder / chosen.tokenizer), chosen.step
    )


def _meta_of(model: PurePosixPath) -> PurePosixPath:
    return model.with_name(model.name.replace("model_", "meta_").replace(".pt", ".json"))


def _step(model: PurePosixPath) -> int:
    return int(model.stem.removeprefix("model_"))


def _stage(model: PurePosixPath) -> str | None:
    """`chatsft_checkpoints/d20/...` is of the stage sft."""
    folders = [part.removesuffix("_checkpoints").removeprefix("chat") for part in model.parts[:-1]]
    return next((stage for stage in STAGES if stage in folders), None)


def _preference(model: PurePosixPath) -> tuple[int, int, int, str]:
    stage = _stage(model)
    depths = [int(match[1]) for part in model.parts[:-1] if (match := _DEPTH.fullmatch(part))]
    rank = STAGES.index(stage) if stage in STAGES else len(STAGES)
    return -rank, max(depths, default=0), _step(model), str(model)

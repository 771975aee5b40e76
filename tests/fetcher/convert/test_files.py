"""Which files of a folder or a repository are taken."""

import pytest

from fetcher.convert.files import choose_files, find_files
from fetcher.errors import NoSuchThing

FLAT = ["README.md", "model_000650.pt", "meta_000650.json", "tokenizer.pkl", "token_bytes.pt"]


def step(folder, number, tail=""):
    return [f"{folder}/model_{number:06}.pt{tail}", f"{folder}/meta_{number:06}.json", f"{folder}/optim_{number:06}.pt"]


TREE = [
    *step("base_checkpoints/d20", 21400),
    *step("mid_checkpoints/d20", 765),
    *step("chatsft_checkpoints/d20", 600),
    *step("chatsft_checkpoints/d20", 650),
    *step("chatsft_checkpoints/d4", 900),
    *step("chatrl_checkpoints/d20", 9999),
    "tokenizer/tokenizer.pkl",
    "tokenizer/token_bytes.pt",
]


def test_the_published_layout():
    files = choose_files(FLAT, "sdobson/nanochat")
    assert (files.model, files.meta, files.tokenizer) == ("model_000650.pt", "meta_000650.json", "tokenizer.pkl")
    assert files.step == 650


def test_the_newest_step_of_the_largest_model_of_the_chat_stage():
    files = choose_files(TREE, "here")
    assert files.model == "chatsft_checkpoints/d20/model_000650.pt"
    assert files.meta == "chatsft_checkpoints/d20/meta_000650.json"
    assert files.tokenizer == "tokenizer/tokenizer.pkl"


@pytest.mark.parametrize(
    ("stage", "folder"),
    [("base", "base_checkpoints/d20"), ("mid", "mid_checkpoints/d20"), ("rl", "chatrl_checkpoints/d20")],
)
def test_a_named_stage(stage, folder):
    assert choose_files(TREE, "here", stage).model.startswith(f"{folder}/model_")


def test_steps_are_numbers():
    paths = [*FLAT, "model_1000000.pt", "meta_1000000.json", "model_1000001.pt"]
    assert choose_files(paths, "here").model == "model_1000000.pt", "the newest has no meta file"


def test_the_tokenizer_beside_the_model_comes_first():
    files = choose_files([*TREE, "chatsft_checkpoints/d20/tokenizer.pkl"], "here")
    assert files.tokenizer == "chatsft_checkpoints/d20/tokenizer.pkl"


@pytest.mark.parametrize(
    ("paths", "stage", "reason"),
    [
        ([], None, "no nanochat checkpoint in here"),
        (FLAT, "sft", "no nanochat checkpoint of the stage 'sft' in here"),
        (["model_000650.pt", "tokenizer.pkl"], None, "no nanochat checkpoint in here"),
        (["meta_000650.json", "tokenizer.pkl", "model.pt", "model_x.pt"], None, "no nanochat checkpoint in here"),
        (FLAT[:3], None, r"no tokenizer\.pkl in here"),
    ],
)
def test_what_is_missing_is_said(paths, stage, reason):
    with pytest.raises(NoSuchThing, match=reason):
        choose_files(paths, "here", stage)


def test_a_folder_is_searched_with_its_subfolders(tmp_path):
    (tmp_path / "down" / "here").mkdir(parents=True)
    for name in FLAT:
        (tmp_path / "down" / "here" / name).touch()
    assert find_files(tmp_path).model == str(tmp_path / "down" / "here" / "model_000650.pt")


def test_a_folder_that_is_not_there_has_no_checkpoint(tmp_path):
    with pytest.raises(NoSuchThing, match="no nanochat checkpoint"):
        find_files(tmp_path / "nowhere")

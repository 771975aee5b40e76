import pytest

from launcher.binary import Binary
from launcher.errors import UnavailableError
from launcher.smoke import version_of
from tests.launcher.release_server import script


def program(folder, content: bytes) -> Binary:
    path = folder / "llama-server"
    path.write_bytes(content)
    path.chmod(0o755)
    return Binary(path, "path")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("echo 'version: 11434 (abc)' >&2; echo 'built with GNU' >&2", "version: 11434 (abc)"),
        ("echo load_backend: loaded; echo 'version: 1 (x)'", "version: 1 (x)"),
        ("true", "version unknown"),
    ],
)
async def test_the_line_with_the_version_is_found(tmp_path, text, version):
    assert await version_of(program(tmp_path, script(text)), "Linux") == version


@pytest.mark.parametrize(
    ("text", "system", "words", "advice"),
    [
        ('echo "libc.so.6: version \\`GLIBC_2.39\' not found"; exit 1', "Linux", "GLIBC_2.39", "make llama-native"),
        ("echo \"version 'GLIBCXX_3.4.32' not found\"; exit 1", "Linux", "GLIBCXX_3.4.32", "make llama-native"),
        (
            "echo libgomp.so.1: cannot open shared object; exit 127",
            "Linux",
            "libgomp is missing",
            "apt install libgomp1",
        ),
        ("echo error while loading shared libraries: libx.so.3: no; exit 127", "Linux", "libx.so.3 is missing", "PATH"),
        ("echo 'dyld: Library not loaded: @rpath/libx.dylib'; exit 1", "Darwin", "libx.dylib is missing", "PATH"),
        ("kill -ILL $$", "Linux", "instructions that this processor does not have", "make llama-native"),
        ("kill -SEGV $$", "Linux", "segmentation fault", "PATH"),
        ("kill -KILL $$", "Darwin", "quarantined", "xattr -dr com.apple.quarantine"),
        ("kill -KILL $$", "Linux", "killed", "smaller"),
        ("echo something odd; exit 3", "Linux", "exit code 3, its last words: something odd", "PATH"),
    ],
)
async def test_a_program_that_fails_is_explained_with_a_remedy(tmp_path, text, system, words, advice):
    with pytest.raises(UnavailableError) as caught:
        await version_of(program(tmp_path, script(text)), system)
    assert words in caught.value.message
    assert advice in caught.value.advice
    assert caught.value.exit_code == 8


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(57), "another kind of processor"),
        (b"#!/lib/ld-not-here.so\n", "program loader is not on this system"),
    ],
)
async def test_a_program_the_system_refuses_is_explained(tmp_path, content, words):
    with pytest.raises(UnavailableError, match=words):
        await version_of(program(tmp_path, content), "Linux")


async def test_a_program_without_the_right_to_run_is_explained(tmp_path):
    found = program(tmp_path, b"")
    found.path.chmod(0o644)
    with pytest.raises(UnavailableError, match="may not be executed"):
        await version_of(found, "Linux")


async def test_a_program_that_says_nothing_is_ended(tmp_path):
    with pytest.raises(UnavailableError, match=r"says nothing within 0\.2 s"):
        await version_of(program(tmp_path, script("sleep 60")), "Linux", seconds=0.2)

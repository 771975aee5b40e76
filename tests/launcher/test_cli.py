import hashlib
import os
import socket

import pytest

from launcher import cli, releases
from launcher.cli import main


def test_bad_settings_are_one_sentence_and_exit_2(capsys):
    assert main(["up", "-port", "x", "--threads", "-3"], {}) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: --port=x: a number is needed; --threads=-3: a whole number")
    assert said.count("\n") == 1


def test_without_a_command_it_is_up(capsys, tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        assert main(["-port", port, "--cache", str(tmp_path)], {}) == 1
    assert f"error: port {port} is in use" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["up", "wrong"], ["wrong"], ["doctor", "--wrong"], ["doctor", "extra"], ["pin"]])
def test_an_unknown_flag_exits_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words, {})
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_flag_that_neither_the_launcher_nor_the_proxy_has_exits_2(capfd, tmp_path, free_port):
    flags = [
        "--port",
        str(free_port()),
        "--llama-port",
        str(free_port()),
        "--cache",
        str(tmp_path),
        "--sceanrio",
        "x.yaml",
    ]
    assert main(flags, os.environ) == 2
    out, err = capfd.readouterr()
    assert "unknown argument '--sceanrio'" in err
    assert "error: the proxy cannot start with these settings. Its reasons are above." in out + err


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_a_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"], {})
    assert caught.value.code == 0
    assert "--cache" in capsys.readouterr().out


def test_clear_cache_removes_what_is_ours_and_says_so(tmp_path, capsys):
    cache = tmp_path / "cache"
    (cache / "models/small").mkdir(parents=True)
    (cache / "models/small/a.gguf").write_bytes(bytes(2_500_000))
    (cache / "run").mkdir()
    assert main(["clear-cache"], {"OPENAI_API_SIMULATOR_CACHE": str(cache)}) == 0
    assert f"removed {cache}/models (2.5 MB)" in capsys.readouterr().out
    assert not cache.exists()
    assert main(["clear-cache", "--cache", str(cache)], {}) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_clear_cache_refuses_a_folder_with_anything_that_is_not_ours(tmp_path, capsys):
    (tmp_path / "models").mkdir()
    (tmp_path / "thesis.tex").write_text("years of work")
    assert main(["clear-cache", "--cache", str(tmp_path)], {}) == 1
    assert "it also holds thesis.tex" in capsys.readouterr().err
    assert (tmp_path / "models").is_dir()


def test_clear_cache_refuses_a_folder_that_is_a_link_to_elsewhere(tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(tmp_path / "elsewhere")
    assert main(["clear-cache", "--cache", str(cache)], {}) == 1
    assert (tmp_path / "elsewhere").is_dir()


def test_a_disk_that_refuses_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["build-llama", "--cache", str(tmp_path / "file/cache")], {"PATH": "/usr/bin:/bin"}) in (1, 8)
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "Traceback" not in said


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "releases.toml"
    path.write_text(releases.TABLE.read_text())
    return path


def publish_all(server, tag):
    server.tag = tag
    names = [
        f"llama-{tag}-bin-{name}.tar.gz"
        for name in ("macos-arm64", "macos-x64", "ubuntu-x64", "ubuntu-arm64", "ubuntu-vulkan-x64",
                     "ubuntu-vulkan-arm64", "ubuntu-cuda-12.9-x64", "ubuntu-cuda-13.4-x64")
    ]  # fmt: skip
    for name in [*names, f"cudart-llama-{tag}-bin-ubuntu-cuda-12.9-x64.tar.gz"]:
        server.publish(name, name.encode())


def test_pin_rewrites_the_table_with_names_sizes_and_hashes_and_keeps_the_rest(table, release_server):
    publish_all(release_server, "b12000")
    before = releases.read(table)
    assert (
        main(
            ["pin", "--tag", "b12000", "--table", str(table), "--llama-releases-api", f"{release_server.url}/tags"], {}
        )
        == 0
    )
    after = releases.read(table)
    assert after.tag == "b12000"
    assert (after.package, after.source, after.url) == (before.package, before.source, before.url)
    assert set(after.assets) == set(before.assets)
    for asset in (asset for assets in after.assets.values() for asset in assets):
        assert asset.sha256 == hashlib.sha256(asset.name.encode()).hexdigest()
        assert asset.size == len(asset.name)
    assert after.assets["linux-x64-cuda"][0].name == "llama-b12000-bin-ubuntu-cuda-12.9-x64.tar.gz"
    assert table.read_text().startswith("# The pinned builds of llama.cpp.")


def test_pinning_twice_changes_nothing_more(table, release_server):
    publish_all(release_server, "b12000")
    words = ["pin", "--tag", "b12000", "--table", str(table), "--llama-releases-api", f"{release_server.url}/tags"]
    main(words, {})
    once = table.read_text()
    main(words, {})
    assert table.read_text() == once


@pytest.mark.parametrize("digest", [None, "missing"])
def test_pin_refuses_a_release_that_lacks_a_platform_or_a_hash(table, release_server, capsys, digest):
    publish_all(release_server, "b12000")
    name = "llama-b12000-bin-macos-arm64.tar.gz"
    if digest is None:
        release_server.digests[name] = None
    else:
        del release_server.digests[name]
    before = table.read_text()
    words = ["pin", "--tag", "b12000", "--table", str(table), "--llama-releases-api", f"{release_server.url}/tags"]
    assert main(words, {}) == 1
    assert "macos-arm64" in capsys.readouterr().err
    assert table.read_text() == before


def test_pin_says_when_the_release_does_not_exist(table, release_server, capsys):
    words = ["pin", "--tag", "b1", "--table", str(table), "--llama-releases-api", f"{release_server.url}/tags"]
    assert main(words, {}) == 5
    assert "answers 404" in capsys.readouterr().err

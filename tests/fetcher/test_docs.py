"""docs/models.md tells what the code does: every setting, every exit code."""

import argparse
import re
from pathlib import Path

from fetcher import errors
from fetcher.settings import add_checkpoint_flags, add_flags

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text("utf-8")


def test_every_flag_stands_beside_its_environment_name() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_flags(parser)
    add_checkpoint_flags(parser)
    flags = {action.option_strings[0] for action in parser._actions}
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `(--[a-z-]+)`", PAGE, re.M))
    assert {flag: name for name, flag in rows.items()}.keys() == flags
    for name, flag in rows.items():
        assert name == ("HF_HUB_OFFLINE" if flag == "--offline" else flag[2:].replace("-", "_").upper())


def test_every_error_has_its_line_in_the_table_of_exit_codes() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d) \| ", PAGE, re.M)}
    assert codes == {0} | {kind.exit_code for kind in errors.FetchError.__subclasses__()}

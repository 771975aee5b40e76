import re
from pathlib import Path

from launcher.settings import OPTIONS, Settings

TEXT = (Path(__file__).parents[2] / "docs/native.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`-[^|]+) \| `([^|`]+)` \|([^|]*)\|", TEXT, re.MULTILINE)


def test_the_table_lists_each_flag_variable_and_default_as_the_code_does():
    found = {(*re.findall(r"`([^`]+)`", flags), variable) for flags, variable, _ in ROWS}
    assert found == {(*option.flags, option.env) for option in OPTIONS}


def test_the_defaults_in_the_table_are_those_of_the_code():
    shown_by_variable = {variable: shown for _, variable, shown in ROWS}
    for option in OPTIONS:
        shown = shown_by_variable[option.env]
        value = getattr(Settings(), option.field)
        if shown.strip().startswith("`"):
            assert shown.strip(" `") == (f"{value:g}" if isinstance(value, float) else str(value))


def test_every_exit_code_of_up_is_documented():
    for code in ("0", "1", "2", "10", "11", "130, 143", "3 to 8"):
        assert re.search(rf"\| .*\b{code}\b", TEXT), code

"""What is suggested for a name that nobody knows."""

import pytest

from proxy.spelling import suggestion

KNOWN = ("include", "input", "model", "n", "store", "stream", "tools", "user")


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("sto", " Did you mean 'store'?"),
        ("stop", " Did you mean 'store'?"),
        ("stre", " Did you mean 'store' or 'stream'?"),
        ("strem", " Did you mean 'stream' or 'store'?"),
        ("usr", " Did you mean 'user'?"),
        ("inclde", " Did you mean 'include'?"),
        ("st", ""),
        ("x", ""),
        ("", ""),
        ("seed", ""),
    ],
)
def test_names_within_two_edits_are_suggested_the_nearest_first(name, suggested):
    assert suggestion(name, KNOWN) == suggested


def test_more_than_two_are_listed():
    assert suggestion("bat", ["bar", "bad", "bag"]) == " Did you mean 'bad', 'bag', or 'bar'?"

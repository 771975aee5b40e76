"""What is written as YAML is read as it was, whatever is in it."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.recordings.yaml_text import written
from proxy.scenarios.source import read

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES, min_size=1))
def test_whatever_is_written_is_read_again(value):
    assert read(written(value), is_json=False).value == value


def test_it_is_as_people_would_write_it():
    value = {
        "name": "greets",
        "texts": ["yes", "0o17", "1e3", "it's: so", "a\nb", "a\x85b"],
        "said": [{"role": "user", "content": "Grüße 😀"}, {"role": "user", "content": "one\ntwo"}],
        "events": [[12, 'data: {"a": 1}'], [13, "response.created", "{}"]],
        "none": [],
    }
    assert written(value) == (
        "name: greets\n"
        "texts:\n  - 'yes'\n  - '0o17'\n  - '1e3'\n  - 'it''s: so'\n  - |-\n    a\n    b\n  - \"a\\Nb\"\n"
        "said:\n  - {role: user, content: 'Grüße 😀'}\n  - role: user\n    content: |-\n      one\n      two\n"
        "events:\n  - [12, 'data: {\"a\": 1}']\n  - [13, response.created, '{}']\n"
        "none: []\n"
    )

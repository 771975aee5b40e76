"""What the words of errors are made of."""

import re

import pytest
from msgspec import inspect

from proxy import wording
from proxy.endpoints import moderations
from proxy.schema import ChatRequest


def words(kind, path, within=()):
    """Where only some words are allowed, with these words."""
    if isinstance(kind, inspect.LiteralType):
        yield path, set(kind.values)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from words(each, path, within)
    elif isinstance(kind, inspect.ListType):
        yield from words(kind.item_type, f"{path}[0]", within)
    elif isinstance(kind, inspect.StructType) and kind.cls not in within:
        for field in kind.fields:
            yield from words(field.type, f"{path}.{field.encode_name}".lstrip("."), (*within, kind.cls))


FOUND = [each for kind in (ChatRequest, moderations.Request) for each in words(inspect.type_info(kind), "")]


@pytest.mark.parametrize(("path", "allowed"), FOUND, ids=[path for path, _ in FOUND])
def test_a_wrong_word_is_answered_with_those_that_are_right(path, allowed):
    error = wording.invalid(f"Invalid enum value 'x' - at `$.{path}`", b"{}")

    assert set(re.findall("'([^']*)'", error.message.partition("Supported values are:")[2])) == allowed

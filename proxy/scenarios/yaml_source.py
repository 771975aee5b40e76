"""YAML as plain values with lines: the one place that knows PyYAML."""

import re
from contextlib import suppress
from typing import Any

import yaml

from proxy.scenarios.source import Path, SourceError, joined

_DEEPEST = 100
_MOST_NODES = 200_000  # aliases can make much of little
_TAG = "tag:yaml.org,2002:"
_SCALARS = ("str", "null", "bool", "int", "float")


class Core(yaml.resolver.BaseResolver):
    """Scalars by the core schema of YAML 1.2, https://yaml.org/spec/1.2.2/#103-core-schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way to have other ones


for kind, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    Core.add_implicit_resolver(_TAG + kind, re.compile(rf"(?:{pattern})\Z"), first)


class _Python(Core, yaml.SafeLoader):
    """All of it in Python."""


if yaml.__with_libyaml__:

    class _Fast(Core, yaml.composer.Composer, yaml.CSafeLoader):
        """libyaml, some seven times as fast. Composed in Python: its own composer goes deeper than the stack."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            yaml.composer.Composer.__init__(self)


def value_of(text: str, lines: dict[Path, int]) -> Any:
    """The document; its places are noted in `lines`. Raises SourceError."""
    try:
        node = _node(text)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = " ".join(filter(None, [problem.context, problem.problem]))
        raise SourceError(mark.line + 1 if mark else 1, f"this is no YAML: {reason}") from None
    except yaml.reader.ReaderError as problem:
        raise SourceError(1, f"this is no YAML: character {problem.position} is not allowed") from None
    except RecursionError:
        raise SourceError(1, f"this is nested more than {_DEEPEST} deep") from None
    # Without aliases no text has more values than characters.
    return None if node is None else _Values(lines, max(_MOST_NODES, len(text))).of(node, ())


def _node(text: str) -> yaml.Node | None:
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):  # that is told, or read (halves of characters as in JSON), the same everywhere
            return _composed(_Fast(text))
    return _composed(_Python(text))


def _composed(loader: Any) -> yaml.Node | None:
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


class _Values:
    def __init__(self, lines: dict[Path, int], most: int) -> None:
        self._lines = lines
        self._most = most
        self._made = 0

    def of(self, node: yaml.Node, path: Path) -> Any:
        """A node as a value."""
        line = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        self._made += 1
        if len(path) > _DEEPEST or self._made > self._most:
            raise SourceError(line, f"this is too much: more than {self._most} values, or nested {_DEEPEST} deep")
        if isinstance(node, yaml.MappingNode):
            _tagged(node, "map")
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            _tagged(node, "seq")
            return [self.of(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise SourceError(line, "a key has to be a text")
            _tagged(key_node, *_SCALARS)
            if key_node.value == "<<" and not key_node.style:
                raise SourceError(line, "merge keys (<<) are not known here, as in YAML 1.2: write the keys out")
            key = joined(key_node.value, line)
            if key in found:
                raise SourceError(line, f"the key {key!r} comes twice")
            self._lines[(*path, key)] = line
            found[key] = self.of(value_node, (*path, key))
        return found


def _tagged(node: yaml.Node, *known: str) -> None:
    if node.tag.removeprefix(_TAG) not in known:
        raise _unknown_tag(node)


def _unknown_tag(node: yaml.Node) -> SourceError:
    return SourceError(node.start_mark.line + 1, f"the tag {node.tag} is not known here")


def _scalar(node: Any) -> Any:
    try:
        return _read(node)
    except ValueError:  # a tag that the text does not keep to, such as `!!int x`
        raise SourceError(node.start_mark.line + 1, f"{node.value!r} is not what its tag says") from None


def _read(node: Any) -> Any:
    text: str = node.value
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        case "float":
            return float(text)
        case "str":
            return joined(text, node.start_mark.line + 1)
    raise _unknown_tag(node)

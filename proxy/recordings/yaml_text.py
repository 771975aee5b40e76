"""Writes plain values as YAML that people read: texts of several lines as blocks, one line where it fits.

The other half of proxy/scenarios/yaml_source.py, by the same rules of what is a text and what is a number.
"""

import re
from typing import Any

import yaml

from proxy.scenarios.yaml_source import Core

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})  # of one YAML or another
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # what only escapes bring through
_SHORT = 100  # characters of a list or object that stays on one line


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers = Core.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        """Never: a value that comes twice is written twice."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Lists stand further in than what they belong to: PyYAML's own signature."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'"
    if _ODD.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif _PLAIN.match(text) and text.lower() not in _WORDS:
        style = ""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style or None)


def _is_short(value: Any) -> bool:
    return len(repr(value)) <= _SHORT and "\\n" not in repr(value)


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=_is_event(value) or _is_flat(value))


def _is_event(value: list[Any]) -> bool:
    """`[ms, text]` and `[ms, name, data]` stay on their line, however long it is."""
    return bool(value) and isinstance(value[0], int) and all(isinstance(each, str) for each in value[1:])


def _is_flat(value: list[Any]) -> bool:
    return _is_short(value) and not any(isinstance(each, dict | list) for each in value)


def _object(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.MappingNode:
    flow = bool(value) and _is_short(value) and all(not isinstance(each, dict | list) for each in value.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=flow or not value)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _object)


def written(value: Any) -> str:
    """The value as YAML."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=2**31, default_flow_style=False
    )
    return text.removesuffix("...\n")  # which is how PyYAML ends a text alone

"""Decodes a request of the Responses API, and says in OpenAI's words what is wrong with it.

Items and tools are checked each by its own type, and stay the objects that they were. The rules that span fields are
rules.py's.
"""

import re
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from proxy import wording
from proxy.endpoints.call import Call
from proxy.endpoints.responses import words
from proxy.endpoints.responses.item_schema import FOREIGN_ITEMS, ITEMS, ForeignItem, Message
from proxy.endpoints.responses.schema import Asked
from proxy.endpoints.responses.tool_schema import CALLABLE, TOOLS
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS
from proxy.wording import check_choice

A = TypeVar("A", bound=Asked)
S = TypeVar("S", bound=Struct)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$(.*)`)?", re.DOTALL)
_ENUM = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_PLACE = re.compile(r"(?: - at `\$(.*)`)?\Z", re.DOTALL)
# A wrong word in these is told of the object that they are in; the `type` of a part is not one of them.
_NAMED_BY_OBJECT = re.compile(r"\.role\Z|(?<!\])\.type\Z")
_MOST_UNKNOWN = 100  # names of unknown fields that a lenient server takes out of one object


class Reader:
    """Decodes one body. A lenient reader leaves out the fields that OpenAI does not have."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._body = call.body
        self._lenient = call.app[SETTINGS].lenient

    def read(self, kind: type[A]) -> A:
        """The request, its items and tools still as they were sent. Raises BadRequestError."""
        body = self._body
        for _ in range(_MOST_UNKNOWN if self._lenient else 1):
            try:
                return msgspec.json.decode(body, type=kind)
            except msgspec.ValidationError as problem:
                complaint = str(problem)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
                raise wording.malformed(problem) from None
            less = wording.without_unknown(complaint, body) if self._lenient else None
            if less is None:
                break
            body = less
        raise self._in_words(kind, complaint, "")

    def items(self, given: list[dict[str, Any]], where: str = "input") -> list[dict[str, Any]]:
        """The items, each checked by its type, which is put in where it was left out. Raises BadRequestError."""
        return [self._item(item, f"{where}[{index}]") for index, item in enumerate(given)]

    def tools(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The tools, each checked by its type. Raises BadRequestError."""
        return [self._tool(tool, f"tools[{index}]") for index, tool in enumerate(given)]

    def _item(self, item: dict[str, Any], where: str) -> dict[str, Any]:
        kind = item.get("type")
        if kind is None:
            kind = "item_reference" if "id" in item and "content" not in item and "role" not in item else "message"
            item = {**item, "type": kind}
        check_choice(where, kind if isinstance(kind, str) else "", (*ITEMS, *FOREIGN_ITEMS))
        if kind == "message" and "role" not in item:
            check_choice(where, "", supported(Message, "role"))
        self._check(item, ITEMS.get(kind, ForeignItem), where)
        return item

    def _tool(self, tool: dict[str, Any], where: str) -> dict[str, Any]:
        kind = tool.get("type")
        if kind is None:
            raise wording.invalid(f"Object missing required field `type` - at `$.{where}`", self._body)
        if not isinstance(kind, str):
            raise BadRequestError(
                f"Invalid type for '{where}.type': expected a string.", param=f"{where}.type", code="invalid_type"
            )
        check_choice(where, kind, tuple(TOOLS))
        if kind in (*CALLABLE, "namespace") and "name" not in tool:
            # Before what is unknown: it is what a tool of chat completions is told here.
            raise wording.invalid(f"Object missing required field `name` - at `$.{where}`", self._body)
        self._check(tool, TOOLS[kind], where)
        if kind == "namespace":
            return {
                **tool,
                "tools": [self._tool(each, f"{where}.tools[{at}]") for at, each in enumerate(tool["tools"])],
            }
        return tool

    def _check(self, value: dict[str, Any], kind: type[Struct], where: str) -> None:
        for _ in range(_MOST_UNKNOWN if self._lenient else 1):
            try:
                msgspec.convert(value, kind)
            except msgspec.ValidationError as problem:
                complaint = str(problem)
            else:
                return
            unknown = _UNKNOWN.fullmatch(complaint) if self._lenient else None
            if unknown is None:
                break
            _at(value, unknown[2] or "").pop(unknown[1], None)
        raise self._in_words(kind, complaint, where)

    def _in_words(self, kind: type[Struct], complaint: str, where: str) -> BadRequestError:
        place = _PLACE.search(complaint)
        assert place is not None, "it matches at the end"
        inner, told = place[1] or "", complaint[: place.start()]
        path = f"{where}{inner}".removeprefix(".")
        choice = supported(kind, inner)
        if found := _ENUM.fullmatch(told):
            try:
                check_choice(_NAMED_BY_OBJECT.sub("", path), found[1], choice)
            except BadRequestError as wrong:
                return wrong
        if not path and (found := _UNKNOWN.fullmatch(told)) and (error := words.moved(found[1])):
            return error
        known = () if path else kind.__struct_fields__
        usual = wording.invalid(f"{told} - at `$.{path}`" if path else told, self._body, known)
        # Where the body breaks off later, that is what is told.
        return (usual.code and words.wrong_type(path, told, choice)) or usual


def supported(kind: Any, path: str) -> tuple[str, ...]:
    """The words that a field at a path such as `content[0].type` may be, as the schema lists them."""
    found = [kind]
    for name in re.findall(r"[^.\[\]]+", re.sub(r"\[\d+\]", "", path)):
        structs = [each for each in _alternatives(found) if isinstance(each, type) and issubclass(each, Struct)]
        found = [hint for each in structs if (hint := get_type_hints(each).get(name)) is not None]
    literals = [each for each in _alternatives(found) if get_origin(each) is Literal]
    return tuple(str(value) for each in literals for value in get_args(each))


def _alternatives(found: list[Any]) -> list[Any]:
    """The members of unions and the items of lists."""
    flat: list[Any] = []
    for each in found:
        if get_origin(each) in (Union, UnionType, list):
            flat += _alternatives(list(get_args(each)))
        else:
            flat.append(each)
    return flat


def _at(value: Any, path: str) -> Any:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        value = value[name] if name else value[int(index)]
    return value

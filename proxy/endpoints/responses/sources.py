"""Where the images and files of an input come from: an address, the request itself, or what the run has uploaded."""

from collections.abc import Sequence

from proxy.endpoints.call import Call
from proxy.endpoints.media_rules import is_address, is_base64, no_url
from proxy.endpoints.responses.items import check_id, content_of
from proxy.endpoints.responses.state import Item
from proxy.errors import BadRequestError, NotFoundError
from proxy.keys import FILES
from proxy.wording import missing

_SOURCES = {"input_image": ("image_url", "file_id"), "input_file": ("file_id", "file_data", "file_url")}


def check(items: Sequence[Item], where: str, call: Call) -> None:
    """Raises ApiError for an image or a file that comes from nowhere."""
    for index, item in enumerate(items):
        content = content_of(item)
        if isinstance(content, list):
            name = "content" if item["type"] == "message" else "output"
            for at, part in enumerate(content):
                if part["type"] in _SOURCES:
                    _check_part(part, f"{where}[{index}].{name}[{at}]", call)


def _check_part(part: Item, place: str, call: Call) -> None:
    given = [name for name in _SOURCES[part["type"]] if part.get(name) is not None]
    if not given:
        raise missing(place, _SOURCES[part["type"]][0])
    for name in given:
        if name == "file_id":
            _check_file(part[name], f"{place}.{name}", call)
        elif name != "file_data":
            _check_address(part[name], f"{place}.{name}")


def _check_file(name: str, param: str, call: Call) -> None:
    check_id(param, name, "file")
    if call.own(FILES).get(name) is None:
        raise NotFoundError(f"File with id '{name}' not found.", param=param)


def _check_address(url: str, param: str) -> None:
    if param.endswith("image_url") and url.startswith("data:"):
        if not is_base64(url.partition(";base64,")[2]):
            raise BadRequestError("Invalid base64 image_url.", param=param, code="invalid_value")
    elif not is_address(url):
        raise no_url(param)

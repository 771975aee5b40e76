"""The ways in which one path of the API can be written: with /v1 or without, with a slash at its end or without."""

from fnmatch import fnmatchcase


def usual(path: str) -> str:
    """The path as the map has it: with /v1, and no slash at its end."""
    return "/v1" + path.removeprefix("/v1").rstrip("/")


def fits(path: str, pattern: str) -> bool:
    """Whether a path is one that the pattern means, however each of them is written; `*` and `?` as in file names."""
    return fnmatchcase(path, pattern) or fnmatchcase(usual(path), usual(pattern))

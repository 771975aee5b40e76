"""What a case is: one request of an endpoint, what must come before it, and what its answer must show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx


@dataclass(frozen=True)
class Given:
    """What a case needs to know of what came before it: parts of its path, and fields of its body."""

    path: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


Before = Callable[[httpx.Client, str], Given]


@dataclass(frozen=True)
class Case:
    """One request. `shows` are paths that its answer must have, such as `choices.0.message.refusal`."""

    name: str
    body: Mapping[str, Any] | None = None
    shows: Sequence[str] = ()
    before: Before | None = None
    form: Callable[[], dict[str, Any]] | None = None  # httpx's `data` and `files`, for multipart
    query: Mapping[str, Any] = field(default_factory=dict)
    plain: bool = True
    stream: bool = True
    real: bool = True  # a real model can be asked as well


@dataclass(frozen=True)
class Refused:
    """What an endpoint does not do, and a request for it, which must be refused with a 400 that names `param`."""

    what: str
    body: Mapping[str, Any]
    param: str | None = None


@dataclass(frozen=True)
class Shape:
    """What an answer, or each event, is held against; a binary answer has `content_types` only."""

    schema: str | None = None
    sdk: Any = None
    content_types: tuple[str, ...] = ("application/json",)
    softened: Callable[[Any], Any] = lambda value: value  # where both yardsticks are known to be wrong


# Events without names and [DONE] at the end; those of the Responses API, each with its type as its name; or either.
Framing = Literal["done", "typed", "any"]


@dataclass(frozen=True)
class Endpoint:
    """One operation of the API. `ours` are fields beyond OpenAI's; `lacks` is what cannot be shown by a refusal."""

    method: str
    path: str
    plain: Shape
    cases: Sequence[Case]
    form: str = ""  # of the answer, where an endpoint has several
    events: Shape | None = None
    framing: Framing = "done"
    refused: Sequence[Refused] = ()
    lacks: Sequence[str] = ()
    notes: Sequence[str] = ()
    ours: frozenset[str] = frozenset()
    names_model: bool = True  # in its body
    real_body: Mapping[str, Any] | None = None  # for a real model; None where no real model is asked

    @property
    def name(self) -> str:
        return f"{self.method} /v1{self.path}"

"""Models of Pydantic, made into schemas as the official client makes them: strict mode takes them, they the values."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Literal, Optional
from uuid import UUID

import pytest
from openai.lib._pydantic import to_strict_json_schema
from pydantic import AnyUrl, BaseModel, ConfigDict, Field

from proxy.sim.structured import Draw, Hints, Plan, check_strict
from tests.proxy.sim.structured.validation import made


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    street: str
    city: str
    zip_code: str = Field(pattern=r"^\d{5}$")


class Person(BaseModel):
    name: str
    age: int
    nickname: str | None
    addresses: list[Address]
    favourite: Color
    level: Level
    born: date
    seen: datetime
    alarm: time
    key: UUID
    active: bool
    score: float = Field(ge=0, le=1)


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    kind: Literal["square"]
    side: float


class Drawing(BaseModel):
    shapes: list[Circle | Square]
    caption: str | None


class Tree(BaseModel):
    value: int
    children: list["Tree"]


class Chain(BaseModel):
    value: str
    next: Optional["Chain"]


@pytest.mark.parametrize("model", [Person, Drawing, Tree, Chain])
@pytest.mark.parametrize("seed", [b"1", b"2", b"3"])
def test_a_strict_model_takes_its_value(model, seed):
    schema = to_strict_json_schema(model)
    check_strict(schema)
    model.model_validate(made(schema, "Tell me about Alice, who is 31, and a square.", seed))


class Loose(BaseModel):
    """What Pydantic writes with no thought of strict mode."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=3, max_length=20)] = "untitled"
    tags: set[str] = Field(min_length=2, max_length=4)
    pair: tuple[int, str]
    counts: dict[str, int]
    ratio: Annotated[float, Field(gt=0, lt=1)]
    even: Annotated[int, Field(multiple_of=2, ge=10)]
    price: Decimal
    pause: timedelta
    link: AnyUrl
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}\d{3}$")]
    small: Annotated[int, Field(gt=3, lt=5)]
    three: Annotated[list[int], Field(min_length=3, max_length=3)]
    shape: Annotated[Circle | Square, Field(discriminator="kind")]
    anything: object
    maybe: int | str | None = None


@pytest.mark.parametrize("seed", [b"1", b"2", b"3", b"4", b"5"])
def test_a_model_of_any_kind_takes_its_value(seed):
    Loose.model_validate(made(Loose.model_json_schema(), "Order 3 of AB123 for $12.50", seed))


def test_the_same_model_as_a_tool_of_the_official_client_takes_its_value():
    tool = {"type": "object", "properties": {"person": to_strict_json_schema(Address)}, "required": ["person"]}
    value = Plan(tool).instance(Draw(b"seed"), Hints.of(["I live at 5 Elm Street in Porto, 12345"]))
    assert Address.model_validate(value["person"]).city == "Porto"

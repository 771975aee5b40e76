# mypy: ignore-errors
"""Instructor: objects out of chats, by tools and by JSON."""

import instructor
from checks import BASE_URL, MODEL, run
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field

messages = [{"role": "user", "content": "Describe the city of Paris"}]
client = OpenAI(base_url=BASE_URL, api_key="any", max_retries=0)


class City(BaseModel):
    """A city."""

    name: str
    population: int = Field(ge=0)
    districts: list[str]


def _made(mode):
    city = instructor.from_openai(client, mode=mode).create(
        model=MODEL, messages=messages, response_model=City, max_retries=0
    )
    assert isinstance(city, City)


def tools():
    _made(instructor.Mode.TOOLS)


def json_schema():
    _made(instructor.Mode.JSON_SCHEMA)


def partial_objects_of_a_stream():
    patched = instructor.from_openai(client)
    first, *_, last = patched.create_partial(model=MODEL, messages=messages, response_model=City, max_retries=0)
    assert None in first.model_dump().values()
    City(**last.model_dump())


async def async_tools():
    patched = instructor.from_openai(AsyncOpenAI(base_url=BASE_URL, api_key="any", max_retries=0))
    assert isinstance(await patched.create(model=MODEL, messages=messages, response_model=City, max_retries=0), City)


if __name__ == "__main__":
    run("instructor", tools, json_schema, partial_objects_of_a_stream, async_tools)

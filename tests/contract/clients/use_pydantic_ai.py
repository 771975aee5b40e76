# mypy: ignore-errors
"""Pydantic AI: its agents, over chat completions and over responses."""

from checks import BASE_URL, MODEL, QUESTION, WEATHER, WEATHER_QUESTION, get_weather, run
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url=BASE_URL, api_key="any")
model = OpenAIChatModel(MODEL, provider=provider)
responding = OpenAIResponsesModel(MODEL, provider=provider)


class City(BaseModel):
    """A city."""

    name: str
    population: int


async def chat():
    result = await Agent(model).run(QUESTION)
    assert "volcano" in result.output.lower()


async def stream():
    plain = await Agent(model).run(QUESTION)
    async with Agent(model).run_stream(QUESTION) as result:
        text = "".join([piece async for piece in result.stream_text(delta=True)])
    assert text == plain.output


async def tool_loop():
    for each in (model, responding):
        result = await Agent(each, tools=[get_weather]).run(WEATHER_QUESTION)
        assert WEATHER in result.output


async def streamed_tool_loop():
    async with Agent(model, tools=[get_weather]).run_stream(WEATHER_QUESTION) as result:
        assert WEATHER in await result.get_output()


async def structured_output():
    for wanted in (City, NativeOutput(City)):
        result = await Agent(model, output_type=wanted).run("Describe the city of Paris")
        assert isinstance(result.output, City)


if __name__ == "__main__":
    run("pydantic-ai-slim", chat, stream, tool_loop, streamed_tool_loop, structured_output)

# mypy: ignore-errors
"""OpenAI's Agents SDK: a loop with a tool to its end, over chat completions and over responses."""

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from checks import BASE_URL, MODEL, QUESTION, WEATHER, WEATHER_QUESTION, get_weather, run
from openai import AsyncOpenAI
from pydantic import BaseModel

set_tracing_disabled(True)
client = AsyncOpenAI(base_url=BASE_URL, api_key="any", max_retries=0)
MODELS = (OpenAIChatCompletionsModel(MODEL, client), OpenAIResponsesModel(MODEL, client))


class City(BaseModel):
    """A city."""

    name: str
    population: int


async def agent():
    for model in MODELS:
        result = await Runner.run(Agent("Geologist", model=model), QUESTION)
        assert "volcano" in result.final_output.lower()


async def stream():
    for model in MODELS:
        mine = Agent("Geologist", model=model)
        result = Runner.run_streamed(mine, QUESTION)
        events = [event async for event in result.stream_events()]
        assert events
        assert result.final_output == (await Runner.run(mine, QUESTION)).final_output


async def tool_loop():
    for model in MODELS:
        mine = Agent("Forecaster", model=model, tools=[function_tool(get_weather)])
        result = await Runner.run(mine, WEATHER_QUESTION, max_turns=3)
        assert WEATHER in result.final_output
        streamed = Runner.run_streamed(mine, WEATHER_QUESTION, max_turns=3)
        async for _ in streamed.stream_events():
            pass
        assert WEATHER in streamed.final_output


async def structured_output():
    for model in MODELS:
        result = await Runner.run(Agent("Clerk", model=model, output_type=City), "Describe the city of Paris")
        assert isinstance(result.final_output, City)


async def handoff():
    for model in MODELS:
        expert = Agent("Forecaster", handoff_description="Knows the weather", model=model)
        first = Agent("Receptionist", model=model, handoffs=[expert])
        result = await Runner.run(first, "Transfer me to the forecaster who knows the weather", max_turns=4)
        assert result.last_agent.name == "Forecaster"


if __name__ == "__main__":
    run("openai-agents", agent, stream, tool_loop, structured_output, handoff)

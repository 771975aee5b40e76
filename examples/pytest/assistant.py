"""An assistant that knows the weather: one tool, and patience with a server that is busy."""

import json
import time
from collections.abc import Callable

import openai

MODEL = "gpt-4o-mini"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def get_weather(city: str) -> str:
    """Ask the weather service; here it is always the same."""
    return f"22 degrees and sunny in {city}"


class Assistant:
    """Answers questions; tries again, and as late as it is told to, where the server is busy."""

    def __init__(self, tries: int = 3, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = openai.OpenAI(max_retries=0)
        self.tries = tries
        self.sleep = sleep

    def answer(self, question: str) -> str:
        """The answer, for which tools may be called."""
        messages = [{"role": "user", "content": question}]
        while True:
            message = self._ask(messages)
            if not message.tool_calls:
                return message.content
            messages.append(message.model_dump(exclude_none=True))
            messages += [_called(call) for call in message.tool_calls]

    def _ask(self, messages):
        tried = 0
        while True:
            try:
                answer = self.client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
                return answer.choices[0].message
            except (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError) as error:
                tried += 1
                if tried == self.tries or error.code == "insufficient_quota":
                    raise
                self.sleep(_wait(error, tried))


def _wait(error: openai.APIError, tried: int) -> float:
    """What the server says, in seconds; else twice as long each time."""
    response = getattr(error, "response", None)
    told = response.headers.get("retry-after") if response is not None else None
    return float(told) if told else 0.5 * 2**tried


def _called(call) -> dict:
    result = get_weather(**json.loads(call.function.arguments))
    return {"role": "tool", "tool_call_id": call.id, "content": result}


async def summary(text: str) -> str:
    """A text in short, streamed; the SDK itself tries again."""
    said = ""
    async with openai.AsyncOpenAI() as client:
        messages = [{"role": "system", "content": "Summarise."}, {"role": "user", "content": text}]
        async for event in await client.chat.completions.create(model=MODEL, messages=messages, stream=True):
            said += event.choices[0].delta.content or "" if event.choices else ""
    return said

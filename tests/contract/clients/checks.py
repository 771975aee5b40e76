# mypy: ignore-errors
"""What the scripts share: what they ask for, and one line of JSON about the checks of one client.

A check is a function that asserts; its name says what it shows. Where one fails, Python's own traceback says so.
"""

import asyncio
import inspect
import json
import os
from importlib.metadata import version

BASE_URL = os.environ["BASE_URL"]  # with /v1
ORIGIN = BASE_URL.removesuffix("/v1")
MODEL = "gpt-sim-1"
QUESTION = "Tell me about volcanoes"
WEATHER_QUESTION = "What is the weather in Paris right now?"
WEATHER = "22 degrees and sunny"


def get_weather(city: str) -> str:
    """Get the current weather in a city.

    Args:
        city: The name of the city.
    """
    assert city == "Paris", city
    return WEATHER


def refused(kind, call):
    """The error of this kind that a call comes to."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("it was accepted")


def run(package, *checks):
    """Run the checks in order, then print the client, its version, and what it showed."""
    with asyncio.Runner() as loop:  # one for all: clients keep connections
        for check in checks:
            if inspect.iscoroutinefunction(check):
                loop.run(check())
            else:
                check()
    shown = [check.__name__.replace("_", " ") for check in checks]
    print(json.dumps({"client": package, "version": version(package), "checks": shown}))

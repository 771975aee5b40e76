"""The simulator as people install it: the command `openai-api-simulator`, and a plugin for pytest.

Knows the simulator by its HTTP alone; the server itself is `proxy`, beside this package in the repository and under
`services/` where it is installed.
"""

from openai_api_simulator.exchange import Request
from openai_api_simulator.run import OpenAISim
from openai_api_simulator.server import Server, found

__all__ = ["OpenAISim", "Request", "Server", "found"]

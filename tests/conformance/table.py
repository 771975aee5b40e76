"""THE TABLE: every operation of OpenAI's API that is held against the description and the SDK, by family."""

from tests.conformance import chat, media, others, responses
from tests.conformance.cases import Endpoint

FAMILIES: dict[str, tuple[Endpoint, ...]] = {
    "Chat completions": chat.ENDPOINTS,
    "Responses": responses.ENDPOINTS,
    "Images and audio": media.ENDPOINTS,
    "The others": others.ENDPOINTS,
}

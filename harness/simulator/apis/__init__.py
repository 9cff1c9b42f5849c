"""The APIs that the simulator speaks, and which of them a request belongs to."""

from harness.simulator.apis.api import Api, Headers
from harness.simulator.apis.chat import Chat
from harness.simulator.apis.completions import Completions
from harness.simulator.apis.gemini import Gemini
from harness.simulator.apis.messages import Messages
from harness.simulator.apis.moderations import Moderations
from harness.simulator.apis.ollama import Ollama
from harness.simulator.apis.responses import Responses
from harness.simulator.apis.tgi import Tgi

CHAT = Chat()
MESSAGES = Messages()
APIS: dict[str, Api] = {
    api.name: api for api in (CHAT, Completions(), Responses(), MESSAGES, Gemini(), Ollama(), Tgi())
}
"""Those that give answers."""
MODERATIONS = Moderations()


def asked(path: str) -> Api | None:
    """The API whose answers are given at a path."""
    return next((api for api in (*APIS.values(), MODERATIONS) if api.owns(path)), None)


def listed(path: str, headers: Headers) -> Api | None:
    """The API whose models are listed at a path; two share one, and Anthropic's clients say which version they want."""
    if path == MESSAGES.listing and b"anthropic-version" in headers:
        return MESSAGES
    return next((api for api in APIS.values() if api.listing == path), None)

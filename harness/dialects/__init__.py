"""How each API asks and answers: one file an API, two pure functions each, and this table."""

from collections.abc import Mapping
from typing import Protocol

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.dialects.completions import Completions
from harness.dialects.gemini import Gemini
from harness.dialects.messages import Messages
from harness.dialects.ollama import Ollama
from harness.dialects.piece import Piece
from harness.dialects.responses import Responses
from harness.dialects.tgi import Tgi
from harness.sse import Event


class Dialect(Protocol):
    """One API. `decode` is also given a whole non-streaming answer, as one event."""

    @property
    def name(self) -> str: ...

    @property
    def takes_images(self) -> bool:
        """Whether a message of `Ask` may hold pictures; a set with some is refused before a run otherwise."""

    @property
    def refused_roles(self) -> frozenset[str]:
        """Roles of a conversation that the API has no place for; a set with some is refused before a run."""

    @property
    def key_env(self) -> str:
        """The environment variable that holds the API key where the user names no other."""

    def endpoint(self, host: str) -> str:
        """The full URL for a base URL, or for a full one."""

    def models(self, host: str) -> str:
        """Where the server lists its models."""

    def names(self, body: bytes) -> tuple[str, ...] | None:
        """The models that such a list names; None where `body` is no list of models."""

    def offers(self, names: tuple[str, ...], model: str) -> bool:
        """Whether a model that the user named is one of the list's."""

    def admission(self, key: str | None, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that the server wants to know its callers by, and the user's own."""

    def encode(self, ask: Ask) -> Call: ...

    def decode(self, event: Event) -> list[Piece]:
        """What the event says; nothing for roles, pings and the like. Raises Unreadable."""


DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect for dialect in (Chat(), Completions(), Responses(), Messages(), Gemini(), Ollama(), Tgi())
}


def dialect_of(name: str) -> Dialect:
    """The dialect of that name. Raises KeyError where there is none."""
    return DIALECTS[name]

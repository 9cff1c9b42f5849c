"""How each API asks and answers: one file an API, two pure functions each, and this table."""

from typing import Protocol

from harness.call import Call
from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.dialects.piece import Piece
from harness.sse import Event


class Dialect(Protocol):
    """One API. `decode` is also given a whole non-streaming answer, as one event."""

    @property
    def name(self) -> str: ...

    def endpoint(self, host: str) -> str:
        """The full URL for a base URL, or for a full one."""

    def models(self, host: str) -> str:
        """Where the server lists its models."""

    def encode(self, ask: Ask) -> Call: ...

    def decode(self, event: Event) -> list[Piece]:
        """What the event says; nothing for roles, pings and the like. Raises Unreadable."""


DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (Chat(),)}

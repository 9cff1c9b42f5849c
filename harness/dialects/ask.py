"""What we ask of a server, in no API's terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.call import Timeouts
from harness.sampling import Sampling
from harness.testset import Message


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for an answer. The key is kept out of every repr."""

    id: str
    url: str
    """The endpoint, as the dialect gives it."""
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    stream: bool = True
    sampling: Sampling = field(default_factory=Sampling)
    logprobs: bool = False
    """Have the server tell the log-probability of each token that it chose."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the user wants in the body besides, in the API's own terms."""

    @property
    def prompt(self) -> str:
        """All that is said, a blank line between two turns, for an API that takes no conversation."""
        return "\n\n".join(message.text for message in self.messages)

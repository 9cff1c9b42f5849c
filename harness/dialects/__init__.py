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
from harness.dialects.own import Unread
from harness.dialects.piece import Piece
from harness.dialects.responses import Responses
from harness.dialects.tgi import Tgi
from harness.dialects.yields import Yields
from harness.sampling import Sampling
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

    @property
    def framing(self) -> str | None:
        """How a stream is cut into events, a name of harness.framing.FRAMINGS; None where its content type tells."""

    @property
    def tells_end(self) -> bool:
        """Whether an answer says itself that it is complete; one that ought to and did not is truncated."""

    def models(self, host: str) -> str | None:
        """Where the server lists its models; None where the API has no list."""

    def names(self, body: bytes) -> tuple[str, ...] | None:
        """The models that such a list names; None where `body` is no list of models."""

    def offers(self, names: tuple[str, ...], model: str) -> bool:
        """Whether a model that the user named is one of the list's."""

    def admission(self, key: str | None, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that the server wants to know its callers by, and the user's own."""

    def refusals(self, sampling: Sampling) -> list[str]:
        """Why the API cannot be asked to sample so: ends of sentences that begin with the dialect's name."""

    @property
    def samples(self) -> Mapping[str, str]:
        """For the fields of Sampling that the API has a place for, its own names of them."""

    @property
    def greedy(self) -> Sampling | None:
        """How the API is asked for the likeliest tokens, with nothing left to chance; None where it cannot be."""

    @property
    def tells_logprobs(self) -> bool:
        """Whether the API can be asked for the log-probabilities of its tokens."""

    def encode(self, ask: Ask) -> Call: ...

    def decode(self, event: Event) -> list[Piece]:
        """What the event says; nothing for roles, pings and the like. Raises Unreadable."""

    def logprobs(self, event: Event) -> list[float]:
        """Of the tokens of an event, those that the server tells; nothing of any other event, whatever it is."""


DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect for dialect in (Chat(), Completions(), Responses(), Messages(), Gemini(), Ollama(), Tgi())
}

"""Those that a user can name without bringing one."""

_OTHERS: dict[str, Dialect] = {Yields.name: Yields()}
_UNREAD = Unread()


def dialect_of(name: str) -> Dialect:
    """The dialect of that name; `Unread` for one of the user's own that was not adopted. Raises KeyError for no dialect."""
    known = DIALECTS.get(name) or _OTHERS.get(name)
    if known is None and is_own(name):
        return _UNREAD
    return known or _OTHERS[name]


def is_known(name: str) -> bool:
    """Whether it is shipped or was adopted."""
    return name in DIALECTS or name in _OTHERS


def adopt(name: str, dialect: Dialect) -> None:
    """Have a dialect of the user's own under the name by which the user gives it."""
    _OTHERS[name] = dialect


def read_name(text: str) -> str:
    """A shipped dialect's name, or what can be one of the user's own: a Python file, or a module by its dotted name."""
    if text in DIALECTS or is_own(text):
        return text
    raise ValueError(
        f"one of {', '.join(DIALECTS)}, or a dialect of your own: a file such as ./my_dialect.py, or a module such as "
        "my_package.my_dialect"
    )


def is_own(name: str) -> bool:
    """Whether it has the form of a file's path or of a module in a package; such a file or module need not be there."""
    return name.endswith(".py") or (len(words := name.split(".")) > 1 and all(word.isidentifier() for word in words))

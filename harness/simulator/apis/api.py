"""One API as a server speaks it: which paths are its own, how a request reads, and how an answer is written."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from harness.simulator.request import Ask
from harness.simulator.words import Piece, Tokens, encode

Headers = Mapping[bytes, bytes]


class Ident(NamedTuple):
    """What every event of an answer may repeat; `created_s` is Unix time in seconds."""

    id: str
    model: str
    created_s: int


class Answer(Protocol):
    """Writes one answer; it may remember what it has written. Nothing but a token's own text is encoded per token."""

    def opening(self, tokens: Tokens | None) -> list[bytes]:
        """The events before any content, as far as the API has some."""

    def token(self, piece: Piece) -> bytes:
        """The event of a token, and what the API wants to stand before it."""

    def end(self, finish: str, tokens: Tokens | None, *, done: bool) -> list[bytes]:
        """The events after the last token of a whole answer; `done` asks for the end marker, where there is one."""

    def fault(self, message: str) -> list[bytes]:
        """An error inside a stream that began as a 200."""

    def whole(self, pieces: list[Piece], finish: str | None, tokens: Tokens | None) -> bytes:
        """The answer as one document."""


class Api(Protocol):
    """What differs between APIs."""

    name: ClassVar[str]
    listing: ClassVar[str]
    """Where the models are listed."""
    stream_type: ClassVar[bytes]
    comment: ClassVar[bytes]
    """What keeps a connection open between two events."""
    kinds: ClassVar[str]
    """The kinds of tokens that an answer can hold."""
    calls_whole: ClassVar[bool]
    """A tool call comes as one event."""
    reasons: ClassVar[Mapping[str, str]]
    """What the API calls the reasons of chat completions: stop, length and tool_calls."""

    def owns(self, path: str) -> bool:
        """Whether a request to this path is one of the API."""

    def key(self, headers: Headers) -> bytes | None:
        """The API key that came with a request."""

    def parse(self, path: str, body: bytes) -> Ask:
        """Raises BadRequest with a sentence."""

    def answer(self, ident: Ident, ask: Ask) -> Answer: ...

    def models(self, names: tuple[str, ...], started_s: int) -> dict[str, Any]:
        """The list of models."""

    def error(self, status: int, message: str, code: str | None = None) -> bytes:
        """An error as the body of an answer."""

    def event(self, body: bytes) -> bytes:
        """One event of a stream."""


class Streamed:
    """What most APIs have in common: server-sent events, a bearer's token, and one path."""

    path: ClassVar[str]
    listing: ClassVar[str] = "/v1/models"
    stream_type: ClassVar[bytes] = b"text/event-stream; charset=utf-8"
    comment: ClassVar[bytes] = b": keep-alive\n\n"
    kinds: ClassVar[str] = "trc"
    calls_whole: ClassVar[bool] = False
    reasons: ClassVar[Mapping[str, str]] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}

    def owns(self, path: str) -> bool:
        return path == self.path

    def key(self, headers: Headers) -> bytes | None:
        given = headers.get(b"authorization", b"")
        return given.removeprefix(b"Bearer ") if given.startswith(b"Bearer ") else None

    def event(self, body: bytes) -> bytes:
        return b"data: " + body + b"\n\n"


def named_event(name: str, value: dict[str, Any]) -> bytes:
    """An event that says its type in its name and in its data."""
    return b"event: " + name.encode() + b"\ndata: " + encode({"type": name, **value}) + b"\n\n"


def joined(pieces: list[Piece], kind: str) -> str:
    """The text of one kind."""
    return "".join(piece.text for piece in pieces if piece.kind == kind)


def split_call(pieces: list[Piece]) -> tuple[str, str] | None:
    """Name and arguments of the tool call that the pieces make; None without one."""
    called = [piece for piece in pieces if piece.kind == "c"]
    if not called:
        return None
    return called[0].text, "".join(piece.text for piece in called[1:])

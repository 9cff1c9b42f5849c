"""Answers being sent: a stream of events, or one document at the end of the same time."""

from harness.simulator.apis.api import Answer, Api
from harness.simulator.framing import Framing, Plain, framing_for
from harness.simulator.outlet import Outlet
from harness.simulator.script import Ending, Script, broken, document, tail
from harness.simulator.truth import Entry


def stream_head(api: Api) -> list[tuple[bytes, bytes]]:
    """The headers of a stream."""
    return [(b"content-type", api.stream_type), (b"cache-control", b"no-cache")]


class Stream:
    """One answer as a stream of events; the pacing calls `emit` once per token."""

    __slots__ = (
        "_answer", "_api", "_breaks_after", "_count", "_due_ns", "_framing", "_index", "_outlet", "_pieces", "_plain",
        "_script", "_token", "over", "turns",
    )  # fmt: skip

    def __init__(self, script: Script, api: Api, answer: Answer, outlet: Outlet, entry: Entry) -> None:
        self._script = script
        self._api = api
        self._answer = answer
        self._outlet = outlet
        # What is needed per token is kept at hand: this is the path that 35,000 tokens/s go.
        self._due_ns = entry.due_ns
        self._token = answer.token
        self._pieces, self._count = script.pieces, len(script.pieces)
        self._breaks_after = script.breaks_after
        self._framing: Framing = framing_for(script.fault, api.comment)
        self._plain = type(self._framing) is Plain
        entry.expect(script.pieces)
        self._index = 0
        self.over = False
        self.turns = script.turns

    def open(self) -> None:
        """Send the head, and what the API says before any content, at once."""
        self._outlet.start(200, stream_head(self._api))
        for event in self._answer.opening(self._script.tokens):
            self._send(event, 0)

    def emit(self, due_ns: int) -> None:
        """Send the token that was due then; after the last one, the end."""
        if self._index == self._breaks_after:
            self._send(broken(self._api), 0)
        if self._index < self._count:
            self._due_ns.append(due_ns)
            self._send(self._token(self._pieces[self._index]), 1)
        self._index += 1
        if self._index >= self.turns:
            self._close()

    def _send(self, event: bytes, tokens: int) -> None:
        if self._plain:
            self._outlet.write(event, tokens)
            return
        self._write_apart(event, tokens)

    def _write_apart(self, event: bytes, tokens: int) -> None:
        for number, write in enumerate(self._framing.frame(event, tokens)):
            if number:
                self._outlet.rest()
            self._outlet.write(write.body, write.tokens)

    def _close(self) -> None:
        if self._breaks_after == self._index:
            self._send(broken(self._api), 0)
        if self._script.ending is Ending.STALL:
            return
        if self._script.ending is Ending.COMPLETE:
            self._send_tail()
        self._outlet.end()

    def _send_tail(self) -> None:
        events = tail(self._script, self._answer)
        if self._plain:
            self._outlet.write(b"".join(events), more=False)
            return
        for event in events:
            self._send(event, 0)
        for write in self._framing.flush():
            self._outlet.write(write.body, write.tokens)
        self._outlet.write(b"", more=False)


class Document:
    """One answer as one JSON document, sent when its last token is due."""

    __slots__ = ("_body", "_entry", "_left", "_outlet", "_script", "over", "turns")

    def __init__(self, script: Script, api: Api, answer: Answer, outlet: Outlet, entry: Entry) -> None:
        self._script = script
        self._body = document(script, api, answer)
        entry.expect(script.pieces)
        self._outlet = outlet
        self._entry = entry
        self.over = False
        self.turns = self._left = script.turns

    def emit(self, due_ns: int) -> None:
        """Send all of it with the last token."""
        self._left -= 1
        if self._left:
            return
        self._entry.due_ns.extend([due_ns] * len(self._script.pieces))
        length = str(len(self._body)).encode()
        self._outlet.start(200, [(b"content-type", b"application/json"), (b"content-length", length)])
        cut = self._script.ending is Ending.CUT
        body = self._body[: len(self._body) // 2] if cut else self._body
        self._outlet.write(body, len(self._script.pieces), more=cut)
        self._outlet.end()

"""One request over one connection and its answer: the stamps, the clocks, and what the listener hears in which order."""

import socket
import time

from harness.call import Arrival, Broken, Call, Head, Listener
from harness.outcome import Break
from harness.wire.breaks import Phase, translate
from harness.wire.reply import Reply

READ_BYTES = 65_536
ERROR_BODY_LIMIT_BYTES = 65_536
_SHORTEST_S = 0.001


class Deaf(Exception):
    """The listener raised `bug` while the client library had the word.

    The library takes OSError and ValueError for its own and would wrap them, so they travel inside this.
    """

    def __init__(self, bug: Exception) -> None:
        super().__init__()
        self.bug = bug


class Trip:
    """Told by the connection that it is there and about to send; then read to the end by `Wire`."""

    def __init__(self, call: Call, listener: Listener) -> None:
        self.call = call
        self.reply = Reply()
        self.reused = False
        self.answered = False
        """A byte of the answer has arrived."""
        self.where = ""
        self._listener = listener
        self._sent_ns: int | None = None
        self._head: Head | None = None
        self._early: Arrival | None = None
        self._read_bytes = 0

    @property
    def stale(self) -> bool:
        """An idle connection that the server had given up: what fails here may be tried once more."""
        return self.reused and not self.answered

    def connected(self, where: str, connect_us: int | None) -> None:
        """A connection to `where` is there, a reused one if `connect_us` is None."""
        self.where = where
        self.reused = connect_us is None
        try:
            self._listener.connected(connect_us)
        except Exception as error:
            raise Deaf(error) from error

    def sending(self, sock: socket.socket, head_bytes: int) -> None:
        """Before each send on `sock`; the first one carries the head of the request."""
        if self._sent_ns is None:
            self._sent_ns = time.monotonic_ns()
            try:
                self._listener.sent(self._sent_ns, head_bytes + len(self.call.body))
            except Exception as error:
                raise Deaf(error) from error
        sock.settimeout(self._left_s())

    def read_head(self, sock: socket.socket) -> Reply:
        """Read until the head of the answer is there; keep what came of the body with it. Raises Broken."""
        sock.settimeout(self._left_s())
        while not self.reply.has_head:
            at_ns, data = self._read(sock)
            if not self.answered:
                self.answered = True
                sock.settimeout(self.call.timeouts.idle_s)
            body = self.reply.feed(data)
            if not self.reply.has_head and self.reply.flaw:
                raise self._malformed()
        self._head = Head(at_ns, self.reply.status, _media_type(self.reply), self.reply.header("location"))
        self._early = Arrival(at_ns, body)
        return self.reply

    def read_body(self, sock: socket.socket) -> None:
        """Tell the listener of the head, then of all that arrives until the end of the body is proven. Raises Broken."""
        assert self._head is not None
        assert self._early is not None
        self._listener.opened(self._head)
        arrival = self._early
        while not self._over(arrival):
            arrival = self._receive(sock)
        self._listener.ended(arrival.at_ns)

    def _over(self, arrival: Arrival) -> bool:
        if arrival.data:
            self._listener.arrived(arrival)
            self._read_bytes += len(arrival.data)
        if self.reply.flaw:
            raise self._malformed()
        if self.reply.status != 200 and self._read_bytes > ERROR_BODY_LIMIT_BYTES:
            return True
        return self.reply.complete

    def _receive(self, sock: socket.socket) -> Arrival:
        at_ns, data = self._read(sock, may_close=True)
        if data:
            return Arrival(at_ns, self.reply.feed(data))
        self.reply.close()
        if not self.reply.complete:
            raise self._closed_early()
        return Arrival(at_ns, b"")

    def _read(self, sock: socket.socket, *, may_close: bool = False) -> tuple[int, bytes]:
        try:
            data = sock.recv(READ_BYTES)
        except OSError as error:
            phase = Phase.READING if self.answered else Phase.AWAITING
            raise translate(error, phase, self.where) or error from error
        at_ns = time.monotonic_ns()
        if not data and not may_close:
            raise self._closed_early()
        return at_ns, data

    def _left_s(self) -> float:
        # A socket's time-out of 0 means "do not block", so the last moment is a short one instead.
        assert self._sent_ns is not None
        gone_s = (time.monotonic_ns() - self._sent_ns) / 1e9
        return max(self.call.timeouts.first_byte_s - gone_s, _SHORTEST_S)

    def _closed_early(self) -> Broken:
        before = "the end of its answer" if self.answered else "it answered"
        return Broken(Break.CUT, f"{self.where} closed the connection before {before}.")

    def _malformed(self) -> Broken:
        return Broken(Break.MALFORMED, f"The answer of {self.where} cannot be read: {self.reply.flaw}.")


def _media_type(reply: Reply) -> str:
    return (reply.header("content-type") or "").partition(";")[0].strip().lower()

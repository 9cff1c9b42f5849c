"""One request over one connection and its answer: the stamps, the clocks, and what the listener hears in which order."""

import socket
import time
from typing import Any

import gevent
from gevent.hub import Waiter

from harness.call import Arrival, Broken, Call, Head, Listener
from harness.metrics import NS_PER_S
from harness.outcome import Break
from harness.wire.breaks import Phase, translate
from harness.wire.gate import gate
from harness.wire.reply import Reply
from harness.wire.tap import Reading, Tap

ERROR_BODY_LIMIT_BYTES = 65_536
_KEEP_THE_METHOD = (307, 308)
"""Redirects after which the same request is asked elsewhere. After others it would become a GET, which asks nothing."""
_NEARLY_S = 0.0005


class Trip:
    """Told by the connection that it is there and about to send; then read to the end by `Wire`."""

    def __init__(self, call: Call, listener: Listener, follows: bool = False) -> None:
        self.call = call
        self.reply = Reply()
        self.reused = False
        self.answered = False
        """A byte of the answer has arrived."""
        self.leads_on = False
        """The answer is a redirect that is to be followed; the listener is told nothing of it."""
        self.where = ""
        self._follows = follows
        self._listener = listener
        self._sent_ns: int | None = None
        self._opened = False
        self._heard_ns = 0
        self._read_bytes = 0
        self._over = False
        self._waiter: Waiter[None] = Waiter()
        self._error: BaseException | None = None
        self._timer: Any = None
        self._tap: Tap | None = None

    @property
    def stale(self) -> bool:
        """An idle connection that the server had given up: what fails here may be tried once more."""
        return self.reused and not self.answered

    def connected(self, where: str, connect_us: int | None) -> None:
        """A connection to `where` is there, a reused one if `connect_us` is None."""
        self.where = where
        self.reused = connect_us is None
        self._listener.connected(connect_us)

    def sending(self, sock: socket.socket, request_bytes: int) -> None:
        """Just before the request is sent, head and body, on `sock`."""
        self._sent_ns = time.monotonic_ns()
        self._listener.sent(self._sent_ns, request_bytes)
        # A request that the peer does not take is a server that does not answer.
        sock.settimeout(self.call.timeouts.first_byte_s)

    def complete(self, sock: Any) -> Reply:
        """Sleep until the answer has been read to its proven end, all of it told to the listener. Raises Broken.

        The bytes are taken in the event loop's own callback; this greenlet is woken once, when all is over.
        """
        self._tap = Tap(sock, self._pour)
        self._arm()
        try:
            self._waiter.get()
        finally:
            self._tap.close()
            self._tap = None  # the two hold each other; every such ring would be work for the collector
            self._disarm()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self.reply

    def _pour(self, reading: Reading | Exception) -> None:
        """What the tap gives; runs in the event loop, where nothing may be raised and nothing may take long."""
        if self._over:
            return
        try:
            if isinstance(reading, Reading):
                self._take(reading)
            else:
                phase = Phase.READING if self.answered else Phase.AWAITING
                self._fail(translate(reading, phase, self.where) or reading)
        except (Exception, gevent.GreenletExit) as bug:  # noqa: BLE001 - the listener's; raised in its greenlet
            self._fail(bug)

    def _take(self, reading: Reading) -> None:
        self._heard_ns = reading.at_ns + (reading.age_ns or 0)
        if reading.at_ns < (self._sent_ns or 0):
            # The wall clock was set in between, or the server spoke before it was asked: no answer comes before.
            reading = Reading(self._heard_ns, reading.data, None, reading.unseen_ns)
        if not reading.data:
            self._close(reading.at_ns)
            return
        if not self.answered:
            self.answered = True
            self._disarm()
            self._arm()
        body = self.reply.feed(reading.data)
        if not self._opened and self.reply.has_head:
            self._open(reading.at_ns)
        if body:
            self._read_bytes += len(body)
            if not self.leads_on:
                self._listener.arrived(Arrival(reading.at_ns, body, reading.age_ns, reading.unseen_ns))
        self._look_for_the_end(reading.at_ns)

    def _open(self, at_ns: int) -> None:
        self._opened = True
        location = self.reply.header("location")
        self.leads_on = self._follows and self.reply.status in _KEEP_THE_METHOD and location is not None
        if not self.leads_on:
            self._listener.opened(Head(at_ns, self.reply.status, _media_type(self.reply), location))

    def _look_for_the_end(self, at_ns: int) -> None:
        if self.reply.flaw:
            self._fail(Broken(Break.MALFORMED, f"The answer of {self.where} cannot be read: {self.reply.flaw}."))
        elif self.reply.complete or (self.reply.status != 200 and self._read_bytes > ERROR_BODY_LIMIT_BYTES):
            if not self.leads_on:
                self._listener.ended(at_ns)
            self._end()

    def _close(self, at_ns: int) -> None:
        self.reply.close()
        if self.reply.complete:
            self._look_for_the_end(at_ns)
            return
        before = "the end of its answer" if self.answered else "it answered"
        self._fail(Broken(Break.CUT, f"{self.where} closed the connection before {before}."))

    def _fail(self, error: BaseException) -> None:
        self._error = error
        self._end()

    def _end(self) -> None:
        self._over = True
        if self._tap is not None:
            # What follows the answer is left in the socket, so that the pool sees that the connection is not idle.
            self._tap.close()
        gate().wake(self._waiter)

    def _arm(self) -> None:
        """One timer for the clock that runs, the first byte's or the idle one; no read starts another."""
        self._timer = gevent.get_hub().loop.timer(max(self._silence_left_s(), 0))
        self._timer.start(self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

    def _ring(self) -> None:
        self._disarm()
        if self._silence_left_s() <= _NEARLY_S and self._tap is not None:
            # A loop that was held up rings before it reads: what lies in the socket by now is no silence.
            self._tap.look()
        if self._over or self._timer is not None:
            return
        if self._silence_left_s() > _NEARLY_S:
            self._arm()
        else:
            phase = Phase.READING if self.answered else Phase.AWAITING
            self._fail(translate(TimeoutError(), phase, self.where) or TimeoutError())

    def _silence_left_s(self) -> float:
        timeouts, now_ns = self.call.timeouts, time.monotonic_ns()
        if self.answered:
            return timeouts.idle_s - (now_ns - self._heard_ns) / NS_PER_S
        return timeouts.first_byte_s - (now_ns - (self._sent_ns or now_ns)) / NS_PER_S


def _media_type(reply: Reply) -> str:
    return (reply.header("content-type") or "").partition(";")[0].strip().lower()

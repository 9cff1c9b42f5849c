"""From a worker's spool to the master: reads what was written, packs it, sends it, and again until it is acknowledged.

The spool is the only buffer. What is sent is read from it, and so is what must be sent again; a master that is slow or away
costs disk, never memory. Reading and packing run in a thread, next to the loop that receives tokens.
"""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust.exception import RPCError, RPCSendError

from harness.block import Block, Damaged, Stream, pack, receipt_of, to_message
from harness.metrics import NS_PER_S
from harness.progress import Progress
from harness.run import Point
from harness.spool import KINDS, Spool, read_lines

logger = logging.getLogger("llocust")

LOOK_S = 0.5
"""How often the spool is looked at; the recorder flushes once a second."""


class _Outgoing:
    """One file of the spool, on its way."""

    def __init__(self, path: Path, stream: Stream) -> None:
        self.stream = stream
        self.path = path
        self.progress = Progress(time.monotonic_ns())

    def size(self) -> int:
        if self.progress.final is not None:
            return self.progress.final
        return self.path.stat().st_size if self.path.exists() else 0

    def next_block(self, begin: int, size: int) -> Block | None:
        """Runs in a thread. A torn last line is shipped once nobody writes any more, as it is in the file."""
        lines = read_lines(self.path, begin, size, torn=self.progress.final == size)
        return pack(self.stream, begin, lines) if lines else None


class Shipper:
    """Ships the files of the points it is told of. `send` gets a message for the master (`llocust.block`)."""

    def __init__(self, spool: Spool, send: Callable[[dict[str, Any]], None]) -> None:
        self._spool = spool
        self._send = send
        self._outgoing: dict[Stream, _Outgoing] = {}
        self._wake = Event()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self.trouble: str | None = None
        """Why the spool cannot be shipped, in a sentence."""

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)
            self._greenlet.link_exception(self._fail)

    def stop(self) -> None:
        """End at once; the spool keeps what was not acknowledged."""
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
            self._greenlet = None

    def begin(self, point: Point) -> None:
        """The point's files are written from now on."""
        for kind in KINDS:
            stream = Stream(self._spool.worker, point.index, kind)
            self._outgoing.setdefault(stream, _Outgoing(self._spool.path(point, kind), stream))

    def finish(self, point: Point) -> dict[str, int]:
        """The point's files are closed: their sizes in bytes, by kind, which is what the master must come to hold."""
        mine = [each for each in self._outgoing.values() if each.stream.point == point.index]
        for outgoing in mine:
            outgoing.progress.final = outgoing.size()
        self._wake.set()
        return {outgoing.stream.kind: outgoing.size() for outgoing in mine}

    def acknowledge(self, message: Mapping[str, Any]) -> None:
        """The master's answer to a block (`llocust.receipt`)."""
        try:
            receipt = receipt_of(message)
        except Damaged as error:
            logger.warning("%s", error)
            return
        outgoing = self._outgoing.get(receipt.stream)
        if outgoing is not None:
            outgoing.progress.hear(receipt, time.monotonic_ns())
            self._wake.set()

    @property
    def waiting_bytes(self) -> int:
        """In the spool, and not acknowledged."""
        return sum(max(each.size() - each.progress.held, 0) for each in self._outgoing.values())

    def drain(self, timeout_s: float) -> bool:
        """Whether the master holds all of the points that were finished; waits for it so long at most."""
        until_ns = time.monotonic_ns() + int(timeout_s * NS_PER_S)
        while not self._drained and self.trouble is None and time.monotonic_ns() < until_ns:
            gevent.sleep(0.02)
        return self._drained

    @property
    def _drained(self) -> bool:
        return all(each.progress.done for each in self._outgoing.values() if each.progress.final is not None)

    def _fail(self, greenlet: "gevent.Greenlet[..., None]") -> None:
        self.trouble = f"The spool {self._spool.folder} cannot be shipped: {greenlet.exception}."

    def _run(self) -> None:
        while self.trouble is None:
            self._wake.clear()
            waiting = [each for each in list(self._outgoing.values()) if not each.progress.done]
            sent = [
                self._ship(each) for each in waiting
            ]  # all of them in turn: the long files must not starve the short
            if not any(sent):
                self._wake.wait(LOOK_S)

    def _ship(self, outgoing: _Outgoing) -> bool:
        """Whether a block was sent."""
        size = outgoing.size()
        begin = outgoing.progress.due(size, time.monotonic_ns())
        if begin is None:
            return False
        try:
            block: Block | None = gevent.get_hub().threadpool.apply(outgoing.next_block, (begin, size))
            if block is not None:
                self._send(to_message(block))
                outgoing.progress.send(begin, block.size, time.monotonic_ns())
        except OSError as error:
            self.trouble = f"The spool {self._spool.folder} cannot be read: {error.strerror}."
            logger.error("%s", self.trouble)
            return False
        except (RPCError, RPCSendError) as error:
            logger.warning("A block could not be sent and will be again: %s", error)
            return False
        return block is not None

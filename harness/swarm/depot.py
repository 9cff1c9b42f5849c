"""The master's side of shipping: blocks come in, are unpacked in a thread, and go where they belong in the run folder.

Nothing is decoded. A block that was here already changes nothing, one that would leave a hole is asked for again, and one
that comes after its point was closed is kept all the same.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gevent
from gevent.queue import Queue
from locust.exception import RPCError, RPCSendError

from harness.block import Block, Damaged, Receipt, Stream, block_of, to_message, unpack
from harness.copies import Copy
from harness.run import Manifest, Point
from harness.spool import KINDS, file_of

logger = logging.getLogger("llocust")

STOP_LIMIT_S = 10.0
"""For a slow disk to take what has come."""


class _Arrival(NamedTuple):
    block: Block
    copy: Copy
    node: str
    """Who sent it, as Locust knows it."""


class Depot:
    """Keeps what workers ship in the run folder. `send` gets an answer (`llocust.receipt`) and the node it is for.

    At most the senders' windows are in memory: a sender without receipts stops sending.
    """

    def __init__(self, folder: Path, manifest: Manifest, send: Callable[[dict[str, Any], str], None]) -> None:
        self._folder = folder
        self._manifest = manifest
        self._send = send
        self._copies: dict[Stream, Copy] = {}
        # Files are written and closed in a thread, one after the other: a number of a file that was closed under a write
        # may be another file's by then. A point stands for "close its files", None for the end.
        self._queue: Queue[_Arrival | Point | None] = Queue()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self.trouble: str | None = None
        """Why blocks cannot be kept, in a sentence; the senders' spools keep them."""

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)
            self._greenlet.link_exception(self._fail)

    def stop(self) -> None:
        """Keep what has come, and end. What comes from now on is not answered."""
        if self._greenlet is not None:
            self._queue.put(None)
            self._greenlet.join(STOP_LIMIT_S)

    def take(self, message: Mapping[str, Any], node: str) -> None:
        """A block has come (`llocust.block`). Returns at once."""
        try:
            block = block_of(message)
        except Damaged as error:
            logger.warning("%s", error)
            return
        copy = self._copy(block.stream)
        if copy is None:
            logger.warning("A block of %s at point %s came, which is not of this run.", block.worker, block.point)
            return
        self._queue.put(_Arrival(block, copy, node))

    def held(self, worker: str, point: Point) -> dict[str, int]:
        """Bytes that are here of a worker's files of a point, by kind."""
        copies = {kind: self._copy(Stream(worker, point.index, kind)) for kind in KINDS}
        return {kind: copy.held if copy is not None else 0 for kind, copy in copies.items()}

    def complete(self, worker: str, point: Point, sizes: Mapping[str, int]) -> bool:
        """Whether all that the worker wrote of the point is here; `sizes` as its Shipper.finish told them."""
        held = self.held(worker, point)
        return all(held[kind] >= sizes.get(kind, 0) for kind in KINDS)

    def close(self, point: Point) -> None:
        """Let the point's files go. A block that comes later opens its file again."""
        self._queue.put(point)

    def _copy(self, stream: Stream) -> Copy | None:
        """None for what the manifest does not know: names from the network do not become paths."""
        if stream not in self._copies:
            point = next((point for point in self._manifest.points if point.index == stream.point), None)
            if point is None or all(process.worker != stream.worker for process in self._manifest.processes):
                return None
            self._copies[stream] = Copy(file_of(self._folder, point, stream.worker, stream.kind))
        return self._copies[stream]

    def _run(self) -> None:
        going_on = True
        while going_on:
            jobs = [self._queue.get()]
            while not self._queue.empty():
                jobs.append(self._queue.get_nowait())
            going_on = None not in jobs
            arrivals = [job for job in jobs if isinstance(job, _Arrival)]
            for arrival, result in zip(arrivals, _in_thread(_keep_all, arrivals), strict=True):
                self._answer(arrival, result)
            closed = {job.index for job in jobs if isinstance(job, Point)}
            _in_thread(_close_all, [each for at, each in self._copies.items() if at.point in closed or not going_on])

    def _answer(self, arrival: _Arrival, result: Receipt | Damaged | OSError) -> None:
        block = arrival.block
        if isinstance(result, OSError):
            self._give_up(block.point, result)
            return
        if isinstance(result, Damaged):
            logger.warning("%s: %s", block.worker, result)
            result = _receipt(arrival, gap=True)
        try:
            self._send(to_message(result), arrival.node)
        except (RPCError, RPCSendError) as error:
            logger.warning("A receipt could not be sent; the block will come again: %s", error)

    def _give_up(self, index: int, error: OSError) -> None:
        # Without a receipt the sender keeps what it has, and tries again from time to time.
        self.trouble = self.trouble or (
            f"Workers' records cannot be written: {error.strerror}. What was written is kept, and so are their spools."
        )
        for point in self._manifest.points:
            point.disk_full |= point.index == index

    def _fail(self, greenlet: "gevent.Greenlet[..., None]") -> None:
        self.trouble = f"Workers' records cannot be kept: {greenlet.exception}. Their spools have them."


def _in_thread(act: Callable[[list[Any]], Any], things: list[Any]) -> Any:
    return gevent.get_hub().threadpool.apply(act, (things,)) if things else []


def _keep_all(arrivals: list[_Arrival]) -> list[Receipt | Damaged | OSError]:
    return [_keep(arrival) for arrival in arrivals]


def _keep(arrival: _Arrival) -> Receipt | Damaged | OSError:
    try:
        taken = arrival.copy.add(arrival.block.begin, unpack(arrival.block))
    except (Damaged, OSError) as error:
        return error
    return _receipt(arrival, gap=not taken)


def _receipt(arrival: _Arrival, *, gap: bool) -> Receipt:
    block = arrival.block
    return Receipt(worker=block.worker, point=block.point, kind=block.kind, held=arrival.copy.held, gap=gap)


def _close_all(copies: list[Copy]) -> None:
    for copy in copies:
        copy.close()

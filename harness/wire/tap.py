"""Reads one connection from within the event loop: one recvmsg a call, stamped by the kernel, TLS undone by us.

A greenlet that is woken to read is as late as the queue before it. The loop's own callback is not, and what lateness is
left is known: the stamp says when the data came, the outlook what may have come before it.
"""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import gevent
from urllib3.util.ssltransport import SSLTransport

from harness.wire import stamps
from harness.wire.outlook import Outlook, outlook

READ_BYTES = 65_536
_READABLE = 1
# A stamp this far in the future, or this old, was made by a wall clock that has been set since.
_AHEAD_NS = 1_000_000
_OLD_NS = 10_000_000_000


class Reading(NamedTuple):
    """What one read gave. No data means that the peer has closed."""

    at_ns: int
    data: bytes
    age_ns: int | None
    """How long it had lain there; None if the kernel gave no stamp."""
    unseen_ns: int
    """How much earlier than `at_ns` parts of it may have come."""


class Tap:
    """Calls `pour` with each Reading, or with the error that ended them, until closed. `pour` must not raise."""

    def __init__(self, sock: Any, pour: Callable[[Reading | Exception], None]) -> None:
        self._layers: list[SSLTransport] = []
        while isinstance(sock, SSLTransport):
            self._layers.append(sock)
            sock = sock.socket
        self._raw: socket.socket = getattr(sock, "_sock", sock)
        self._pour = pour
        self._outlook: Outlook = outlook()
        self._watcher = gevent.get_hub().loop.io(self._raw.fileno(), _READABLE)
        self._watcher.start(self._readable)

    def close(self) -> None:
        """Stop; to be called before the socket is closed, on every path."""
        self._watcher.stop()
        self._watcher.close()

    def _readable(self) -> None:
        # Whatever is raised here would be printed by the loop and leave a greenlet asleep for ever.
        try:
            reading = self._read()
        except (BlockingIOError, InterruptedError):
            return
        except Exception as error:  # noqa: BLE001 - handed on, all of it
            self._pour(error)
            return
        if reading is not None:
            self._pour(reading)

    def _read(self) -> Reading | None:
        data, ancillary, _, _ = self._raw.recvmsg(READ_BYTES, stamps.ANCILLARY_BYTES)
        at_ns, age_ns = _place(ancillary)
        unseen_ns = self._outlook.unseen_ns(at_ns, age_ns)
        if self._layers:
            plain = self._decrypt(data)
            if plain is None:
                return None  # half a TLS record, or one that carries no data
            data = plain
        return Reading(at_ns, data, age_ns, unseen_ns)

    def _decrypt(self, data: bytes) -> bytes | None:
        for layer in reversed(self._layers):
            if data:
                layer.incoming.write(data)
            else:
                layer.incoming.write_eof()
            plain = _drain(layer)
            if layer.outgoing.pending:
                # Alerts and key updates; the next request would carry them, but may be long in coming.
                gevent.spawn(_flush, layer)
            if plain is None:
                return None
            data = plain
        return data


def _place(ancillary: stamps.Ancillary) -> tuple[int, int | None]:
    """The moment on CLOCK_MONOTONIC, and the age, of data read just now."""
    now_ns = time.monotonic_ns()
    stamp_ns = stamps.read(ancillary)
    if stamp_ns is None:
        return now_ns, None
    # Both clocks are read here and now, so that a slewed or stepped wall clock shifts nothing that it has not stamped.
    age_ns = time.time_ns() - stamp_ns
    if not -_AHEAD_NS < age_ns < _OLD_NS:
        return now_ns, None
    return now_ns - max(age_ns, 0), max(age_ns, 0)


def _drain(layer: SSLTransport) -> bytes | None:
    """All that can be decrypted by now; None if that is nothing yet, empty if the peer has closed."""
    plain: list[bytes] = []
    try:
        while True:
            data = layer.sslobj.read(READ_BYTES)
            if not data:
                break
            plain.append(data)
            if not (layer.sslobj.pending() or layer.incoming.pending):
                break
    except ssl.SSLWantReadError:
        return b"".join(plain) if plain else None
    except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
        # A peer that drops the connection without a farewell has closed it all the same; the framing says if too soon.
        return b"".join(plain)
    return b"".join(plain)


def _flush(layer: SSLTransport) -> None:
    data = layer.outgoing.read()
    if data:
        layer.socket.sendall(data)

"""Reads one connection from within the event loop: one recvmsg a call, stamped by the kernel, TLS undone by us.

A greenlet that is woken to read is as late as the queue before it. The loop's own callback is not, and what lateness is
left is known: the stamp says when the data came, the outlook what may have come before it.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import gevent
import msgspec
from urllib3.util.ssltransport import SSLTransport

from harness.wire import stamps
from harness.wire.outlook import Outlook, outlook

READ_BYTES = 65_536
_READABLE = 1
# A stamp this far in the future, or this old, was made by a wall clock that has been set since.
_AHEAD_NS = 1_000_000
_OLD_NS = 10_000_000_000


class Reading(msgspec.Struct, gc=False):
    """What one read gave. No data means that the peer has closed."""

    at_ns: int
    data: bytes
    age_ns: int | None
    """How long it had lain there; None if the kernel gave no stamp."""
    unseen_ns: int
    """How much earlier than `at_ns` parts of it may have come."""


def lives(sock: Any) -> bool:
    """Whether an idle connection is still there, without waiting: nothing to read, or TLS with something to say."""
    try:
        waiting = _raw(sock).recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return True
    except OSError:
        return False
    return bool(waiting) and isinstance(sock, SSLTransport)


def _layers(sock: Any) -> list[SSLTransport]:
    """TLS within TLS from the outside in, as the first to be undone comes last."""
    layers = []
    while isinstance(sock, SSLTransport):
        layers.append(sock)
        sock = sock.socket
    return layers


def _raw(sock: Any) -> socket.socket:
    """The socket beneath TLS and gevent: to be read without waiting."""
    while isinstance(sock, SSLTransport):
        sock = sock.socket
    raw: socket.socket = getattr(sock, "_sock", sock)
    return raw


class Tap:
    """Calls `pour` with each Reading, or with the error that ended them, until closed. `pour` must not raise."""

    def __init__(self, sock: Any, pour: Callable[[Reading | Exception], None]) -> None:
        self._layers = _layers(sock)
        self._raw = _raw(sock)
        self._pour = pour
        self._closed = False
        self._outlook: Outlook = outlook()
        self._watcher = gevent.get_hub().loop.io(self._raw.fileno(), _READABLE)
        self._watcher.start(self._readable)

    def look(self) -> None:
        """Pour what is there by now, without waiting for the loop to say so."""
        self._readable()

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
        if reading is None:
            return
        self._pour(reading)
        if self._closed and reading.data:
            # TLS says farewell in a record, which may come with the last data and before the socket is closed.
            self._pour(Reading(reading.at_ns, b"", None, 0))

    def _read(self) -> Reading | None:
        data, ancillary, _, _ = self._raw.recvmsg(READ_BYTES, stamps.ANCILLARY_BYTES)
        self._outlook.reads += 1
        now_ns = time.monotonic_ns()
        age_ns = _age_ns(stamps.read(ancillary), now_ns + self._outlook.offset.ns)
        at_ns = now_ns - (age_ns or 0)
        unseen_ns = self._outlook.unseen_ns(at_ns)
        if self._layers:
            plain = self._decrypt(data)
            if plain is None:
                return None  # half a TLS record, or one that carries no data
            data = plain
        return Reading(at_ns, data, age_ns, unseen_ns)

    def _decrypt(self, data: bytes) -> bytes | None:
        closed = not data
        for layer in reversed(self._layers):
            if data:
                layer.incoming.write(data)
            if closed:
                layer.incoming.write_eof()
            data, closed = _drain(layer)
            if layer.outgoing.pending:
                # Alerts and key updates; the next request would carry them, but may be long in coming.
                gevent.spawn(_flush, layer)
            if not (data or closed):
                return None
        self._closed = closed
        return data


def _age_ns(stamp_ns: int | None, wall_ns: int) -> int | None:
    """How long ago the kernel stamped what was read just now; None if it did not, or by a clock that has been set since."""
    if stamp_ns is None:
        return None
    age_ns = wall_ns - stamp_ns
    return max(age_ns, 0) if -_AHEAD_NS < age_ns < _OLD_NS else None


class _Drained(NamedTuple):
    plain: bytes
    closed: bool


def _drain(layer: SSLTransport) -> _Drained:
    """All that can be decrypted by now, and whether the peer has closed behind it."""
    plain: list[bytes] = []
    try:
        while data := layer.sslobj.read(READ_BYTES):
            plain.append(data)
            if not (layer.sslobj.pending() or layer.incoming.pending):
                return _Drained(b"".join(plain), closed=False)
    except ssl.SSLWantReadError:
        return _Drained(b"".join(plain), closed=False)
    except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
        # A peer that drops the connection without a farewell has closed it all the same; the framing says if too soon.
        return _Drained(b"".join(plain), closed=True)
    return _Drained(b"".join(plain), closed=True)


def _flush(layer: SSLTransport) -> None:
    data = layer.outgoing.read()
    # If the peer has gone, the next read says so, and in whose exchange.
    with contextlib.suppress(OSError):
        if data:
            layer.socket.sendall(data)

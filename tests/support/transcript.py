"""A server that plays scripts on raw sockets, for answers that no HTTP library would give.

    with TranscriptServer(play([b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n", pause(0.01), b"hi"])) as server:
        ...server.url, server.connections, server.requests

A script has one answer for each request of a connection; with `scripts=[...]` the n-th connection plays the n-th
script (the last one plays for all that follow). Each answer is a list of steps, played after a whole request was read.
Under Locust's patches the threads are greenlets.
"""

import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Ended(Exception):
    """The script has closed the connection."""


Step = bytes | Callable[["Connection"], None]
Answer = Sequence[Step]


class Connection(NamedTuple):
    """What a step gets."""

    socket: socket.socket
    server: "TranscriptServer"


def sized(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    """One chunk; of no data, the last one and the end of the body."""
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


def pause(seconds: float) -> Step:
    """Wait before the next step."""
    return lambda _: time.sleep(seconds)


def wait_for(event: threading.Event) -> Step:
    """Wait until the test sets `event`."""

    def wait(_: Connection) -> None:
        event.wait(10)

    return wait


def tell(event: threading.Event) -> Step:
    """Set `event`, so that the test knows that the script came here."""
    return lambda _: event.set()


def close(connection: Connection) -> None:
    """End the connection in good order."""
    connection.socket.close()
    raise Ended


def half_close(connection: Connection) -> None:
    """Send no more, but keep on reading until the client closes."""
    connection.socket.shutdown(socket.SHUT_WR)


def reset(connection: Connection) -> None:
    """End the connection with a reset."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()
    raise Ended


def await_close(connection: Connection) -> None:
    """Wait until the client closes; `server.seen_closed` counts."""
    connection.socket.settimeout(10)
    try:
        gone = connection.socket.recv(1) == b""
    except ConnectionResetError:
        gone = True
    if gone:
        connection.server.seen_closed.release()
    connection.socket.close()
    raise Ended


def split(data: bytes, cuts: Sequence[int]) -> list[Step]:
    """`data` in pieces, cut at these places, each sent by itself."""
    edges = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if end > start]


class TranscriptServer:
    """Plays `answers` on every connection, or the n-th of `scripts` on the n-th connection.

    `greeting` is sent at once, before anything was asked. When a script is over the connection stays open, and unanswered, until the client closes it.
    """

    def __init__(
        self,
        answers: Sequence[Answer] = (),
        *,
        scripts: Sequence[Sequence[Answer]] = (),
        tls: ssl.SSLContext | None = None,
        greeting: bytes = b"",
    ) -> None:
        self.requests: list[bytes] = []
        self.seen_closed = threading.Semaphore(0)
        """Released once for each connection that the client was seen to close."""
        self.connections = 0
        self._scripts = list(scripts) or [answers]
        self._tls = tls
        self._greeting = greeting
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    @property
    def url(self) -> str:
        """Where it listens, with a path."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1/x"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that waits in accept or recv is woken by shutdown, not by close.
        for sock in [self._listening, *self._open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
            finally:
                sock.close()

    def stop_listening(self) -> None:
        """Refuse connections from now on."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            # As every server does that streams: or a step would wait for the peer's delayed acknowledgement.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock, script), daemon=True).start()

    def _serve(self, sock: socket.socket, script: Sequence[Answer]) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            sock.sendall(self._greeting)
            self._play(Connection(sock, self), script)
        except (Ended, OSError):
            sock.close()

    def _play(self, connection: Connection, script: Sequence[Answer]) -> None:
        for answer in script:
            request = read_request(connection.socket)
            if not request:
                self.seen_closed.release()
                return
            self.requests.append(request)
            for step in answer:
                if isinstance(step, bytes):
                    connection.socket.sendall(step)
                else:
                    step(connection)
        await_close(connection)


def read_request(sock: socket.socket) -> bytes:
    """One whole request with a Content-Length or without a body; empty if the client closed instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")),
        0,
    )
    while len(body) < length:
        more = sock.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body

"""A listener that keeps what it hears, and short cuts to send a call."""

from dataclasses import dataclass, field

import requests

from harness.call import Arrival, Broken, Call, Head, Timeouts
from harness.wire import Wire
from harness.wire.network import DIRECT, Network

# The total is the shortest, so that a test of another clock fails by name if that clock does not run.
PATIENT = Timeouts(connect_s=30, first_byte_s=30, idle_s=30, total_s=8)


@dataclass
class Recorder:
    """`heard` has the names of what was told, in order; stamps are kept apart."""

    heard: list[str] = field(default_factory=list)
    connect_us: list[int | None] = field(default_factory=list)
    request_bytes: list[int] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    head: Head | None = None
    pieces: list[bytes] = field(default_factory=list)

    def connected(self, connect_us):
        self.heard.append("connected")
        self.connect_us.append(connect_us)

    def again(self):
        self.heard.append("again")

    def sent(self, at_ns, request_bytes):
        self.heard.append("sent")
        self.request_bytes.append(request_bytes)
        self.stamps.append(at_ns)

    def opened(self, head):
        self.heard.append("opened")
        self.head = head
        self.stamps.append(head.at_ns)

    def arrived(self, arrival: Arrival):
        self.heard.append("arrived")
        self.pieces.append(arrival.data)
        self.stamps.append(arrival.at_ns)

    def ended(self, at_ns):
        self.heard.append("ended")
        self.stamps.append(at_ns)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def reused(self) -> list[bool]:
        return [connect_us is None for connect_us in self.connect_us]


def a_call(
    url: str, timeouts: Timeouts = PATIENT, headers=None, body: bytes = b'{"n": 1}', method: str = "POST"
) -> Call:
    return Call(method, url, headers or {"X-Request-ID": "r1"}, body, timeouts)


def a_wire(network: Network = DIRECT) -> Wire:
    return Wire(requests.Session(), network)


def ask(wire: Wire, call: Call) -> Recorder:
    recorder = Recorder()
    wire.send(call, recorder)
    return recorder


def break_on(wire: Wire, call: Call) -> tuple[Broken, Recorder]:
    """Send a call that must break; how it broke and what was heard before."""
    recorder = Recorder()
    try:
        wire.send(call, recorder)
    except Broken as broken:
        # A copy: the real one and the frame of the test would keep each other, and sockets, until the collector runs.
        return Broken(broken.how, broken.why), recorder
    raise AssertionError(f"nothing broke; heard {recorder.heard}")

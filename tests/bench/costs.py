"""What each step on the way of an event and of a request costs by itself, in µs of CPU: the hot path, taken apart.

    python tests/bench/costs.py

Every step runs alone and warm, in a loop, the best of seven rounds: what it costs at the least. Under load, with other
streams in between and the caches cold, the same steps take about twice as long; tests/bench/accuracy.py has that.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import locust  # noqa: F401 - before requests, or its patches come too late
from requests import Session

from harness.call import Arrival, Head
from harness.dialects.ask import Ask
from harness.dialects.chat import Chat
from harness.exchange import Identity, Ledger
from harness.record import to_line
from harness.sse import SseDecoder
from harness.testset import Message
from harness.wire import Wire, stamps
from harness.wire.outlook import outlook
from harness.wire.reply import Reply

ROUNDS, TIMES = 7, 20_000
TOKENS = 64
EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"m","choices":'
    b'[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n'
)
CHUNK = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ASK = Ask("r-000001", "http://127.0.0.1:8000/v1/chat/completions", "m", (Message("user", "Say something."),), TOKENS)
IDENTITY = Identity("r-000001", "run", 1, "w0", 0, 1, "chat/0")
CHAT = Chat()


class Step(NamedTuple):
    """One row of the table."""

    name: str
    act: Callable[[], Any]
    times: int = TIMES


def cost_us(step: Step) -> float:
    """CPU time of one call, without that of the loop around it."""
    best_ns = min(_round_ns(step.act, step.times) for _ in range(ROUNDS))
    idle_ns = min(_round_ns(lambda: None, step.times) for _ in range(ROUNDS))
    return (best_ns - idle_ns) / step.times / 1000


def _round_ns(act: Callable[[], Any], times: int) -> int:
    begun_ns = time.process_time_ns()
    for _ in range(times):
        act()
    return time.process_time_ns() - begun_ns


def event_steps() -> Iterator[Step]:
    """From the socket to the ledger."""
    near, far = _pair()
    far.send(CHUNK)
    _, ancillary, _, _ = near.recvmsg(65_536, stamps.ANCILLARY_BYTES)

    def pass_through() -> None:
        far.send(CHUNK)
        near.recvmsg(65_536, stamps.ANCILLARY_BYTES)

    yield Step("a send and a recvmsg with its stamp, over the loopback", pass_through)
    yield Step("the stamp read", lambda: stamps.read(ancillary))
    view, now_ns = outlook(), time.monotonic_ns()
    yield Step("what the loop may have missed", lambda: view.unseen_ns(now_ns))
    reply = Reply()
    reply.feed(HEAD)
    yield Step("HTTP framing", lambda: reply.feed(CHUNK))
    decoder = SseDecoder()
    decoder.feed(EVENT)
    yield Step("server-sent event", lambda: decoder.feed(EVENT))
    (event,) = decoder.feed(EVENT)
    yield Step("JSON to pieces", lambda: CHAT.decode(event))
    ledger, arrival = _listening(), Arrival(2_000, EVENT, 30_000, 0)
    yield Step("event, JSON and the ledger's entry together", lambda: ledger.arrived(arrival))


def request_steps() -> Iterator[Step]:
    """Around the stream."""
    call, wire = CHAT.encode(ASK), Wire(Session())
    yield Step("call encoded", lambda: CHAT.encode(ASK))
    yield Step("request prepared, after the first of its kind", lambda: wire._prepare(call))
    yield Step("a ledger", lambda: Ledger(IDENTITY, ASK, CHAT, 0))
    ledger = _listening()
    for number in range(TOKENS):
        ledger.arrived(Arrival(2_000_000 * number, EVENT, 30_000, 0))
    ledger.finished()
    yield Step(f"the record of {TOKENS} events", lambda: ledger.close(10**9, "window"), 2_000)
    record = ledger.close(10**9, "window")
    yield Step("its line of JSON", lambda: to_line(record), 2_000)


def _pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stamps.keep()
    stamps.enable(near)
    return near, far


def _listening() -> Ledger:
    ledger = Ledger(IDENTITY, ASK, CHAT, 0)
    ledger.connected(None)
    ledger.sent(0, 300)
    ledger.opened(Head(1_000, 200, "text/event-stream", None))
    return ledger


def main() -> None:
    for title, steps in (("an event", event_steps()), ("a request", request_steps())):
        print(f"\n| {title} | µs |\n|---|---|")
        for step in steps:
            print(f"| {step.name} | {cost_us(step):.2f} |", flush=True)


if __name__ == "__main__":
    main()

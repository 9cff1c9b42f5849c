"""How many tokens a second the simulator carries on one core, and how late its own sends are.

    python tests/bench/simulator.py [--streams 2000] [--rate 17.5] [--seconds 10]

The simulator is pinned to the first core and the receiving clients, one epoll loop, to the last.
Target: 2,000 streams × 17.5 tokens/s = 35,000 tokens/s with its sends less than 5 ms late at p99.
"""

import argparse
import os
import resource
import select
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from support.simulator import Running, running_simulator

TOKENS = 64
LATE_P99_TARGET_MS = 5

_BODY = b'{"model":"sim","messages":[{"role":"user","content":"Measure this."}],"stream":true}'
_REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_END = b"0\r\n\r\n"


class Clients:
    """Sockets that ask, read to the end, and ask again; nothing is parsed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}

    def open(self, count: int, over_s: float) -> None:
        """Open connections evenly over the length of an answer, so that requests come evenly ever after."""
        begun_s = time.monotonic()
        for number in range(count):
            client = socket.create_connection(("127.0.0.1", self._port))
            self._sockets[client.fileno()] = client
            self._epoll.register(client, select.EPOLLIN)
            client.sendall(_REQUEST)
            self.receive_until(begun_s + over_s * number / count)

    def receive_until(self, end_s: float) -> None:
        """Receive whatever comes until then; at least once."""
        while True:
            for descriptor, _ in self._epoll.poll(max(0.0, end_s - time.monotonic())):
                client = self._sockets[descriptor]
                data = client.recv(65536)
                if not data:
                    raise ConnectionError("The simulator closed a connection.")
                if data.endswith(_END):
                    client.sendall(_REQUEST)
            if time.monotonic() >= end_s:
                return

    def close(self) -> None:
        for client in self._sockets.values():
            client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=17.5, help="tokens/s of each stream")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # The first token takes a gap too, so that a stream carries its rate over its whole life.
    itl_s = str(1 / options.rate)
    with running_simulator("--ttft", itl_s, "--itl", itl_s, "--tokens", str(TOKENS)) as server:
        _pin(server.pid)
        measure(server, options.streams, options.rate, options.seconds)


def measure(server: Running, streams: int, rate: float, seconds: float) -> None:
    """Fill up, receive for the window, then ask the simulator what it sent in it, and how late."""
    clients = Clients(server.port)
    clients.open(streams, TOKENS / rate)
    clients.receive_until(time.monotonic() + 1)
    begun_ns, cpu_s, queued_s = time.monotonic_ns(), _cpu_s(server.pid), _queued_s(server.pid)
    clients.receive_until(begun_ns / 1e9 + seconds)
    ended_ns, cpu_s = time.monotonic_ns(), _cpu_s(server.pid) - cpu_s
    queued_s = _queued_s(server.pid) - queued_s
    clients.close()
    elapsed_s = (ended_ns - begun_ns) / 1e9
    late_ms = np.array(
        [
            late_us / 1000
            for row in server.requests()
            for at_ns, late_us in zip(row["sent_ns"], row["late_us"], strict=True)
            if begun_ns <= at_ns < ended_ns
        ]
    )
    p50, p99, most = np.percentile(late_ms, [50, 99, 100])
    print(f"streams     {streams} of {rate} tokens/s, answers of {TOKENS} tokens, {elapsed_s:.1f} s")
    print(f"carried     {late_ms.size / elapsed_s:,.0f} tokens/s (target {streams * rate:,.0f})")
    print(
        f"late        p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {most:.2f} ms (target: p99 under {LATE_P99_TARGET_MS} ms)"
    )
    print(f"CPU         {cpu_s / elapsed_s:.0%} of one core, {cpu_s / late_ms.size * 1e6:.1f} us per token")
    print(f"robbed      {queued_s / elapsed_s:.1%} of the time it was ready to run while others had its core")


def _pin(server_pid: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(server_pid, {cores[0]})
    os.sched_setaffinity(0, {cores[-1]})


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _queued_s(pid: int) -> float:
    """Time spent waiting for a core (second field of schedstat, nanoseconds)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


if __name__ == "__main__":
    main()

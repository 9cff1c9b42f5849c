"""A user class with faults of its own: what is planted in a point goes by its number of users.

    2  a greenlet takes the processor in slices of 12 ms
    3  something blocks the loop for 50 ms, five times a second
    4  only two of the users may ask at a time
    5  from the middle of the window on, others ask the same server, twenty at a time
    7  threads of the load process take whole processors
    any other  nothing

Copied by the tests to where a user would keep a locustfile.
"""

import hashlib
import http.client
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import gevent
from gevent import monkey
from gevent.lock import BoundedSemaphore
from locust import task

from harness.swarm import PromptUser

HOG, BLOCKED, CAPPED, SLOWED, SPENT = 2, 3, 4, 5, 7
OTHERS = 20
BURNERS = 8
"""Threads; gevent's pool holds ten."""
_block = monkey.get_original("time", "sleep")
_two_at_a_time = BoundedSemaphore(2)
_begun: set[int] = set()


def take_the_processor(_: PromptUser) -> None:
    until_ns = time.monotonic_ns() + 12_000_000
    while time.monotonic_ns() < until_ns:
        continue
    gevent.sleep(0.001)


def block_the_loop(_: PromptUser) -> None:
    _block(0.05)
    gevent.sleep(0.15)


def spend_processors(_: PromptUser) -> None:
    pool = gevent.get_hub().threadpool
    gevent.joinall([pool.spawn(hashlib.pbkdf2_hmac, "sha256", b"x", b"y", 100_000) for _ in range(BURNERS)])


def crowd_the_server(user: PromptUser) -> None:
    window_ns = user.stage.phases.window_ns
    half_ns = user.stage.plan.options.run_time_s / 2 * 1e9
    if window_ns is None or time.monotonic_ns() < window_ns + half_ns:
        gevent.sleep(0.01)
        return
    gevent.joinall([gevent.spawn(ask_as_another, user) for _ in range(OTHERS)])


def ask_as_another(user: PromptUser) -> None:
    address = urlsplit(user.host)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    body = {"model": "sim", "messages": [{"role": "user", "content": "x"}], "max_tokens": 20}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()


BESIDE: dict[int, Callable[[PromptUser], None]] = {
    HOG: take_the_processor,
    BLOCKED: block_the_loop,
    SLOWED: crowd_the_server,
    SPENT: spend_processors,
}


class Planted(PromptUser):
    """Chat, with trouble."""

    @task
    def chat(self) -> None:
        point = self.stage.point
        if point.users in BESIDE and point.index not in _begun:
            _begun.add(point.index)
            gevent.spawn(self.beside, point, BESIDE[point.users])
        if point.users != CAPPED:
            self.ask(self.next_prompt())
            return
        with _two_at_a_time:
            self.ask(self.next_prompt())

    def beside(self, point, act: Callable[[PromptUser], None]) -> None:
        while self.stage.point is point:
            act(self)

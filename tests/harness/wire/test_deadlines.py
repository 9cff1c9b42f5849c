"""The clocks of an exchange while bytes trickle, and what is left of two hundred exchanges: nothing."""

import gc
import itertools
import os
import socket
from dataclasses import replace

import gevent
import psutil
import pytest
from gevent import monkey
from gevent.hub import Waiter
from support.listening import PATIENT, Recorder, a_call, a_wire, ask, break_on
from support.transcript import CHUNKED, TranscriptServer, await_close, chunk, close, pause, sized

from harness.call import Broken
from harness.outcome import Break
from harness.wire import stamps, trip
from harness.wire.gate import gate
from harness.wire.tap import Tap

SHORT_S = 0.15


def trickle(data: bytes, seconds: float):
    """A byte at a time."""
    return [step for byte in data for step in (bytes([byte]), pause(seconds))]


def test_idle_does_not_ring_while_bytes_come():
    # 12 gaps of 0.05 s, four times the idle time in all, of which none is as long.
    steps = [CHUNKED, *[step for _ in range(12) for step in (pause(0.05), chunk(b"a"))], chunk(b"")]
    with TranscriptServer([steps]) as server:
        heard = ask(a_wire(), a_call(server.url, replace(PATIENT, idle_s=SHORT_S, first_byte_s=SHORT_S)))
    assert heard.body == b"a" * 12
    assert heard.heard[-1] == "ended"


def test_idle_does_not_ring_while_a_head_trickles():
    # 38 bytes of 0.01 s: longer than both clocks, but neither of them asks for more than the next byte.
    whole = sized(b"ok")
    with TranscriptServer([trickle(whole, 0.01)]) as server:
        heard = ask(a_wire(), a_call(server.url, replace(PATIENT, idle_s=SHORT_S, first_byte_s=SHORT_S)))
    assert heard.body == b"ok"


def test_idle_rings_once_the_bytes_end():
    steps = [CHUNKED, *[step for _ in range(4) for step in (pause(0.05), chunk(b"a"))], await_close]
    with TranscriptServer([steps]) as server:
        broken, heard = break_on(a_wire(), a_call(server.url, replace(PATIENT, idle_s=SHORT_S)))
        assert server.seen_closed.acquire(timeout=5)
    assert broken.how is Break.TIMEOUT_IDLE
    assert heard.body == b"aaaa"


def test_the_total_rings_while_bytes_come():
    steps = [CHUNKED, *[step for _ in range(100) for step in (chunk(b"a"), pause(0.02))]]
    with TranscriptServer([steps]) as server:
        broken, heard = break_on(a_wire(), a_call(server.url, replace(PATIENT, total_s=SHORT_S)))
    assert broken.how is Break.TIMEOUT_TOTAL
    assert 0 < len(heard.body) < 100


def test_a_second_request_has_clocks_of_its_own():
    slow = [pause(0.1), sized(b"ok")]
    with TranscriptServer([slow, slow, slow]) as server:
        wire = a_wire()
        for _ in range(3):
            assert ask(wire, a_call(server.url, replace(PATIENT, first_byte_s=SHORT_S))).body == b"ok"


def test_an_answer_from_before_the_question_is_not_older_than_it():
    greeting = CHUNKED + chunk(b"a") + chunk(b"")
    heard = Slow()
    with socket.socket() as other, TranscriptServer([[await_close]], greeting=greeting) as server:
        # The kernel begins to stamp some time after the first socket of the system has asked for it.
        stamps.enable(other)
        gevent.sleep(0.1)
        a_wire().send(a_call(server.url), heard)
    assert heard.body == b"a"
    sent_ns, *others = heard.stamps
    assert all(at_ns >= sent_ns for at_ns in others)


class Slow(Recorder):
    """Takes its time between connecting and sending."""

    def connected(self, connect_us):
        super().connected(connect_us)
        gevent.sleep(0.02)


def test_what_follows_an_answer_forbids_to_use_its_connection_again():
    # It comes while the greenlet waits for its turn, when nobody reads any more.
    late = b"HTTP/1.1 408 Request Timeout\r\n\r\n"
    with TranscriptServer(scripts=[[[sized(b"a"), pause(0.01), late]], [[sized(b"b")]]]) as server:
        wire = a_wire()
        listener = Crowded()
        wire.send(a_call(server.url), listener)
        heard = ask(wire, a_call(server.url))
    assert heard.body == b"b"
    assert heard.reused == [False]


class Crowded(Recorder):
    """When its answer has ended, forty others are first at the gate, each for a millisecond."""

    def ended(self, at_ns):
        super().ended(at_ns)
        for _ in range(40):
            waiter = Waiter()
            gate().wake(waiter)
            gevent.spawn(self._take_a_turn, waiter)

    @staticmethod
    def _take_a_turn(waiter):
        waiter.get()
        monkey.get_original("time", "sleep")(0.001)


# What is left behind


@pytest.fixture
def taps(monkeypatch):
    """Every tap and every clock that the wire makes."""
    made = []

    class Watched(Tap):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(trip, "Tap", Watched)
    return made


def is_watching(tap) -> bool:
    return bool(tap._watcher.active)


class Failing(Recorder):
    def arrived(self, arrival):
        raise KeyError("bug")


ENDS = ("ok", "cut", "first byte", "idle", "total", "malformed", "bug", "killed")
SCRIPTS = {
    "ok": [CHUNKED + chunk(b"a") + chunk(b"")],
    "cut": [CHUNKED + chunk(b"a"), pause(0.002), close],
    "first byte": [await_close],
    "idle": [CHUNKED + chunk(b"a"), await_close],
    "total": [CHUNKED + chunk(b"a"), await_close],
    "malformed": [b"garbage\r\n", await_close],
    "bug": [CHUNKED + chunk(b"a"), await_close],
    "killed": [CHUNKED + chunk(b"a"), await_close],
}
TIMEOUTS = {
    "first byte": replace(PATIENT, first_byte_s=0.02),
    "idle": replace(PATIENT, idle_s=0.02),
    "total": replace(PATIENT, total_s=0.02),
}


def come_to_an_end(end: str) -> str:
    """One exchange on a wire of its own; what came of it."""
    with TranscriptServer([SCRIPTS[end]]) as server:
        wire = a_wire()
        listener = Failing() if end == "bug" else Recorder()
        call = a_call(server.url, TIMEOUTS.get(end, PATIENT))
        if end == "killed":
            return killed(wire, call, listener)
        try:
            wire.send(call, listener)
        except Broken as broken:
            return broken.how.value
        except KeyError:
            return "bug"
        finally:
            wire.close()
    return "ok"


def killed(wire, call, listener) -> str:
    user = gevent.spawn(wire.send, call, listener)
    while "arrived" not in listener.heard:
        gevent.sleep(0.001)
    user.kill()
    wire.close()
    return "killed"


CAME = {
    "ok": "ok",
    "cut": "cut",
    "first byte": "timeout_first_byte",
    "idle": "timeout_idle",
    "total": "timeout_total",
    "malformed": "malformed",
    "bug": "bug",
    "killed": "killed",
}


def greenlets() -> int:
    return sum(isinstance(thing, gevent.Greenlet) and not thing.dead for thing in gc.get_objects())


def test_each_end_stops_its_watcher_and_its_clocks(taps):
    for end in ENDS:
        assert come_to_an_end(end) == CAME[end]
        assert [is_watching(tap) for tap in taps] == [False], end
        taps.clear()


def test_no_clock_rings_after_its_exchange(monkeypatch):
    rung = []
    ring = trip.Trip._ring
    monkeypatch.setattr(trip.Trip, "_ring", lambda self: (rung.append(self), ring(self)))
    call_timeouts = replace(PATIENT, first_byte_s=0.05, idle_s=0.05)
    with TranscriptServer([[sized(b"a")]] * 3) as server:
        wire = a_wire()
        for _ in range(3):
            ask(wire, a_call(server.url, call_timeouts))
        gevent.sleep(0.12)
    assert rung == []


def test_two_hundred_exchanges_of_all_kinds_leave_nothing(taps):
    process = psutil.Process()
    for end in ENDS:
        come_to_an_end(end)
    settle()
    before = (process.num_fds(), len(process.net_connections()), greenlets())
    came = [come_to_an_end(end) for end in itertools.islice(itertools.cycle(ENDS), 200)]
    settle()
    after = (process.num_fds(), len(process.net_connections()), greenlets())
    assert came == [CAME[end] for end in itertools.islice(itertools.cycle(ENDS), 200)]
    assert after == before
    assert not any(is_watching(tap) for tap in taps)


def settle():
    """The servers' greenlets see that their clients have gone."""
    gevent.sleep(0.05)
    gc.collect()


# While the loop is blocked, bytes that are there are no silence


@pytest.mark.parametrize("clock", ["first_byte_s", "idle_s"])
def test_a_clock_that_ran_out_while_nobody_looked_does_not_ring_if_there_was_something_to_see(clock):
    outside = OutsideServer(b"" if clock == "first_byte_s" else CHUNKED + chunk(b"a"), chunk(b"b") + chunk(b""))
    blocker = gevent.spawn_later(0.03, monkey.get_original("time", "sleep"), 0.25)
    heard = ask(a_wire(), a_call(outside.url, replace(PATIENT, **{clock: SHORT_S})))
    blocker.join()
    outside.close()
    assert heard.heard[-1] == "ended"
    assert heard.body.endswith(b"b")


class OutsideServer:
    """Answers one request from a thread of the system: the first part at once, the second 0.1 s later."""

    def __init__(self, first: bytes, second: bytes) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/x"
        self._thread = gevent.get_hub().threadpool.spawn(self._serve, first, second if first else CHUNKED + second)

    def _serve(self, first: bytes, second: bytes) -> None:
        sleep = monkey.get_original("time", "sleep")
        fd = self._accept()
        os.read(fd, 65536)
        os.write(fd, first)
        sleep(0.1)
        os.write(fd, second)
        sleep(0.3)
        os.close(fd)

    def _accept(self) -> int:
        # Not gevent's: this thread has no loop.
        while True:
            try:
                return self._listening._sock._accept()[0]
            except BlockingIOError:
                monkey.get_original("time", "sleep")(0.001)

    def close(self) -> None:
        self._thread.get()
        self._listening.close()

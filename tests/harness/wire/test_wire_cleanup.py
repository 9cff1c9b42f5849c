"""What is left behind when something else than the network ends an exchange: nothing."""

import gevent
import gevent.event
import psutil
import pytest
import requests
from support.listening import Recorder, a_call, a_wire, ask
from support.transcript import CHUNKED, TranscriptServer, await_close, chunk, sized

from harness.call import Broken
from harness.outcome import Break
from harness.wire import Wire

HANGING = [CHUNKED + chunk(b"a"), await_close]


class Bug(Exception):
    pass


class Failing(Recorder):
    """Raises `error` when it is told `at`."""

    def __init__(self, at: str, error: BaseException) -> None:
        super().__init__()
        self.at = at
        self.error = error

    def __getattribute__(self, name):
        if name in ("connected", "sent", "opened", "arrived", "ended") and name == object.__getattribute__(self, "at"):
            raise object.__getattribute__(self, "error")
        return object.__getattribute__(self, name)


def open_sockets() -> int:
    return len(psutil.Process().net_connections())


# OSError, ValueError and TimeoutError are what the client library itself raises and would wrap.
@pytest.mark.parametrize(
    "error", [Bug("b"), OSError("disk full"), ValueError("v"), TimeoutError("t"), gevent.GreenletExit()]
)
@pytest.mark.parametrize("at", ["connected", "sent", "opened", "arrived"])
def test_what_the_listener_raises_passes_through_and_closes_the_connection(at, error):
    with TranscriptServer([HANGING]) as server:
        wire = a_wire()
        with pytest.raises(type(error)) as caught:
            wire.send(a_call(server.url), Failing(at, error))
        assert server.seen_closed.acquire(timeout=5)
    assert caught.value is error


def test_a_wire_whose_listener_failed_goes_on_with_a_new_connection():
    with TranscriptServer(scripts=[[HANGING], [[sized(b"ok")]]]) as server:
        wire = a_wire()
        with pytest.raises(Bug):
            wire.send(a_call(server.url), Failing("arrived", Bug()))
        heard = ask(wire, a_call(server.url))
    assert heard.body == b"ok"
    assert heard.reused == [False]


def test_what_the_listener_raises_on_the_last_call_closes_the_connection_too():
    with TranscriptServer([[sized(b"ok")]]) as server:
        with pytest.raises(Bug):
            a_wire().send(a_call(server.url), Failing("ended", Bug()))
        assert server.seen_closed.acquire(timeout=5)


@pytest.mark.parametrize(("steps", "until"), [(HANGING, "arrived"), ([await_close], "sent")])
def test_a_killed_greenlet_closes_its_connection(steps, until):
    told = gevent.event.Event()

    class Telling(Recorder):
        def sent(self, at_ns, request_bytes):
            super().sent(at_ns, request_bytes)
            if until == "sent":
                told.set()

        def arrived(self, arrival):
            super().arrived(arrival)
            told.set()

    before = open_sockets()
    with TranscriptServer([steps]) as server:
        listener = Telling()
        wire = a_wire()
        user = gevent.spawn(wire.send, a_call(server.url), listener)
        assert told.wait(5)
        gevent.idle()
        user.kill()
        assert server.seen_closed.acquire(timeout=5)
        assert isinstance(user.value, gevent.GreenletExit)
        # What is left is the server's own: the one that listens.
        assert open_sockets() <= before + 1
    assert listener.heard[-1] == until


def test_a_wire_carries_one_call_at_a_time():
    with TranscriptServer([HANGING]) as server:
        wire = a_wire()
        user = gevent.spawn(wire.send, a_call(server.url), Recorder())
        gevent.sleep(0)
        with pytest.raises(RuntimeError, match="one call at a time"):
            wire.send(a_call(server.url), Recorder())
        user.kill()


def test_close_ends_the_idle_connection():
    with TranscriptServer([[sized(b"ok")], [sized(b"never")]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        wire.close()
        assert server.seen_closed.acquire(timeout=5)


def test_a_broken_transfer_leaves_no_socket():
    before = open_sockets()
    with TranscriptServer([[b"garbage\r\n", await_close]]) as server:
        with pytest.raises(Broken) as caught:
            a_wire().send(a_call(server.url), Recorder())
        assert server.seen_closed.acquire(timeout=5)
        assert open_sockets() <= before + 1
    assert caught.value.how is Break.MALFORMED


def test_the_session_still_serves_other_requests():
    with TranscriptServer(
        [[sized(b"mine")], [CHUNKED + chunk(b"yo") + chunk(b"urs") + chunk(b"")], [sized(b"mine")]]
    ) as server:
        session = requests.Session()
        wire = Wire(session)
        assert ask(wire, a_call(server.url)).body == b"mine"
        assert session.get(server.url).text == "yours"
        heard = ask(wire, a_call(server.url))
    assert heard.reused == [True]
    assert server.connections == 1

"""Greenlets through the gate: in order, one a turn of the loop, with a look at the sockets between any two."""

import itertools
import socket

import gevent
import pytest
from gevent.hub import Waiter

from harness.wire.gate import Gate, gate

READABLE = 1


@pytest.fixture
def a_gate():
    return Gate(gevent.get_hub())


def through(a_gate, log, name, act=lambda: None):
    def go():
        a_gate.wait()
        log.append(name)
        act()

    return gevent.spawn(go)


def joined(users):
    gevent.joinall(users, timeout=5)
    assert all(user.ready() for user in users)


def test_in_the_order_in_which_they_came(a_gate):
    log = []
    users = [through(a_gate, log, number) for number in range(50)]
    joined(users)
    assert log == list(range(50))


def test_one_in_a_turn_and_the_sockets_in_between(a_gate):
    # The socket always has something, so its reader is called whenever the loop polls.
    near, far = socket.socketpair()
    log = []
    with near, far:
        near.sendall(b"x")
        watcher = gevent.get_hub().loop.io(far.fileno(), READABLE)
        watcher.start(lambda: log.append("poll"))
        users = [through(a_gate, log, number) for number in range(5)]
        joined(users)
        watcher.stop()
        watcher.close()
    turns = [at for at, name in enumerate(log) if name != "poll"]
    assert [log[at] for at in turns] == [0, 1, 2, 3, 4]
    assert all("poll" in log[before + 1 : after] for before, after in itertools.pairwise(turns))


def test_one_that_is_woken_may_come_again_and_waits_behind_the_others(a_gate):
    log = []

    def again():
        a_gate.wait()
        log.append("0 again")

    users = [through(a_gate, log, 0, again), through(a_gate, log, 1), through(a_gate, log, 2)]
    joined(users)
    assert log == [0, 1, 2, "0 again"]


def test_one_that_was_killed_while_it_waited_holds_up_nobody(a_gate):
    log = []
    users = [through(a_gate, log, number) for number in range(4)]
    # Each runs up to the gate.
    gevent.sleep(0)
    users[0].kill(block=False)
    users[2].kill(block=False)
    joined(users)
    assert log == [1, 3]
    # And the gate still opens.
    later = through(a_gate, log, "later")
    joined([later])
    assert log == [1, 3, "later"]


def test_all_killed_and_then_another(a_gate):
    log = []
    users = [through(a_gate, log, number) for number in range(3)]
    gevent.sleep(0)
    gevent.killall(users)
    joined([through(a_gate, log, "later")])
    assert log == ["later"]


def test_an_exception_in_a_woken_greenlet_is_its_own(a_gate, capsys):
    log = []

    def fail():
        raise KeyError("bug")

    users = [through(a_gate, log, 0, fail), through(a_gate, log, 1, fail), through(a_gate, log, 2)]
    joined(users)
    assert log == [0, 1, 2]
    assert isinstance(users[0].exception, KeyError)
    # gevent prints what ends a greenlet.
    assert capsys.readouterr().err.count("KeyError: 'bug'") >= 2


def test_the_loop_itself_may_wake(a_gate):
    log = []
    waiter = Waiter()

    def go():
        log.append(waiter.get())

    user = gevent.spawn(go)
    timer = gevent.get_hub().loop.timer(0)
    timer.start(lambda: a_gate.wake(waiter))
    joined([user])
    timer.close()
    assert log == [None]


def test_one_woken_before_it_waits_goes_straight_on(a_gate):
    waiter = Waiter()
    a_gate.wake(waiter)
    gevent.sleep(0.005)
    with gevent.Timeout(1):
        assert waiter.get() is None


def test_a_hub_has_one_gate():
    assert gate() is gate()

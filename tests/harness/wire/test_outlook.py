"""What a read may have missed, by the stamps of the polls before it; then the same by a real loop.

A line of polls, milliseconds after some moment (`previous` is the end of the poll before):

      previous ── work ── began ── poll ── polled ── readers
"""

import time

import gevent
import pytest

from harness.wire.outlook import Outlook, outlook

MS = 1_000_000


class Hub:
    """A loop whose watchers never ring."""

    class Watcher:
        def start(self, callback):
            self.callback = callback

    @property
    def loop(self):
        return self

    def prepare(self, **_):
        return self.Watcher()

    def check(self, **_):
        return self.Watcher()


def an_outlook(previous_ms, began_ms, polled_ms):
    there = Outlook(Hub())
    there._previous_ns, there._began_ns, there._polled_ns = (round(x * MS) for x in (previous_ms, began_ms, polled_ms))
    return there


CASES = {
    # previous, began, polled, at → unseen
    "prompt: the data ended the wait": (0, 1, 20, 19.95, 0),
    # Half a millisecond before or after the end of the poll is the time of a wake-up, and below what counts.
    "a little before": (0, 1, 20, 19.5, 0),
    "a little after, while another was read": (0, 1, 20, 20.5, 0),
    # The poll took 0.01 ms: something was there. It came after 0, while the loop worked for 30 ms: 29 - 0.
    "busy": (0, 30, 30.01, 29, 29),
    "busy, just before the poll": (0, 30, 30.01, 30, 30),
    "busy, by the reader's own clock": (0, 30, 30.01, 30.05, 30.05),
    # A poll of 0.049 ms waited for nothing, one of 0.05 ms did.
    "the longest that is no wait": (0, 30, 30.049, 30, 30),
    "the shortest wait": (0, 30, 30.050, 30, 0),
    # It waited from 1, the data came at 15, but the process got the core at 20: some of it may have come at 1. 15 - 1.
    "woken late": (0, 1, 20, 15, 14),
    "woken late, just counted": (0, 1, 20, 19.499, 18.499),
    # It waited from 1 to 20, then read others for 5 ms. The last segment came at 24.9, and cannot have ended the wait,
    # so an earlier one did: 24.9 - 1.
    "read late": (0, 1, 20, 24.9, 23.9),
    "read late, just counted": (0, 1, 20, 20.501, 19.501),
    # A stamp that is older than the poll before (the wall clock was slewed): nothing is negative.
    "older than the poll before": (10, 30, 30.01, 9, 0),
    "older than the wait": (0, 10, 20, 9, 0),
}


@pytest.mark.parametrize(("previous_ms", "began_ms", "polled_ms", "at_ms", "unseen_ms"), CASES.values(), ids=CASES)
def test_unseen(previous_ms, began_ms, polled_ms, at_ms, unseen_ms):
    there = an_outlook(previous_ms, began_ms, polled_ms)
    assert there.unseen_ns(round(at_ms * MS)) == round(unseen_ms * MS)


def test_a_hub_has_one_outlook():
    assert outlook() is outlook()


def work(ms):
    until_ns = time.monotonic_ns() + ms * MS
    while time.monotonic_ns() < until_ns:
        continue


def seen_after(act) -> tuple[int, int]:
    """Let `act` happen in the loop, and tell (length of the poll after it, time since the poll before) in ns.

    A timer that is due by then ends that poll.
    """
    there = outlook()
    told = []
    timer = gevent.get_hub().loop.timer(0.002)
    gevent.sleep(0.005)
    act()
    timer.start(lambda: told.append((there._polled_ns - there._began_ns, there._polled_ns - there._previous_ns)))
    gevent.sleep(0.03)
    timer.close()
    return told[0]


def test_work_of_greenlets_before_a_poll_is_no_part_of_it():
    # gevent runs what was spawned just before it polls, from a watcher of its own.
    polled_ns, since_ns = seen_after(lambda: gevent.spawn(work, 6))
    assert since_ns - polled_ns >= 6 * MS


def test_work_of_readers_after_a_poll_is_no_part_of_the_next():
    def act():
        timer = gevent.get_hub().loop.timer(0)
        timer.start(lambda: (work(6), timer.close()))

    polled_ns, since_ns = seen_after(act)
    assert since_ns - polled_ns >= 6 * MS


def test_waiting_is_the_poll():
    polled_ns, since_ns = seen_after(lambda: None)
    assert 0 < polled_ns <= since_ns

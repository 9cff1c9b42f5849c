"""At most so many a second, by a clock that the test turns."""

from harness.quality.turnstile import Turnstile


class Clock:
    def __init__(self):
        self.now_s = 100.0
        self.slept_s: list[float] = []

    def sleep(self, wait_s):
        self.slept_s.append(wait_s)
        self.now_s += wait_s


def test_two_are_a_gap_apart():
    clock = Clock()
    turnstile = Turnstile(4.0, lambda: clock.now_s, clock.sleep)
    for _ in range(3):
        turnstile.wait()
    # The first at once, the others a quarter of a second after the one before.
    assert clock.slept_s == [0.25, 0.25]


def test_who_comes_late_enough_does_not_wait_and_saves_nothing_up():
    clock = Clock()
    turnstile = Turnstile(4.0, lambda: clock.now_s, clock.sleep)
    turnstile.wait()
    clock.now_s += 10
    turnstile.wait()
    assert clock.slept_s == []
    turnstile.wait()
    assert clock.slept_s == [0.25]


def test_turns_are_given_when_they_are_asked_for_not_when_they_come():
    # Three threads at the same moment: none sleeps while another may not even queue.
    clock = Clock()
    waits = []
    turnstile = Turnstile(2.0, lambda: clock.now_s, waits.append)
    for _ in range(3):
        turnstile.wait()
    assert waits == [0.5, 1.0]


def test_without_a_rate_nobody_waits():
    waits = []
    turnstile = Turnstile(None, lambda: 1 / 0, waits.append)
    turnstile.wait()
    turnstile.wait()
    assert waits == []

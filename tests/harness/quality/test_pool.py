"""Several are asked at once, and no more than may be."""

import threading
from itertools import count

import pytest

from harness.quality.pool import Answered, ask_all


@pytest.mark.parametrize("threads", [1, 3, 50])
def test_every_subject_is_answered_once(threads):
    found = list(ask_all(lambda subject: subject * 2, range(20), threads))
    assert sorted(found) == [(number, 2 * number) for number in range(20)]
    assert isinstance(found[0], Answered)


def test_nothing_to_ask():
    assert list(ask_all(str, [], 4)) == []


def test_so_many_are_under_way_at_once():
    together = threading.Barrier(3)

    def ask(subject):
        # Returns for none of them before all three threads have come here.
        together.wait(timeout=10)
        return subject

    assert len(list(ask_all(ask, range(9), 3))) == 9


def test_no_subject_is_taken_before_a_thread_is_free():
    taken = []
    gate = threading.Event()

    def subjects():
        for number in range(10):
            taken.append(number)
            yield number

    answers = ask_all(lambda subject: gate.wait(10) and subject, subjects(), 2)
    gate.set()
    next(answers)
    # Two were under way, and one was taken when the first had come back.
    assert taken == [0, 1, 2]
    answers.close()


def test_what_is_raised_is_raised_where_it_is_waited_for():
    def ask(subject):
        if subject == 3:
            raise LookupError("three")
        return subject

    with pytest.raises(LookupError, match="three"):
        list(ask_all(ask, range(9), 2))


def test_whoever_stops_leaves_no_thread_waiting():
    before = {*threading.enumerate()}
    answers = ask_all(str, count(), 4)
    next(answers)
    mine = [*({*threading.enumerate()} - before)]
    assert mine
    answers.close()
    for thread in mine:
        thread.join(10)
    assert not any(thread.is_alive() for thread in mine)

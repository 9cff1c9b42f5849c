import signal

import pytest
from support.answers import answer

from harness.quality import checks, patterns

# (a+)+ divides a run of a's in every way there is: forty of them keep the search busy for hours.
EXPLODING, AS = "^(a+)+$", "a" * 40 + "!"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The bound is an alarm and no measurement: how long it is does not matter to what is found."""
    monkeypatch.setattr(patterns, "BOUND_S", 0.05)


def test_what_is_found():
    assert patterns.search("[0-9]+", "room 42")[0] == "42"
    assert patterns.search("[0-9]+", "no room") is None


def test_a_search_without_end_is_ended():
    with pytest.raises(patterns.Endless):
        patterns.search(EXPLODING, AS)


def test_no_alarm_is_left_behind():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(patterns.Endless):
        patterns.search(EXPLODING, AS)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999999999}", "(" * 20_000])
def test_what_is_no_pattern(pattern):
    with pytest.raises(patterns.NoPattern):
        patterns.search(pattern, "a")


def test_an_answer_on_which_the_search_had_no_end_has_no_score_and_the_next_one_has():
    check = checks.check("regex", 0)
    found = check.score(answer(AS, EXPLODING))
    assert (found.value, found.why) == (None, 'The search for "^(a+)+$" had not ended after 0.05 s.')
    assert check.score(answer("aaa", EXPLODING)).value == 1.0

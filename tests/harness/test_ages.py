import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ages import Ages
from harness.record import Lag


def lag_of(ages_us) -> Lag | None:
    ages = Ages()
    for age_us in ages_us:
        ages.add(age_us)
    return ages.lag()


def test_nothing_read_is_nothing_observed():
    assert lag_of([]) is None


@pytest.mark.parametrize(
    ("ages_us", "p50", "largest"), [([7], 7, 7), ([9, 1], 1, 9), ([5, 900, 40], 40, 900), ([0, 0], 0, 0)]
)
def test_the_median_and_the_largest(ages_us, p50, largest):
    assert lag_of(ages_us) == Lag(p50=p50, max=largest)


def test_of_many_reads_some_are_kept_evenly():
    # 0 to 99,999: the true median is 49,999. 4,096 are kept at most, after five halvings every 32nd.
    lag = lag_of(range(100_000))
    assert lag.max == 99_999
    assert abs(lag.p50 - 49_999) <= 32


def test_the_largest_is_found_among_those_that_are_not_kept():
    ages_us = [10] * 100_000
    ages_us[70_001] = 5_000
    assert lag_of(ages_us) == Lag(p50=10, max=5_000)


def test_a_long_answer_takes_no_more_room_than_a_short_one():
    ages = Ages()
    for _ in range(100_000):
        ages.add(3)
    assert len(ages._kept) < 4_096


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=200))
def test_of_few_reads_all_are_kept(ages_us):
    assert lag_of(ages_us) == Lag(p50=sorted(ages_us)[(len(ages_us) - 1) // 2], max=max(ages_us))

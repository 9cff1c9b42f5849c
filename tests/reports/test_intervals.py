"""Intervals of ratios and means: known values, and how often they hold what is true."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.intervals import bootstrap_mean, bootstrap_ratio, wilson


@pytest.mark.parametrize(
    ("ones", "n", "low", "high"),
    [
        # (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n) with z = 1.96.
        (50, 100, 0.40383, 0.59617),
        (0, 10, 0.0, 0.27753),
        (10, 10, 0.72247, 1.0),
        (1, 1, 0.20655, 1.0),
    ],
)
def test_wilson_by_hand(ones, n, low, high):
    found = wilson(ones, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


def test_nothing_seen_has_no_interval():
    assert wilson(0, 0) is None
    assert bootstrap_mean(np.array([1.0, 2.0, 3.0, 4.0])) is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_what_was_seen_and_stays_a_ratio(seen):
    ones, n = seen
    found = wilson(ones, n)
    assert 0 <= found.low <= ones / n <= found.high <= 1


def test_a_bootstrap_is_the_same_for_the_same_values():
    values = np.random.default_rng(1).normal(50, 10, 400)
    assert bootstrap_mean(values) == bootstrap_mean(values)
    low, high = bootstrap_mean(values).low, bootstrap_mean(values).high
    # As wide as the normal law has it: 2 * 1.96 * 10 / √400, within a few per cent.
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(400), rel=0.1)
    assert low < values.mean() < high


def test_values_that_are_all_the_same_are_sure():
    found = bootstrap_mean(np.full(5, 3.0))
    assert (found.low, found.high) == (3.0, 3.0)


def test_a_mean_is_a_ratio_of_equal_wholes():
    values = np.arange(20.0)
    mean, ratio = bootstrap_mean(values), bootstrap_ratio(values, np.full(20, 2.0))
    assert (ratio.low, ratio.high) == (pytest.approx(mean.low / 2), pytest.approx(mean.high / 2))


def test_parts_and_wholes_are_drawn_together():
    # Each part is a third of its whole, whichever are drawn.
    wholes = np.array([3.0, 30.0, 300.0, 3.0, 9.0])
    found = bootstrap_ratio(wholes / 3, wholes)
    assert (found.low, found.high) == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def test_many_values_are_drawn_in_blocks():
    values = np.random.default_rng(2).normal(0, 1, 5_000)
    found = bootstrap_mean(values)
    assert found.low < values.mean() < found.high

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.report import Distribution, Tail
from reports.stats import (
    Interval,
    bootstrap_difference,
    distribution,
    means_differ,
    median,
    median_interval,
    medians_differ,
    quantile_interval,
    rate_interval,
    share,
    tail_with_failures,
)

VALUES = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=60)


def floats(*values):
    return np.array(values, dtype=np.float64)


def test_no_values_give_none_for_everything():
    assert distribution(floats()) == Distribution(n=0)
    assert distribution(floats(math.nan, math.nan)) == Distribution(n=0)


def test_one_value_is_every_percentile_and_has_no_spread():
    one = Distribution(n=1, mean=3.0, stdev=None, min=3.0, p50=3.0, p90=3.0, p95=3.0, p99=3.0, max=3.0)
    assert distribution(floats(3, math.nan)) == one


def test_a_distribution_by_hand():
    # 1..5: rank of p90 is 0.9 * 4 = 3.6, so 4 + 0.6; p95: 3.8; p99: 3.96. Sample variance 10 / 4.
    found = distribution(floats(5, 1, 4, 2, 3))
    assert (found.n, found.mean, found.min, found.p50, found.max) == (5, 3.0, 1.0, 3.0, 5.0)
    assert (found.p90, found.p95, found.p99) == pytest.approx((4.6, 4.8, 4.96))
    assert found.stdev == pytest.approx(math.sqrt(2.5))


def test_equal_values_have_their_own_mean_and_no_spread():
    found = distribution(np.full(400, 0.01))
    assert (found.mean, found.stdev, found.min, found.max) == (0.01, 0.0, 0.01, 0.01)


@given(VALUES)
def test_a_distribution_is_numpys(values):
    found = distribution(np.array(values))
    assert [found.p50, found.p90, found.p95, found.p99] == list(np.percentile(values, (50, 90, 95, 99)))
    assert found.min <= found.mean <= found.max
    assert found.mean == pytest.approx(math.fsum(values) / len(values))
    assert all(type(value) is float for value in (found.mean, found.min, found.p50, found.max))


def test_a_failure_is_infinite():
    # Ten values and one failure: p50 has rank 5, the sixth value; p95 has rank 9.5, between the last and infinity.
    assert tail_with_failures(np.arange(10.0), 1) == Tail(5.0, None, None)


def test_a_percentile_that_lands_on_the_last_success_is_that():
    # 96 values and 5 failures: p95 has rank 0.95 * 100 = 95, exactly the last value; p99 is a failure.
    assert tail_with_failures(np.arange(96.0), 5) == Tail(50.0, 95.0, None)


@pytest.mark.parametrize("failures", [0, 3])
def test_a_tail_without_a_success_is_none(failures):
    assert tail_with_failures(floats(), failures) == Tail(None, None, None)


@given(VALUES, st.integers(0, 20))
def test_a_tail_is_numpys_with_infinities(values, failures):
    padded = np.sort(np.array(values + [math.inf] * failures))
    tail = tail_with_failures(np.array(values), failures)
    for q, found in ((0.50, tail.p50), (0.95, tail.p95), (0.99, tail.p99)):
        rank = q * (len(padded) - 1)
        below, above = padded[math.floor(rank)], padded[math.ceil(rank)]
        expected = None if math.isinf(above) else pytest.approx(below + (above - below) * (rank % 1))
        assert found == expected


@given(VALUES)
def test_a_tail_without_failures_is_the_distributions(values):
    spread, tail = distribution(np.array(values)), tail_with_failures(np.array(values), 0)
    assert (tail.p50, tail.p95, tail.p99) == pytest.approx((spread.p50, spread.p95, spread.p99))


@pytest.mark.parametrize(("part", "whole", "expected"), [(0, 4, 0.0), (4, 4, 1.0), (1, 4, 0.25), (0, 0, None)])
def test_share(part, whole, expected):
    assert share(part, whole) == expected


def test_median_of_nothing_is_none():
    assert median(floats(math.nan)) is None
    assert median(floats(1, math.nan, 3)) == 2.0


def test_the_interval_of_a_median_by_hand():
    # 100 values: 50 ± 1.96 * sqrt(100) / 2 = 50 ± 9.8, ranks 40 and 60.
    assert median_interval(np.arange(100.0)) == Interval(40.0, 60.0)
    assert median_interval(np.arange(19.0)) is None


def test_the_interval_of_a_percentile_by_hand():
    # 1,000 values: 990 ± 1.96 * sqrt(1000 * 0.99 * 0.01) = 990 ± 6.2.
    assert quantile_interval(np.arange(1000.0), 0.99) == Interval(983.0, 997.0)
    assert quantile_interval(np.arange(500.0), 0.99) == Interval(490.0, 499.0)
    assert quantile_interval(np.arange(499.0), 0.99) is None
    assert quantile_interval(np.arange(499.0), 0.01) is None


@pytest.mark.parametrize(("count", "q"), [(20, 0.5), (201, 0.5), (500, 0.99), (700, 0.99), (3000, 0.99)])
def test_19_intervals_of_20_hold_the_true_percentile(count, q):
    draw = np.random.default_rng(count)
    truth = -math.log(1 - q)
    intervals = [quantile_interval(draw.exponential(size=count), q) for _ in range(2000)]
    held = sum(each.low <= truth <= each.high for each in intervals) / 2000
    assert 0.94 <= held <= 0.99


def test_the_interval_of_a_rate_by_hand():
    # Mean 5.5, sample variance 82.5 / 9; 2.262 * sqrt(82.5 / 9 / 10).
    interval = rate_interval(np.arange(1.0, 11.0))
    assert (interval.low, interval.high) == (pytest.approx(3.3342, abs=1e-4), pytest.approx(7.6658, abs=1e-4))
    assert rate_interval(np.full(10, 3.0)) == Interval(3.0, 3.0)
    # No rate is below nothing.
    assert rate_interval(floats(10, *[0] * 9)).low == 0


def test_medians_differ_only_where_their_intervals_lie_apart():
    values = np.arange(100.0)
    assert not medians_differ(values, values + 20)  # 40..60 and 60..80 touch
    assert medians_differ(values, values + 21)
    assert medians_differ(values + 21, values)
    assert not medians_differ(values[:10], values + 1000)


def test_means_differ_by_welchs_t():
    # Variance 1 on both sides, three values each: t = gap / sqrt(2 / 3); the limit 4.604 is a gap of 3.76.
    assert not means_differ([0, 1, 2], [3.7, 4.7, 5.7])
    assert means_differ([0, 1, 2], [3.8, 4.8, 5.8])
    assert not means_differ([1, 1, 1], [1, 1, 1])
    assert means_differ([1, 1, 1], [2, 2, 2])


def test_chance_alone_seldom_differs():
    draw = np.random.default_rng(1)
    trials = 2000
    medians = sum(medians_differ(draw.exponential(size=50), draw.exponential(size=50)) for _ in range(trials))
    means = sum(means_differ(draw.normal(size=8), draw.normal(size=8)) for _ in range(trials))
    assert medians < 0.015 * trials
    assert means < 0.015 * trials


def test_a_bootstrap_interval_is_the_ordinary_one():
    """Against the same by resampling in full."""
    draw = np.random.default_rng(2)
    base, candidate = draw.exponential(size=200), draw.exponential(size=150) + 0.5
    full = [
        np.median(draw.choice(candidate, candidate.size)) - np.median(draw.choice(base, base.size)) for _ in range(4000)
    ]
    found = bootstrap_difference(base, candidate, 0.5)
    assert found == pytest.approx(tuple(np.percentile(full, (2.5, 97.5))), abs=0.03)


@pytest.mark.parametrize("q", [0.5, 0.95, 1.0])
def test_a_bootstrap_interval_holds_the_difference_and_is_the_same_every_time(q):
    base, candidate = np.arange(100.0), np.arange(100.0) + 7
    found = bootstrap_difference(base, candidate, q)
    assert found.low <= 7 <= found.high
    assert found == bootstrap_difference(base[::-1], candidate, q)


def test_a_bootstrap_of_few_values_is_none():
    assert bootstrap_difference(np.arange(19.0), np.arange(100.0), 0.5) is None

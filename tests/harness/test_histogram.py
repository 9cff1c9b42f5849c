import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.histogram import GAMMA, RELATIVE_ERROR, Histogram

VALUES = st.lists(st.floats(min_value=1e-6, max_value=1e5), min_size=1, max_size=300)
RATIOS = st.lists(st.floats(min_value=0.0, max_value=1.0), min_size=1, max_size=4)


def of(values):
    histogram = Histogram()
    histogram.add(values)
    return histogram


@given(VALUES, RATIOS)
def test_a_quantile_is_within_the_relative_error_of_the_value_of_its_rank(values, ratios):
    ratios = sorted(ratios)
    for ratio, found in zip(ratios, of(values).quantiles(*ratios), strict=True):
        true = sorted(values)[max(1, math.ceil(ratio * len(values) - 1e-9)) - 1]
        # A bucket's edges are computed in floating point, hence a hair more.
        assert abs(found - true) <= true * RELATIVE_ERROR * (1 + 1e-9)


@given(st.lists(st.one_of(st.just(0.0), VALUES.flatmap(st.sampled_from)), max_size=50), st.data())
def test_parts_that_are_merged_are_the_whole(values, data):
    cut = data.draw(st.integers(0, len(values)))
    merged = of(values[:cut])
    merged.merge(of(values[cut:]))
    assert merged == of(values)


def test_ranks_by_hand():
    # Ranks are ceil(q n): of 100 values 0.07 is the 7th, although 0.07 × 100 is a little more than 7 in floating point.
    histogram = of([float(value) for value in range(1, 101)])
    p0, p7, p50, p100 = histogram.quantiles(0.0, 0.07, 0.5, 1.0)
    assert (p0, p7, p50, p100) == pytest.approx((1, 7, 50, 100), rel=RELATIVE_ERROR)
    assert histogram.n == 100


def test_a_bucket_stands_for_the_middle_in_relative_terms():
    # GAMMA^0 = 1 is the upper edge of bucket 0; it stands for 2 / (GAMMA + 1) = 0.99, for GAMMA = 1.01 / 0.99.
    assert of([1.0]).counts == {0: 1}
    assert of([1.0]).quantiles(0.5) == [pytest.approx(0.99)]
    assert of([1.0001]).counts == {1: 1}
    assert of([GAMMA * 1.0001]).counts == {2: 1}


def test_zero_is_zero_and_comes_first():
    histogram = of([0.0, 0.0, 0.0, 5.0])
    assert (histogram.zeros, histogram.n) == (3, 4)
    assert histogram.quantiles(0.75, 1.0) == [0.0, pytest.approx(5, rel=RELATIVE_ERROR)]


def test_nothing_observed_is_none():
    assert Histogram().quantiles(0.5, 0.99) == [None, None]
    assert of([]).n == 0


def test_it_holds_plain_integers_whatever_it_is_given():
    histogram = of(np.array([1, 2, 2, 900], dtype=np.int64))
    assert {type(number) for pair in histogram.counts.items() for number in pair} == {int}
    assert type(histogram.zeros) is int

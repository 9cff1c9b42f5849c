import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clocks import Offset, Sample, estimate

MS = 1_000_000


def sample(offset_ns: int, there_ns: int, back_ns: int, *, asked_ns: int = 10**18, taken_ns: int = 0) -> Sample:
    """A message that took `there_ns` and `back_ns`, to a host whose clock is ahead by `offset_ns`."""
    heard_ns = asked_ns + there_ns + offset_ns
    return Sample(asked_ns, heard_ns, heard_ns + taken_ns, asked_ns + there_ns + taken_ns + back_ns)


def test_even_ways_give_the_offset():
    # 3 ms ahead, 1 ms each way: (1+3 + 3-1) / 2 = 3; half the way of 2 ms bounds it.
    assert estimate([sample(3 * MS, MS, MS)]) == Offset(3 * MS, MS)


def test_a_clock_that_is_behind():
    assert estimate([sample(-3 * MS, MS, MS)]) == Offset(-3 * MS, MS)


def test_what_the_other_host_takes_is_no_part_of_the_way():
    assert estimate([sample(0, MS, MS, taken_ns=500 * MS)]) == Offset(0, MS)


def test_the_shortest_way_is_believed():
    # The slow one alone would say (20+5 + 5-0) / 2 = 15.
    assert estimate([sample(5 * MS, 20 * MS, 0), sample(5 * MS, MS, MS)]) == Offset(5 * MS, MS)


def test_a_clock_that_was_set_meanwhile_is_left_out():
    assert estimate([Sample(100, 100, 100, 90), sample(7, 2, 2)]) == Offset(7, 2)


@pytest.mark.parametrize("samples", [[], [Sample(100, 100, 100, 90)]])
def test_nothing_is_known_without_samples(samples):
    assert estimate(samples) is None


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(st.integers(0, 10**10), st.integers(0, 10**10), st.integers(0, 10**9)), min_size=1, max_size=10),
)
def test_the_truth_is_within_the_bound(offset_ns, ways):
    found = estimate([sample(offset_ns, there, back, taken_ns=taken) for there, back, taken in ways])
    # Half a nanosecond may be lost to rounding down.
    assert abs(found.offset_ns - offset_ns) <= found.within_ns + 1

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.faults import HARMLESS, REFUSALS, STOPS_EARLY, Fault, FaultShare, Rota


def deal(shares, count):
    rota = Rota([FaultShare(fault, Fraction(share)) for fault, share in shares])
    return [rota.deal() for _ in range(count)]


def test_without_shares_nothing_goes_wrong():
    assert deal([], 5) == [None] * 5


def test_a_share_of_one_is_everyone():
    assert deal([(Fault.CUT, "1")], 5) == [Fault.CUT] * 5


def test_a_quarter_is_one_in_four():
    # Accounts (none, cut) with weights 3 and 1, paying 4: (3,1) none, (2,2) none, (1,3) cut, (4,0) none.
    assert deal([(Fault.CUT, "0.25")], 4) == [None, None, Fault.CUT, None]


def test_shares_are_exact_over_a_hundred():
    dealt = Counter(deal([(Fault.CUT, "0.25"), (Fault.EMPTY, "0.1"), (Fault.REFUSE_429, "0.01")], 100))
    assert dealt == {None: 64, Fault.CUT: 25, Fault.EMPTY: 10, Fault.REFUSE_429: 1}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=3))
def test_any_shares_of_hundredths_are_exact_over_any_hundred(hundredths):
    faults = [Fault.CUT, Fault.EMPTY, Fault.BUNDLE][: len(hundredths)]
    dealt = deal([(fault, Fraction(n, 100)) for fault, n in zip(faults, hundredths, strict=True)], 137)
    for fault, share in zip(faults, hundredths, strict=True):
        assert dealt[37:].count(fault) == share


def test_more_than_everyone_is_refused():
    with pytest.raises(ValueError, match="more than 1"):
        deal([(Fault.CUT, "0.6"), (Fault.EMPTY, "0.5")], 1)


def test_no_fault_is_of_two_sorts():
    assert not HARMLESS & REFUSALS
    assert not HARMLESS & STOPS_EARLY
    assert not REFUSALS & STOPS_EARLY

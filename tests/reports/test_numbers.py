import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.render.numbers import MISSING, count, factor, in_unit, rate, ratio, seconds, signed, significant


@pytest.mark.parametrize("write", [significant, seconds, rate, count, ratio, factor])
def test_what_was_not_observed_is_a_dash(write):
    assert write(None) == MISSING == "–"
    assert in_unit(None, "s") == signed(None, "s") == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (1, "1.00"),
        (9.996, "10.0"),
        (56.43, "56.4"),
        (99.96, "100"),
        (225.1, "225"),
        (999.6, "1,000"),
        (1234.5, "1,234"),
        (12345.6, "12,346"),
        (-56.43, "-56.4"),
    ],
)
def test_three_digits(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (0.0000004, "0.400 µs"),
        (0.00035, "350 µs"),
        (0.0009996, "1.00 ms"),
        (0.104, "104 ms"),
        (0.0852, "85.2 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.32, "1.32 s"),
        (75.0, "75.0 s"),
        (1234.0, "1,234 s"),
    ],
)
def test_seconds(value, text):
    assert seconds(value) == text


@given(st.floats(1e-6, 1e5))
def test_seconds_are_true_to_three_digits(value):
    number, unit = seconds(value).split()
    written = float(number.replace(",", "")) * {"s": 1, "ms": 1e-3, "µs": 1e-6}[unit]
    assert written == pytest.approx(value, rel=0.0051)
    assert 1 <= float(number.replace(",", "")) < 1000 or unit == "s"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.992, "99.2 %"),
        (0.5, "50 %"),
        (0.99999, "> 99.9 %"),
        (0.0001, "< 0.1 %"),
        (1.2, "120 %"),
    ],
)
def test_a_ratio_is_all_or_nothing_only_where_it_is(value, text):
    assert ratio(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "s", "+12.3 ms"),
        (-0.0123, "s/token", "−12.3 ms"),
        (-0.041, "ratio", "−4.1 %"),
        (0.0, "s", "0 s"),
        (5, "chars/s", "+5.00"),
    ],
)
def test_a_difference_has_its_sign(value, unit, text):
    assert signed(value, unit) == text


def test_counts_and_factors():
    assert (count(1234), factor(1.2512)) == ("1,234", "×1.25")

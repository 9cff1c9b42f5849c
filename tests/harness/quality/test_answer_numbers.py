from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quality import numbers

TIGHT = 1e-6


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", "42"),
        ("-42", "-42"),
        ("−42", "-42"),
        ("The answer is 42.", "42"),
        ("**1244**", "1244"),
        ("= 1244", "1244"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("3.0", "3"),
        # separators
        ("1,244", "1244"),
        ("1,234,567.5", "1234567.5"),
        ("1.234.567", "1234567"),
        ("1.234,56", "1234.56"),
        ("3,5", "3.5"),
        ("0,125", "0.125"),
        ("1\u00a0234", "1234"),
        ("1'234'567", "1234567"),
        ("1{,}234", "1234"),
        ("1\\,234", "1234"),
        ("1,2,3", "3"),
        ("There are 1,000 and 2,000", "2000"),
        # of full width
        ("３５", "35"),
        ("－３５", "-35"),
        ("１，２３４", "1234"),
        # signs, and what only looks like one
        ("x=-3", "-3"),
        ("答案是-3", "-3"),
        ("(−7)", "-7"),
        ("-$5", "-5"),
        ("$-5$", "-5"),
        ("minus 5", "-5"),
        ("negative 3.5", "-3.5"),
        ("负5", "-5"),
        ("5-3", "3"),
        ("x-3", "3"),
        ("f(2)-3", "3"),
        ("5 - 3", "3"),
        ("10–12", "12"),
        ("- 7 apples", "7"),
        # units
        ("5 km", "5"),
        ("5km²", "5"),
        ("5 m^2", "5"),
        ("5 m2", "5"),
        ("$1,234.50", "1234.50"),
        ("$\\$42$", "42"),
        ("It is 7th", "7"),
        # fractions
        ("1/2", "0.5"),
        ("½", "0.5"),
        ("1½", "1.5"),
        ("1 1/2", "1.5"),
        ("\\frac{1}{2}", "0.5"),
        ("\\frac12", "0.5"),
        ("-\\frac{1}{2}", "-0.5"),
        ("1\\frac{1}{2}", "1.5"),
        ("$\\dfrac{3}{4}$", "0.75"),
        # powers
        ("1e5", "100000"),
        ("1.5E-3", "0.0015"),
        ("1.5×10^3", "1500"),
        ("1.5 × 10³", "1500"),
        ("1.5 \\times 10^{-3}", "0.0015"),
        ("3 x 4", "4"),
        # words
        ("3 million", "3000000"),
        ("3万", "30000"),
        ("3万5000", "35000"),
        ("12만 3,456원", "123456"),
        ("1.2亿", "120000000"),
        ("2千万", "20000000"),
        ("3万亿", "3000000000000"),
        # which of several
        ("Step 1: 5. Step 2: 7. Total 12", "12"),
        ("5 - 3 = 2", "2"),
        ("The answer is 42 (see page 7)", "42"),
        ("答案：42（见第7页）", "42"),
        ("The answer: 804 + 928 - 488 = 1244", "1244"),
        ("The answer is:\n\n**42**", "42"),
        ("The answer is 3. No, the answer is 4.", "4"),
        ("\\boxed{42} and 7", "42"),
        ("\\boxed{\\frac{1}{4}} or 9", "0.25"),
        ("So $\\boxed{x = 5}$", "5"),
        ("She earns 9*2=18.\n#### 18", "18"),
        ("정답은 42입니다. 7쪽을 보세요.", "42"),
        ("-10000000000000000000000000001", "-10000000000000000000000000001"),
    ],
)
def test_the_number_of_an_answer(text, value):
    assert numbers.find(text) == numbers.Number(Decimal(value))


@pytest.mark.parametrize("text", ["50%", "50 %", "50 percent", "50\\%", "５０％", "50퍼센트"])
def test_a_percentage(text):
    assert numbers.find(text) == numbers.Number(Decimal(50), percent=True)


@pytest.mark.parametrize("text", ["", "none", "CO2", "NaN", "inf", "1/0", "五"])
def test_no_number(text):
    assert numbers.find(text) is None


@pytest.mark.parametrize(
    ("expected", "value"),
    [("42", "42"), (" -3. ", "-3"), ("1,244", "1244"), ("$5", "5"), ("½", "0.5"), ("3万", "30000"), ("$5$", "5")],
)
def test_an_expected_number(expected, value):
    assert numbers.read(expected) == numbers.Number(Decimal(value))


@pytest.mark.parametrize("expected", ["", "5 km", "A", "2024-05-01", "12:30", "1,2,3", "x=3", "1 2", "-", "3 or 4"])
def test_what_is_expected_is_not_a_number_alone(expected):
    assert numbers.read(expected) is None


def agree(found, expected, tolerance=TIGHT):
    return numbers.agree(numbers.find(found), numbers.read(expected), tolerance)


@pytest.mark.parametrize(
    ("found", "expected", "tolerance", "right"),
    [
        ("3.14159", "3.14159", TIGHT, True),
        ("3.1415926", "3.1415927", TIGHT, True),  # 1e-7 apart, and 3e-6 would do
        ("3.1416", "3.14159", TIGHT, False),  # 1e-5 apart
        ("3.1416", "3.14159", 1e-5, True),
        ("0.3333333", "1/3", TIGHT, True),
        ("0.33", "1/3", TIGHT, False),
        # Two whole numbers have to be equal: 12345679 is within 1e-7 of 12345678, and wrong.
        ("12345679", "12345678", TIGHT, False),
        ("12345679.5", "12345679", TIGHT, True),
        ("105", "100", 0.05, True),
        ("106", "100", 0.05, False),
        ("-5", "5", 1.0, False),
        ("0", "0", TIGHT, True),
        ("-0", "0", TIGHT, True),
        ("0.0000001", "0", TIGHT, False),
        # A percentage on one side only
        ("50%", "50%", TIGHT, True),
        ("50%", "0.5", TIGHT, True),
        ("50%", "50", TIGHT, True),
        ("0.5", "50%", TIGHT, True),
        ("50", "50%", TIGHT, True),
        ("0.5%", "50%", TIGHT, False),
        ("5000%", "50%", TIGHT, False),
    ],
)
def test_whether_it_is_the_one_expected(found, expected, tolerance, right):
    assert agree(found, expected, tolerance) is right


def test_what_is_beyond_all_bounds_equals_nothing():
    assert not agree("1e999999999999", "1e999999999999")
    assert not agree("1e999999999999", "5")
    assert not agree("5", "1e999999999999")
    assert numbers.find("1e999999999999万 5") == numbers.Number(Decimal(5))
    assert numbers.find("3万 1e999999999999").value.is_nan()


@given(st.integers(-(10**25), 10**25))
def test_thousands_separators_do_not_matter(number):
    for written in (f"{number}", f"{number:,}", f"The result is {number:,}.", f"答案是{number}。", f"**{number:,}**"):
        assert numbers.find(written) == numbers.Number(Decimal(number))


@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_decimal_agrees_with_itself(value):
    assert agree(f"{value:f}", f"{value:f}")
    assert agree(f"It is {value:f}.", f"{value:f}")


@given(st.text(alphabet=st.sampled_from("0123456789.,-+eE/%^{}\\ ½²万亿百×*$boxedfrac\n=答案是#９"), max_size=40))
def test_no_text_is_too_odd_to_be_read(text):
    found = numbers.find(text)
    assert found is None or numbers.agree(found, found, TIGHT) or found.value.is_nan()


def test_a_flood_is_read_in_linear_time():
    # Quadratic, each of these would take minutes: the suite's own limit would end the test.
    for flood in ("1", "1 ", "1,", "1/", " ", "\\boxed{", "{", "答案是", "-", "1e", "answer is "):
        found = numbers.find("The answer is " + flood * 20_000 + "!")
        assert found is None or numbers.agree(found, found, TIGHT) or not found.value.is_finite()

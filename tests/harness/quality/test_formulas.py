import pytest

from harness.quality import formulas


@pytest.mark.parametrize(
    ("text", "expected", "equal"),
    [
        ("$\\frac{1}{2}$", "$0.5$", True),
        ("The answer is $\\boxed{\\frac{2}{4}}$.", "\\frac{1}{2}", True),
        ("\\sqrt{8}", "2\\sqrt{2}", True),
        ("x=2\\sqrt{2}", "2\\sqrt{2}", True),
        ("答案是$\\boxed{2\\sqrt{2}}$。", "$\\sqrt{8}$", True),
        ("$x^2+2x+1$", "$(x+1)^2$", True),
        ("(x+1)^2", "$x^2+2x+1$", True),
        ("$x^2$", "$x^3$", False),
        ("1/2", "\\frac12", True),
        ("The answer is 1/2", "\\frac12", True),
        ("50\\%", "$0.5$", True),
        ("$\\{1,2\\}$", "$\\{2,1\\}$", True),
        ("$(1,2)$", "$(2,1)$", False),
        ("$x \\le 3$", "$3 \\ge x$", True),
        ("$\\pi$", "$3.14$", False),
        ("$-1$", "$1$", False),
        ("", "$1$", False),
        ("nonsense", "$1$", False),
        ("\\boxed{", "$1$", False),
        ("$\\frac{$", "$1$", False),
    ],
)
def test_equivalence(text, expected, equal):
    assert formulas.equivalent(text, expected) is equal


def test_the_same_letters_need_no_library(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "math_verify", None)
    assert formulas.equivalent("So it is $\\boxed{\\frac{1}{2} }$.", "$\\frac{1}{2}$")
    with pytest.raises(ImportError):
        formulas.equivalent("$0.5$", "$\\frac{1}{2}$")


def test_an_expected_answer_that_is_no_formula_decides_nothing():
    with pytest.raises(formulas.Undecided, match="'Paris' is no formula"):
        formulas.equivalent("$1$", "Paris")


def test_a_formula_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(formulas, "TIMEOUT_S", 1)
    with pytest.raises(formulas.Undecided, match="had not decided after 1 s"):
        formulas.equivalent("$9^{9^{9^{9^9}}}$", "$1$")


def test_a_library_that_fails_decides_nothing(monkeypatch):
    import math_verify

    def fail(*_, **__):
        raise ArithmeticError

    monkeypatch.setattr(math_verify, "verify", fail)
    with pytest.raises(formulas.Undecided, match="failed with ArithmeticError"):
        formulas.equivalent("$2$", "$1$")


@pytest.mark.parametrize("text", ["$x$", "\\frac{1}{2}", "\\boxed{4}", "so $x$ and $y$"])
def test_what_looks_like_a_formula(text):
    assert formulas.looks_like_one(text)


@pytest.mark.parametrize("text", ["", "x", "$5", "a\\b", "Paris"])
def test_what_does_not(text):
    assert not formulas.looks_like_one(text)

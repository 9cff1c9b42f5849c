"""Two points compared prompt by prompt: sums done by hand, exact tests of small cases, and what must hold for any values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.strata import Side, Stratified, compare_sides, compare_strata, holm


def ones(right, n):
    return np.array([1.0] * right + [0.0] * (n - right))


def normal(z):
    """Two-sided."""
    return math.erfc(abs(z) / math.sqrt(2))


def test_one_prompt_by_hand():
    # 18 of 20 right against 10 of 20. Expected 20 * 28/40 = 14, seen 10. The variance of the hypergeometric law is
    # 20 * 20 * 28 * 12 / (40 * 40 * 39) = 2.153846.
    found = compare_strata(["a"] * 20, ones(18, 20), ["a"] * 20, ones(10, 20))
    assert found.prompts == 1
    assert found.difference == pytest.approx(-0.4)
    assert found.p == pytest.approx(normal(4 / math.sqrt(2.153846)), rel=1e-6)


def test_two_prompts_are_summed():
    # b: 4 of 10 against 12 of 20. Expected 20 * 16/30 = 10.6667, seen 12; variance 10 * 20 * 16 * 14 / (900 * 29) = 1.716475.
    # Weights: a 20 * 20 / 40 = 10, b 10 * 20 / 30 = 6.6667; difference (10 * -0.4 + 6.6667 * 0.2) / 16.6667 = -0.16.
    base = np.concatenate([ones(18, 20), ones(4, 10)])
    ours = np.concatenate([ones(10, 20), ones(12, 20)])
    found = compare_strata(["a"] * 20 + ["b"] * 10, base, ["a"] * 20 + ["b"] * 20, ours)
    assert found.prompts == 2
    assert found.difference == pytest.approx(-0.16)
    z = (-4 + (12 - 320 / 30)) / math.sqrt(2.153846 + 1.716475)
    assert found.p == pytest.approx(normal(z), rel=1e-6)


def test_values_that_are_no_shares():
    # 6 ones, 6 twos, 6 threes: mean 2, S2 = 12 / 17. The point has the threes, 3 of the twos: seen 24, expected 18.
    # The variance is 9 * 9 / 18 * 12 / 17 = 3.176471.
    base = np.repeat([1.0, 2.0], [6, 3])
    ours = np.repeat([2.0, 3.0], [3, 6])
    found = compare_strata(["a"] * 9, base, ["a"] * 9, ours)
    assert found.difference == pytest.approx(4 / 3)
    # It could have gone 6 to either side, and 6 / (3 - 1) = 3 is no reach for the normal law: so it is dealt out. 12 of 18
    # answers are ones and threes, 18! / (9! 9!) = 48,620 deals; as far are those with C(6, 3) = 20 choices of the twos, each way.
    assert found.p == pytest.approx(40 / 48620, abs=0.0006)
    ten = compare_strata(["a"] * 90, np.tile(base, 10), ["a"] * 90, np.tile(ours, 10))
    # Ten times as much: seen 240, expected 180; variance 90 * 90 / 180 * (120 / 179) = 30.167598.
    assert ten.p == pytest.approx(normal(60 / math.sqrt(30.167598)), rel=1e-6)


@pytest.mark.parametrize(
    ("right", "n", "ours", "p"),
    [
        # Fisher's exact test, two-sided: all 20 deals of three ones and three zeros, of which 2 are as far.
        (3, 3, 0, 2 / 20),
        # 1 of 12 wrong: it lies on one side or the other.
        (6, 6, 5, 1.0),
        # 5 wrong of 20, all ours: 2 * C(10, 5) / C(20, 5).
        (10, 10, 5, 2 * math.comb(10, 5) / math.comb(20, 5)),
    ],
)
def test_few_differing_answers_are_dealt_out(right, n, ours, p):
    found = compare_strata(["a"] * n, ones(right, n), ["a"] * n, ones(ours, n))
    # Four standard deviations of 9,999 deals.
    assert found.p == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 9999) + 2e-4)


def test_another_mix_of_prompts_is_no_difference():
    # Each prompt is answered as well as before; the hard one is only asked more often.
    base = np.concatenate([ones(90, 100), ones(2, 10)])
    ours = np.concatenate([ones(9, 10), ones(20, 100)])
    found = compare_strata(["easy"] * 100 + ["hard"] * 10, base, ["easy"] * 10 + ["hard"] * 100, ours)
    assert (found.prompts, found.p) == (2, pytest.approx(1.0))
    assert found.difference == pytest.approx(0.0)


def test_prompts_that_only_one_has_count_for_nothing():
    alone = compare_strata(["a"] * 20, ones(18, 20), ["a"] * 20, ones(10, 20))
    base = np.concatenate([ones(18, 20), ones(0, 7)])
    ours = np.concatenate([ones(10, 20), ones(9, 9)])
    assert compare_strata(["a"] * 20 + ["b"] * 7, base, ["a"] * 20 + ["c"] * 9, ours) == alone


@pytest.mark.parametrize(("base", "ours"), [([], []), (["a"], []), (["a", "a"], ["b"])])
def test_without_a_prompt_in_both_there_is_no_test(base, ours):
    assert compare_strata(base, np.ones(len(base)), ours, np.ones(len(ours))) == Stratified(0, None, None)


def test_the_same_everywhere_is_no_difference():
    # 0.1 + 0.1 + 0.1 is not three times 0.1 to a computer.
    tenths = np.full(3, 0.1)
    assert compare_strata(["a"] * 3, tenths, ["a"] * 3, tenths) == Stratified(1, 0.0, 1.0)
    assert compare_strata(["a", "b"], np.array([1.0, 2.0]), ["b", "a"], np.array([2.0, 1.0])) == Stratified(2, 0.0, 1.0)


ANSWERS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=40)


def both(base, ours):
    return compare_strata(
        [prompt for prompt, _ in base],
        np.array([value for _, value in base]),
        [prompt for prompt, _ in ours],
        np.array([value for _, value in ours]),
    )


@given(base=ANSWERS, ours=ANSWERS)
def test_order_is_nothing_and_sides_are_alike(base, ours):
    found = both(base, ours)
    again = both(base[::-1], ours[::-1])
    other = both(ours, base)
    assert (found.prompts, again.prompts, other.prompts) == (len({p for p, _ in base} & {p for p, _ in ours}),) * 3
    if found.prompts:
        assert again.p == pytest.approx(found.p)
        assert again.difference == pytest.approx(found.difference)
        assert other.difference == pytest.approx(-found.difference)
        # Dealt out the other way round, chance has it a little differently.
        assert other.p == pytest.approx(found.p, abs=0.03)
        assert 0 < found.p <= 1
        assert -1 <= found.difference <= 1


@given(base=ANSWERS, ours=ANSWERS)
def test_another_unit_changes_no_p(base, ours):
    found = both(base, ours)
    scaled = both([(p, 100 * v + 7) for p, v in base], [(p, 100 * v + 7) for p, v in ours])
    if found.prompts:
        assert scaled.p == pytest.approx(found.p)
        assert scaled.difference == pytest.approx(100 * found.difference)


@pytest.mark.parametrize("ratio", [0.5, 0.95])
def test_chance_alone_is_seldom_called_a_difference(ratio):
    draw = np.random.default_rng(7)
    base_prompts, prompts = [f"p/{n % 20}" for n in range(40)], [f"p/{n % 20}" for n in range(60)]
    false = sum(
        compare_strata(base_prompts, 1.0 * (draw.random(40) < ratio), prompts, 1.0 * (draw.random(60) < ratio)).p < 0.05
        for _ in range(400)
    )
    # 5 % of 400 are 20; with 36 it would be four standard deviations more.
    assert false <= 36


def test_a_planted_drop_is_found():
    draw = np.random.default_rng(7)
    prompts = [f"p/{n % 20}" for n in range(100)]
    found = sum(
        compare_strata(prompts, 1.0 * (draw.random(100) < 0.95), prompts, 1.0 * (draw.random(100) < 0.6)).p < 0.05
        for _ in range(50)
    )
    assert found == 50


def test_holm_by_hand():
    # Sorted 0.01, 0.03, 0.04: times 3, 2, 1; none less than the one before it. What was not tested is not counted.
    assert holm([0.04, None, 0.01, 0.03]) == [0.06, None, 0.03, 0.06]
    assert holm([]) == []
    assert holm([None]) == [None]
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_makes_a_p_smaller_nor_changes_their_order(ps):
    adjusted = holm(ps)
    assert all(p <= after <= 1 for p, after in zip(ps, adjusted, strict=True))
    ranked = [after for _, after in sorted(zip(ps, adjusted, strict=True))]
    assert ranked == sorted(ranked)


# Prompts of one side


def test_prompts_of_one_side_are_two_samples_of_prompts():
    # The prompt a is compared with itself: 1 against 0, weight 1/2. Of the others the base has b (its mean is 1/2) and c (1),
    # the point d (0) and e (0): 0 - 3/4, weight 2 * 2 / 4 = 1. In all (-1/2 - 3/4) / (3/2) = -5/6.
    base = Side(["a", "b", "b", "c"], [0] * 4, np.array([1.0, 1.0, 0.0, 1.0]))
    ours = Side(["a", "d", "e", "e"], [0] * 4, np.array([0.0, 0.0, 0.0, 0.0]))
    compared = compare_sides(base, ours)
    assert (compared.prompts, compared.others) == (1, 4)
    assert compared.difference == pytest.approx(-5 / 6)


def test_prompts_of_different_kinds_are_never_compared():
    base = Side(["a", "b"], [0, 1], np.array([1.0, 1.0]))
    ours = Side(["c", "d"], [0, 2], np.array([1.0, 0.0]))
    compared = compare_sides(base, ours)
    assert (compared.prompts, compared.others, compared.difference, compared.p) == (0, 2, 0.0, 1.0)
    assert compare_sides(base._replace(kinds=[3, 4]), ours).difference is None


def test_with_all_prompts_shared_nothing_is_added():
    base = Side(["a", "b", "a"], [0] * 3, np.array([1.0, 0.0, 1.0]))
    ours = Side(["b", "a"], [0] * 2, np.array([1.0, 0.0]))
    assert compare_sides(base, ours) == compare_strata(base.prompts, base.values, ours.prompts, ours.values)


def test_two_samples_of_prompts_differ_as_seldom_as_they_should():
    # Hundreds of sets in which nothing differs: below 5 % in about 5 % of them.
    draw = np.random.default_rng(7)
    found = 0
    for _ in range(400):
        easy = draw.random(60) < 0.6
        base = Side([f"b{n}" for n in range(20)], [0] * 20, easy[:20].astype(float))
        ours = Side([f"o{n}" for n in range(40)], [0] * 40, easy[20:].astype(float))
        found += compare_sides(base, ours).p < 0.05
    assert 8 <= found <= 36  # 20 expected, standard deviation 4.4

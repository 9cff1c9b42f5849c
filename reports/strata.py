"""Whether scores differ between two points, prompt by prompt, and whether chance alone would do that. Pure.

Answers to one prompt are a stratum: each prompt is compared with itself, so that another mix of prompts is no difference.
Prompts that only one of the points asked are dealt to the points by chance, as the order of a set is: with one value each,
the mean of its answers, they are one stratum more for each kind of prompt.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from reports.frames import Floats, Ints
from reports.window import Flags

_REACH = 5.0
"""Of N. Mantel and J. L. Fleiss, American Journal of Epidemiology 112, 1980: below it the normal law is no measure."""
_SHUFFLES = 9999
_SEED = 20260131
_DIGITS = 1e-9
_OTHERS = "\0"
"""Begins the name of a stratum that is no prompt."""


class Stratified(NamedTuple):
    """What two points have to say of one score."""

    prompts: int
    """That were asked at both."""
    difference: float | None
    """Score less that of the base, mean over the strata with the weights n_base n / (n_base + n)."""
    p: float | None
    """By chance alone, two-sided; 1 where all that is compared is equal, None where there is nothing to compare."""
    others: int = 0
    """Prompts that were asked at one of the two only, and compared as such."""


class Side(NamedTuple):
    """The observed values of one point, each beside the prompt it belongs to and the kind of that prompt."""

    prompts: Sequence[str]
    kinds: Sequence[int]
    """Prompts of different kinds, such as first and later turns, are never compared with each other."""
    values: Floats


class _Strata(NamedTuple):
    """All answers to the prompts that were asked at both points, sorted by prompt and then by value."""

    code: Ints
    """Which prompt, from 0."""
    y: Floats
    ours: Floats
    """1 for an answer of the point, 0 for one of the base."""


class _Sums(NamedTuple):
    """One entry a prompt."""

    n: Floats
    n_ours: Floats
    total: Floats
    ours: Floats
    spread: Floats
    """Largest less smallest value."""

    def only(self, kept: Flags) -> "_Sums":
        return _Sums(self.n[kept], self.n_ours[kept], self.total[kept], self.ours[kept], self.spread[kept])


def compare_strata(
    base_prompts: Sequence[str], base_values: Floats, prompts: Sequence[str], values: Floats
) -> Stratified:
    """Compares the observed values of two points, each beside the prompt it belongs to.

    The statistic is the sum over prompts of what the point's answers have above the mean of all answers to that prompt;
    its variance is that of all ways to deal the same values out to the two points. For values of 0 and 1 that is the test
    of Cochran, Mantel and Haenszel (JNCI 22, 1959) without continuity correction, for others the mean score test of
    J. R. Landis, E. R. Heyman and G. G. Koch (International Statistical Review 46, 1978). Where so few answers differ that
    the normal law is no measure, the values are dealt out 9,999 times instead, the same way each time.
    """
    strata = _shared(base_prompts, base_values, prompts, values)
    if len(strata.code) == 0:
        return Stratified(0, None, None)
    sums = _sums(strata)
    return Stratified(len(sums.n), _difference(sums), _p(strata, sums))


def compare_sides(base: Side, ours: Side) -> Stratified:
    """As `compare_strata`, with the prompts that only one of the two asked besides."""
    shared = {*base.prompts} & {*ours.prompts}
    lone_base, lone = _alone(base, shared), _alone(ours, shared)
    kinds = {kind for kind, _ in lone_base} & {kind for kind, _ in lone}
    left, right = (
        _with_others(side, shared, [each for each in alone if each[0] in kinds])
        for side, alone in ((base, lone_base), (ours, lone))
    )
    compared = compare_strata(left.prompts, left.values, right.prompts, right.values)
    others = sum(kind in kinds for kind, _ in (*lone_base, *lone))
    return compared._replace(prompts=len(shared), others=others)


def _alone(side: Side, shared: set[str]) -> list[tuple[int, float]]:
    """Kind and mean value of each prompt that is not shared."""
    values: dict[tuple[int, str], list[float]] = {}
    for prompt, kind, value in zip(*side, strict=True):
        if prompt not in shared:
            values.setdefault((kind, prompt), []).append(value)
    return [(kind, math.fsum(several) / len(several)) for (kind, _), several in values.items()]


def _with_others(side: Side, shared: set[str], alone: list[tuple[int, float]]) -> Side:
    rows = [row for row in zip(*side, strict=True) if row[0] in shared]
    rows += [(f"{_OTHERS}{kind}", kind, value) for kind, value in alone]
    return Side([row[0] for row in rows], [row[1] for row in rows], np.array([row[2] for row in rows], np.float64))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """The p of several tests, so that the chance of even one false finding stays at the level (S. Holm, 1979).

    None is no test and stays None.
    """
    tested = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    least = 0.0
    for rank, (p, place) in enumerate(tested):
        least = max(least, min(1.0, p * (len(tested) - rank)))
        adjusted[place] = least
    return adjusted


def _shared(base_prompts: Sequence[str], base_values: Floats, prompts: Sequence[str], values: Floats) -> _Strata:
    code, _ = pd.factorize(np.array([*base_prompts, *prompts], dtype=object), sort=True)
    y = np.concatenate([base_values, values]).astype(np.float64)
    ours = np.repeat([0.0, 1.0], [len(base_values), len(values)])
    both = (np.bincount(code, ours) > 0) & (np.bincount(code, 1 - ours) > 0)
    kept = both[code]
    return _sorted(_Strata(code[kept], y[kept], ours[kept]))


def _sorted(strata: _Strata) -> _Strata:
    order = np.lexsort((strata.y, strata.code))
    _, code = np.unique(strata.code[order], return_inverse=True)
    return _Strata(code, strata.y[order], strata.ours[order])


def _sums(strata: _Strata) -> _Sums:
    code, y, ours = strata
    n = np.bincount(code)
    last = np.cumsum(n) - 1
    return _Sums(
        n=n.astype(np.float64),
        n_ours=np.bincount(code, ours).astype(np.float64),
        total=np.bincount(code, y).astype(np.float64),
        ours=np.bincount(code, y * ours).astype(np.float64),
        spread=y[last] - y[last - n + 1],
    )


def _difference(sums: _Sums) -> float:
    widest = float(sums.spread.max())
    if widest == 0:
        return 0.0
    base_n = sums.n - sums.n_ours
    weight = base_n * sums.n_ours / sums.n
    apart = sums.ours / sums.n_ours - (sums.total - sums.ours) / base_n
    difference = float((weight * apart).sum() / weight.sum())
    # The same values summed in another order differ in their last digits.
    return 0.0 if abs(difference) <= _DIGITS * widest else difference


def _p(strata: _Strata, sums: _Sums) -> float:
    telling = sums.spread > 0
    if not telling.any():
        return 1.0
    kept = telling[strata.code]
    strata = _sorted(_Strata(strata.code[kept], strata.y[kept], strata.ours[kept]))
    sums = sums.only(telling)
    above = float((sums.ours - sums.n_ours * sums.total / sums.n).sum())
    if _reach(strata, sums) < _REACH:
        return _p_by_dealing(strata, sums, above)
    off = strata.y - (sums.total / sums.n)[strata.code]
    squares = np.bincount(strata.code, off * off)
    variance = float(((sums.n - sums.n_ours) * sums.n_ours / sums.n * squares / (sums.n - 1)).sum())
    return math.erfc(abs(above) / math.sqrt(2 * variance))


def _reach(strata: _Strata, sums: _Sums) -> float:
    """How far the statistic could have gone to either side, the smaller one, in units of the widest spread of a prompt."""
    n, n_ours = sums.n[strata.code], sums.n_ours[strata.code]
    place = np.arange(len(strata.y)) - (np.cumsum(sums.n) - sums.n)[strata.code]
    middle = float((sums.n_ours * sums.total / sums.n).sum())
    most, least = strata.y[place >= n - n_ours].sum(), strata.y[place < n_ours].sum()
    return float(min(most - middle, middle - least) / sums.spread.max())


def _p_by_dealing(strata: _Strata, sums: _Sums, above: float) -> float:
    draw = np.random.default_rng(_SEED)
    dealt = np.zeros(_SHUFFLES)
    ends = np.cumsum(sums.n).astype(int)
    for end, n, n_ours in zip(ends, sums.n.astype(int), sums.n_ours.astype(int), strict=True):
        values, counts = np.unique(strata.y[end - n : end], return_counts=True)
        dealt += draw.multivariate_hypergeometric(counts, n_ours, _SHUFFLES) @ values - n_ours * (values @ counts) / n
    as_far = np.abs(dealt) >= abs(above) - _DIGITS * float(sums.spread.max())
    # What was seen is itself one of the ways to deal (B. Phipson and G. K. Smyth, 2010).
    return (1 + int(as_far.sum())) / (1 + _SHUFFLES)

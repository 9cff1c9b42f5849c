"""The scores of two runs side by side: the same answers to the same prompts, by the same scorer. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from harness.score import Better, Kind, Scorer
from reports.answers import Valued, asked, valued
from reports.frames import Frames
from reports.quality import finding
from reports.report import Found, PointKey
from reports.strata import Stratified, compare_sides, holm


class ScoreDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One score of a pair of points, candidate against base."""

    scorer: str
    label: str
    kind: Kind
    better: Better
    base: float | None
    candidate: float | None
    base_n: int
    candidate_n: int
    """Answers that have a value."""
    prompts: int
    """That were asked on both sides."""
    others: int
    """That were asked on one side only, compared as such."""
    difference: float | None
    """Each prompt of both sides against itself, and the others with each other; candidate - base."""
    p: float | None
    """By chance alone, two-sided, after Holm for all pairs of points of the scorer."""
    found: Found


class Keys(NamedTuple):
    """Which rows of the two reports are compared."""

    base: PointKey
    candidate: PointKey


class _Sides(NamedTuple):
    base: Valued
    candidate: Valued


def compare_scores(base: Frames | None, candidate: Frames | None, pairs: Sequence[Keys]) -> list[list[ScoreDifference]]:
    """A list a pair, with an entry for each scorer that scored both runs in the same version with the same settings."""
    by_scorer = [] if base is None or candidate is None else list(_by_scorer(base, candidate, pairs))
    return [list(row) for row in zip(*by_scorer, strict=True)] or [[] for _ in pairs]


def _by_scorer(base: Frames, candidate: Frames, pairs: Sequence[Keys]) -> Iterator[list[ScoreDifference]]:
    digests = {} if base.scores is None else {scorer.name: scorer.digest for scorer in base.scores.scorers}
    for scorer in candidate.scores.scorers if candidate.scores is not None else ():
        left, right = _points(base, scorer.name), _points(candidate, scorer.name)
        if left and right and digests[scorer.name] == scorer.digest:
            yield _compare(scorer, [_Sides(left[keys.base], right[keys.candidate]) for keys in pairs])


def _compare(scorer: Scorer, pairs: Sequence[_Sides]) -> list[ScoreDifference]:
    compared = [compare_sides(each.base.side, each.candidate.side) for each in pairs]
    adjusted = holm([each.p for each in compared])
    return [_difference(scorer, *each) for each in zip(pairs, compared, adjusted, strict=True)]


def _difference(scorer: Scorer, sides: _Sides, compared: Stratified, p: float | None) -> ScoreDifference:
    return ScoreDifference(
        scorer=scorer.name,
        label=scorer.label,
        kind=scorer.kind,
        better=scorer.better,
        base=_mean(sides.base),
        candidate=_mean(sides.candidate),
        base_n=len(sides.base.values),
        candidate_n=len(sides.candidate.values),
        prompts=compared.prompts,
        others=compared.others,
        difference=compared.difference,
        p=p,
        found=finding(compared.difference, p),
    )


def _points(run: Frames, name: str) -> dict[PointKey, Valued]:
    """Empty where the scorer scored no answers."""
    scores = run.scores
    if scores is None or name not in scores.by_request:
        return {}
    points = [asked(run.manifest, point) for point in run.points]
    return {point.key: valued(point, scores.by_request[name]) for point in points}


def _mean(side: Valued) -> float | None:
    return float(np.mean(side.values)) if len(side.values) else None

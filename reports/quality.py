"""What scorers say of the answers of each point, and whether that differs with the load. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from harness.score import BY_NAME, Gap, Scorer
from reports.answers import Valued, asked, valued
from reports.frames import Floats, Frames, Scores
from reports.intervals import bootstrap_mean, wilson
from reports.limits import QUALITY_P
from reports.report import Bounds, Difference, Found, PointKey, QualityReport, ScoreReport, ScorerReport
from reports.stats import share
from reports.strata import Stratified, compare_sides, holm
from reports.texts import text_scores

MOST = 8
"""Of labels and of reasons, so many are told."""

ByPoint = dict[PointKey, list[ScoreReport]]


def score_points(run: Frames) -> ByPoint:
    """A report for each scorer of answers, at each point; empty where nobody scored."""
    scores = run.scores
    if scores is None:
        return {}
    points = [asked(run.manifest, point) for point in run.points]
    found: ByPoint = {point.key: [] for point in points}
    for scorer in scores.scorers:
        if scorer.name in scores.by_request:
            rows = [valued(point, scores.by_request[scorer.name]) for point in points]
            for each, difference in zip(rows, _differences(rows), strict=True):
                found[each.asked.key].append(_report(scorer, each, difference))
    return found


def _report(scorer: Scorer, found: Valued, difference: Difference | None) -> ScoreReport:
    n = len(found.values)
    return ScoreReport(
        scorer=scorer.name,
        n=n,
        unscored=len(found.whys),
        value=float(found.values.mean()) if n else None,
        interval=_interval(scorer, found.values),
        of_requests=_of_requests(scorer, found),
        labels=_most_frequent(found.labels),
        whys=_most_frequent(found.whys),
        difference=difference,
    )


def _interval(scorer: Scorer, values: Floats) -> Bounds | None:
    # A scorer of the user's own may call a ratio what has halves in it.
    if scorer.kind == "ratio" and np.isin(values, (0.0, 1.0)).all():
        return wilson(int(values.sum()), len(values))
    return bootstrap_mean(values)


def _of_requests(scorer: Scorer, found: Valued) -> float | None:
    if not scorer.checks or len(found.values) < len(found.asked.ok):
        return None
    return share(float(found.values.sum()), found.asked.judged)


def _most_frequent(words: Iterable[str]) -> dict[str, int]:
    counted = Counter(words)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST])


def _differences(points: Sequence[Valued]) -> list[Difference | None]:
    """Of each point from its target's point of fewest users, after Holm for all of them."""
    bases = [_base(point, points) for point in points]
    compared = [_compare(base, point) for base, point in zip(bases, points, strict=True)]
    adjusted = holm([None if each is None else each.p for each in compared])
    return [
        None if base is None or each is None else _difference(base, each, p)
        for base, each, p in zip(bases, compared, adjusted, strict=True)
    ]


def _base(point: Valued, points: Sequence[Valued]) -> Valued | None:
    """The point of fewest users of the same target that has values; of those that are equal in it a finished one, the last."""
    fit = [each for each in points if each.asked.key.target == point.asked.key.target and len(each.values)]
    return min(fit, key=lambda each: (each.asked.users, not each.asked.is_done, -each.asked.key.point), default=None)


def _compare(base: Valued | None, point: Valued) -> Stratified | None:
    if base is None or base is point or not len(point.values):
        return None
    return compare_sides(base.side, point.side)


def _difference(base: Valued, compared: Stratified, p: float | None) -> Difference:
    return Difference(
        users=base.asked.users,
        point=base.asked.key.point,
        prompts=compared.prompts,
        others=compared.others,
        difference=compared.difference,
        p=p,
        found=finding(compared.difference, p),
    )


def finding(difference: float | None, p: float | None) -> Found:
    """What a difference says at the level of `QUALITY_P`."""
    if difference is None or p is None:
        return "untested"
    if QUALITY_P.note is None or p >= QUALITY_P.note or difference == 0:
        return "none"
    return "lower" if difference < 0 else "higher"


def quality_of(run: Frames) -> QualityReport | None:
    """Of the whole run; None where nobody scored."""
    scores = run.scores
    if scores is None:
        return None
    return QualityReport(
        scorers=[_scorer(scorer, scores) for scorer in scores.scorers],
        texts=text_scores(run.manifest, scores),
        gaps=[*(_gap(gap, scores) for gap in scores.gaps), *_torn(scores)],
    )


def _scorer(scorer: Scorer, scores: Scores) -> ScorerReport:
    first = scores.by_request.get(scorer.name, {})
    pairs = [
        (first[name].value, again.value)
        for name, again in scores.repeats.get(scorer.name, {}).items()
        if name in first and first[name].value is not None and again.value is not None
    ]
    same = sum(one == other for one, other in pairs)
    return ScorerReport(
        **{name: getattr(scorer, name) for name in _SHARED},
        repeats=len(pairs),
        agreement=share(same, len(pairs)),
        agreement_interval=wilson(same, len(pairs)),
    )


_SHARED = [name for name in ScorerReport.__struct_fields__ if name in Scorer.__struct_fields__]


def _gap(gap: Gap, scores: Scores) -> str:
    labels = {name: meaning.label for name, meaning in BY_NAME.items()}
    labels |= {scorer.name: scorer.label for scorer in scores.scorers}
    of_target = "" if gap.target is None else f" of {gap.target}"
    return f"{labels.get(gap.scorer, gap.scorer)}{of_target}: {gap.text}"


def _torn(scores: Scores) -> list[str]:
    if not scores.torn_lines:
        return []
    lines = "1 line" if scores.torn_lines == 1 else f"{scores.torn_lines} lines"
    return [f"{lines} of quality.jsonl could not be read; llocust quality scores again what is missing."]


def worse(scorer: ScorerReport, difference: Difference | None) -> bool:
    """Whether a difference was found, and in the direction that nobody wants."""
    bad = {"higher": "lower", "lower": "higher"}.get(scorer.better)
    return difference is not None and difference.found == bad

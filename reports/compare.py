"""Two runs side by side, by the same definitions: candidate against base, point by point.

Points are matched by (target, users). An interval is given where the raw requests of both runs are at hand: the 95 %
bootstrap interval of the difference, which takes requests as independent and so is a little too narrow under load.
"""

from typing import Any, NamedTuple

import msgspec

from reports.comparable import Change, differences, obstacles
from reports.frames import Frames
from reports.headline import HEADLINES, Better, Headline, read
from reports.report import PointReport, Report, Verdict
from reports.samples import Pair, interval, samples_of
from reports.scoresides import Keys, ScoreDifference, compare_scores

SCHEMA = 1


class CompareError(Exception):
    """Two runs that cannot be compared; `sentences` says why, one obstacle each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of a pair of points, in `unit` (latencies in seconds, ratios 0..1)."""

    key: str
    """Where it stands in a point of report.json, e.g. `latency.ttft_s.p50`."""
    label: str
    unit: str
    better: Better
    base: float | None
    candidate: float | None
    difference: float | None
    """candidate - base."""
    ratio: float | None
    """candidate / base; None where the base is zero."""
    low: float | None
    """Lower end of the difference's 95 % interval; None where raw requests were not at hand."""
    high: float | None


class PointComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of points. A pair with an invalid side is shown and never headlined."""

    target: str
    users: int
    base_verdict: Verdict
    candidate_verdict: Verdict
    metrics: list[Difference]
    scores: list[ScoreDifference] = []
    """Of the scorers that scored both runs alike; empty where raw requests were not at hand."""

    @property
    def name(self) -> str:
        """Its users, and its target where it was named."""
        users = "1 user" if self.users == 1 else f"{self.users} users"
        return users if self.target == "default" else f"{users}, {self.target}"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`base` and `candidate` are the runs in short, as in report.json."""

    schema: int = SCHEMA
    base: dict[str, Any]
    candidate: dict[str, Any]
    base_verdict: Verdict
    candidate_verdict: Verdict
    differs: list[Change]
    """What is not the same in the two runs, among what may differ."""
    points: list[PointComparison]
    only_base: list[int]
    """Users of the points that only the base has, in its order."""
    only_candidate: list[int]


class _Key(NamedTuple):
    target: str
    users: int


_Points = dict[_Key, PointReport]


def compare(
    base: Report,
    candidate: Report,
    base_frames: Frames | None = None,
    candidate_frames: Frames | None = None,
) -> Comparison:
    """The comparison, with intervals where both frames are given. Raises CompareError."""
    sentences = obstacles(base, candidate)
    left, right = _by_key(base), _by_key(candidate)
    common = [key for key in left if key in right]
    if not common:
        sentences.append("The runs have no finished point of the same target and users; sweep the same users in both.")
    if sentences:
        raise CompareError(sentences)
    left_samples, right_samples = samples_of(base_frames), samples_of(candidate_frames)
    scores = compare_scores(base_frames, candidate_frames, [Keys(left[key].key, right[key].key) for key in common])
    return Comparison(
        base=base.run,
        candidate=candidate.run,
        base_verdict=base.verdict,
        candidate_verdict=candidate.verdict,
        differs=differences(base, candidate),
        points=[
            _compare_points(
                left[key],
                right[key],
                Pair(left_samples.get(left[key].key, {}), right_samples.get(right[key].key, {})),
                mine,
            )
            for key, mine in zip(common, scores, strict=True)
        ],
        only_base=[key.users for key in left if key not in right],
        only_candidate=[key.users for key in right if key not in left],
    )


def _by_key(report: Report) -> _Points:
    """The finished points; of a point that was run again, the last."""
    return {_Key(point.target, point.users): point for point in report.points if point.state == "done"}


def _compare_points(
    base: PointReport, candidate: PointReport, samples: Pair, scores: list[ScoreDifference]
) -> PointComparison:
    one_slo = _slo(base) is not None and _slo(base) == _slo(candidate)
    return PointComparison(
        target=base.target,
        users=base.users,
        base_verdict=base.verdict,
        candidate_verdict=candidate.verdict,
        # Under two SLOs the word goodput means two things.
        metrics=[
            _compare_metric(headline, base, candidate, samples)
            for headline in HEADLINES
            if one_slo or not headline.needs_slo
        ],
        scores=scores,
    )


def _compare_metric(headline: Headline, base: PointReport, candidate: PointReport, samples: Pair) -> Difference:
    was, is_now = read(base, headline.key), read(candidate, headline.key)
    likely = interval(samples, headline.key)
    return Difference(
        key=headline.key,
        label=headline.label,
        unit=headline.unit,
        better=headline.better,
        base=was,
        candidate=is_now,
        difference=None if was is None or is_now is None else is_now - was,
        ratio=None if not was or is_now is None else is_now / was,
        low=None if likely is None else likely.low,
        high=None if likely is None else likely.high,
    )


def _slo(point: PointReport) -> dict[str, float] | None:
    return None if point.goodput is None else point.goodput.slo

"""The chart of canaries: how many got another answer, against the users. It is drawn as any score is."""

import msgspec

from reports.charts.look import Figure, Panel
from reports.charts.quality import users_chart
from reports.report import PointReport, Report, ScoreReport, ScorerReport

CHANGED = ScorerReport(
    name="changed",
    label="Canaries answered otherwise",
    kind="ratio",
    better="lower",
    definition="canaries whose answer is not the one that was given most often at fewest users",
    checks=False,
    version=1,
    settings={},
)


def canaries_figure(report: Report) -> Figure:
    """The share that changed at each point."""
    panel = Panel(
        "Canaries answered otherwise",
        "One line a target. Each prompt is held against the answer that it got most often at fewest users; there, against the "
        "others of that point: how often the server disagrees with itself. Bars are 95 % intervals.",
        users_chart(_as_scores(report), CHANGED),
        "Nothing to draw: no canary was answered that could be compared.",
    )
    return Figure("canaries", "Canaries", (panel,))


def _as_scores(report: Report) -> Report:
    points = [msgspec.structs.replace(point, quality=_score(point)) for point in report.points]
    return msgspec.structs.replace(report, points=points)


def _score(point: PointReport) -> list[ScoreReport]:
    found = point.canaries
    if found is None:
        return []
    return [
        ScoreReport(
            scorer=CHANGED.name, n=found.compared, unscored=0, value=found.changed_ratio, interval=found.interval
        )
    ]

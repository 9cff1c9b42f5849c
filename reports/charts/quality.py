"""Charts of scores: each with its interval against the users, and against the wait for the first token."""

from collections.abc import Iterator
from typing import Any

import altair as alt

from reports.charts import look
from reports.charts.beside import users_beside
from reports.charts.look import Figure, Panel, Row
from reports.report import PointReport, Report, ScoreReport, ScorerReport

_MS = 1000.0
_LEAST_SPAN = 0.2
"""Of the axis of a ratio: less of it would make much of little."""
_MARGIN = 0.05
_APART = 1.05
_ABSENT = "Nothing to draw: no answer has this score."


def quality_figure(report: Report) -> Figure:
    """Each score against users, a panel a scorer."""
    panels = [
        Panel(
            f"{scorer.label} against users",
            f"{_defined(scorer)} Bars are 95 % intervals: where those of two points lie apart, chance alone seldom makes it.",
            users_chart(report, scorer),
            _ABSENT,
        )
        for scorer in _drawn(report)
    ]
    return Figure("quality", "Quality against users", tuple(panels))


def quality_ttft_figure(report: Report) -> Figure:
    """Each score against the median TTFT, a panel a scorer."""
    panels = [
        Panel(
            f"{scorer.label} against time to first token",
            "One mark a point, labelled with its users and joined in their order; bars are 95 % intervals. A level line says "
            "that the wait changes and the answers do not.",
            ttft_chart(report, scorer),
            "Nothing to draw: no point has both a score and a TTFT.",
        )
        for scorer in _drawn(report)
    ]
    return Figure("quality_ttft", "Quality against time to first token", tuple(panels))


def _drawn(report: Report) -> list[ScorerReport]:
    """Those that scored answers."""
    named = {score.scorer for point in report.points for score in point.quality}
    return [scorer for scorer in report.quality.scorers if scorer.name in named] if report.quality is not None else []


def _defined(scorer: ScorerReport) -> str:
    better = "" if scorer.better == "neither" else f"; {scorer.better} is better"
    return f"{scorer.definition[:1].upper()}{scorer.definition[1:]}{better}."


def users_chart(report: Report, scorer: ScorerReport) -> alt.LayerChart | None:
    """None without any value."""
    rows = list(_rows(report, scorer))
    if not rows:
        return None
    x = look.users_axis([int(row["users"]) for row in rows])
    x.shorthand = "at:Q"
    return _chart(report, scorer, rows, x)


def ttft_chart(report: Report, scorer: ScorerReport) -> alt.LayerChart | None:
    """None without any point that has both."""
    rows = [row for row in _rows(report, scorer) if "ttft_ms" in row]
    if not rows:
        return None
    scale = look.value_scale([float(row["ttft_ms"]) for row in rows])
    x = alt.X("ttft_ms:Q", title="TTFT p50 (ms)", scale=scale)
    chart = _chart(report, scorer, rows, x)
    return look.layered(*chart.layer, *users_beside(rows, look.targets_of(report), x, _y(scorer, rows)))


def _rows(report: Report, scorer: ScorerReport) -> Iterator[Row]:
    names, targets = look.labels(report), look.targets_of(report)
    stretch = 0
    for point in sorted(report.points, key=lambda point: (point.target, point.users, point.index)):
        stretch += point.verdict == "invalid"
        for score in point.quality:
            if score.scorer == scorer.name and score.value is not None:
                yield _row(point, score, score.value) | Row(
                    label=names[point.key],
                    stretch=stretch,
                    # Beside each other, where the bars of several targets would hide one another.
                    at=look.brief(point.users * _APART ** (targets.index(point.target) - (len(targets) - 1) / 2)),
                )


def _row(point: PointReport, score: ScoreReport, value: float) -> Row:
    row: Row = {
        "users": point.users,
        "target": point.target,
        "verdict": point.verdict,
        "value": look.brief(value),
        "n": score.n,
    }
    if score.interval is not None:
        row |= {"low": look.brief(score.interval.low), "high": look.brief(score.interval.high)}
    ttft_s = point.latency.ttft_s.p50
    return row if ttft_s is None else row | {"ttft_ms": look.brief(ttft_s * _MS)}


def _y(scorer: ScorerReport, rows: list[Row]) -> alt.Y:
    axis = alt.Axis(format="%") if scorer.kind == "ratio" else alt.Axis()
    return alt.Y("value:Q", title=scorer.label, scale=_scale(scorer, rows), axis=axis)


def _scale(scorer: ScorerReport, rows: list[Row]) -> alt.Scale:
    """What is drawn and a little more; not from zero, where most scores would lie together at the top."""
    ends = [float(row[name]) for row in rows for name in ("value", "low", "high") if name in row]
    low, high = min(ends), max(ends)
    if scorer.kind == "ratio":
        short = max(0.0, _LEAST_SPAN - (high - low)) / 2
        low, high = max(0.0, low - short), min(1.0, high + short)
    margin = _MARGIN * (high - low) or _MARGIN * abs(high) or 1.0
    return alt.Scale(domain=[look.brief(low - margin), look.brief(high + margin)], nice=False, zero=False)


def _chart(report: Report, scorer: ScorerReport, rows: list[Row], x: alt.X) -> alt.LayerChart:
    y, colour = _y(scorer, rows), _colour(report)
    toned = alt.when("datum.verdict == 'invalid'").then(alt.value(look.GREY)).otherwise(colour)
    sound = [row for row in rows if row["verdict"] != "invalid"]
    chart, bars = alt.Chart(look.data(rows)), [row for row in rows if "low" in row]
    layers: list[Any] = [
        # It runs through the invalid points too, so that the eye finds them where they are.
        chart.mark_line(color=look.GREY, strokeWidth=1, strokeDash=[2, 3]).encode(
            x=x, y=y, detail="target:N", order="users:Q"
        ),
    ]
    if sound:
        line = alt.Chart(look.data(sound)).mark_line(strokeWidth=2)
        layers.append(line.encode(x=x, y=y, color=colour, detail=["stretch:O", "target:N"], order="users:Q"))
    if bars:
        bar = alt.Chart(look.data(bars)).mark_rule(strokeWidth=1.5)
        layers.append(bar.encode(x=x, y=_end(y), y2="high:Q", color=toned))
    marks = chart.mark_point(size=55, filled=True, opacity=1)
    layers.append(marks.encode(x=x, y=y, color=toned, shape=_shape(report), tooltip=_tooltip(scorer)))
    return look.layered(*layers)


def _end(y: alt.Y) -> alt.Y:
    ends = y.copy()
    ends.shorthand = "low:Q"
    return ends


def _colour(report: Report) -> Any:
    targets = look.targets_of(report)
    if len(targets) == 1:
        return alt.value(look.BLUE)
    return alt.Color(
        "target:N", scale=alt.Scale(domain=targets, range=look.contrasts(len(targets))), legend=alt.Legend()
    )


def _shape(report: Report) -> Any:
    """Shape repeats what colour says, as far as there are shapes."""
    targets = look.targets_of(report)
    shapes = [look.SHAPES[at % len(look.SHAPES)] for at in range(len(targets))]
    legend = alt.Legend() if len(targets) > 1 else None
    return alt.Shape("target:N", scale=alt.Scale(domain=targets, range=shapes), legend=legend)


def _tooltip(scorer: ScorerReport) -> list[alt.Tooltip]:
    form = ".1%" if scorer.kind == "ratio" else ",.5~g"
    return [
        alt.Tooltip("label:N", title="point"),
        alt.Tooltip("value:Q", title=scorer.label, format=form),
        alt.Tooltip("low:Q", title="95 % from", format=form),
        alt.Tooltip("high:Q", title="to", format=form),
        alt.Tooltip("n:Q", title="answers"),
        alt.Tooltip("ttft_ms:Q", title="TTFT p50 (ms)", format=",.5~g"),
        alt.Tooltip("verdict:N", title="verdict"),
    ]

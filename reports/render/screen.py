"""The summary in a terminal: a table as wide as a screen, and why to doubt it. Returns what rich prints."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.charts.look import name_of, targets_of
from reports.compare import Comparison, Difference, PointComparison
from reports.render import sides
from reports.render.best import headline
from reports.render.numbers import MISSING, count, factor, in_unit, rate, ratio, seconds, signed
from reports.render.quality import scored, value_of
from reports.report import PointReport, Reason, Report, ScoreReport, ScorerReport, Verdict

_STYLES: dict[str, str] = {"trusted": "green", "doubtful": "yellow", "invalid": "red", "note": "dim"}


class _Column(NamedTuple):
    head: str
    text: Callable[[PointReport], str]


# Two lines a head, so that the table fits a terminal of eighty columns.
_COLUMNS = (
    _Column("users", lambda p: str(p.users)),
    _Column("ok/\nfailed", lambda p: f"{p.requests.ok}/{p.requests.failed}"),
    _Column("TTFT\np50", lambda p: seconds(p.latency.ttft_s.p50)),
    _Column("TTFT\np99", lambda p: seconds(p.latency.ttft_s.p99)),
    _Column("ITL\np50", lambda p: seconds(p.latency.itl_s.p50)),
    _Column("E2E\np50", lambda p: seconds(p.latency.e2e_s.p50)),
    _Column("chars/s\nstream", lambda p: rate(p.stream.chars_per_s.p50)),
    _Column("chars/s\ntotal", lambda p: rate(p.throughput.chars_per_s)),
    _Column("good-\nput", lambda p: ratio(p.goodput.ratio) if p.goodput else MISSING),
)


def summary(report: Report) -> RenderableType:
    """One row a point; a target's name only where there are several."""
    several = len({point.target for point in report.points}) > 1
    columns = [
        *([_Column("target", lambda p: p.target)] if several else []),
        *(column for column in _COLUMNS if column.head != "good-\nput" or any(p.goodput for p in report.points)),
    ]
    table = _table(*(column.head for column in columns), "verdict")
    for point in report.points:
        style = "dim" if point.verdict == "invalid" else None
        table.add_row(*(Text(column.text(point)) for column in columns), _verdict(point.verdict), style=style)
    return Group(table, Text(headline(report)), *_scores(report), *_reasons(report))


def _scores(report: Report) -> Iterator[Text]:
    """A line a score of a target: what it is at each point; then what could not be scored."""
    if report.quality is None:
        return
    several = len(targets_of(report)) > 1
    lines: dict[str, list[str]] = {}
    for scorer, point, score in scored(report):
        name = f"{scorer.label} of {point.target}" if several else scorer.label
        lines.setdefault(name, []).append(_score(scorer, point, score))
    yield from (Text(f"{name}: {', '.join(said)}") for name, said in lines.items())
    for row in report.quality.texts:
        yield Text(f"Perplexity of {row.target}: {rate(row.value)} over {count(row.texts)} texts")
    yield from (Text(f"Not scored: {gap}") for gap in report.quality.gaps)


def _score(scorer: ScorerReport, point: PointReport, score: ScoreReport) -> str:
    differs = score.difference is not None and score.difference.found in ("lower", "higher")
    found = f" ({score.difference.found})" if score.difference is not None and differs else ""
    return f"{value_of(scorer, score)} at {name_of(point, with_target=False)}{found}"


def _table(*heads: str, title: str | None = None) -> Table:
    table = Table(
        *heads,
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=0,
    )
    for column in table.columns:
        column.justify = "right"
        column.no_wrap = True
    return table


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict, _STYLES[verdict])


def _reasons(report: Report) -> Iterator[Text]:
    yield Text.assemble("Verdict: ", (report.verdict, _STYLES[report.verdict]))
    for reason in report.reasons:
        yield _reason(reason)


def _reason(reason: Reason) -> Text:
    return Text.assemble(
        "  ", (f"{reason.level} ", _STYLES[reason.level]), f"{reason.code}: {reason.text} {reason.remedy}"
    )


def comparison_summary(comparison: Comparison) -> RenderableType:
    """What differs, then a table for each pair of points."""
    differs = [Text(f"{change.name}: {change.base} → {change.candidate}") for change in comparison.differs]
    return Group(*differs, *(part for point in comparison.points for part in (_pair(point), *_scores_of(point))))


def _pair(point: PointComparison) -> Table:
    title = f"{point.name} ({point.base_verdict} → {point.candidate_verdict})"
    table = _table("metric", "base", "candidate", "difference", "95 % interval", "factor", title=title)
    table.columns[0].justify = "left"
    for metric in point.metrics:
        if metric.base is not None or metric.candidate is not None:
            table.add_row(*_cells(metric))
    return table


def _scores_of(point: PointComparison) -> Iterator[Table]:
    scores = sides.scores(point)
    if not scores.lines:
        return
    # A terminal has no room for all columns; what is left out is in the files.
    shown = [at for at, head in enumerate(scores.heads) if head not in (sides.ANSWERS, sides.PROMPTS)]
    table = _table(*(scores.heads[at].lower() for at in shown))
    table.columns[0].justify = "left"
    for line in scores.lines:
        table.add_row(*(line.cells[at] for at in shown))
    yield table


def _cells(metric: Difference) -> Iterator[str]:
    unit = metric.unit
    yield metric.label
    yield in_unit(metric.base, unit)
    yield in_unit(metric.candidate, unit)
    yield signed(metric.difference, unit)
    yield MISSING if metric.low is None else f"{signed(metric.low, unit)} to {signed(metric.high, unit)}"
    yield factor(metric.ratio)

"""report.md and compare.md: for a pull request or a note. Pure; nothing in it tells when or where it was rendered."""

import re
from collections.abc import Iterable, Iterator, Sequence

from reports.charts.look import labels
from reports.compare import Comparison, Difference, PointComparison
from reports.frames import Frames
from reports.models import Models
from reports.render import sections, sides
from reports.render.best import headline
from reports.render.chapter import Chapter
from reports.render.chapters import chapters
from reports.render.models import Sheet, words
from reports.render.numbers import MISSING, factor, in_unit, ratio, seconds, signed
from reports.render.sections import Line, Table
from reports.report import PointReport, Reason, Report


def render(report: Report, frames: Frames) -> str:
    """The verdict first, then what was run, what came out, and how the load generator fared."""
    blocks = [
        f"# {_escape(report.run['name'])}: {report.verdict}",
        _escape(report.run["description"]),
        _escape(headline(report)),
        _bullets(_reason(reason) for reason in report.reasons),
        "[The models side by side](models.md)" if len(frames.manifest.targets) > 1 else "",
        "## Points",
        _summary(report),
        _point_reasons(report),
        "## Requests",
        "In the window, and in brackets in the whole point, warm-up and cooldown included.",
        _table(sections.outcomes(report)),
        *(block for chapter in chapters(report) for block in _chapter(chapter)),
        "## Load generator",
        _table(_generator(report)),
        "## Run",
        _bullets(f"{fact.name}: {_escape(fact.value)}" for fact in sections.facts(frames.manifest, report)),
        _bullets(_escape(note) for note in report.run["notes"]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _reason(reason: Reason) -> str:
    return f"**{reason.code}** ({reason.level}): {_escape(reason.text)} {_escape(reason.remedy)}"


def _summary(report: Report) -> str:
    """An invalid point's figures are struck through: there to be seen, not to be quoted."""
    table = sections.summary(report)
    rows = [(*_row(line), line.verdict) for line in table.lines]
    return _grid((*table.heads, "Verdict"), rows)


def _struck(cell: str, verdict: str) -> str:
    return f"~~{cell}~~" if verdict == "invalid" and cell != MISSING else cell


def _point_reasons(report: Report) -> str:
    """Only where there are several points; the run's own list says the same of a single one."""
    if len(report.points) < 2:
        return ""
    names = labels(report)
    return _bullets(
        f"{names[point.key]}: {', '.join(f'{reason.code} ({reason.level})' for reason in point.reasons)}"
        for point in report.points
        if point.reasons
    )


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {chapter.title}"
    yield _bullets(map(_escape, chapter.listed))
    yield _table(chapter.table)
    yield chapter.note


def _generator(report: Report) -> Table:
    names = labels(report)
    lines = [Line((names[point.key], *_fared(point))) for point in report.points]
    return Table(("Point", "CPU", "Loop lag p99", "Read lag p99", "Late dispatch p99", "Bounded stamps"), lines)


def _fared(point: PointReport) -> Iterator[str]:
    yield ratio(point.client.cpu_ratio)
    yield seconds(point.client.loop_lag_s.p99)
    yield seconds(point.client.lag_s.p99)
    yield seconds(point.client.late_s.p99)
    yield ratio(point.client.bounded_ratio)


def render_comparison(comparison: Comparison) -> str:
    """What differs, then a table for each pair of points."""
    base, candidate = comparison.base, comparison.candidate
    blocks = [
        f"# {_escape(candidate['name'])} against {_escape(base['name'])}",
        _bullets(
            [
                f"Base: {_escape(base['id'])}, {comparison.base_verdict}",
                f"Candidate: {_escape(candidate['id'])}, {comparison.candidate_verdict}",
                *(f"{change.name}: {_side(change.base)} → {_side(change.candidate)}" for change in comparison.differs),
                *_unmatched("the base", comparison.only_base),
                *_unmatched("the candidate", comparison.only_candidate),
            ]
        ),
        *(block for point in comparison.points for block in _pair(point)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_models(report: Report, models: Models) -> str:
    """Several targets of a run side by side; their charts are on the page."""
    said = words(models, report)
    blocks = [
        f"# Models side by side: {_escape(report.run['name'])}",
        *map(_escape, said.paragraphs),
        "## Who was asked",
        _bullets(f"{_escape(fact.name)}: {_escape(fact.value)}" for fact in said.who),
        *(block for sheet in said.sheets for block in _sheet(sheet)),
        *(() if said.texts is None else ("## Perplexity of reference texts", _table(said.texts))),
        *(("## What is missing", _bullets(map(_escape, said.gaps))) if said.gaps else ()),
        "## What each figure is, and how to read it",
        _table(said.readings),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"## {sheet.title}"
    heads = [f"{_escape(head)}, {column.verdict}" for head, column in zip(sheet.heads, sheet.columns, strict=True)]
    verdicts = [column.verdict for column in sheet.columns]
    for group in sheet.groups:
        rows = [(_escape(line.cells[0]), *map(_struck, map(_escape, line.cells[1:]), verdicts)) for line in group.lines]
        yield _grid((group.title, *heads), rows)


def _side(value: str) -> str:
    return _escape(value) or MISSING


def _unmatched(side: str, users: Sequence[int]) -> list[str]:
    return [f"Only in {side}: {', '.join(map(str, users))} users"] if users else []


def _pair(point: PointComparison) -> Iterator[str]:
    yield f"## {_escape(point.name)}"
    invalid = "invalid" in (point.base_verdict, point.candidate_verdict)
    yield f"Base {point.base_verdict}, candidate {point.candidate_verdict}." + (
        " A side is invalid, so nothing follows from the differences." if invalid else ""
    )
    rows = [_difference(metric, "invalid" if invalid else "") for metric in point.metrics if _is_observed(metric)]
    yield _grid(("Metric", "Base", "Candidate", "Difference", "95 % interval", "Factor"), rows)
    yield _table(sides.scores(point))


def _is_observed(metric: Difference) -> bool:
    return metric.base is not None or metric.candidate is not None


def _difference(metric: Difference, verdict: str) -> tuple[str, ...]:
    unit = metric.unit
    interval = MISSING if metric.low is None else f"{signed(metric.low, unit)} to {signed(metric.high, unit)}"
    cells = (
        in_unit(metric.base, unit),
        in_unit(metric.candidate, unit),
        signed(metric.difference, unit),
        interval,
        factor(metric.ratio),
    )
    return (metric.label, *(_struck(cell, verdict) for cell in cells))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(table: Table) -> str:
    return _grid(table.heads, [_row(line) for line in table.lines])


def _row(line: Line) -> tuple[str, ...]:
    name, *cells = map(_escape, line.cells)
    return name, *(_struck(cell, line.verdict) for cell in cells)


def _grid(heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    """The first column names the row; the others are set to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) if rows else ""


_MARKS = re.compile(r"([\\`*\[\]|<])")


def _escape(text: str) -> str:
    """Text from outside (model, host, description) stays text, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))

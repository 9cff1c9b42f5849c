"""The chapter on canaries. Pure."""

from collections.abc import Iterator

from reports.charts.canaries import CHANGED
from reports.charts.look import labels
from reports.render.chapter import Chapter
from reports.render.numbers import MISSING, count, in_units_of, probability, ratio, significant
from reports.render.quality import FOUND, interval
from reports.render.sections import Line, Table
from reports.report import CanaryReport, PointReport, Report


def canaries(report: Report) -> Chapter | None:
    """How many of each point got another answer, and from where on."""
    lines = [_line(report, point, point.canaries) for point in report.points if point.canaries is not None]
    if not lines:
        return None
    heads = (
        *("Point", "Canaries sent", "Compared", "Answered otherwise", "Share", "95 % interval"),
        *("Same characters before, median", "Against fewest users", "Prompts at both", "p", "Found"),
    )
    return Chapter(
        "Canaries",
        Table(heads, lines),
        "A few prompts that are asked again and again at temperature 0. Of those sent in the window that are ok: how many were "
        "answered otherwise than most of them were at the target's point of fewest users, warm-up and cooldown included; at "
        "that point itself, otherwise than the others there. Servers round differently in larger batches, so that some change "
        "is no fault yet.",
        figures=("canaries",),
    )


def _line(report: Report, point: PointReport, found: CanaryReport) -> Line:
    cells = (labels(report)[point.key], *_cells(found))
    if point.verdict == "invalid":
        return Line(cells, "invalid")
    return Line(cells, "worse" if found.difference is not None and found.difference.found == "higher" else "")


def _cells(found: CanaryReport) -> Iterator[str]:
    difference = found.difference
    yield count(found.sent)
    yield count(found.compared)
    yield count(found.changed)
    yield ratio(found.changed_ratio)
    yield interval(CHANGED, found.interval)
    yield significant(found.first_difference_chars.p50)
    yield MISSING if difference is None else in_units_of(difference.difference, CHANGED.kind)
    yield MISSING if difference is None else count(difference.prompts)
    yield MISSING if difference is None else probability(difference.p)
    yield MISSING if difference is None else FOUND[difference.found]

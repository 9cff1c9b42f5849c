"""Models side by side, as words: what the page and the Markdown of a run of several targets say. Nothing is escaped here."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from harness.run import TargetInfo
from reports.charts.look import labels
from reports.models import Column, Figure, Measure, Models, Stage, Unit
from reports.render.numbers import MISSING, count, money, rate, ratio, seconds, significant
from reports.render.quality import texts
from reports.render.sections import Fact, Line, Table
from reports.report import Report, TargetCost

INTRODUCTION = (
    "Nothing here is ranked: the targets stand in the order in which they were given, at each number of users, and what counts "
    "most is for you to say. In brackets: the 95 % interval, where there is one. Intervals that overlap leave it open which is "
    "the better; intervals take requests as independent, which under load they are not quite."
)
FRONT = (
    "One mark a point, with its users beside it. The ringed points are the front: none that was measured is as good in both and "
    "better in one. The line is the best score that was measured for at most so much money, or so long a wait. A point off the "
    "front may have other merits, and points whose bars overlap may change places by chance. Invalid points are grey, and in no "
    "front."
)
_MODES = {
    "interleaved": "At each number of users one target was asked after the other, so that what drifts meanwhile hits all alike.",
    "sequential": "One target was asked after the other, each at all numbers of users: what drifted meanwhile stands between them.",
    "mixed": "All targets were asked at once, by users of their own: they shared the load process, and maybe the machine that "
    "serves them, so this is how one bears the other and not how fast each would be alone.",
}


class Group(NamedTuple):
    """Rows that belong together."""

    title: str
    lines: list[Line]


class Sheet(NamedTuple):
    """All targets at one number of users."""

    title: str
    columns: list[Column]
    heads: list[str]
    groups: list[Group]


class Words(NamedTuple):
    """All that is said, in order."""

    paragraphs: list[str]
    who: list[Fact]
    sheets: list[Sheet]
    texts: Table | None
    readings: Table
    gaps: list[str]


def words(models: Models, report: Report) -> Words:
    """What is shown of them."""
    perplexity = texts(report)
    return Words(
        paragraphs=[INTRODUCTION, _MODES.get(report.run["options"].get("target_mode", ""), ""), _testset(report)],
        who=_who(models, report),
        sheets=[_sheet(stage, models, _currency(report)) for stage in models.stages],
        texts=None if perplexity is None else perplexity.table,
        readings=_readings(models),
        gaps=list(_gaps(report)),
    )


def _testset(report: Report) -> str:
    testset = report.run["testset"]
    return (
        f"All were asked the prompts of {testset['name']} ({count(testset['prompts'])} of them), with the same options."
    )


def _currency(report: Report) -> str:
    return "" if report.prices is None else report.prices.currency


def _who(models: Models, report: Report) -> list[Fact]:
    by_target = {} if report.prices is None else {cost.target: cost for cost in report.prices.targets}
    return [Fact(target.name, _asked(target, by_target.get(target.name), report)) for target in models.targets]


def _asked(target: TargetInfo, cost: TargetCost | None, report: Report) -> str:
    asked = f"{target.model} at {target.url}, by {target.dialect}"
    if cost is None:
        return asked
    by = "its tokens" if cost.basis == "tokens" else "its time"
    return f"{asked}; paid for {by}, {money(cost.whole_run, _currency(report))} for the whole run"


def _sheet(stage: Stage, models: Models, currency: str) -> Sheet:
    groups: dict[str, list[Line]] = {}
    for measure in models.measures:
        figures = [measure.figures.get(column.key, Figure(None)) for column in stage.columns]
        cells = (measure.label, *(_cell(figure, measure, currency) for figure in figures))
        groups.setdefault(measure.group, []).append(Line(cells))
    heads = [_head(column) for column in stage.columns]
    return Sheet(stage.title, stage.columns, heads, [Group(title, lines) for title, lines in groups.items()])


def _head(column: Column) -> str:
    return column.key.target if column.state == "done" else f"{column.key.target} ({column.state})"


def _cell(figure: Figure, measure: Measure, currency: str) -> str:
    """98.1 % (95.2 % to 99.3 %; 160)."""
    say = _SAYERS[measure.unit]
    if figure.value is None:
        return MISSING
    told = money(figure.value, currency) if measure.unit == "money" else say(figure.value)
    around = [] if figure.interval is None else [f"{say(figure.interval.low)} to {say(figure.interval.high)}"]
    around += [] if figure.n is None else [f"n {count(figure.n)}"]
    return f"{told} ({'; '.join(around)})" if around else told


_SAYERS: dict[Unit, Callable[[float | None], str]] = {
    "s": seconds,
    "ratio": ratio,
    "rate": rate,
    "score": significant,
    "money": significant,
}


def _readings(models: Models) -> Table:
    lines = [
        Line((measure.label, _sentence(measure.meaning), _sentence(measure.reading))) for measure in models.measures
    ]
    return Table(("Figure", "What it is", "How to read it"), lines)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _gaps(report: Report) -> Iterator[str]:
    """What a reader may look for and not find."""
    if report.quality is None:
        yield "No answer was scored, so nothing is said of quality: `llocust quality RUN --scorers accuracy` does that."
    else:
        yield from report.quality.gaps
    if report.prices is None:
        yield "No prices were given, so nothing is said of cost: `llocust report RUN --prices FILE` does that."
    else:
        yield from report.prices.gaps
    names = labels(report)
    for point in report.points:
        if point.verdict == "invalid":
            codes = ", ".join(reason.code for reason in point.reasons if reason.level == "invalid")
            yield f"{names[point.key]} is invalid ({codes}): its figures are grey, and should not be quoted."

"""Chapters that only some runs have: each from the report, None where the run has no use for it. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from reports.charts.look import labels
from reports.render import canaries, costs, quality
from reports.render.chapter import Chapter
from reports.render.numbers import count, rate, ratio, seconds, significant
from reports.render.sections import Line, Table
from reports.report import Length, PointReport, Report

_TURNS_SHOWN = 20


def chapters(report: Report) -> list[Chapter]:
    """Those that this run has, in their order."""
    found = (chapter(report) for chapter in _CHAPTERS)
    return [each for each in found if each is not None]


def tokens(report: Report) -> Chapter | None:
    """The tokenizer's counts beside the server's."""
    if all(point.tokens.counted is None for point in report.points):
        return None
    names = labels(report)
    heads = (
        *("Point", "Output tokens, usage, median", "Tokenizer, median", "Requests counted", "Tokenizer / usage"),
        *("Off by more than the end", "TPOT p50 by usage", "By tokenizer"),
    )
    lines = [Line((names[point.key], *_counts(point))) for point in report.points]
    return Chapter(
        "Tokens by a tokenizer of your own",
        Table(heads, lines),
        "Of the ok requests sent in the window whose text is all that they said. The server's usage stays what all other "
        "figures per token rest on.",
    )


def _counts(point: PointReport) -> Iterator[str]:
    found = point.tokens.counted
    if found is None:
        return
    yield rate(point.tokens.output.p50)
    yield rate(found.output.p50)
    yield count(found.output.n)
    yield significant(found.per_usage)
    yield ratio(found.off_ratio)
    yield seconds(point.latency.tpot_s.p50)
    yield seconds(found.tpot_s.p50)


def conversations(report: Report) -> Chapter | None:
    """How the conversations of each point went."""
    if not any(point.conversations for point in report.points):
        return None
    names = labels(report)
    heads = (
        "Point",
        "Conversations",
        "Begun",
        "Finished",
        "Abandoned",
        "Unfinished",
        "Turns sent",
        "Users pausing, mean",
    )
    lines = [Line((names[point.key], *_held(point))) for point in report.points]
    return Chapter(
        "Conversations",
        Table(heads, lines),
        "Of which a turn was sent in the window, each followed to the end of the point, which cuts the unfinished ones. One "
        "is abandoned when a turn fails, or says nothing that could be gone on with.",
    )


def _held(point: PointReport) -> Iterator[str]:
    found = point.conversations
    if found is None:
        return
    for number in (found.seen, found.begun, found.finished, found.abandoned, found.unfinished, found.turns):
        yield count(number)
    yield significant(point.concurrency.thinking)


def turns(report: Report) -> Chapter | None:
    """The median TTFT of each turn, a column a point."""
    ttft_s = [_ttft_by_turn(point) for point in report.points]
    numbers = sorted({number for each in ttft_s for number in each})
    if not numbers:
        return None
    names = labels(report)
    lines = [
        Line((str(number + 1), *(seconds(each.get(number)) for each in ttft_s))) for number in numbers[:_TURNS_SHOWN]
    ]
    more = f" Of {len(numbers)} turns the first {_TURNS_SHOWN} are shown." if len(numbers) > _TURNS_SHOWN else ""
    return Chapter(
        "TTFT p50 by turn",
        Table(("Turn", *(names[point.key] for point in report.points)), lines),
        f"Of the ok turns sent in the window. report.json has more percentiles, E2E and prompt tokens of each turn.{more}",
    )


def _ttft_by_turn(point: PointReport) -> dict[int, float | None]:
    found = point.conversations
    return {} if found is None else {turn.turn: turn.ttft_s.p50 for turn in found.by_turn}


def lengths(report: Report) -> Chapter | None:
    """Wanted and actual, a row for the prompts of a point and one for its answers."""
    if not any(point.lengths for point in report.points):
        return None
    names = labels(report)
    heads = ("Point", "Of", "In", "Wanted, median", "Actual, median", "Actual / wanted", "Just so long", "Requests")
    lines = [
        Line((names[point.key], what, length.unit, *_met(length)))
        for point in report.points
        for what, length in _lengths(point)
    ]
    return Chapter(
        "Lengths",
        Table(heads, lines),
        "Of the ok requests sent in the window. Actual tokens are those of the server's usage, with its chat template and "
        f"whatever else it counts.{_measured_with(report.run.get('synthetic'))}",
    )


def _lengths(point: PointReport) -> Iterator[tuple[str, Length]]:
    found = point.lengths
    if found is not None and found.prompt is not None:
        yield "prompts", found.prompt
    if found is not None and found.output is not None:
        yield "answers", found.output


def _met(length: Length) -> Iterator[str]:
    yield rate(length.wanted.p50)
    yield rate(length.actual.p50)
    yield significant(length.ratio)
    yield ratio(length.exact_ratio)
    yield count(length.actual.n)


def _measured_with(yardstick: dict[str, Any] | None) -> str:
    if yardstick is None or yardstick["source"] == "characters":
        return ""
    if yardstick["source"] == "tokenizer":
        return " The prompts were made by the tokenizer's count of their plain text."
    return (
        f" The prompts were made by the server's own count: {significant(yardstick['chars_per_token'])} characters a token, "
        f"and {significant(yardstick['overhead_tokens'])} tokens besides, as {len(yardstick['probes'])} requests before "
        "the run showed."
    )


_CHAPTERS: tuple[Callable[[Report], Chapter | None], ...] = (
    quality.scores,
    quality.unscored,
    quality.texts,
    quality.found,
    quality.scorers,
    canaries.canaries,
    costs.costs,
    costs.prices,
    lengths,
    conversations,
    turns,
    tokens,
)

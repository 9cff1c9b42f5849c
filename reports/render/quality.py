"""Chapters on what the answers were worth. Pure."""

from collections import Counter
from collections.abc import Iterator

from reports.charts.look import labels
from reports.quality import MOST, worse
from reports.render.chapter import Chapter
from reports.render.numbers import (
    MISSING,
    count,
    in_unit,
    in_units_of,
    probability,
    prompts_compared,
    ratio,
    significant,
)
from reports.render.sections import Line, Table, said
from reports.report import Bounds, PointReport, QualityReport, Report, ScoreReport, ScorerReport, TextScore

_TELLING_RATIO = 0.1
FOUND = {"lower": "lower", "higher": "higher", "none": "no difference", "untested": "not tested"}


def scores(report: Report) -> Chapter | None:
    """Every score of every point with its interval, and whether it differs from that at fewest users."""
    lines = [_line(report, scorer, point, score) for scorer, point, score in scored(report)]
    if not lines:
        return None
    heads = (
        *("Score", "Point", "Value", "95 % interval", "Answers", "Not scored", "Right / all requests"),
        *("Against fewest users", "Prompts at both + others", "p", "Found"),
    )
    return Chapter(
        "Quality",
        Table(heads, lines),
        "Of the ok answers sent in the window, canaries left out. Intervals are those of Wilson for shares and a bootstrap "
        "for means; they take each answer as drawn by itself, and are too narrow where few prompts were asked many times. "
        "Against fewest users: less the same score at the target's point of fewest users, each prompt against itself, and those "
        "that only one of the two points asked as two samples; pp are percentage points. p is for chance alone to make such a difference, after Holm for all points of a score; below "
        f"0.05 it is called lower or higher.{_untested(report)}",
        figures=("quality", "quality_ttft"),
    )


def _untested(report: Report) -> str:
    differences = [score.difference for _, _, score in scored(report)]
    if not any(each is not None and each.found == "untested" for each in differences):
        return ""
    return " Not tested: the two points have no turns in common that could be compared; measure for longer."


def scored(report: Report) -> Iterator[tuple[ScorerReport, PointReport, ScoreReport]]:
    """By scorer and then by point, so that one score is read down all points."""
    for scorer in report.quality.scorers if report.quality is not None else ():
        for point in report.points:
            for score in point.quality:
                if score.scorer == scorer.name:
                    yield scorer, point, score


def _line(report: Report, scorer: ScorerReport, point: PointReport, score: ScoreReport) -> Line:
    cells = (scorer.label, labels(report)[point.key], *_cells(scorer, score))
    if point.verdict == "invalid":
        return Line(cells, "invalid")
    return Line(cells, "worse" if worse(scorer, score.difference) else "")


def _cells(scorer: ScorerReport, score: ScoreReport) -> Iterator[str]:
    difference = score.difference
    yield value_of(scorer, score)
    yield interval(scorer, score.interval)
    yield count(score.n)
    yield count(score.unscored)
    yield ratio(score.of_requests)
    yield MISSING if difference is None else in_units_of(difference.difference, scorer.kind)
    yield MISSING if difference is None else prompts_compared(difference.prompts, difference.others)
    yield MISSING if difference is None else probability(difference.p)
    yield MISSING if difference is None else FOUND[difference.found]


def unit_of(scorer: ScorerReport) -> str:
    """The unit of its values, as `in_unit` takes it."""
    return "ratio" if scorer.kind == "ratio" else ""


def value_of(scorer: ScorerReport, score: ScoreReport) -> str:
    """95 %, or 3.87."""
    return in_unit(score.value, unit_of(scorer))


def interval(scorer: ScorerReport, bounds: Bounds | None) -> str:
    """91.2 % to 97.4 %."""
    if bounds is None:
        return MISSING
    return f"{in_unit(bounds.low, unit_of(scorer))} to {in_unit(bounds.high, unit_of(scorer))}"


def unscored(report: Report) -> Chapter | None:
    """What could not be scored: of whole scorers, and of single answers by reason."""
    quality = report.quality
    if quality is None:
        return None
    whys = Counter[tuple[str, str]]()
    for scorer, _, score in scored(report):
        whys.update({(scorer.label, why): times for why, times in score.whys.items()})
    lines = [Line((label, count(times), why)) for (label, why), times in whys.most_common()]
    if not quality.gaps and not lines:
        return None
    return Chapter(
        "What could not be scored",
        Table(("Score", "Answers", "Why"), lines),
        "These answers are in no value above, neither as good nor as bad." if lines else "",
        listed=tuple(quality.gaps),
        is_wordy=True,
    )


def found(report: Report) -> Chapter | None:
    """The word that a scorer has for what it found, the most frequent ones of each point."""
    names = labels(report)
    lines = [
        Line((scorer.label, names[point.key], _counted(score.labels)))
        for scorer, point, score in scored(report)
        if _is_telling(score)
    ]
    if not lines:
        return None
    return Chapter(
        "What was found in the answers",
        Table(("Score", "Point", "Most frequent findings"), lines),
        "In a word each, such as the letter that was chosen, the language, or the phrase of a refusal, and how often.",
        is_wordy=True,
    )


def _is_telling(score: ScoreReport) -> bool:
    """Not where nearly every answer has a finding of its own, such as the number that it ends on."""
    return bool(score.labels) and (len(score.labels) < MOST or max(score.labels.values()) >= _TELLING_RATIO * score.n)


def _counted(words: dict[str, int]) -> str:
    return ", ".join(f"{word} ({count(times)})" for word, times in words.items())


def texts(report: Report) -> Chapter | None:
    """What each target makes of the reference texts."""
    if report.quality is None or not report.quality.texts:
        return None
    heads = (
        *("Target", "Model", "Perplexity", "95 % interval", "Bits per byte", "Tokens", "Texts", "Not scored"),
        "Why not",
    )
    lines = [Line(tuple(_text_cells(row))) for row in report.quality.texts]
    return Chapter(
        "Perplexity of reference texts",
        Table(heads, lines),
        "Asked when the load had ended. e to the mean negative log-probability of a token, over all texts together, the "
        "interval by bootstrap over the texts. Models of different tokenizers can be compared by bits per byte alone.",
    )


def _text_cells(row: TextScore) -> Iterator[str]:
    yield row.target
    yield row.model
    yield significant(row.value)
    yield MISSING if row.interval is None else f"{significant(row.interval.low)} to {significant(row.interval.high)}"
    yield significant(row.bits_per_byte)
    yield count(row.tokens)
    yield count(row.texts)
    yield count(row.unscored)
    yield _counted(row.whys) or MISSING


def scorers(report: Report) -> Chapter | None:
    """Who scored, with what settings, and how far a judge agrees with itself."""
    if report.quality is None or not report.quality.scorers:
        return None
    heads = ("Score", "What a value is", "Better", "Version and settings", "Agrees with itself")
    lines = [Line(tuple(_who(scorer))) for scorer in report.quality.scorers]
    return Chapter(
        "Who scored",
        Table(heads, lines),
        f"Agrees with itself: of the questions that a judge was asked twice, those that it answered alike."
        f"{_without_repeats(report.quality)}",
        is_wordy=True,
    )


def _without_repeats(quality: QualityReport) -> str:
    return "" if any(scorer.repeats for scorer in quality.scorers) else " Nobody was asked twice here."


def _who(scorer: ScorerReport) -> Iterator[str]:
    yield scorer.label
    yield scorer.definition
    yield scorer.better
    yield ", ".join(
        [f"version {scorer.version}", *(f"{name} {said(value)}" for name, value in scorer.settings.items())]
    )
    yield _agreement(scorer)


def _agreement(scorer: ScorerReport) -> str:
    if scorer.agreement is None or scorer.agreement_interval is None:
        return MISSING
    low, high = scorer.agreement_interval.low, scorer.agreement_interval.high
    return f"{ratio(scorer.agreement)} of {count(scorer.repeats)} ({ratio(low)} to {ratio(high)})"

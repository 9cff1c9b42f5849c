"""Chapters on what it cost. Pure."""

from collections.abc import Iterator

from reports.charts.look import labels
from reports.render.chapter import Chapter
from reports.render.numbers import MISSING, count, money, significant
from reports.render.sections import Line, Table
from reports.report import Bounds, CostReport, PointReport, Price, PricesReport, Report, TargetCost


def costs(report: Report) -> Chapter | None:
    """What each point cost, and what came of it."""
    priced = [(point, point.cost) for point in report.points if point.cost is not None]
    if report.prices is None or not priced:
        return None
    heads = ("Point", "Charged by", "Window", "Whole point", "Per request", "Per 1,000 output tokens", "Per hour",
             "Per correct answer", "95 % interval", "Per good answer", "95 % interval", "Without counts")  # fmt: skip
    names = labels(report)
    lines = [Line((names[point.key], *_cells(cost)), _tone(point)) for point, cost in priced]
    return Chapter(f"Cost in {report.prices.currency}", Table(heads, lines), _reading(priced))


def _tone(point: PointReport) -> str:
    return "invalid" if point.verdict == "invalid" else ""


def _cells(cost: CostReport) -> Iterator[str]:
    yield "tokens" if cost.basis == "tokens" else "time"
    for amount in (cost.window, cost.whole_point, cost.per_request, cost.per_1k_tokens, cost.per_hour):
        yield significant(amount)
    yield significant(cost.per_correct)
    yield between(cost.interval_per_correct)
    yield significant(cost.per_good)
    yield between(cost.interval_per_good)
    yield count(cost.unpriced)


def between(bounds: Bounds | None) -> str:
    """0.0012 to 0.0034."""
    return MISSING if bounds is None else f"{significant(bounds.low)} to {significant(bounds.high)}"


def _reading(priced: list[tuple[PointReport, CostReport]]) -> str:
    check = next((cost.check for _, cost in priced if cost.check), None)
    of_answers = _NO_CHECK if check is None else _CHECKED.format(check=check)
    asked_canaries = check is not None and any(point.canaries is not None for point, _ in priced)
    return f"{_OF_WINDOW} {of_answers}{_WITHOUT_CANARIES if asked_canaries else ''}"


_OF_WINDOW = (
    "Of the requests sent in the window, each followed to its end. By tokens: what the server's usage tells of them, "
    "failed ones included; requests without counts are in no cost, which is right for one that was refused and too little "
    "for one that was cut. By time: the machine's price for as long as the window was."
)
_CHECKED = (
    "Which answers are correct is told by {check}; Good answers are correct and meet --slo. The intervals are those of "
    "the shares of such answers alone."
)
_WITHOUT_CANARIES = (
    " Canaries are no answers: what their tokens cost is in all but the costs of a correct and of a good answer; of a machine's "
    "time their part cannot be told, and stays in."
)
_NO_CHECK = "No scorer said which answers are correct, so there is no cost of one: `llocust quality RUN --scorers accuracy` asks it."


def prices(report: Report) -> Chapter | None:
    """The table as far as it was used, what each target cost by it, and where it has nothing to say."""
    table = report.prices
    if table is None:
        return None
    heads = (
        "Target",
        "Model",
        "Price of",
        "Input",
        "Cached",
        "Output",
        "Reasoning",
        "Per hour",
        "Whole run",
        "Without counts",
    )
    lines = [Line(tuple(_charged(table, cost))) for cost in table.targets]
    return Chapter("Prices", Table(heads, lines), _OF_RUN, listed=(_origin(table), *table.gaps))


def _charged(table: PricesReport, cost: TargetCost) -> Iterator[str]:
    price = next(row for row in table.rows if row.name == cost.price and row.of == cost.price_of)
    yield cost.target
    yield cost.model
    yield f"{price.of} {price.name}"
    yield from map(significant, _of_tokens(price))
    yield significant(price.per_hour)
    yield money(cost.whole_run, table.currency)
    yield count(cost.unpriced)


def _of_tokens(price: Price) -> tuple[float | None, ...]:
    """What is charged, also where the table leaves it to another row."""
    cached = price.input if price.cached_input is None else price.cached_input
    reasoning = price.output if price.reasoning is None else price.reasoning
    return price.input, cached, price.output, reasoning


def _origin(table: PricesReport) -> str:
    sources = [table.source, *(f"{row.name}: {row.source}" for row in table.rows if row.source)]
    said = f"As of {table.as_of}" if table.as_of else "Without a date"
    return f"{said}, from {'; '.join(sources)}. They are what the table says, not what anybody charged."


_OF_RUN = (
    "Prices are per million tokens, and per hour of a machine. The whole run is all of its points with their warm-up and "
    "cooldown; neither what is asked beside the load nor the questions to judges are in it."
)

"""The accuracy bench in words: a Markdown table for each load, and the targets with what was found beside them."""

from collections.abc import Callable, Iterable
from statistics import median
from typing import Any, NamedTuple

HEADS = (
    *("client", "CPU µs/token", "CPU", "TTFT error", "ITL error", "E2E error", "TTFT p50 said / true"),
    *("TTFT p99 said / true", "in flight", "memory", "bounded", "unmarked", "simulator late p99", "robbed"),
)


def heading(load: Any) -> str:
    """What the load is, and the head of its table."""
    transport = "TLS" if load.tls else "plain"
    title = f"{load.streams:,} streams × {1 / load.itl_s:.0f} tokens/s, answers of {load.tokens} tokens, {transport}"
    note = "Errors in ms, absolute: p50 / p99 / max. Other times in ms."
    title += ", all users at once" if load.burst else ""
    return f"\n### {title}\n\n{note}\n\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}"


def line(cell: Any) -> str:
    """One client's row."""
    accuracy = cell.accuracy
    cells = (
        cell.client,
        f"{cell.cpu_us_per_token:.1f}",
        f"{cell.cpu_ratio:.0%}",
        *(_error(spread) for spread in (accuracy.ttft_error_s, accuracy.itl_error_s, accuracy.e2e_error_s)),
        f"{_ms(accuracy.ttft.p50_client)} / {_ms(accuracy.ttft.p50_server)}",
        f"{_ms(accuracy.ttft.p99_client)} / {_ms(accuracy.ttft.p99_server)}",
        f"{cell.concurrency_ratio:.4f}",
        f"{cell.peak_rss_bytes / 1e6:.0f} MB",
        *("–" if ratio is None else f"{ratio:.3%}" for ratio in (cell.bounded_ratio, cell.unmarked_ratio)),
        _ms(accuracy.late_s.p99),
        f"{cell.robbed_ratio:.1%}",
    )
    return f"| {' | '.join(cells)} |"


def _error(spread: Any) -> str:
    return " / ".join(_ms(each) for each in (spread.p50, spread.p99, spread.max))


def _ms(value_s: float | None) -> str:
    return "–" if value_s is None else f"{value_s * 1000:.2f}"


class Target(NamedTuple):
    """What a load's cells are measured against; `figure` gives None where it does not apply."""

    name: str
    limit: float
    at_least: bool
    figure: Callable[["Found"], float | None]


class Found:
    """The cells of one load: medians over their runs, by client."""

    def __init__(self, load: Any, cells: list[Any]) -> None:
        self.load = load
        self._cells = cells

    def median(self, read: Callable[[Any], float | None], client: str = "llocust") -> float | None:
        """None where the client did not run or said nothing."""
        values = [read(cell) for cell in self._cells if cell.client == client]
        known = [value for value in values if value is not None]
        return median(known) if known else None

    def cpu_against(self, client: str) -> float | None:
        ours, other = (self.median(lambda cell: cell.cpu_us_per_token, name) for name in ("llocust", client))
        return ours / other if ours is not None and other else None

    def at(self, streams: int, read: Callable[[Any], float | None]) -> float | None:
        return self.median(read) if self.load.streams == streams else None


def _in_ms(part: str, name: str) -> Callable[[Any], float | None]:
    def read(cell: Any) -> float | None:
        value: float | None = getattr(getattr(cell.accuracy, part), name)
        return None if value is None else value * 1000

    return read


def _target(name: str, limit: float, streams: int, read: Callable[[Any], float | None]) -> Target:
    return Target(name, limit, False, lambda found: found.at(streams, read))


TARGETS = (
    _target("TTFT error p50, ms", 0.1, 400, _in_ms("ttft_error_s", "p50")),
    _target("TTFT error p99, ms", 1.0, 400, _in_ms("ttft_error_s", "p99")),
    _target("ITL error p99, ms", 1.0, 400, _in_ms("itl_error_s", "p99")),
    _target("bounded ratio", 0.001, 400, lambda cell: cell.bounded_ratio),
    _target("TTFT error p99, ms", 2.0, 2000, _in_ms("ttft_error_s", "p99")),
    _target("ITL error p99, ms", 2.0, 2000, _in_ms("itl_error_s", "p99")),
    Target("in flight / asked", 0.995, True, lambda found: found.median(lambda cell: cell.concurrency_ratio)),
    Target("CPU per token / plain Locust's", 0.5, False, lambda found: found.cpu_against("plain Locust")),
    Target("CPU per token / bare aiohttp's", 0.8, False, lambda found: found.cpu_against("bare aiohttp")),
)
# In a burst nothing is steady: neither the streams in flight nor the CPU are compared.
BURST_TARGETS = TARGETS[:4]
TLS_TARGET = 2.5


def say_targets(cells: list[Any]) -> str:
    """A table of every target that applies to what was run."""
    found = [
        Found(load, [cell for cell in cells if cell.load == load]) for load in dict.fromkeys(c.load for c in cells)
    ]
    rows = [row for each in found for row in _judged(each)]
    rows += list(_tls_against_plain(found))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return (
        f"\n### Targets (medians of the runs)\n\n| load | target | limit | found | |\n|---|---|---|---|---|\n{table}\n"
    )


def _judged(found: Found) -> Iterable[tuple[str, ...]]:
    for target in BURST_TARGETS if found.load.burst else TARGETS:
        figure = target.figure(found)
        if figure is not None:
            met = figure >= target.limit if target.at_least else figure <= target.limit
            sign = "≥" if target.at_least else "≤"
            yield _name(found.load), target.name, f"{sign} {target.limit:g}", f"{figure:.4g}", _word(met)


def _tls_against_plain(found: list[Found]) -> Iterable[tuple[str, ...]]:
    by_load = {each.load: each for each in found}
    for each in found:
        plain = by_load.get(each.load._replace(tls=False))
        if each.load.tls and plain is not None:
            secure, open_ = (one.median(lambda cell: cell.cpu_us_per_token) for one in (each, plain))
            if secure is not None and open_:
                ratio = secure / open_
                told = (f"≤ {TLS_TARGET:g}", f"{ratio:.2f}", _word(ratio <= TLS_TARGET))
                yield _name(each.load), "CPU per token, TLS / plain", *told


def _word(met: bool) -> str:
    return "met" if met else "**missed**"


def _name(load: Any) -> str:
    return f"{load.streams:,} × {1 / load.itl_s:.0f}/s, {load.tokens} tokens, {'TLS' if load.tls else 'plain'}"

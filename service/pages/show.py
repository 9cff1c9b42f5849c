"""A run as the pages show it: words and numbers for people. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from reports.render.numbers import MISSING, count, rate, seconds
from service.store.nouns import RunRow

LIVE = ("queued", "running")
STATES = ("queued", "running", "done", "interrupted", "failed", "cancelled")


class PointFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One point of `RunRow.figures`. None is "not observed"."""

    users: int
    index: int | None = None
    target: str = "default"
    verdict: str | None = None
    ok: int | None = None
    failed: int | None = None
    ttft_p50_s: float | None = None
    ttft_p95_s: float | None = None
    e2e_p50_s: float | None = None
    chars_per_s: float | None = None
    output_tokens_per_s: float | None = None
    requests_per_s: float | None = None


class _Figures(msgspec.Struct, frozen=True):
    points: list[PointFigures] = []


class Listed(NamedTuple):
    """A line of the list of runs."""

    id: str
    name: str
    state: str
    verdict: str | None
    model: str | None
    users: str
    ttft: str
    at: str
    """What `ttft` and `throughput` are of: the largest trusted point."""
    throughput: str
    when: str
    is_live: bool
    has_report: bool


class Row(NamedTuple):
    """A line of the table of points."""

    name: str
    verdict: str | None
    cells: tuple[str, ...]


POINT_HEADS = ("TTFT p50", "TTFT p95", "E2E p50", "Output tokens/s", "Chars/s", "Requests/s", "ok / failed")


def points_of(run: RunRow) -> list[PointFigures]:
    """Of a run's figures, the finished points; none before there are any."""
    return msgspec.convert(run.figures, _Figures, strict=False).points


def largest_trusted(points: Sequence[PointFigures]) -> PointFigures | None:
    """The point with the most users among those whose verdict is trusted."""
    return max((point for point in points if point.verdict == "trusted"), key=lambda point: point.users, default=None)


def listed(run: RunRow) -> Listed:
    """A run, in a line."""
    point = largest_trusted(points_of(run))
    return Listed(
        id=run.id,
        name=run.name,
        state=run.state,
        verdict=run.verdict,
        model=run.model,
        users=counts(run.users),
        ttft=MISSING if point is None else seconds(point.ttft_p50_s),
        at="" if point is None else f"at {point_name(point)}",
        throughput=MISSING if point is None else throughput(point),
        when=moment(run.begun or run.submitted),
        is_live=run.state in LIVE,
        has_report=run.verdict is not None,
    )


def throughput(point: PointFigures) -> str:
    """In tokens where the server counts them, or else in characters."""
    if point.output_tokens_per_s is not None:
        return f"{rate(point.output_tokens_per_s)} tokens/s"
    return MISSING if point.chars_per_s is None else f"{rate(point.chars_per_s)} chars/s"


def counts(users: Sequence[int]) -> str:
    """User counts; the middle of a long list is left out."""
    distinct = list(dict.fromkeys(users))
    shown = [str(each) for each in distinct]
    if len(shown) > 6:
        shown = [*shown[:3], "…", *shown[-2:]]
    return " ".join(shown) or MISSING


def point_name(point: PointFigures) -> str:
    """Its users, and its target where it has a name."""
    users = f"{count(point.users)} user{'' if point.users == 1 else 's'}"
    return users if point.target == "default" else f"{users}, {point.target}"


def point_rows(points: Sequence[PointFigures]) -> list[Row]:
    """Every point, a line each, as POINT_HEADS."""
    return [
        Row(
            point_name(point),
            point.verdict,
            (
                seconds(point.ttft_p50_s),
                seconds(point.ttft_p95_s),
                seconds(point.e2e_p50_s),
                rate(point.output_tokens_per_s),
                rate(point.chars_per_s),
                rate(point.requests_per_s),
                f"{count(point.ok)} / {count(point.failed)}",
            ),
        )
        for point in points
    ]


def moment(at: datetime | None) -> str:
    """2026-01-31 12:00 UTC."""
    return MISSING if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def took(run: RunRow) -> str:
    """From its beginning to its end: 1 min 30 s."""
    if run.begun is None or run.ended is None:
        return MISSING
    whole = round((run.ended - run.begun).total_seconds())
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"

"""May the numbers be trusted? A point takes its worst level, the run its worst point. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from harness.run import Manifest
from reports.facts import Facts
from reports.report import PointReport, Reason, Verdict
from reports.rules import DAMAGE, DOUBTS

_RANK = {"note": 0, "doubtful": 1, "invalid": 2}
_VERDICTS: tuple[Verdict, ...] = ("trusted", "doubtful", "invalid")


def judge(facts: Facts) -> list[Reason]:
    """Every reason found, the worst first; the table's order among equals."""
    rules = DAMAGE if facts.point.window_s is None else DAMAGE + DOUBTS
    found = [reason for rule in rules if (reason := rule(facts)) is not None]
    return sorted(found, key=lambda reason: -_RANK[reason.level])


def verdict_of(reasons: Iterable[Reason]) -> Verdict:
    """The worst level; notes leave it trusted."""
    return _VERDICTS[max((_RANK[reason.level] for reason in reasons), default=0)]


def judge_run(manifest: Manifest, points: Sequence[PointReport]) -> list[Reason]:
    """One reason a code, where it is worst, with the users of the points that share it; the worst first.

    An interrupted point that was run again does not count: the later one stands for it, however that ended.
    """
    found: dict[str, list[tuple[PointReport, Reason]]] = {}
    for point in points:
        if not _was_run_again(point, points):
            for reason in point.reasons:
                found.setdefault(reason.code, []).append((point, reason))
    names = _Names(points)
    reasons = [_merge(each, names) for each in found.values()]
    reasons += _run_level(manifest, found.keys(), points)
    return sorted(reasons, key=lambda reason: -_RANK[reason.level])


def _was_run_again(point: PointReport, points: Sequence[PointReport]) -> bool:
    if point.state == "done":
        return False
    return any(
        later.index > point.index and (later.users, later.target) == (point.users, point.target) for later in points
    )


class _Names:
    """What the points of a run are called in its reasons."""

    def __init__(self, points: Sequence[PointReport]) -> None:
        self.is_only = len(points) == 1
        self._several = len({point.target for point in points}) > 1

    def full(self, point: PointReport) -> str:
        users = f"{point.users} user{'s'[: point.users != 1]}"
        return f"{users} of {point.target}" if self._several else users

    def brief(self, point: PointReport) -> str:
        return self.full(point) if self._several else str(point.users)


def _merge(found: list[tuple[PointReport, Reason]], names: _Names) -> Reason:
    point, worst = max(found, key=lambda each: _RANK[each[1].level])
    if names.is_only:
        return worst
    others = [names.brief(other) for other, _ in found if other is not point]
    also = f" (Also at {', '.join(others)}.)" if others else ""
    return msgspec.structs.replace(worst, text=f"At {names.full(point)}: {worst.text}{also}")


def _run_level(manifest: Manifest, known: Iterable[str], points: Sequence[PointReport]) -> list[Reason]:
    """What no point shows: a worker lost between points, a run without any."""
    reasons = []
    lost = [process.worker for process in manifest.processes if process.lost]
    if lost and "worker_lost" not in known:
        reasons.append(
            Reason(
                code="worker_lost",
                level="invalid",
                figure=len(lost),
                threshold=0,
                text=f"The master lost {', '.join(lost)} while no point was on.",
                remedy="See why the load process ended (memory, network, its log); the finished points stand.",
            )
        )
    if not points:
        reasons.append(
            Reason(
                code="interrupted",
                level="invalid",
                figure=None,
                threshold=None,
                text="The run ended before its first point.",
                remedy="Run it again.",
            )
        )
    return reasons

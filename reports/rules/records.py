"""Doubts about the facts themselves: is all there that happened? Pure."""

from reports.facts import Facts
from reports.render.numbers import count
from reports.report import Reason


def _invalid(code: str, text: str, remedy: str, figure: float | None = None, threshold: float | None = None) -> Reason:
    return Reason(code=code, level="invalid", figure=figure, threshold=threshold, text=text, remedy=remedy)


def counts_disagree(facts: Facts) -> Reason | None:
    """Not asked of a point that was interrupted: Locust's statistics are written at its end."""
    if facts.point.state != "done" or facts.point.locust.agrees:
        return None
    torn = f" {facts.torn_lines} lines could not be read." if facts.torn_lines else ""
    remedy = "Do not use this point; run it again, and report the run folder if it happens twice."
    locust, ours = facts.point.locust, facts.recorded
    if locust.requests is None:
        return _invalid("counts_disagree", f"Locust left no statistics to check the records against.{torn}", remedy)
    judged = ours.ok + ours.failed
    return _invalid(
        "counts_disagree",
        f"Locust counted {count(locust.requests)} requests with {count(locust.failures)} failures; the records hold "
        f"{count(judged)} with {count(ours.failed)}.{torn}",
        remedy,
        figure=abs(judged - locust.requests) or abs(ours.failed - (locust.failures or 0)),
        threshold=0,
    )


def worker_lost(facts: Facts) -> Reason | None:
    if not facts.lost_workers:
        return None
    return _invalid(
        "worker_lost",
        f"Load was missing, because the master lost {_named(facts.lost_workers)}.",
        "See why the load process ended (memory, network, its log), and run the point again.",
        figure=len(facts.lost_workers),
        threshold=0,
    )


def _named(workers: tuple[str, ...]) -> str:
    return f"worker{'s' if len(workers) > 1 else ''} {', '.join(workers)}"


def disk_full(facts: Facts) -> Reason | None:
    if not facts.disk_full:
        return None
    return _invalid(
        "disk_full",
        "The disk was full, so that records are missing.",
        "Free space or choose another directory with --work-dir, and run the point again.",
    )


def interrupted(facts: Facts) -> Reason | None:
    if facts.point.state == "done":
        return None
    what = "before its window" if facts.point.window_s is None else "in the midst of it"
    return _invalid(
        "interrupted",
        "The point was never begun." if facts.point.state == "planned" else f"The point was interrupted {what}.",
        "Run the point again.",
    )

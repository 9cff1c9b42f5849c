"""Doubts about the load generator: is what was measured the server's, or our own? Pure."""

from reports.facts import Facts
from reports.limits import (
    BOUNDED_RATIO,
    CLIENT_CPU_RATIO,
    CLOCK_STEP_S,
    CONCURRENCY_RATIO,
    LATE_DISPATCH_S,
    LOOP_LAG_PER_ITL,
    LOOP_LAG_S,
    UNSTAMPED_LOOP_LAG_S,
    Limit,
)
from reports.render.numbers import rate, ratio, seconds
from reports.report import Reason
from reports.rules.reason import above, below, reason

_SPREAD = "Give the load process fewer users or a faster core, or share the users among several machines."


def client_cpu(facts: Facts) -> Reason | None:
    figure = facts.point.client.cpu_ratio
    return reason(
        "client_cpu",
        figure,
        above(figure, CLIENT_CPU_RATIO),
        f"The busiest load process used {ratio(figure)} of a CPU core.",
        _SPREAD,
    )


def loop_lag_limit(facts: Facts) -> Limit:
    """In seconds. A median ITL of zero (bundled events) says nothing about how prompt the loop must be."""
    itl_s = facts.point.latency.itl_s.p50
    if not itl_s or LOOP_LAG_S.doubtful is None:
        return LOOP_LAG_S
    doubtful, invalid = LOOP_LAG_PER_ITL.doubtful, LOOP_LAG_PER_ITL.invalid
    return Limit(
        doubtful=LOOP_LAG_S.doubtful if doubtful is None else min(LOOP_LAG_S.doubtful, itl_s * doubtful),
        invalid=None if invalid is None else itl_s * invalid,
    )


def loop_lag(facts: Facts) -> Reason | None:
    figure = facts.point.client.loop_lag_s.p99
    itl_s = facts.point.latency.itl_s.p50
    return reason(
        "loop_lag",
        figure,
        above(figure, loop_lag_limit(facts)),
        f"The load process's loop woke up late by {seconds(figure)} at p99; the median gap between two content events "
        f"is {seconds(itl_s)}.",
        _SPREAD,
    )


def bounded_stamps(facts: Facts) -> Reason | None:
    every, first = facts.point.client.bounded_ratio, facts.first_bounded_ratio
    if facts.stamps != "kernel" or every is None or first is None:
        return None
    figure = max(every, first)
    return reason(
        "bounded_stamps",
        figure,
        above(figure, BOUNDED_RATIO),
        f"{ratio(every)} of the content events and {ratio(first)} of the first ones may have arrived earlier than "
        "their stamps say, because they shared a read.",
        _SPREAD,
    )


_UNSTAMPED = {
    "user": (
        "The times were taken by the load process and not by the kernel",
        "Make the load on Linux, where the kernel stamps what arrives.",
    ),
    "yield": (
        "The times were taken where query_model() yields, behind the client that it uses, and not by the kernel",
        "Have the server asked by a dialect, shipped or your own, where one can be: then the kernel stamps what arrives.",
    ),
}
"""By where the stamps come from: what is said of it, and what to do."""


def unstamped(facts: Facts) -> Reason | None:
    if facts.stamps not in _UNSTAMPED:
        return None
    figure = facts.point.client.loop_lag_s.p99
    crossed = above(figure, UNSTAMPED_LOOP_LAG_S)
    text, remedy = _UNSTAMPED[facts.stamps]
    if crossed is None:
        return Reason(
            code="unstamped",
            level="note",
            figure=figure,
            threshold=UNSTAMPED_LOOP_LAG_S.doubtful,
            text=f"{text}, so that its own delay is in them.",
            remedy=remedy,
        )
    return reason(
        "unstamped", figure, crossed, f"{text}, and its loop woke up late by {seconds(figure)} at p99.", remedy
    )


def concurrency_not_reached(facts: Facts) -> Reason | None:
    """Not asked in open loop, where users are slots and the rate is the target."""
    target = facts.point.concurrency.target
    if facts.open_loop or facts.concurrency is None or not target:
        return None
    figure = (facts.concurrency + (facts.thinking or 0)) / target
    return reason(
        "concurrency_not_reached",
        figure,
        below(figure, CONCURRENCY_RATIO),
        f"On average {rate(facts.concurrency)} requests were in flight{_thinking(facts)}, "
        f"{ratio(figure)} of the {target} users.",
        "Look for failing or refused connections, a cap on connections before the server, waiting times in the user "
        "class, or a load process at its limit.",
    )


def _thinking(facts: Facts) -> str:
    return "" if facts.thinking is None else f" and {rate(facts.thinking)} users paused between two turns"


def late_dispatch(facts: Facts) -> Reason | None:
    """Setting up a connection is the network's and the server's time, and is not counted as lateness."""
    figure = facts.dispatch_p99_s
    return reason(
        "late_dispatch",
        figure,
        above(figure, LATE_DISPATCH_S),
        f"Requests left the load process {seconds(figure)} late at p99, connecting not counted.",
        _SPREAD,
    )


def clock_step(facts: Facts) -> Reason | None:
    figure = facts.clock_step_s
    return reason(
        "clock_step",
        figure,
        above(figure, CLOCK_STEP_S),
        f"The wall clock of a load process was set by {seconds(figure)} within the point.",
        "Let the time service settle first, or stop it from stepping the clock while the load runs.",
    )

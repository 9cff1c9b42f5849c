"""What a run may ask for at most. Pure."""

from collections.abc import Mapping
from typing import Any

from service.settings import Limits


def excesses(options: Mapping[str, Any], limits: Limits) -> list[str]:
    """A sentence for each bound that the options, as the sweep understands them, go beyond."""
    users = options["users"]
    points = len(users) * max(len(options["targets"]), 1)
    asked = [
        ("users", max(users), limits.users, "users at once"),
        ("users", points, limits.points, "points, counting each target"),
        ("requests", options["requests"], limits.requests, "requests a point"),
        ("max-tokens", options["max_tokens"], limits.max_tokens, "tokens an answer"),
        ("processes", options["processes"], limits.processes, "worker processes"),
        ("run-time", _planned_s(options, points), limits.duration_s, "seconds for the whole run"),
    ]
    return [
        f"{option}: {amount:g} is more than the {most:g} {what} that this service allows."
        for option, amount, most, what in asked
        if amount is not None and amount > most
    ]


def _planned_s(options: Mapping[str, Any], points: int) -> float | None:
    """The windows alone; None where they are bounded by requests. What else a run takes is seen while it runs."""
    return None if options["requests"] is not None else options["run_time_s"] * points

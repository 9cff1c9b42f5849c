"""points.csv and compare.csv: one row a point, columns named by their path in report.json, e.g. latency.ttft_s.p50."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reports.compare import Comparison
from reports.report import Report


def render_points(report: Report) -> bytes:
    """The run's id first; reasons as their codes; counts by outcome and the SLO as JSON; empty is "not observed"."""
    return _table({"run": report.run["id"], **_flat(msgspec.to_builtins(point))} for point in report.points)


def render_comparison(comparison: Comparison) -> bytes:
    """One row a metric of a pair of points."""
    return _table(
        {
            "target": point.target,
            "users": point.users,
            "base_verdict": point.base_verdict,
            "candidate_verdict": point.candidate_verdict,
            **msgspec.to_builtins(metric),
        }
        for point in comparison.points
        for metric in point.metrics
    )


_LEFT_OUT = ("by_turn",)
"""As many as a conversation has turns; requests.csv has the turn of each request."""
_WHOLE = ("outcomes", "slo")
"""Their keys vary from run to run, and a column must not."""


def _flat(node: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if key == "reasons":
            flat[f"{path}reasons"] = " ".join(reason["code"] for reason in value)
        elif key in _LEFT_OUT:
            continue
        elif key in _WHOLE:
            flat[f"{path}{key}"] = json.dumps(value)
        elif isinstance(value, dict):
            flat |= _flat(value, f"{path}{key}.")
        else:
            flat[f"{path}{key}"] = value
    return flat


def _table(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Columns of all rows, in the order in which they first occur."""
    listed = list(rows)
    columns = list(dict.fromkeys(key for row in listed for key in row))
    if not columns:
        return b""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue().encode()

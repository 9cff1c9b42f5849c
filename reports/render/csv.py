"""points.csv and compare.csv: one row a point, columns named by their path in report.json, e.g. latency.ttft_s.p50."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from reports.compare import Comparison, PointComparison
from reports.report import Difference, Report
from reports.scoresides import ScoreDifference


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
            **row,
        }
        for point in comparison.points
        for row in _pair(point)
    )


def _pair(point: PointComparison) -> Iterator[dict[str, Any]]:
    yield from map(msgspec.to_builtins, point.metrics)
    for score in point.scores:
        yield {"key": f"quality.{score.scorer}.value", "unit": "ratio" if score.kind == "ratio" else "", **_side(score)}


def _side(score: ScoreDifference) -> dict[str, Any]:
    names = (
        "label",
        "better",
        "base",
        "candidate",
        "difference",
        "p",
        "found",
        "prompts",
        "others",
        "base_n",
        "candidate_n",
    )
    return {name: getattr(score, name) for name in names}


_LEFT_OUT = ("by_turn",)
"""As many as a conversation has turns; requests.csv has the turn of each request."""
_WHOLE = ("outcomes", "slo")
"""Their keys vary from run to run, and a column must not."""
_BOUNDS = ("interval", "interval_per_correct", "interval_per_good")
"""Which some points have and some have not."""


def _flat(node: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        if key == "quality":
            flat |= {f"quality.{score['scorer']}.{name}": each for score in value for name, each in _score(score)}
        elif key == "reasons":
            flat[f"{path}reasons"] = " ".join(reason["code"] for reason in value)
        elif key in _LEFT_OUT:
            continue
        elif key in _WHOLE:
            flat[f"{path}{key}"] = json.dumps(value)
        elif key in _BOUNDS:
            flat |= {f"{path}{key}.{end}": (value or {}).get(end) for end in ("low", "high")}
        elif key == "difference" and path == "canaries.":
            flat |= {f"{path}{key}.{name}": (value or {}).get(name) for name in Difference.__struct_fields__}
        elif isinstance(value, dict):
            flat |= _flat(value, f"{path}{key}.")
        else:
            flat[f"{path}{key}"] = value
    return flat


def _score(score: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    interval, difference = score["interval"] or {}, score["difference"] or {}
    yield from ((name, score[name]) for name in ("n", "unscored", "value"))
    yield from ((f"interval.{name}", interval.get(name)) for name in ("low", "high"))
    yield "of_requests", score["of_requests"]
    yield from ((f"difference.{name}", difference.get(name)) for name in Difference.__struct_fields__)


def _table(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Columns of all rows, in the order in which they first occur."""
    listed = list(rows)
    keys = dict.fromkeys(key for row in listed for key in row)
    # What one row has none of, such as a cost, is in others a section: its columns are empty there, and it is none.
    sections = {key[:at] for key in keys for at, sign in enumerate(key) if sign == "."}
    columns = [key for key in keys if key not in sections]
    if not columns:
        return b""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue().encode()

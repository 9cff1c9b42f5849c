"""requests.csv and requests.parquet: one row a request, its facts and what follows from them."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from harness.run import Manifest
from harness.score import Score
from reports.derive import meets_slo
from reports.frames import Frames, PointFrames, Scores
from reports.measure import measure
from reports.window import is_request_bounded, place

_WHOLE_NUMBERS = [
    "turns",
    "think_us",
    "wanted_prompt",
    "wanted_output",
    "due_ns",
    "sent_ns",
    "connect_us",
    "headers_us",
    "first_event_us",
    "lag_p50_us",
    "lag_max_us",
    "ended_us",
    "status",
    "usage_prompt",
    "usage_output",
    "usage_cached",
    "usage_reasoning",
    "counted_output",
    "prompt_chars",
    "request_bytes",
    "first_us",
    "last_us",
    "first_text_us",
]
"""Kept as floats in the frames, because they may be missing."""


def requests_table(frames: Frames) -> pa.Table:
    """All points together, in the order of the frames; missing is null."""
    parts = [_point_table(frames.manifest, point, frames.scores) for point in frames.points]
    return pa.concat_tables(parts) if parts else pa.table({})


def _point_table(manifest: Manifest, frames: PointFrames, scores: Scores | None) -> pa.Table:
    point = measure(place(frames, request_bounded=is_request_bounded(manifest)))
    slo = manifest.options.get("slo") or {}
    columns = {
        "users": np.full(len(point.facts), frames.point.users),
        **{name: _column(point.facts[name]) for name in point.facts.columns},
        **{name: _column(point.derived[name]) for name in point.derived.columns},
    }
    if slo:
        columns["meets_slo"] = meets_slo(point.facts, point.derived, slo)
    columns |= _scores(point.facts["id"], scores)
    columns["text"] = columns.pop("text")  # long, so last
    return pa.table(columns)


def _scores(ids: "pd.Series[str]", scores: Scores | None) -> dict[str, pa.Array]:
    """A column for each scorer of answers, such as score_accuracy; null where it has no value."""
    if scores is None:
        return {}
    named = {each.name: scores.by_request[each.name] for each in scores.scorers if each.name in scores.by_request}
    return {f"score_{name.replace('-', '_')}": _values(ids, found) for name, found in named.items()}


def _values(ids: "pd.Series[str]", found: dict[str, Score]) -> pa.Array:
    return pa.array([found[each].value if each in found else None for each in ids], type=pa.float64())


def _column(values: pd.Series) -> pa.Array:
    kind = pa.int64() if values.name in _WHOLE_NUMBERS else None
    return pa.array(values, type=kind, from_pandas=True, safe=True)


def render_parquet(table: pa.Table) -> bytes:
    """Compressed; missing is null."""
    buffer = io.BytesIO()
    pa.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def render_csv(table: pa.Table) -> bytes:
    """Empty is "not observed"."""
    buffer = io.BytesIO()
    pa.csv.write_csv(table, buffer, pa.csv.WriteOptions(quoting_style="needed"))
    return buffer.getvalue()

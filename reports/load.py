"""A run folder becomes frames.

Records are decoded a line at a time and kept as packed columns, so that a run of a hundred thousand streams fits
beside its charts. A line that cannot be read (the torn last one of a killed process, usually) is skipped and counted.
"""

from array import array
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, cast

import msgspec
import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionDtype

from harness.record import Health, LocustStats, Record
from harness.run import Point, RunError, locust_path, read_manifest
from reports import prices
from reports.counts import read_counts
from reports.frames import Counts, Events, Frames, Ints, PointFrames
from reports.scores import read_scores
from reports.sharing import apart

T = TypeVar("T")

_RECORD = msgspec.json.Decoder(Record)
_HEALTH = msgspec.json.Decoder(Health)
_LOCUST = msgspec.json.Decoder(LocustStats)

_STRING = pd.StringDtype("pyarrow")
_FLAG = pd.BooleanDtype()
_Dtype = ExtensionDtype | type[np.generic]


# Numbers that may be missing are float64: exact up to 2**53, which a monotonic clock in nanoseconds passes after
# 104 days of uptime and is then 2 ns coarse.
_FIELDS: dict[str, _Dtype] = {
    "id": _STRING,
    "run": _STRING,
    "point": np.int64,
    "worker": _STRING,
    "user": np.int64,
    "seq": np.int64,
    "target": _STRING,
    "dialect": _STRING,
    "model": _STRING,
    "prompt": _STRING,
    "turn": np.int64,
    "conversation": _STRING,
    "turns": np.float64,
    "think_us": np.float64,
    "canary": np.bool_,
    "phase": _STRING,
    "due_ns": np.float64,
    "begun_ns": np.int64,
    "sent_ns": np.float64,
    "connect_us": np.float64,
    "reused": _FLAG,
    "retried": np.int64,
    "headers_us": np.float64,
    "first_event_us": np.float64,
    "reads": np.int64,
    "ended_us": np.float64,
    "outcome": _STRING,
    "status": np.float64,
    "fault": _STRING,
    "finish": _STRING,
    "prompt_chars": np.float64,
    "request_bytes": np.float64,
    "response_bytes": np.int64,
    "text": _STRING,
}
_read_fields = attrgetter(*_FIELDS)


class _Column(NamedTuple):
    """A column that is not a field of the record as it stands."""

    name: str
    dtype: _Dtype
    read: Callable[[Record], Any]


def _usage(name: str) -> _Column:
    read = attrgetter(name)
    return _Column(f"usage_{name}", np.float64, lambda record: record.usage and read(record.usage))


def _wanted(name: str, dtype: _Dtype) -> _Column:
    read = attrgetter(name)
    return _Column(f"wanted_{name}", dtype, lambda record: record.wanted and read(record.wanted))


def _lag(name: str) -> _Column:
    read = attrgetter(name)
    return _Column(f"lag_{name}_us", np.float64, lambda record: record.lag_us and read(record.lag_us))


def _first_text_us(record: Record) -> int | None:
    index = record.kinds.find("t")
    return None if index < 0 else record.at_us[index]


def _is_first_bounded(record: Record) -> bool:
    return any(index == 0 for index, _ in record.bound_us)


_COLUMNS = (
    _wanted("prompt", np.float64),
    _wanted("output", np.float64),
    _wanted("unit", _STRING),
    _lag("p50"),
    _lag("max"),
    _usage("prompt"),
    _usage("output"),
    _usage("cached"),
    _usage("reasoning"),
    _Column("n_events", np.int64, lambda record: len(record.at_us)),
    _Column("n_chars", np.int64, lambda record: sum(record.chars)),
    _Column("first_us", np.float64, lambda record: record.at_us[0] if record.at_us else None),
    _Column("last_us", np.float64, lambda record: record.at_us[-1] if record.at_us else None),
    _Column("first_text_us", np.float64, _first_text_us),
    _Column("bounded", np.int64, lambda record: len(record.bound_us)),
    _Column("first_bounded", np.bool_, _is_first_bounded),
)
_DTYPES = _FIELDS | {column.name: column.dtype for column in _COLUMNS}


class _Lines(Generic[T]):
    """The readable lines of a file; `torn` counts the others."""

    def __init__(self, decoder: msgspec.json.Decoder[T]) -> None:
        self._decode = decoder.decode
        self.torn = 0

    def read(self, path: Path) -> Iterator[T]:
        with path.open("rb") as file:
            for line in file:
                try:
                    yield self._decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    self.torn += 1


class _Rows:
    """Records as columns in the making."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.counts = array("q")
        self.at_us = array("q")
        self.chars = array("q")
        self.kinds = bytearray()

    def add(self, record: Record) -> None:
        self.rows.append(_read_fields(record) + tuple([column.read(record) for column in _COLUMNS]))
        self.counts.append(len(record.at_us))
        self.at_us.extend(record.at_us)
        self.chars.extend(record.chars)
        self.kinds.extend(record.kinds.encode("ascii"))


def load(folder: Path) -> Frames:
    """Raises harness.run.RunError where `folder` is no run folder or a file in it cannot be read."""
    manifest = read_manifest(folder)
    try:
        counts = read_counts(folder)
        points = [_load_point(folder, point, counts) for point in manifest.points]
        parts = [part for point in points for part in apart(point)]
        return Frames(manifest, parts, counts, read_scores(folder), prices.load(folder))
    except OSError as error:
        raise RunError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _load_point(folder: Path, point: Point, counts: Counts | None) -> PointFrames:
    lines = _Lines(_RECORD)
    rows = _Rows()
    for path in sorted((folder / point.folder).glob("records-*.jsonl")):
        for record in lines.read(path):
            if _is_whole(record):
                rows.add(record)
            else:
                lines.torn += 1
    requests, events = _ordered(_to_frame(rows), _to_events(rows))
    requests["counted_output"] = requests["id"].map(counts.tokens if counts is not None else {}).astype(np.float64)
    health, torn_health = _load_health(folder / point.folder)
    return PointFrames(
        point=point,
        requests=requests,
        events=events,
        health=health,
        locust=_load_locust(locust_path(folder, point)),
        torn_lines=lines.torn + torn_health,
    )


def _is_whole(record: Record) -> bool:
    """One stamp, count and kind per event; anything else was not written by us and would shift its neighbours."""
    return len(record.at_us) == len(record.chars) == len(record.kinds) and record.kinds.isascii()


def _to_frame(rows: _Rows) -> pd.DataFrame:
    values = list(zip(*rows.rows, strict=True)) or [()] * len(_DTYPES)
    return pd.DataFrame(
        {name: _to_array(value, dtype) for (name, dtype), value in zip(_DTYPES.items(), values, strict=True)}
    )


def _to_array(values: tuple[Any, ...], dtype: _Dtype) -> Any:
    if isinstance(dtype, ExtensionDtype):
        return pd.array(list(values), dtype=cast("Any", dtype))
    return np.array(values, dtype=dtype)


def _to_events(rows: _Rows) -> Events:
    return Events(
        offsets=_offsets(np.frombuffer(rows.counts, dtype=np.int64)),
        at_us=np.frombuffer(rows.at_us, dtype=np.int64),
        chars=np.frombuffer(rows.chars, dtype=np.int64),
        kinds=np.frombuffer(rows.kinds, dtype=np.uint8),
    )


def _offsets(counts: Ints) -> Ints:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


def _ordered(requests: pd.DataFrame, events: Events) -> tuple[pd.DataFrame, Events]:
    """Sorted by (sent or begun, id); a table already in order is left as it is."""
    moment = requests["sent_ns"].fillna(requests["begun_ns"].astype(np.float64))
    order = pd.DataFrame({"moment": moment, "id": requests["id"]}).sort_values(["moment", "id"], kind="stable").index
    rows = order.to_numpy(np.int64)
    if np.array_equal(rows, np.arange(len(rows))):
        return requests, events
    counts = np.diff(events.offsets)[rows]
    offsets = _offsets(counts)
    take = np.arange(offsets[-1]) + np.repeat(events.offsets[:-1][rows] - offsets[:-1], counts)
    moved = Events(offsets, events.at_us[take], events.chars[take], events.kinds[take])
    return requests.iloc[rows].reset_index(drop=True), moved


_HEALTH_COLUMNS = ("worker", *Health.__struct_fields__)


def _load_health(folder: Path) -> tuple[pd.DataFrame, int]:
    lines = _Lines(_HEALTH)
    rows = [
        (path.stem.removeprefix("health-"), *msgspec.structs.astuple(line))
        for path in sorted(folder.glob("health-*.jsonl"))
        for line in lines.read(path)
    ]
    return pd.DataFrame.from_records(rows, columns=list(_HEALTH_COLUMNS)), lines.torn


def _load_locust(path: Path) -> LocustStats | None:
    try:
        return _LOCUST.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise RunError(f"{path} is not Locust's statistics of a point: {error}.") from error

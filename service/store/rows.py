"""A run folder becomes rows: line by line, as a run may be larger than the memory. No SQL.

The figures are those of the reports, in milliseconds: sent to first content event, sent to the end, and
(last - first content event) / (output tokens - 1) where there are two of each.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.record import Health, Record, from_line
from harness.run import Manifest, Point, RunError, health_path, read_manifest
from service.store.nouns import MOST_TOKENS, ResultRow
from service.store.prompts import PromptBook
from service.store.tables import from_us

_BATCH_ROWS, _BATCH_BYTES = 5_000, 16_000_000
_US_PER_MS = 1000
_NS_PER_US = 1000


class Batch(NamedTuple):
    """Rows of one file, read up to `end_bytes`."""

    file: str
    """Relative to the run folder."""
    end_bytes: int
    rows: list[ResultRow]


class RunFolder:
    """A run folder, read as the rows of a run of the service."""

    def __init__(self, folder: Path, run: str) -> None:
        """Raises RunError where it is no run folder."""
        self._folder = folder
        self._run = run
        self._manifest = read_manifest(folder)
        self._prompts = PromptBook(folder)

    def batches(self, read: Mapping[str, int]) -> Iterator[Batch]:
        """All rows but those before the positions in `read`, by file. Raises RunError for a file that cannot be read."""
        try:
            for point in self._manifest.points:
                for path in sorted((self._folder / point.folder).glob("records-*.jsonl")):
                    name = path.relative_to(self._folder).as_posix()
                    yield from self._file(path, name, read.get(name, 0), point)
        except OSError as error:
            raise RunError(f"{error.filename} cannot be read: {error.strerror}.") from error

    def _file(self, path: Path, name: str, begin_bytes: int, point: Point) -> Iterator[Batch]:
        if path.stat().st_size <= begin_bytes:
            return
        maker = _Maker(self._run, point.users, self._prompts, self._clock(path, point))
        batch, size = Batch(name, begin_bytes, []), 0
        for line in _lines(path, begin_bytes):
            if line.record is not None:
                batch.rows.append(maker.row(line.record))
            size += line.end_bytes - batch.end_bytes
            batch = batch._replace(end_bytes=line.end_bytes)
            if len(batch.rows) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                yield batch
                batch, size = Batch(name, line.end_bytes, []), 0
        if batch.end_bytes > begin_bytes:
            yield batch

    def _clock(self, path: Path, point: Point) -> int:
        worker = path.stem.removeprefix("records-")
        wall_ns = wall_minus_monotonic_ns(self._manifest, worker)
        if wall_ns is None:
            wall_ns = _from_health(health_path(self._folder, point, worker))
        if wall_ns is None:
            raise RunError(f"{path}: the manifest knows no clock of {worker}, so that nobody can say when it asked.")
        return wall_ns


def wall_minus_monotonic_ns(manifest: Manifest, worker: str) -> int | None:
    """What makes the master's wall clock of a worker's stamps; None for a worker that the manifest does not know."""
    for process in manifest.processes:
        if process.worker == worker:
            return process.start.wall_ns - process.start.monotonic_ns - process.offset_ns
    return None


def _from_health(path: Path) -> int | None:
    """As the worker itself saw it, where nothing else is known."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.readline(), type=Health).wall_minus_monotonic_ns
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None


class _Line(NamedTuple):
    end_bytes: int
    record: Record | None
    """None for a line that cannot be read."""


def _lines(path: Path, begin_bytes: int) -> Iterator[_Line]:
    """A line without an end is one that is being written, or never was, unless it can be read all the same."""
    with path.open("rb") as file:
        file.seek(begin_bytes)
        for line in file:
            begin_bytes += len(line)
            record = _record(line)
            if record is not None or line.endswith(b"\n"):
                yield _Line(begin_bytes, record)


def _record(line: bytes) -> Record | None:
    """As the reports read it: a record whose events do not fit together was not written by us."""
    try:
        record = from_line(line)
    except msgspec.DecodeError:
        return None
    whole = len(record.at_us) == len(record.chars) == len(record.kinds) and record.kinds.isascii()
    return record if whole else None


class _Maker:
    """Makes rows of the records of one file."""

    def __init__(self, run: str, users: int, prompts: PromptBook, wall_ns: int) -> None:
        self._run = run
        self._users = users
        self._prompts = prompts
        self._wall_ns = wall_ns

    def row(self, record: Record) -> ResultRow:
        tokens = output_tokens(record)
        turn = None if record.conversation is None else record.turn
        return ResultRow(
            request_id=_storable(record.id),
            prompt_text=_storable_or_none(self._prompts.text(record.prompt, turn)),
            generated_text=_storable_or_none(record.text),
            token_count=tokens,
            time_to_first_token=_ms(record.at_us[0] if record.at_us else None),
            time_per_output_token=_per_token_ms(record, tokens),
            total_generation_time=_ms(record.ended_us),
            timestamp=self._moment(record),
            run=self._run,
            point=record.point,
            users=self._users,
            model=_storable(record.model),
            outcome=record.outcome.value,
            phase=_storable(record.phase),
        )

    def _moment(self, record: Record) -> datetime:
        """When it was sent, or asked for where nothing was ever sent."""
        at_ns = record.begun_ns if record.sent_ns is None else record.sent_ns
        try:
            return from_us((at_ns + self._wall_ns) // _NS_PER_US)
        except OverflowError:
            raise RunError(f"The record {record.id} was sent at a time that no calendar has.") from None


def output_tokens(record: Record) -> int | None:
    """As the server counted them; a count that cannot be is none."""
    told = None if record.usage is None else record.usage.output
    return told if told is not None and 0 <= told <= MOST_TOKENS else None


def _ms(us: int | None) -> float | None:
    return None if us is None else us / _US_PER_MS


def _per_token_ms(record: Record, tokens: int | None) -> float | None:
    if tokens is None or tokens < 2 or len(record.at_us) < 2:
        return None
    return (record.at_us[-1] - record.at_us[0]) / _US_PER_MS / (tokens - 1)


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL in a text."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else _storable(text)

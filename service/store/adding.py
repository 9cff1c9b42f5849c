"""Results enter the database, and with them, in the same transaction, their sums."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, insert, select

from service.store.averages import Sums
from service.store.buckets import LEVELS_S, bucket_us
from service.store.bulk import put_many
from service.store.nouns import Added, ResultRow
from service.store.reading import stored
from service.store.tables import cohorts, prompts, results, rollups, sources, to_us
from service.store.upsert import upsert

_FIELDS = (
    *("point", "users", "token_count", "time_to_first_token", "time_per_output_token", "total_generation_time"),
    *("request_id", "generated_text"),
)
"""Of a row, which are columns as they stand."""
_COLUMNS = ("at_us", "source", "cohort", "prompt", *_FIELDS)
_read_fields = attrgetter(*_FIELDS)


class Cohort(NamedTuple):
    """What results have in common that are summed together."""

    model: str
    outcome: str
    phase: str


class Names:
    """The numbers of texts that many results share, remembered for as long as their transactions are committed.

    After a transaction that failed there may be numbers here that are not in the database: throw it away.
    """

    def __init__(self) -> None:
        self._sources: dict[str, int] = {}
        self._cohorts: dict[Cohort, int] = {}
        self._prompts: dict[bytes, int] = {}

    def source(self, connection: Connection, run: str | None) -> int:
        """That of a run, or of the rows without one."""
        name = run or ""
        if name not in self._sources:
            self._sources[name] = _number(connection, sources, {"run": name})
        return self._sources[name]

    def cohort(self, connection: Connection, row: ResultRow) -> int:
        """That of a row."""
        cohort = Cohort(row.model or "", row.outcome or "", row.phase or "")
        if cohort not in self._cohorts:
            self._cohorts[cohort] = _number(connection, cohorts, cohort._asdict())
        return self._cohorts[cohort]

    def prompts(self, connection: Connection, texts: Iterable[str]) -> Mapping[bytes, int]:
        """By digest; those of `texts` are there afterwards."""
        wanted = {digest(text): text for text in texts}
        missing = {key: text for key, text in wanted.items() if key not in self._prompts}
        if missing:
            query = select(prompts.c.digest, prompts.c.id).where(prompts.c.digest.in_(missing))
            self._prompts.update((bytes(key), number) for key, number in connection.execute(query))
        new = [{"digest": key, "text": text} for key, text in missing.items() if key not in self._prompts]
        if new:
            made = connection.execute(insert(prompts).returning(prompts.c.digest, prompts.c.id), new)
            self._prompts.update((bytes(key), number) for key, number in made)
        return self._prompts


def _number(connection: Connection, table: Table, key: Mapping[str, str]) -> int:
    query = select(table.c.id).where(*(table.c[name] == value for name, value in key.items()))
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        found = connection.execute(insert(table).returning(table.c.id), dict(key)).scalar_one()
    return int(found)


@lru_cache(maxsize=1024)
def digest(text: str) -> bytes:
    """Of a prompt. The same text comes again and again in a run, and may be long."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Sifted(NamedTuple):
    """Rows told apart by what is there already."""

    fresh: list[ResultRow]
    unchanged: int
    conflicting: list[str]


def sift(connection: Connection, rows: Sequence[ResultRow], names: Names) -> Sifted:
    """Which rows are new, also among themselves."""
    known = _stored_by_key(connection, rows, names)
    fresh: list[ResultRow] = []
    unchanged, conflicting = 0, []
    for row in rows:
        key = (row.run, row.request_id)
        earlier = known.setdefault(key, row)
        if earlier is row:
            fresh.append(row)
        elif earlier == row:
            unchanged += 1
        else:
            conflicting.append(row.request_id)
    return Sifted(fresh, unchanged, conflicting)


def _stored_by_key(
    connection: Connection, rows: Sequence[ResultRow], names: Names
) -> dict[tuple[str | None, str], ResultRow]:
    ids: dict[str | None, list[str]] = {}
    for row in rows:
        ids.setdefault(row.run, []).append(row.request_id)
    found = [each for run, wanted in ids.items() for each in stored(connection, names.source(connection, run), wanted)]
    return {(row.run, row.request_id): row for row in found}


def add(connection: Connection, rows: Sequence[ResultRow], names: Names) -> Added:
    """Add rows; where any conflicts with what is there, none."""
    sifted = sift(connection, rows, names)
    if sifted.conflicting:
        return Added(0, sifted.unchanged, sifted.conflicting)
    put(connection, sifted.fresh, names)
    return Added(len(sifted.fresh), sifted.unchanged)


def put(connection: Connection, rows: Sequence[ResultRow], names: Names) -> None:
    """Add rows that are known to be new."""
    if not rows:
        return
    numbers = names.prompts(connection, {row.prompt_text for row in rows if row.prompt_text is not None})
    tally = _Tally()
    values: list[tuple[Any, ...]] = []
    for row in rows:
        at_us = to_us(row.timestamp)
        cohort = names.cohort(connection, row)
        tally.add(at_us, cohort, row)
        source = names.source(connection, row.run)
        prompt = None if row.prompt_text is None else numbers[digest(row.prompt_text)]
        values.append((at_us, source, cohort, prompt, *_read_fields(row)))
    put_many(connection, results, _COLUMNS, values)
    _add_up(connection, tally)


class _Tally:
    """Sums of a batch, by the narrowest bucket and cohort."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int], Sums] = {}

    def add(self, at_us: int, cohort: int, row: ResultRow) -> None:
        key = (bucket_us(at_us, LEVELS_S[0]), cohort)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = Sums()
        sums.add(row)

    def rows(self, level_s: int) -> list[dict[str, Any]]:
        """For the buckets of one width."""
        wider: dict[tuple[int, int], Sums] = {}
        for (begin_us, cohort), sums in self._sums.items():
            wider.setdefault((bucket_us(begin_us, level_s), cohort), Sums()).merge(sums)
        return [
            {"level_s": level_s, "begin_us": begin_us, "cohort": cohort} | sums.as_columns()
            for (begin_us, cohort), sums in wider.items()
        ]


def _add_up(connection: Connection, tally: _Tally) -> None:
    rows = [row for level_s in LEVELS_S for row in tally.rows(level_s)]
    upsert(connection, rollups, rows, Sums.__slots__, how="add")

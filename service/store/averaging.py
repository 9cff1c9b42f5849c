"""Averages and counts, from sums that are kept where they are enough, and from the rows where they are not."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, union_all

from service.store.averages import Average, Sums, Tallied, averages
from service.store.buckets import Span, lay_out
from service.store.nouns import ResultFilter
from service.store.scope import DID_NOT_FAIL, Scope, outcomes_of, scope
from service.store.tables import results, rollups

_FIGURES = (
    results.c.token_count,
    results.c.time_to_first_token,
    results.c.time_per_output_token,
    results.c.total_generation_time,
)
"""In the order in which `Sums` has them, each with its sum and its count."""


def average(connection: Connection, wanted: ResultFilter, *, by_model: bool) -> list[Average]:
    """As service.store.nouns.Results has it."""
    meant = scope(connection, wanted, outcomes_of(wanted.outcome, DID_NOT_FAIL))
    return averages(_tally(connection, meant), by_model=by_model)


def count(connection: Connection, meant: Scope) -> int:
    """How many results are meant."""
    if meant.rows_alone:
        query = select(func.count()).select_from(results).where(*meant.rows)
        if not meant.all_cohorts:
            query = query.where(results.c.cohort.in_(list(meant.cohorts)))
        return int(connection.execute(query).scalar_one())
    return sum(tallied.sums.rows for tallied in _tally(connection, meant))


def _tally(connection: Connection, meant: Scope) -> Iterable[Tallied]:
    whole = [Span(0, meant.begin_us, meant.end_us)] if meant.rows_alone else None
    parts = [_part(meant, span) for span in whole or lay_out(meant.begin_us, meant.end_us)]
    if not parts:
        return
    for row in connection.execute(union_all(*parts)):
        yield Tallied(meant.cohorts[row.cohort], _read(row))


def _part(meant: Scope, span: Span) -> Select[Any]:
    return _of_rollups(meant, span) if span.level_s else _of_rows(meant, span)


def _of_rollups(meant: Scope, span: Span) -> Select[Any]:
    inside = (rollups.c.begin_us >= span.begin_us, rollups.c.begin_us < span.end_us)
    sums = [func.sum(rollups.c[name]).label(name) for name in Sums.__slots__]
    query = select(rollups.c.cohort, *sums).where(rollups.c.level_s == span.level_s, *inside)
    if not meant.all_cohorts:
        query = query.where(rollups.c.cohort.in_(list(meant.cohorts)))
    return query.group_by(rollups.c.cohort)


def _of_rows(meant: Scope, span: Span) -> Select[Any]:
    inside = (results.c.at_us >= span.begin_us, results.c.at_us < span.end_us)
    sums = [each for column in _FIGURES for each in (func.coalesce(func.sum(column), 0), func.count(column))]
    named = zip(Sums.__slots__, [func.count(), *sums], strict=True)
    query = select(results.c.cohort, *(each.label(name) for name, each in named)).where(*inside, *meant.rows_alone)
    if not meant.all_cohorts:
        query = query.where(results.c.cohort.in_(list(meant.cohorts)))
    return query.group_by(results.c.cohort)


def _read(row: Row[Any]) -> Sums:
    # PostgreSQL adds up its integers to decimals.
    return Sums(
        rows=int(row.rows),
        tokens=int(row.tokens),
        tokens_n=int(row.tokens_n),
        first_ms=float(row.first_ms),
        first_n=int(row.first_n),
        per_token_ms=float(row.per_token_ms),
        per_token_n=int(row.per_token_n),
        total_ms=float(row.total_ms),
        total_n=int(row.total_n),
    )

"""A filter in the database's own terms: numbers of cohorts, microseconds, conditions on rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from harness.outcome import FAILED
from service.store.nouns import ANY, FAILURES, ResultFilter
from service.store.tables import cohorts, results, sources, to_us

DID_NOT_FAIL = frozenset({"ok", ""})
"""What an average is over unless outcomes are asked for; '' is of rows that say nothing of their end."""
_EARLIEST_US, _LATEST_US = -(2**56), 2**58
"""Before year 1 and after year 9999."""

Outcomes = frozenset[str] | None
"""None for all of them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The results that are meant: from `begin_us` to before `end_us`, in the cohorts, under the conditions."""

    begin_us: int
    end_us: int
    cohorts: dict[int, str | None]
    """Their models, by number."""
    all_cohorts: bool
    """Whether there are no others."""
    rows_alone: list[ColumnElement[bool]]
    """What sums know nothing of."""

    @property
    def rows(self) -> list[ColumnElement[bool]]:
        """The conditions on a row, without those on its cohort."""
        return [results.c.at_us >= self.begin_us, results.c.at_us < self.end_us, *self.rows_alone]


def outcomes_of(word: str | None, unsaid: Outcomes) -> Outcomes:
    """The outcomes that a filter's word means; `unsaid` where there is none."""
    if word is None:
        return unsaid
    if word == ANY:
        return None
    return frozenset(FAILED) if word == FAILURES else frozenset({word})


def window_us(begin: datetime | None, end: datetime | None) -> tuple[int, int]:
    """From and up to, without the latter; both moments given belong to the window."""
    return (_EARLIEST_US if begin is None else to_us(begin), _LATEST_US if end is None else to_us(end) + 1)


def scope(connection: Connection, wanted: ResultFilter, outcomes: Outcomes) -> Scope:
    """What the filter means in this database; `outcomes` in place of its word."""
    every = connection.execute(select(cohorts)).all()
    chosen = {row.id: row.model or None for row in every if _is_like(row, wanted, outcomes)}
    begin_us, end_us = window_us(wanted.begin, wanted.end)
    return Scope(begin_us, end_us, chosen, len(chosen) == len(every), _rows_alone(connection, wanted))


def _is_like(cohort: Row[Any], wanted: ResultFilter, outcomes: Outcomes) -> bool:
    return (
        (wanted.model is None or cohort.model == wanted.model)
        and (wanted.phase is None or cohort.phase == wanted.phase)
        and (outcomes is None or cohort.outcome in outcomes)
    )


def _rows_alone(connection: Connection, wanted: ResultFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.run is not None:
        source = connection.execute(select(sources.c.id).where(sources.c.run == wanted.run)).scalar_one_or_none()
        conditions.append(results.c.source == (-1 if source is None else source))
    if wanted.point is not None:
        conditions.append(results.c.point == wanted.point)
    if wanted.request_id is not None:
        conditions.append(results.c.request_id == wanted.request_id)
    return conditions

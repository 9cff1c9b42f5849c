"""What the store takes and gives: rows, filters, pages. None is "not observed", and is never zero."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from service.store.averages import Average

T = TypeVar("T")

RunState = Literal["queued", "running", "done", "interrupted", "failed", "cancelled"]


class StoreError(Exception):
    """The store cannot do what was asked; the message is a sentence for the user, without the URL's credentials."""


MOST_TOKENS = 10**9
"""A count of tokens above it is none: sums of such counts have room in 64 bits."""
ANY, FAILURES = "any", "failed"
"""Words for `ResultFilter.outcome` that are no outcomes: all, and every failure."""


class BadCursor(ValueError):
    """Text that no page gave as its `next`; the message is a sentence."""


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run that the service was asked for, or that was imported. Times are UTC."""

    id: str
    """The service's own, sortable by time; also the name of the run's directory."""
    folder: str | None = None
    """The run folder, relative to the service's data directory; None until there is one."""
    name: str = "sweep"
    description: str = ""
    state: RunState = "queued"
    submitted: datetime
    begun: datetime | None = None
    ended: datetime | None = None
    model: str | None = None
    dialect: str | None = None
    host: str | None = None
    """Without credentials."""
    users: list[int] = []
    workload: str | None = None
    """Runs of the same workload are comparable over time."""
    verdict: str | None = None
    figures: dict[str, Any] = {}
    options: dict[str, Any] = {}
    """As submitted, without secrets."""
    trouble: str | None = None
    """Why there is no report, or no whole one."""
    imported: bool = False


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `run` and `request_id` together are unique; a row from elsewhere may belong to no run."""

    request_id: str
    prompt_text: str | None = None
    generated_text: str | None = None
    token_count: int | None = None
    """Output tokens, as the server counted them."""
    time_to_first_token: float | None = None
    """Milliseconds, as are the next two."""
    time_per_output_token: float | None = None
    total_generation_time: float | None = None
    timestamp: datetime
    """When it was sent, UTC, to the microsecond."""
    run: str | None = None
    point: int | None = None
    users: int | None = None
    model: str | None = None
    outcome: str | None = None
    """None for a row from elsewhere that says nothing of its end."""
    phase: str | None = None
    """settle, window or cooldown; a report's figures are those of the window."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Runs that are like all that is given."""

    state: str | None = None
    model: str | None = None
    workload: str | None = None
    text: str | None = None
    """Found in the id, the name or the description; capitals and small letters are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFilter:
    """Results that are like all that is given; `begin` and `end` both belong to the window."""

    run: str | None = None
    point: int | None = None
    model: str | None = None
    outcome: str | None = None
    """One of harness.outcome, or ANY, or FAILURES."""
    phase: str | None = None
    request_id: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: the rows after `cursor` (what the page before gave as `next`), or after `offset` rows."""

    limit: int = 100
    offset: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """A page, how many there are in all, and where the next page begins (None after the last)."""

    items: list[T]
    total: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of rows from elsewhere. Where any is conflicting (same id, other content), none was added."""

    added: int
    unchanged: int
    conflicting: list[str] = field(default_factory=list)


class Results(Protocol):
    """Where results are read from: the store, or a file."""

    def results(self, wanted: ResultFilter, page: Page) -> Paged[ResultRow]:
        """Newest first. Raises StoreError."""

    def average(self, wanted: ResultFilter, *, by_model: bool = False) -> list[Average]:
        """One, or one a model that has rows, by name; none where there are no rows. Raises StoreError.

        Without an outcome in the filter, of the rows that did not fail: `ok`, or nothing said about their end.
        """

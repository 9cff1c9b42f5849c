"""Averages of results, from sums that can be added up in any order and any parts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Observed(NamedTuple):
    """How many rows have each of the four."""

    token_count: int
    time_to_first_token: int
    time_per_output_token: int
    total_generation_time: int


@dataclass(frozen=True, slots=True)
class Average:
    """Each average is over the rows that have the figure; None where none has. Times in milliseconds."""

    model: str | None
    """None for all models together, or for rows that name none."""
    count: int
    """All rows, whatever they have."""
    token_count: float | None
    time_to_first_token: float | None
    time_per_output_token: float | None
    total_generation_time: float | None
    observed: Observed


class Timed(Protocol):
    """The figures of a row."""

    @property
    def token_count(self) -> int | None: ...
    @property
    def time_to_first_token(self) -> float | None: ...
    @property
    def time_per_output_token(self) -> float | None: ...
    @property
    def total_generation_time(self) -> float | None: ...


@dataclass(slots=True)
class Sums:
    """Sums over rows, and how many rows have each figure."""

    rows: int = 0
    tokens: int = 0
    tokens_n: int = 0
    first_ms: float = 0.0
    first_n: int = 0
    per_token_ms: float = 0.0
    per_token_n: int = 0
    total_ms: float = 0.0
    total_n: int = 0

    def add(self, row: Timed) -> None:
        """Count one row."""
        self.rows += 1
        if row.token_count is not None:
            self.tokens += row.token_count
            self.tokens_n += 1
        if row.time_to_first_token is not None:
            self.first_ms += row.time_to_first_token
            self.first_n += 1
        if row.time_per_output_token is not None:
            self.per_token_ms += row.time_per_output_token
            self.per_token_n += 1
        if row.total_generation_time is not None:
            self.total_ms += row.total_generation_time
            self.total_n += 1

    def merge(self, other: "Sums") -> None:
        """Count all that another has counted."""
        for name in Sums.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_columns(self) -> dict[str, float]:
        """By the names of the columns that they are kept in."""
        return {name: getattr(self, name) for name in Sums.__slots__}

    def average(self, model: str | None = None) -> Average:
        """What the sums come to."""
        return Average(
            model=model,
            count=self.rows,
            token_count=_mean(self.tokens, self.tokens_n),
            time_to_first_token=_mean(self.first_ms, self.first_n),
            time_per_output_token=_mean(self.per_token_ms, self.per_token_n),
            total_generation_time=_mean(self.total_ms, self.total_n),
            observed=Observed(self.tokens_n, self.first_n, self.per_token_n, self.total_n),
        )


def _mean(total: float, n: int) -> float | None:
    return total / n if n else None


class Tallied(NamedTuple):
    """Sums of one model's rows."""

    model: str | None
    sums: Sums


def averages(tallied: Iterable[Tallied], *, by_model: bool) -> list[Average]:
    """One over all, or one a model, by name, rows without a name first; none for no rows."""
    merged: dict[str | None, Sums] = {}
    for model, sums in tallied:
        merged.setdefault(model if by_model else None, Sums()).merge(sums)
    found = [sums.average(model) for model, sums in merged.items() if sums.rows]
    return sorted(found, key=lambda each: each.model or "")

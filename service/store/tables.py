"""The tables as the code knows them; migrations/ makes them. A test holds the two against each other.

    runs        a run and what is known of it
    sources     where results come from: a run, or '' for rows that belong to none; the row's half of its key
    cohorts     results of one model, one outcome, one phase
    prompts     texts, each kept once
    results     one request a row
    rollups     sums of a cohort's results over a bucket of time, kept up in the transaction that adds the results
    positions   how far the files of a run's folder have been read

Text that may be missing and is part of a key is '' where it is missing, as NULLs are never alike.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, UTC."""
    return (moment - EPOCH) // _US


def from_us(at_us: int) -> datetime:
    """The moment, UTC."""
    return EPOCH + timedelta(microseconds=at_us)


class Moment(TypeDecorator[datetime]):
    """A moment as an integer, alike in every database: SQLite has no type for it, and no zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else to_us(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else from_us(value)


_Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is INTEGER."""

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("folder", Text),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("submitted", Moment, nullable=False),
    Column("begun", Moment),
    Column("ended", Moment),
    Column("model", Text),
    Column("dialect", Text),
    Column("host", Text),
    Column("users", JSON, nullable=False),
    Column("workload", Text),
    Column("verdict", Text),
    Column("figures", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("trouble", Text),
    Column("imported", Boolean, nullable=False),
    Index("runs_by_state", "state", "id"),
    Index("runs_by_workload", "workload", "id"),
    Index("runs_by_model", "model", "id"),
)

sources = Table(
    "sources",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("run", Text, nullable=False, unique=True),
)

cohorts = Table(
    "cohorts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("model", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("phase", Text, nullable=False),
    UniqueConstraint("model", "outcome", "phase", name="cohorts_unique"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("text", Text, nullable=False),
)

# Numbers come before the long text, so that reading them does not walk through it.
results = Table(
    "results",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("source", _Id, ForeignKey("sources.id"), nullable=False),
    Column("cohort", _Id, ForeignKey("cohorts.id"), nullable=False),
    Column("point", Integer),
    Column("users", Integer),
    Column("token_count", BigInteger),
    Column("time_to_first_token", Double),
    Column("time_per_output_token", Double),
    Column("total_generation_time", Double),
    Column("prompt", _Id, ForeignKey("prompts.id")),
    Column("request_id", Text, nullable=False),
    Column("generated_text", Text),
    Index("results_unique", "request_id", "source", unique=True),
    Index("results_by_time", "at_us", "id"),
    Index("results_by_source", "source", "at_us", "id"),
    Index("results_by_cohort", "cohort", "at_us", "id"),
)

rollups = Table(
    "rollups",
    metadata,
    Column("level_s", Integer, primary_key=True, autoincrement=False),
    Column("begin_us", BigInteger, primary_key=True, autoincrement=False),
    Column("cohort", _Id, ForeignKey("cohorts.id"), primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("tokens_n", BigInteger, nullable=False),
    Column("first_ms", Double, nullable=False),
    Column("first_n", BigInteger, nullable=False),
    Column("per_token_ms", Double, nullable=False),
    Column("per_token_n", BigInteger, nullable=False),
    Column("total_ms", Double, nullable=False),
    Column("total_n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

positions = Table(
    "positions",
    metadata,
    Column("run", Text, primary_key=True),
    Column("file", Text, primary_key=True),
    Column("read_bytes", BigInteger, nullable=False),
)

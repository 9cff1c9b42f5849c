"""Runs, results, and their sums."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables."""
    _make_runs()
    _make_results()
    _make_sums()


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("folder", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("submitted", sa.BigInteger, nullable=False),
        sa.Column("begun", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("model", sa.Text),
        sa.Column("dialect", sa.Text),
        sa.Column("host", sa.Text),
        sa.Column("users", sa.JSON, nullable=False),
        sa.Column("workload", sa.Text),
        sa.Column("verdict", sa.Text),
        sa.Column("figures", sa.JSON, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("trouble", sa.Text),
        sa.Column("imported", sa.Boolean, nullable=False),
    )
    for key in ("state", "workload", "model"):
        op.create_index(f"runs_by_{key}", "runs", [key, "id"])


def _make_results() -> None:
    op.create_table(
        "sources",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("run", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "cohorts",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.UniqueConstraint("model", "outcome", "phase", name="cohorts_unique"),
    )
    op.create_table(
        "prompts",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("digest", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "results",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("source", _ID, sa.ForeignKey("sources.id"), nullable=False),
        sa.Column("cohort", _ID, sa.ForeignKey("cohorts.id"), nullable=False),
        sa.Column("point", sa.Integer),
        sa.Column("users", sa.Integer),
        sa.Column("token_count", sa.BigInteger),
        sa.Column("time_to_first_token", sa.Double),
        sa.Column("time_per_output_token", sa.Double),
        sa.Column("total_generation_time", sa.Double),
        sa.Column("prompt", _ID, sa.ForeignKey("prompts.id")),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("generated_text", sa.Text),
    )
    op.create_index("results_unique", "results", ["request_id", "source"], unique=True)
    op.create_index("results_by_time", "results", ["at_us", "id"])
    op.create_index("results_by_source", "results", ["source", "at_us", "id"])
    op.create_index("results_by_cohort", "results", ["cohort", "at_us", "id"])


def _make_sums() -> None:
    op.create_table(
        "rollups",
        sa.Column("level_s", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("begin_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("cohort", _ID, sa.ForeignKey("cohorts.id"), primary_key=True, autoincrement=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("tokens_n", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.Double, nullable=False),
        sa.Column("first_n", sa.BigInteger, nullable=False),
        sa.Column("per_token_ms", sa.Double, nullable=False),
        sa.Column("per_token_n", sa.BigInteger, nullable=False),
        sa.Column("total_ms", sa.Double, nullable=False),
        sa.Column("total_n", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "positions",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("read_bytes", sa.BigInteger, nullable=False),
    )

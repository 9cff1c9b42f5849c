"""Runs that somebody pays for: a table of prices and scores of answers beside the records."""

from pathlib import Path

from harness.run import PRICES, QUALITY
from harness.score import Score, Scorer, to_line

TABLE = """\
currency = "USD"
as_of = 2026-01-31
source = "made up"

[models.tiny]
input = 2
cached_input = 0.5
output = 10
reasoning = 20
"""


def price(folder: Path, table: str = TABLE) -> Path:
    (folder / PRICES).write_text(table, encoding="utf-8")
    return folder


def scorer(name: str = "accuracy", **fields) -> Scorer:
    told = {"label": "Accuracy", "kind": "ratio", "better": "higher", "definition": "right answers", "checks": True}
    return Scorer(name=name, version=1, digest="d1", **(told | fields))


def mark(folder: Path, values: dict[str, float | None], by: Scorer | None = None) -> Path:
    """Score answers by the ids of their records."""
    by = by or scorer()
    lines = [
        by,
        *(Score(scorer=by.name, digest=by.digest, request=each, value=value) for each, value in values.items()),
    ]
    with (folder / QUALITY).open("ab") as file:
        file.writelines(map(to_line, lines))
    return folder

"""Tables: what a row of a CSV or Parquet file says of a prompt, its columns being the fields."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from harness.formats.fields import prompt_of, renamed
from harness.formats.row import Mistake, Reading
from harness.testset import Prompt


def check_columns(names: Collection[str], reading: Reading) -> None:
    """Raises Mistake where a column that the map names is not in the table, or none holds the question."""
    for field, column in reading.columns.items():
        if column not in names:
            raise Mistake(f"--testset-columns {field}={column}: {_missing(column, names)}")
    questions = {"prompt", "messages"}
    if not questions & {*names, *reading.columns}:
        raise Mistake(f"{_missing('prompt', names)} Say which holds the question: --testset-columns prompt=COLUMN.")


def prompt_in(cells: dict[str, Any], reading: Reading) -> Prompt:
    """The prompt in a row; a cell that is None says nothing. Raises Mistake."""
    told = {column: value for column, value in cells.items() if value is not None}
    return prompt_of(renamed(told, reading), reading)


def _missing(column: str, names: Collection[str]) -> str:
    close = get_close_matches(column, names, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"there is no column {column!r}; the columns are {', '.join(names) or 'none'}.{hint}"

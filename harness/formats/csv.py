"""CSV: a head line that names the columns, one prompt a row. Commas, semicolons or tabs, whichever the head has most of."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any, NamedTuple

from harness.formats.row import Format, Mistake, Reading, Row, decoded_whole, from_json
from harness.formats.table import check_columns, prompt_in
from harness.testset import Prompt

_DELIMITERS = ",;\t"
_LONGEST_CELL = 2**31 - 1


class _Ragged(NamedTuple):
    """A row that does not fit its head: how many cells each has."""

    cells: int
    names: int


def _rows(data: bytes, reading: Reading) -> Iterator[Row]:
    text = decoded_whole(data)
    # The module's own limit, 128 KiB, is less than a long prompt has.
    csv.field_size_limit(_LONGEST_CELL)
    table = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    names = _next(table)
    if names is None:
        return
    check_columns(names, reading)
    line = table.line_num + 1
    while (cells := _next(table)) is not None:
        if cells:
            whole = len(cells) == len(names)
            yield Row(str(line), dict(zip(names, cells, strict=True)) if whole else _Ragged(len(cells), len(names)))
        line = table.line_num + 1


def _next(table: Any) -> list[str] | None:
    try:
        cells: list[str] | None = next(table, None)
    except csv.Error as error:
        raise Mistake(f"not CSV: {error}.", str(table.line_num)) from None
    return cells


def _delimiter(text: str) -> str:
    head = text.lstrip().split("\n", 1)[0]
    return max(_DELIMITERS, key=head.count)


def _prompt(value: Any, reading: Reading) -> Prompt:
    if isinstance(value, _Ragged):
        raise Mistake(
            f"the cells here are {value.cells} and those of the head {value.names}; put text with commas into quotes."
        )
    cells = {column: cell if cell.strip() else None for column, cell in value.items()}
    columns = reading.columns
    for field, read in _CELLS.items():
        column = columns.get(field, field)
        cell = cells.get(column)
        if cell is not None:
            cells[column] = read(cell)
    return prompt_in(cells, reading)


def _number(cell: str) -> Any:
    return int(cell) if cell.strip().isdecimal() else cell


def _json_or_text(cell: str) -> Any:
    return from_json(cell) if cell.lstrip().startswith("[") else cell


_CELLS = {"max_tokens": _number, "messages": _json_or_text, "images": _json_or_text}
"""Fields that are no text, which is all that a cell can hold."""

CSV = Format("csv", _rows, _prompt, mapped=True)

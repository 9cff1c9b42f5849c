"""Parquet: one prompt a row; nested columns may hold messages, and images with their bytes."""

from collections.abc import Iterator
from typing import Any

from harness.formats.row import Format, Mistake, Reading, Row
from harness.formats.table import check_columns, prompt_in
from harness.pictures import NoImage, image_of
from harness.testset import Image, Prompt

_ROWS_AT_ONCE = 1024


def _rows(data: bytes, reading: Reading) -> Iterator[Row]:
    # Imported where it is needed: it is large, and a load process has no other use for it.
    import pyarrow as pa
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(pa.BufferReader(data))
        check_columns(table.schema_arrow.names, reading)
        number = 0
        for batch in table.iter_batches(_ROWS_AT_ONCE, use_threads=False):
            for cells in batch.to_pylist():
                number += 1
                yield Row(f" row {number}", cells)
    except (pa.ArrowException, OSError) as error:
        raise Mistake(f"not Parquet: {' '.join(str(error).split())[:200].rstrip('.')}.") from None


def _prompt(cells: Any, reading: Reading) -> Prompt:
    column = reading.columns.get("images", "images")
    if cells.get(column) is not None:
        shown = cells[column] if isinstance(cells[column], list) else [cells[column]]
        cells = cells | {column: [_image(each) for each in shown]}
    return prompt_in(cells, reading)


def _image(value: Any) -> Image | Any:
    """As data sets keep it: bytes, or an object with bytes and the path they came from; else a name."""
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if not isinstance(value, bytes):
        return value
    try:
        return image_of(value)
    except NoImage as error:
        raise Mistake(f"its image {error}.") from None


PARQUET = Format("parquet", _rows, _prompt, mapped=True)

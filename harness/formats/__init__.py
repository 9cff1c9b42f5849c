"""Files of prompts: one format a file, this table, and how a format is recognised.

Nothing here opens a file. Images that a set names are asked of `Reading.look`.
"""

import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from gzip import decompress as gunzip
from pathlib import PurePath
from typing import Any, NamedTuple

import msgspec

from harness.formats.conversations import CONVERSATIONS
from harness.formats.csv import CSV
from harness.formats.entries import first_value
from harness.formats.objects import OBJECTS
from harness.formats.parquet import PARQUET
from harness.formats.plain import PLAIN
from harness.formats.row import Format, Mistake, Reading
from harness.formats.sharegpt import SHAREGPT
from harness.testset import Prompt, Testset, TestsetError, digest

FORMATS: dict[str, Format] = {each.name: each for each in (PLAIN, OBJECTS, CONVERSATIONS, SHAREGPT, CSV, PARQUET)}
LISTED_MISTAKES = 20

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_SUFFIXES = {".csv": CSV, ".tsv": CSV, ".parquet": PARQUET}


class File(NamedTuple):
    """A file as it was found."""

    name: str
    """What the set is called."""
    source: str
    """The file as the user named it; its suffix says much about its format."""
    data: bytes


def parse(file: File, reading: Reading, named: str | None = None) -> Testset:
    """The set in a file of the format `named`, or of the one that suffix and shape say.

    Raises TestsetError with all mistakes at once, the first LISTED_MISTAKES of them in words.
    """
    file = _unpacked(file)
    form = FORMATS[named] if named is not None else recognise(file)
    if reading.columns and not form.mapped:
        mapped = ", ".join(each.name for each in FORMATS.values() if each.mapped)
        raise TestsetError([f"--testset-columns: {file.source} is read as {form.name}, without columns; for {mapped}."])
    prompts: list[Prompt] = []
    mistakes: list[str] = []
    left_out = 0
    for found in _read(form, file, reading):
        if isinstance(found, Prompt):
            prompts.append(msgspec.structs.replace(found, index=len(prompts)))
        elif found is None:
            left_out += 1
        else:
            mistakes.append(found)
    if mistakes:
        raise TestsetError(shortened(mistakes))
    if not prompts:
        raise TestsetError([f"{file.source} holds no prompt; write at least one{_unit(form)}."])
    return Testset(file.name, file.source, digest(file.data), tuple(prompts), left_out=left_out)


def recognise(file: File) -> Format:
    """The format by suffix and, for JSON, by shape. Raises TestsetError for what is none of them."""
    suffix = PurePath(file.source.removesuffix(".gz")).suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if file.data.startswith(_PARQUET_MAGIC):
        return PARQUET
    if suffix in _JSON_SUFFIXES:
        return _by_shape(first_value(file.data))
    if b"\0" in file.data:
        raise TestsetError(
            [
                f"{file.source} is of no format that can be recognised; name it with --testset-format: {', '.join(FORMATS)}."
            ]
        )
    return PLAIN


def shortened(mistakes: list[str]) -> list[str]:
    """No more of them than can be read, and how many more there are."""
    more = len(mistakes) - LISTED_MISTAKES
    return mistakes if more <= 0 else [*mistakes[:LISTED_MISTAKES], f"and {more} more"]


def _by_shape(first: Any) -> Format:
    if isinstance(first, list):
        return CONVERSATIONS
    return SHAREGPT if isinstance(first, dict) and "conversations" in first else OBJECTS


def _unpacked(file: File) -> File:
    if not file.data.startswith(_GZIP_MAGIC):
        return file
    try:
        return file._replace(data=gunzip(file.data))
    except (EOFError, BadGzipFile, zlib.error) as error:
        raise TestsetError(
            [f"{file.source} is a torn or damaged gzip file ({error}); copy it or pack it again."]
        ) from None


def _read(form: Format, file: File, reading: Reading) -> Iterator[Prompt | str | None]:
    """What comes of each row: its prompt, a sentence about it, or nothing."""
    try:
        for row in form.rows(file.data, reading):
            try:
                yield form.prompt(row.value, reading)
            except Mistake as mistake:
                yield f"{file.source}:{row.place}: {mistake}"
    except Mistake as mistake:
        place = f":{mistake.place}" if mistake.place else ""
        yield f"{file.source}{place}: {mistake}"


def _unit(form: Format) -> str:
    return " line" if form is PLAIN or form is OBJECTS else " row" if form.mapped else " conversation"

"""The entries of a JSON file: one a line, or the elements of one array that is the whole file."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from harness.formats.row import UTF8_BOM, Mistake, Reading, Row, decoded, decoded_whole, from_json, lines

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def entries(data: bytes, reading: Reading) -> Iterator[Row]:
    """The entries as bytes of JSON, each with the line on which it begins."""
    return _elements(data) if is_array(data) else lines(data, reading)


def value_of(row: Any) -> Any:
    """The JSON value in an entry's bytes."""
    return from_json(decoded(row))


def first_value(data: bytes) -> Any:
    """What the first entry says; None where that cannot be read, or where there is none."""
    try:
        for row in entries(data, Reading(_refuse)):
            return value_of(row.value)
    except Mistake:
        return None
    return None


def is_array(data: bytes) -> bool:
    """Whether the whole file is one array of entries, rather than a conversation, which is an array too, on each line."""
    head = [row.value.strip() for row in islice(lines(data, Reading(_refuse)), 2)]
    if not head or not head[0].startswith(b"["):
        return False
    if head[0] == b"[":
        return True
    an_array_a_line = len(head) == 2 and head[1].startswith(b"[")
    return not an_array_a_line and not _is_conversation(head[0])


def _is_conversation(line: bytes) -> bool:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(value, list) and all(isinstance(each, dict) and "role" in each for each in value)


def _elements(data: bytes) -> Iterator[Row]:
    decoded_whole(data)  # what is not UTF-8 is told by its line in the file, which an entry alone does not know
    data = data.removeprefix(UTF8_BOM)
    line, at = 1, 0
    for element in _split(data):
        raw = bytes(element)
        # Between two elements stand a comma and white space, so what is found next is the element itself.
        begin = data.index(raw, at)
        line += data.count(b"\n", at, begin)
        yield Row(str(line), raw)
        at = begin + len(raw)
        line += raw.count(b"\n")


def _split(data: bytes) -> list[msgspec.Raw]:
    try:
        return _ELEMENTS.decode(data)
    except (msgspec.DecodeError, RecursionError):
        raise _not_json(data) from None


def _not_json(data: bytes) -> Mistake:
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return Mistake(f"not JSON: {error.msg} (column {error.colno}).", str(error.lineno))
    except (ValueError, RecursionError) as error:
        return Mistake(f"not JSON: {error}.", "1")
    return Mistake("not JSON: an array is expected here.", "1")


def _refuse(name: str) -> Any:
    raise Mistake(f"the image {name!r} cannot be looked at here.")

"""What every format makes of a file: rows, each of which becomes a prompt or a mistake."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from harness.testset import Image, Prompt

UTF8_BOM = b"\xef\xbb\xbf"

_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")


class Mistake(Exception):
    """What is wrong with a row or a file, without the name of the file; `place` is where, if more is known."""

    def __init__(self, sentence: str, place: str | None = None) -> None:
        super().__init__(sentence)
        self.place = place


class Row(NamedTuple):
    """One entry of a file before it is understood."""

    place: str
    """Behind the name of the file in a sentence: a line number, or `row 3` where there are no lines."""
    value: Any


class Reading(NamedTuple):
    """How a file is to be read."""

    look: Callable[[str], Image]
    """The image that the file means by a name. Raises Mistake."""
    columns: Mapping[str, str] = {}
    """For fields of a prompt, what the file calls them."""


class Format(NamedTuple):
    """One format. Rows are split first and understood one by one, so that every mistake can be told."""

    name: str
    """As --testset-format names it."""
    rows: Callable[[bytes, Reading], Iterator[Row]]
    """Raises Mistake for a file that cannot be split."""
    prompt: Callable[[Any, Reading], Prompt | None]
    """The prompt in a row's value, its index 0; None for a row in which nothing is asked. Raises Mistake."""
    mapped: bool = False
    """Whether the file names its fields, so that a column map means something."""


def lines(data: bytes, _: Reading) -> Iterator[Row]:
    """The lines that are not blank, as bytes, numbered from 1."""
    # Of bytes, not of str: there a line would also end at U+2028, which may stand in a prompt. One by one, as the first
    # line is often all that is wanted of a large file.
    for number, found in enumerate(_LINE.finditer(data.removeprefix(UTF8_BOM)), start=1):
        if found[1].strip():
            yield Row(str(number), found[1])


def decoded(line: bytes) -> str:
    """The line's text."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise Mistake(f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8.") from None


def decoded_whole(data: bytes) -> str:
    """The text of a file that is not read line by line."""
    data = data.removeprefix(UTF8_BOM)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = error.start - data.rfind(b"\n", 0, error.start)
        raise Mistake(f"byte {byte} of the line is not UTF-8; save the file as UTF-8.", str(line)) from None


def from_json(text: str | bytes) -> Any:
    """The value that a row's JSON says."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Mistake(f"not JSON: {error}.") from None


def quoted(value: Any) -> str:
    """A value as JSON writes it, short enough for a sentence."""
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= 40 else text[:37] + "..."

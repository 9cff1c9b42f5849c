"""The JSON document in an answer, and whether two are equal. Pure."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Never

_FENCED = re.compile(r"```[ \t]*(?:json|JSON|jsonc|js|javascript)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_BEGINNING = re.compile(r"[{\[]")
_TRIES = 200
"""Places at which a document may begin: a text of brackets alone must not cost its length squared."""


class NoDocument(ValueError):
    """There is no JSON in it."""


def read(text: str) -> Any:
    """The document that the whole text is. Raises NoDocument, as for NaN, which JSON does not know."""
    try:
        return _DECODER.decode(text.strip())
    except (ValueError, RecursionError) as error:
        raise NoDocument(str(error)) from error


def find(text: str) -> Any:
    """The document of the text: all of it, what its last fence of code holds, or else its longest object or array.

    Raises NoDocument.
    """
    for whole in (text, *reversed(_FENCED.findall(text))):
        try:
            return read(whole)
        except NoDocument:
            continue
    spans = sorted(_embedded(text), key=lambda span: span[0])
    if not spans:
        raise NoDocument("No object or array of JSON is in it.")
    return spans[-1][1]


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1, 1 is 1.0, and the order of an object's names does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    # To Python True is 1.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _embedded(text: str) -> Iterator[tuple[int, Any]]:
    """Each object or array that stands in the text by itself, and how long it is."""
    place = 0
    for _ in range(_TRIES):
        found = _BEGINNING.search(text, place)
        if found is None:
            return
        try:
            document, place = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            place = found.end()
        else:
            yield place - found.start(), document


def _refused(word: str) -> Never:
    raise NoDocument(f"{word} is no JSON.")


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NoDocument(f"{digits} is beyond a double.")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refused, parse_float=_number)

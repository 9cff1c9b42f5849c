"""Finds the one JSON object in what a model says: bare, in a fence, or with words around it. Pure."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_DECODER = json.JSONDecoder()
_THOUGHT_ENDS = "</think>"
_MOST_CHARS = 100_000
"""More than any judge needs. Braces without end take time that grows with their square."""


class NoObject(Exception):
    """There is none of the wanted form, or several that differ; the message is the end of a sentence."""


def find_object(text: str, kind: type[T]) -> T:
    """The object of the wanted form; numbers and truth values may stand there as text. Raises NoObject.

    Several that say the same are one. Of several that differ none is chosen: an answer that is judged may hold an object
    of just that form, and a judge may repeat it.
    """
    if len(text) > _MOST_CHARS:
        raise NoObject(f"it is longer than {_MOST_CHARS:,} characters")
    objects = list(_objects(text))
    begin = _end_of_thought(text, objects)
    found: list[T] = []
    why = "there is no JSON object"
    for each in objects:
        if each.start < begin:
            continue
        try:
            value = msgspec.convert(each.value, kind, strict=False)
        except msgspec.ValidationError as error:
            why = str(error)
        except UnicodeEncodeError:
            why = "it holds half a character"
        else:
            if value not in found:
                found.append(value)
    if len(found) > 1:
        raise NoObject("there are several JSON objects that differ")
    if not found:
        raise NoObject(why)
    return found[0]


class _Object(NamedTuple):
    start: int
    end: int
    value: dict[str, Any]


def _objects(text: str) -> Iterator[_Object]:
    """The outermost ones, in order."""
    start = text.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield _Object(start, end, value)
        start = text.find("{", end)


def _end_of_thought(text: str, objects: list[_Object]) -> int:
    """Some servers leave the thinking of a model in its text. A mark inside an object is one that the model quotes."""
    end = len(text)
    for each in reversed(objects):
        mark = text.rfind(_THOUGHT_ENDS, each.end, end)
        if mark >= 0:
            return mark
        end = each.start
    return max(text.rfind(_THOUGHT_ENDS, 0, end), 0)

"""JSONL: one object a line, with `prompt` or `messages` and what else belongs to it."""

from typing import Any

from harness.formats.entries import entries, value_of
from harness.formats.fields import prompt_of, renamed
from harness.formats.row import Format, Mistake, Reading
from harness.testset import Prompt


def _prompt(entry: Any, reading: Reading) -> Prompt:
    fields = value_of(entry)
    if not isinstance(fields, dict):
        raise Mistake('must be a JSON object, such as {"prompt": "..."}.')
    return prompt_of(renamed(fields, reading), reading)


OBJECTS = Format("jsonl", entries, _prompt, mapped=True)

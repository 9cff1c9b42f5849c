"""A prompt out of named fields, whether they stood in a JSON object or in the columns of a table."""

from typing import Any

from harness.formats.row import Mistake, Reading, quoted
from harness.formats.speech import filled, image, messages_of
from harness.testset import Image, Message, Prompt

FIELDS = ("prompt", "messages", "system", "images", "expected", "max_tokens", "id")
"""What a file can say of a prompt; anything else is metadata."""

_QUESTIONS = frozenset({"prompt", "messages"})


def prompt_of(fields: dict[str, Any], reading: Reading) -> Prompt:
    """The prompt that the fields make. Raises Mistake."""
    prompt = Prompt(
        index=0,
        messages=(*_system(fields), *_conversation(fields, reading)),
        max_tokens=_max_tokens(fields.get("max_tokens")),
        id=_id(fields.get("id")),
        expected=_expected(fields.get("expected")),
        metadata={key: value for key, value in fields.items() if key not in FIELDS},
    )
    images = _images(fields.get("images"), reading)
    return _illustrated(prompt, images) if images else prompt


def renamed(fields: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The fields by our names. Raises Mistake where the column of the question itself is not there."""
    columns = reading.columns
    for field in sorted(_QUESTIONS):
        if field in columns and columns[field] not in fields:
            raise Mistake(f'has no "{columns[field]}", which --testset-columns maps to {field}.')
    dropped = {*columns.values(), *columns}
    if not dropped.isdisjoint(_QUESTIONS):
        dropped |= _QUESTIONS  # who maps one of the two means that one
    ours = {key: value for key, value in fields.items() if key not in dropped}
    return ours | {field: fields[column] for field, column in columns.items() if column in fields}


def _system(fields: dict[str, Any]) -> tuple[Message, ...]:
    if fields.get("system") is None:
        return ()
    return (Message("system", filled('"system"', fields["system"])),)


def _conversation(fields: dict[str, Any], reading: Reading) -> tuple[Message, ...]:
    if ("prompt" in fields) == ("messages" in fields):
        found = "both" if "prompt" in fields else "neither"
        raise Mistake(f'must have either "prompt" or "messages" and has {found}.')
    if "prompt" in fields:
        return (Message("user", filled('"prompt"', fields["prompt"])),)
    messages = messages_of('"messages"', fields["messages"], reading)
    if fields.get("system") is not None and messages[0].role == "system":
        raise Mistake('has "system" and a system message; keep one of them.')
    return messages


def _images(value: Any, reading: Reading) -> tuple[Image, ...]:
    if value is None:
        return ()
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list):
        raise Mistake('"images" must be a list of paths of files or data URLs.')
    return tuple(each if isinstance(each, Image) else image(each, reading) for each in names)


def _illustrated(prompt: Prompt, images: tuple[Image, ...]) -> Prompt:
    try:
        return prompt.showing(images)
    except ValueError:
        raise Mistake("has images and no message of the user that could show them.") from None


def _max_tokens(value: Any) -> int | None:
    if value is None:
        return None
    # bool is an int to Python, not to whoever wrote `true`.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Mistake(f'"max_tokens" must be a positive whole number, not {quoted(value)}.')
    return value


def _id(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Mistake(f'"id" must be a string or a whole number, not {quoted(value)}.')


def _expected(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Mistake(f'"expected" must be a string or a number, not {quoted(value)}.')

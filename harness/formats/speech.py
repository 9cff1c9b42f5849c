"""What is said in a prompt: messages with a role and a content, and images in them."""

from typing import Any

from harness.formats.row import Mistake, Reading, quoted
from harness.pictures import NoImage, image_of_url, is_data_url
from harness.testset import Image, Message, Part

ROLES = ("system", "developer", "user", "assistant", "tool")
"""Who may speak in `messages`."""

_SPOKEN = frozenset({"role", "content"})
_KEYS_OF_PART = {"text": frozenset({"type", "text"}), "image_url": frozenset({"type", "image_url"})}


def filled(what: str, value: Any) -> str:
    """A string with something in it."""
    if not isinstance(value, str):
        raise Mistake(f"{what} must be a string.")
    if not value.strip():
        raise Mistake(f"{what} is empty.")
    return value


def messages_of(what: str, value: Any, reading: Reading) -> tuple[Message, ...]:
    """A list of {"role", "content"} objects, called `what` in sentences about it."""
    shaped = isinstance(value, list) and all(isinstance(each, dict) and each.keys() >= _SPOKEN for each in value)
    if not shaped:
        raise Mistake(f'{what} must be a list of {{"role", "content"}} objects.')
    if not value:
        raise Mistake(f"{what} is empty.")
    return tuple(_message(f"messages[{place}]", each, reading) for place, each in enumerate(value))


def image(name: Any, reading: Reading) -> Image:
    """The image that a string of the file means."""
    if not isinstance(name, str) or not name.strip():
        raise Mistake(f"an image must be the path of a file or a data URL, not {quoted(name)}.")
    if name.lower().startswith(("http:", "https:")):
        raise Mistake(
            f"the image {quoted(name)} is on the web, from where the server would fetch it while it is measured; "
            "download it and name the file."
        )
    if not is_data_url(name):
        return reading.look(name)
    try:
        return image_of_url(name)
    except NoImage as error:
        raise Mistake(f"the image {quoted(name)} {error}.") from None


def _message(what: str, value: dict[str, Any], reading: Reading) -> Message:
    silent = sorted(value.keys() - _SPOKEN)
    if silent:
        raise Mistake(f'{what} has "{silent[0]}", which would not be sent; only "role" and "content" are.')
    role, content = value["role"], value["content"]
    if role not in ROLES:
        raise Mistake(f"the role of {what} is {quoted(role)} and must be one of {', '.join(ROLES)}.")
    if isinstance(content, list) and all(isinstance(part, dict) for part in content) and content:
        return Message(role, tuple(_part(what, part, reading) for part in content))
    return Message(role, filled(f"the content of {what}", content))


def _part(what: str, part: dict[str, Any], reading: Reading) -> Part:
    kind = part.get("type")
    keys = _KEYS_OF_PART.get(kind) if isinstance(kind, str) else None
    if keys is None:
        raise Mistake(f'a part of {what} has the type {quoted(kind)} and must be "text" or "image_url".')
    if part.keys() != keys:
        raise Mistake(f"a part of {what} must have {' and '.join(sorted(keys))} and nothing else.")
    if kind == "text":
        return filled(f"a text part of {what}", part["text"])
    shown = part["image_url"]
    if isinstance(shown, dict):
        if shown.keys() != {"url"}:
            raise Mistake(f'the image_url of {what} must have "url" and nothing else.')
        shown = shown["url"]
    return image(shown, reading)

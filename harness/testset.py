"""A set of prompts: how a file of them is read, in which order they are dealt, and to whom.

    .jsonl .ndjson .json    one object a line: `prompt` or `messages`, optional `system`, `max_tokens`, `id`
    anything else           one prompt a line

Nothing here reads a file or keeps state between two users: a worker that knows the seed, its index and how many
workers there are deals the same prompts to the same global users as a single process would.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import Any

import msgspec

ROLES = ("system", "developer", "user", "assistant", "tool")
"""Who may speak in `messages`."""

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
LISTED_MISTAKES = 20

_UTF8_BOM = b"\xef\xbb\xbf"
_OWN_KEYS = frozenset({"prompt", "messages", "system", "max_tokens", "id"})
_SPOKEN = frozenset({"role", "content"})
# Orders of a set that may be in use at once: users / prompts of them, times how far fast users run ahead of slow ones.
_CACHED_ORDERS = 4096


class TestsetError(Exception):
    """A prompt set that cannot be used: every mistake found, one sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__(mistakes)
        self.mistakes = list(mistakes)

    def __str__(self) -> str:
        return "\n".join(self.mistakes)


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation, text only."""

    role: str
    content: str


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked at once. A `system` key of the file is the first of `messages`."""

    index: int
    """Position in the file, from 0, blank lines not counted."""
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    """Overrides the option of that name for this prompt."""
    id: str | None = None
    metadata: dict[str, Any] = {}
    """The keys of the line that mean nothing to llocust, as they stood there."""


class Testset(msgspec.Struct, frozen=True):
    """Prompts in file order; `digest` is "sha256:" and the hexadecimal digest of the file's bytes."""

    name: str
    source: str
    digest: str
    prompts: tuple[Prompt, ...]


class _Mistake(Exception):
    """What is wrong with one line, without file and line number."""


def parse(name: str, source: str, data: bytes) -> Testset:
    """The set in `data`; the suffix of `source` says how to read it.

    Raises TestsetError with all mistakes at once, the first LISTED_MISTAKES of them in words.
    """
    read = _read_object if PurePath(source).suffix.lower() in JSON_SUFFIXES else _read_text
    prompts: list[Prompt] = []
    mistakes: list[str] = []
    for number, line in _lines(data):
        try:
            prompts.append(read(len(prompts), _decode(line)))
        except _Mistake as mistake:
            mistakes.append(f"{source}:{number}: {mistake}")
    if mistakes:
        raise TestsetError(_shorten(mistakes))
    if not prompts:
        raise TestsetError([f"{source} holds no prompt; write at least one line."])
    return Testset(name, source, digest(data), tuple(prompts))


def digest(data: bytes) -> str:
    """The word sha256, a colon, and the hexadecimal digest."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=_CACHED_ORDERS)
def order(count: int, seed: int, cycle: int) -> tuple[int, ...]:
    """A permutation of range(count), the same on every machine for the same seed and cycle.

    The first call for a cycle costs about 0.3 µs a prompt; whoever starts a run may ask for cycle 0 beforehand.
    """
    # Seeding with a string goes through SHA-512, so neither PYTHONHASHSEED nor the platform has a say.
    shuffled = list(range(count))
    random.Random(f"{seed}/{cycle}").shuffle(shuffled)  # noqa: S311 - fairness is wanted here, not secrecy
    return tuple(shuffled)


def deal(testset: Testset, seed: int, user: int, turn: int, users: int) -> Prompt:
    """The prompt of global user `user` of `users` at its `turn`-th request, both from 0.

    Turn by turn the users go through the whole set, each time in a new order, before a prompt comes again.
    """
    cycle, place = divmod(user + turn * users, len(testset.prompts))
    return testset.prompts[order(len(testset.prompts), seed, cycle)[place]]


def share(index: int, count: int, n: int) -> range:
    """The global users of worker `index` of `count`, out of `n`: every `count`-th one, from `index` on."""
    return range(index, n, count)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    # Of bytes, not of str: there splitlines would also cut at U+2028, which may stand in a prompt.
    for number, line in enumerate(data.removeprefix(_UTF8_BOM).splitlines(), start=1):
        if line.strip():
            yield number, line


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise _Mistake(f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8.") from None


def _shorten(mistakes: list[str]) -> list[str]:
    more = len(mistakes) - LISTED_MISTAKES
    return mistakes if more <= 0 else [*mistakes[:LISTED_MISTAKES], f"and {more} more"]


def _read_text(index: int, line: str) -> Prompt:
    return Prompt(index=index, messages=(Message("user", _filled("the prompt", line.strip())),))


def _read_object(index: int, line: str) -> Prompt:
    fields = _fields(line)
    return Prompt(
        index=index,
        messages=(*_system(fields), *_conversation(fields)),
        max_tokens=_max_tokens(fields.get("max_tokens")),
        id=_id(fields.get("id")),
        metadata={key: value for key, value in fields.items() if key not in _OWN_KEYS},
    )


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _Mistake(f"not JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise _Mistake('must be a JSON object, such as {"prompt": "..."}.')
    return fields


def _system(fields: dict[str, Any]) -> tuple[Message, ...]:
    if fields.get("system") is None:
        return ()
    return (Message("system", _filled('"system"', fields["system"])),)


def _conversation(fields: dict[str, Any]) -> tuple[Message, ...]:
    if ("prompt" in fields) == ("messages" in fields):
        found = "both" if "prompt" in fields else "neither"
        raise _Mistake(f'must have either "prompt" or "messages" and has {found}.')
    if "prompt" in fields:
        return (Message("user", _filled('"prompt"', fields["prompt"])),)
    messages = _messages(fields["messages"])
    if fields.get("system") is not None and messages[0].role == "system":
        raise _Mistake('has "system" and a system message; keep one of them.')
    return messages


def _messages(value: Any) -> tuple[Message, ...]:
    shaped = isinstance(value, list) and all(isinstance(each, dict) and each.keys() >= _SPOKEN for each in value)
    if not shaped:
        raise _Mistake('"messages" must be a list of {"role", "content"} objects.')
    if not value:
        raise _Mistake('"messages" is empty.')
    return tuple(_message(place, each) for place, each in enumerate(value))


def _message(place: int, value: dict[str, Any]) -> Message:
    silent = sorted(value.keys() - _SPOKEN)
    if silent:
        raise _Mistake(f'messages[{place}] has "{silent[0]}", which would not be sent; only "role" and "content" are.')
    role = value["role"]
    if role not in ROLES:
        raise _Mistake(f"the role of messages[{place}] is {_quoted(role)} and must be one of {', '.join(ROLES)}.")
    return Message(role, _filled(f"the content of messages[{place}]", value["content"]))


def _filled(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _Mistake(f"{what} must be a string.")
    if not value.strip():
        raise _Mistake(f"{what} is empty.")
    return value


def _max_tokens(value: Any) -> int | None:
    if value is None:
        return None
    # bool is an int to Python, not to whoever wrote `true`.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _Mistake(f'"max_tokens" must be a positive whole number, not {_quoted(value)}.')
    return value


def _id(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _Mistake(f'"id" must be a string or a whole number, not {_quoted(value)}.')


def _quoted(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 40 else text[:37] + "..."

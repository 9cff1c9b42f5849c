"""The form that starts a run: its fields, and what they say as a submission. Pure, but for the names of test sets it is given."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from service.api.submission import Dialect, Submission

KEY = "api_key"
_DURATION = re.compile(r"\d+(\.\d+)?|(?=\d)(\d+h)?(\d+m)?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?")
BOTH = "Give either a run time or a number of requests."


class Choice(NamedTuple):
    """An entry of a list to choose from."""

    value: str
    label: str


class Field(NamedTuple):
    """One field. `kind`: text, number, address, long or secret; `read` makes of its text what a submission holds, or raises ValueError."""

    name: str
    label: str
    hint: str
    kind: str = "text"
    example: str = ""
    initial: str = ""
    choices: Sequence[Choice] = ()
    read: Callable[[str], Any] = str


class Group(NamedTuple):
    """Fields that belong together."""

    name: str
    fields: Sequence[Field]


class Filled(NamedTuple):
    """A form that was sent: a submission, or mistakes by field. `others`: those that belong to none."""

    submission: Submission | None
    mistakes: dict[str, list[str]]
    others: list[str]


def numbers(text: str) -> list[int]:
    """Whole numbers, blanks or commas between them."""
    return [number(word) for word in text.replace(",", " ").split()]


def number(text: str) -> int:
    """A whole number of one or more."""
    if not (text.isascii() and text.isdecimal()) or int(text[:10]) == 0:
        raise ValueError(f"{text!r} is no whole number of one or more.")
    return int(text[:10])


def duration(text: str) -> str:
    """A time as `llocust sweep` reads it."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no time such as 30s, 500ms, 2m or 1h20m.")
    return text


def bounds(text: str) -> dict[str, str]:
    """Words such as ttft=500ms."""
    found = {}
    for word in text.replace(",", " ").split():
        name, between, bound = word.partition("=")
        if not (name and between and bound):
            raise ValueError(f"{word!r} is no bound such as ttft=500ms.")
        found[name] = duration(bound)
    return found


def groups(testsets: Iterable[str]) -> list[Group]:
    """The whole form; `testsets` are the names that can be chosen."""
    sets = [Choice(name, name) for name in testsets]
    dialects = [Choice(name, name) for name in get_args(Dialect)]
    return [
        Group(
            "Server",
            [
                Field("host", "Host", "Base URL of the server, or the full endpoint.", "address", "http://127.0.0.1:8000"),
                Field("model", "Model", "As the server names it; empty: the only one that it lists."),
                Field("dialect", "Dialect", "The API that the server speaks.", initial="chat", choices=dialects),
                Field(KEY, "API key", "Kept in memory alone, for this run, and never shown again.", "secret"),
            ],
        ),
        Group(
            "Load",
            [
                Field("testset", "Test set", "The prompts: a shipped set, or a file of DATA/testsets.", initial="chat", choices=sets),
                Field("users", "Users", "One point for each number, in this order.", "number", "1 2 4 8 16", read=numbers),
                Field("run_time", "Run time", "The measured part of each point, such as 30s or 2m.", example="30s", read=duration),
                Field("requests", "Requests", "Instead of a run time: so many in each point.", "number", read=number),
                Field("max_tokens", "Longest answer", "In tokens.", "number", "256", read=number),
                Field("slo", "SLO", "Bounds of a request, for goodput.", example="ttft=500ms tpot=50ms", read=bounds),
            ],
        ),
        Group(
            "About",
            [
                Field("name", "Name", "By which the list of runs shows it.", example="sweep"),
                Field("desc", "Description", "What is tried, and why.", "long"),
            ],
        ),
    ]  # fmt: skip


def fields(form: Sequence[Group]) -> list[Field]:
    """All of them."""
    return [field for group in form for field in group.fields]


def fill(form: Sequence[Group], sent: Mapping[str, str]) -> Filled:
    """Every mistake at its field."""
    mistakes: dict[str, list[str]] = {}
    document: dict[str, Any] = {}
    for field in fields(form):
        text = sent.get(field.name, "").strip()
        if not text:
            continue
        try:
            document[field.name] = field.read(text)
        except ValueError as error:
            mistakes[field.name] = [str(error)]
    if "host" not in document:
        mistakes["host"] = ["A run needs a server: give its URL."]
    if "run_time" in document and "requests" in document:
        mistakes["requests"] = [BOTH]
    return _checked(form, document, mistakes)


def _checked(form: Sequence[Group], document: Mapping[str, Any], mistakes: dict[str, list[str]]) -> Filled:
    try:
        submission = Submission.model_validate(document)
    except ValidationError as error:
        found, others = _of_pydantic(form, error)
        return Filled(None, {**found, **mistakes}, others)
    return Filled(None if mistakes else submission, mistakes, [])


def _of_pydantic(form: Sequence[Group], error: ValidationError) -> tuple[dict[str, list[str]], list[str]]:
    """What was sent is not repeated: there may be a key in it."""
    known = {field.name for field in fields(form)}
    found: dict[str, list[str]] = {}
    others = []
    for each in error.errors(include_input=False, include_context=False, include_url=False):
        name = str(each["loc"][0]).replace("-", "_") if each["loc"] else ""
        sentence = _SENTENCES.get(name) or f"{each['msg'].removeprefix('Value error, ').rstrip('.')}."
        if name in known:
            found[name] = [sentence]
        else:
            others.append(sentence)
    return found, others


_SENTENCES = {"host": "This is no URL, such as http://127.0.0.1:8000."}
"""Where Pydantic would show a regular expression."""


def place(form: Sequence[Group], sentences: Iterable[str]) -> Filled:
    """Where sentences belong that begin with a field's name, or with its option: `users is …`, `--run-time 'x': …`."""
    by_name = {field.name: field for field in fields(form)}
    mistakes: dict[str, list[str]] = {}
    others = []
    for sentence in sentences:
        first = sentence.split(maxsplit=1)[0] if sentence.strip() else ""
        name = first.rstrip(":").removeprefix("--").replace("-", "_")
        if name in by_name:
            mistakes.setdefault(name, []).append(sentence)
        else:
            others.append(sentence)
    return Filled(None, mistakes, others)

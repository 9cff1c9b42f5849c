"""A run is taken in: its files and targets are looked at, `llocust sweep` itself checks the rest, and then it waits."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from harness.run import write_atomically
from service.api.submission import KEY_VARIABLE, Submission
from service.errors import Refused
from service.jobs.directory import Directory, Order
from service.jobs.environment import run_environment
from service.jobs.job import Job, new_id
from service.jobs.jobs import Jobs, QueueFull
from service.jobs.rehearsal import rehearse
from service.safety import files, limits, targets
from service.settings import Settings
from service.store.nouns import RunRow

RETRY_AFTER_S = 30
_KEYS: dict[str, Any] = {
    "api_key": True,
    "targets": {"__all__": {"api_key"}},
    "judge": {"api_key"},
    "moderation": {"api_key"},
}
"""Where keys are: left out of whatever is written or shown."""
_SETS = frozenset({"testset", "canaries", "texts"})
"""Options that name a shipped set or a file."""
PROMPTS = "prompts.jsonl"
"""Test set of a run that brings its own."""


class Papers(NamedTuple):
    """A run as its process is told of it: options, and keys by the variables in which it expects them."""

    document: dict[str, Any]
    secrets: dict[str, str]


def take_in(settings: Settings, jobs: Jobs, submission: Submission, prompts: bytes | None = None) -> RunRow:
    """Put a run into the queue. `prompts`: a test set that it brings itself. Raises Refused."""
    if jobs.is_full:
        raise full()
    papers = draw_up(settings, submission)
    refused = list(targets.refusals(targets.rule(settings), submission.urls()))
    if refused:
        raise Refused(403, *refused)
    directory = Directory(settings.runs.resolve() / new_id())
    try:
        row = _prepare(settings, directory, papers, prompts, submission)
        jobs.submit(Job(directory, papers.secrets), row)
    except QueueFull:
        directory.remove()
        raise full() from None
    except BaseException:
        directory.remove()
        raise
    return row


def full() -> Refused:
    """That no more runs may wait."""
    sentence = "As many runs wait as may wait here; try again when one has ended."
    return Refused(503, sentence, headers={"Retry-After": str(RETRY_AFTER_S)})


def draw_up(settings: Settings, submission: Submission) -> Papers:
    """What is asked for, with files as paths and keys as variables. Raises Refused."""
    document = submission.model_dump(exclude_none=True, exclude=_KEYS)
    document["api-key-env"] = KEY_VARIABLE
    if submission.extra_body is not None:
        # As text: TOML has no null.
        document["extra-body"] = json.dumps(submission.extra_body)
    secrets = {}
    for place, variable, key in _keys(submission, document):
        secrets[variable] = key.get_secret_value()
        place["api-key-env"] = variable
    try:
        for option in _SETS & document.keys():
            document[option] = files.testset(settings.testsets, document[option])
        if submission.images is not None:
            document["images"] = str(files.below(settings.testsets, submission.images))
    except files.Outside as error:
        raise Refused(422, str(error)) from None
    return Papers(document, secrets)


def _keys(submission: Submission, document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, SecretStr]]:
    """Of each key: the table that asks with it, the variable that will hold it, and the key."""
    if submission.api_key is not None:
        yield document, KEY_VARIABLE, submission.api_key
    for number, target in enumerate(submission.targets or (), 1):
        if target.api_key is not None:
            yield document["targets"][number - 1], f"{KEY_VARIABLE}_{number}", target.api_key
    for name, asked in (("judge", submission.judge), ("moderation", submission.moderation)):
        if asked is not None and asked.api_key is not None:
            yield document[name], f"{KEY_VARIABLE}_{name.upper()}", asked.api_key


def _prepare(
    settings: Settings, directory: Directory, papers: Papers, prompts: bytes | None, submission: Submission
) -> RunRow:
    if prompts is not None:
        papers.document["testset"] = str(directory.path / PROMPTS)
    directory.make(papers.document, Order(sorted(papers.secrets)))
    if prompts is not None:
        write_atomically(directory.path / PROMPTS, prompts)
    environment = run_environment(settings, directory.path, papers.secrets)
    resolved = rehearse(settings.program, directory, environment)
    excess = limits.excesses(resolved, settings.limits)
    if excess:
        raise Refused(422, *excess)
    return _row(directory, submission, resolved)


def _row(directory: Directory, submission: Submission, resolved: Mapping[str, Any]) -> RunRow:
    return RunRow(
        id=directory.id,
        name=resolved["name"],
        description=resolved["desc"],
        submitted=datetime.now(UTC),
        model=resolved["model"],
        dialect=resolved["dialect"],
        host=without_credentials(resolved["host"]),
        users=list(resolved["users"]),
        options=submission.model_dump(mode="json", exclude_none=True, exclude=_KEYS),
    )


def without_credentials(url: str) -> str:
    """The URL without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

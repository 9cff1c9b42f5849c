"""How a run begins: what was asked for is checked, the server is asked for its models, and the run folder is made.

Both `llocust sweep` and a run of Locust's own command begin here.
"""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from harness import run, shelf, surroundings
from harness.dialects import dialect_of
from harness.options import Options, UsageMistakes
from harness.run import Manifest, Point, RunError, TestsetInfo
from harness.testset import Testset, TestsetError
from harness.wire import stamps
from harness.wire.models import Models, list_models
from harness.wire.network import Network, NetworkError, resolve

PROBE_TIMEOUT_S = 10.0

_UNLISTED = (
    "the server does not list it. It lists: {names}. Give one of those, or --no-probe to ask for it all the same."
)


class Opened(NamedTuple):
    """A run folder that waits for records."""

    folder: Path
    manifest: Manifest
    testset: Testset


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """What was read from the environment; it goes onto the wire and nowhere else, and no traceback shows it."""

    key: str | None
    headers: Mapping[str, str]


def open_run(options: Options, *, kind: Literal["sweep", "plain"], command: list[str], points: list[Point]) -> Opened:
    """Check everything, ask the server, make the folder.

    Raises UsageMistakes for what the user can mend, ProbeError for a server that cannot be asked, RunError for a
    directory that cannot be written to.
    """
    testset, network, secrets = check(options)
    probe, model = _model(options, network, secrets)
    begun = time.gmtime()
    run_id = time.strftime("%Y%m%dT%H%M%SZ", begun) + f"-{options.name}"
    folder = run.create(Path(options.work_dir), run_id)
    manifest = Manifest(
        id=folder.name,
        name=options.name,
        description=options.desc,
        kind=kind,
        begun=time.strftime("%Y-%m-%dT%H:%M:%SZ", begun),
        command=command,
        options=to_manifest(options),
        versions=surroundings.versions(),
        machine=surroundings.machine(),
        git=surroundings.git(Path.cwd()),
        url=dialect_of(options.dialect).endpoint(options.host),
        model=model,
        dialect=options.dialect,
        testset=TestsetInfo(testset.name, testset.source, testset.digest, len(testset.prompts)),
        stamps=stamps.kind(),
        network=network.describe(),
        probe=probe,
        points=points,
        notes=_notes(testset),
    )
    run.write_manifest(folder, manifest)
    return Opened(folder, manifest, testset)


def _notes(testset: Testset) -> list[str]:
    if not testset.left_out:
        return []
    return [f"{testset.left_out:,} entries of {testset.source} ask nothing and were left out of the prompts."]


def to_manifest(options: Options) -> dict[str, Any]:
    """Options as the manifest keeps them."""
    built: dict[str, Any] = msgspec.to_builtins(options)
    return built


def from_manifest(manifest: Manifest) -> Options:
    """The options a run was begun with."""
    try:
        return msgspec.convert(manifest.options, Options)
    except msgspec.ValidationError as error:
        raise RunError(f"The options in the manifest of {manifest.id} cannot be read: {error}.") from error


def read_secrets(options: Options) -> Secrets:
    """The API key and the headers with their values. Raises UsageMistakes where a variable is not set."""
    headers: dict[str, str] = {}
    mistakes: list[str] = []
    for header in options.headers:
        name, _, value = header.partition(": ")
        if value.startswith("env:"):
            variable = value.removeprefix("env:")
            value = _secret(variable, f'--header "{header}"', mistakes)
            if not value:
                mistakes.append(f'--header "{header}": the environment variable {variable} is not set.')
        headers[name] = value
    key = _secret(options.api_key_env, "--api-key-env", mistakes)
    if mistakes:
        raise UsageMistakes(mistakes)
    return Secrets(key or None, headers)


def _secret(variable: str, option: str, mistakes: list[str]) -> str:
    # A file read into a variable ends in a line feed. What cannot stand in a header is refused here, as the HTTP library
    # would print it in its complaint.
    value = os.environ.get(variable, "").strip()
    if not re.fullmatch(r"[\x20-\x7e]*", value):
        mistakes.append(f"{option}: the environment variable {variable} holds characters that no header can carry.")
    return value


def check(options: Options) -> tuple[Testset, Network, Secrets]:
    """What a run needs of this machine. Raises UsageMistakes with all that is missing."""
    mistakes: list[str] = []
    testset, network, secrets = None, None, None
    try:
        testset = shelf.take(options)
        mistakes += _out_of_place(options, testset)
    except TestsetError as error:
        mistakes += error.mistakes
    try:
        network = resolve(options.host)
    except NetworkError as error:
        mistakes.append(str(error))
    try:
        secrets = read_secrets(options)
    except UsageMistakes as error:
        mistakes += error.mistakes
    if mistakes or testset is None or network is None or secrets is None:
        raise UsageMistakes(mistakes)
    return testset, network, secrets


def _out_of_place(options: Options, testset: Testset) -> list[str]:
    refused = dialect_of(options.dialect).refused_roles
    for prompt in testset.prompts:
        role = next((message.role for message in prompt.messages if message.role in refused), None)
        if role is not None:
            what = f"--dialect {options.dialect} has no place for a message of the role {role!r}"
            return [f"{what}, and {testset.name}/{prompt.index} has one; choose another dialect, or a set without."]
    return []


def _model(options: Options, network: Network, secrets: Secrets) -> tuple[str | None, str]:
    """What the probe found, and the model to ask for."""
    if not options.probe:
        assert options.model is not None, "options that were resolved have either"
        return None, options.model
    dialect = dialect_of(options.dialect)
    url, headers = dialect.models(options.host), dialect.admission(secrets.key, secrets.headers)
    models = list_models(url, headers, PROBE_TIMEOUT_S, network, options.api_key_env, read=dialect.names)
    return f"GET {url}: {models.answer}", _choose(options, models)


def _choose(options: Options, models: Models) -> str:
    names = models.names
    if options.model is not None:
        if names and not dialect_of(options.dialect).offers(names, options.model):
            raise UsageMistakes([f"--model {options.model!r}: {_UNLISTED.format(names=_some(names))}"])
        return options.model
    if names is None:
        raise UsageMistakes(
            [f"--model is missing, and the server gives no list of models ({models.answer}): name one."]
        )
    if len(names) != 1:
        listed = f"it lists: {_some(names)}" if names else "it lists none"
        raise UsageMistakes([f"--model is missing, and the server does not serve just one: {listed}. Name one."])
    return names[0]


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:20])
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"

"""How a run begins: what was asked for is checked, the server is asked for its models, and the run folder is made.

Both `llocust sweep` and a run of Locust's own command begin here.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from harness import own, run, shelf, surroundings
from harness.dialects import dialect_of
from harness.dialects.ask import Ask
from harness.gauge import gauge
from harness.options import Options, UsageMistakes
from harness.run import Manifest, Point, RunError, TargetInfo, TestsetInfo, Yardstick
from harness.targets import Target
from harness.testset import Testset, TestsetError
from harness.tokenizer import Tokenizer, TokenizerError
from harness.ways import Way, find_ways
from harness.wire import stamps
from harness.wire.models import Models, list_models
from harness.wording import wording

PROBE_TIMEOUT_S = 10.0

_UNLISTED = (
    "the server does not list it. It lists: {names}. Give one of those, or --no-probe to ask for it all the same."
)


class Opened(NamedTuple):
    """A run folder that waits for records."""

    folder: Path
    manifest: Manifest
    testset: Testset
    canaries: Testset | None


class Checked(NamedTuple):
    """What a run needs of this machine; the ways by the names of the targets."""

    testset: Testset
    ways: dict[str, Way]
    canaries: Testset | None


def open_run(options: Options, *, kind: Literal["sweep", "plain"], command: list[str], points: list[Point]) -> Opened:
    """Check everything, ask the server, make the folder.

    Raises UsageMistakes for what the user can mend, ProbeError for a server that cannot be asked, RunError for a
    directory that cannot be written to.
    """
    tokenizer = read_tokenizer(options)  # counts only when the load has ended, and would then be missed too late
    testset, ways, canaries = check(options)
    targets = _look_up(options, ways)
    yardstick = _yardstick(options, targets[0], ways[targets[0].name], tokenizer)
    if yardstick is not None:
        testset = shelf.take(options, yardstick)
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
        url=targets[0].url,
        model=targets[0].model,
        dialect=targets[0].dialect,
        targets=targets,
        testset=_described(testset),
        canaries=None if canaries is None else _described(canaries),
        stamps=stamps.kind() if options.query_model is None else "yield",
        files=own.digests(options),
        network=targets[0].network,
        probe=targets[0].probe,
        synthetic=yardstick,
        points=points,
        notes=_notes(testset),
    )
    run.write_manifest(folder, manifest)
    if options.keep_text:
        asked = [testset] if canaries is None else [testset, canaries]
        run.write_prompts(folder, (text for each in asked for text in wording(each)))
    return Opened(folder, manifest, testset, canaries)


def _described(testset: Testset) -> TestsetInfo:
    return TestsetInfo(testset.name, testset.source, testset.digest, len(testset.prompts))


def _notes(testset: Testset) -> list[str]:
    notes = []
    if testset.left_out:
        notes.append(f"{testset.left_out:,} entries of {testset.source} ask nothing and were left out of the prompts.")
    if testset.missed:
        notes.append(
            f"{testset.missed:,} synthetic prompts could not be made just so long as was wanted, and are nearly."
        )
    return notes


def _yardstick(options: Options, target: TargetInfo, way: Way, tokenizer: Tokenizer | None) -> Yardstick | None:
    """What synthetic prompts are measured with; None where there are none. Raises as `gauge` does."""
    if not options.is_synthetic:
        return None
    if options.input_chars is not None:
        return Yardstick(source="characters")
    if tokenizer is not None:
        return Yardstick(source="tokenizer", tokenizer=tokenizer.digest)
    ask = Ask(
        id="",
        url=target.url,
        model=target.model,
        messages=(),
        max_tokens=options.max_tokens,
        key=way.secrets.key,
        headers=way.secrets.headers,
        timeouts=options.timeouts,
        stream=options.stream,
        extra=options.extra_body,
    )
    return gauge(ask, dialect_of(target.dialect), way.network)


def to_manifest(options: Options) -> dict[str, Any]:
    """Options as the manifest keeps them."""
    built: dict[str, Any] = msgspec.to_builtins(options)
    return built


def from_manifest(manifest: Manifest) -> Options:
    """The options a run was begun with, and the dialects of the user's own for its load. Raises RunError, UsageMistakes."""
    options = options_of(manifest)
    own.adopt_those_of(options)
    return options


def options_of(manifest: Manifest) -> Options:
    """The options alone, as for somebody who asks no target any more. Raises RunError."""
    try:
        return msgspec.convert(manifest.options, Options)
    except msgspec.ValidationError as error:
        raise RunError(f"The options in the manifest of {manifest.id} cannot be read: {error}.") from error


def read_tokenizer(options: Options) -> Tokenizer | None:
    """That of --tokenizer, if one was given. Raises UsageMistakes."""
    if options.tokenizer is None:
        return None
    try:
        return Tokenizer(Path(options.tokenizer))
    except TokenizerError as error:
        raise UsageMistakes([f"--tokenizer {error}"]) from error


def check(options: Options, yardstick: Yardstick | None = None) -> Checked:
    """What a run needs of this machine; `yardstick` is the run's, once it has one. Raises UsageMistakes with all that is missing."""
    mistakes: list[str] = []
    testset, canaries, ways = None, None, {}
    try:
        testset = shelf.take(options, yardstick)
        mistakes += _out_of_place(options, testset)
    except TestsetError as error:
        mistakes += error.mistakes
    try:
        canaries = shelf.take_canaries(options)
        mistakes += _unlike_canaries(options, testset, canaries)
    except TestsetError as error:
        mistakes += error.mistakes
    try:
        ways = find_ways(options)
    except UsageMistakes as error:
        mistakes += error.mistakes
    if mistakes or testset is None:
        raise UsageMistakes(mistakes)
    return Checked(testset, ways, canaries)


def _unlike_canaries(options: Options, testset: Testset | None, canaries: Testset | None) -> list[str]:
    """Why the canaries cannot go with the set."""
    if canaries is None:
        return []
    mistakes = _out_of_place(options, canaries)
    if testset is not None and testset.name == canaries.name:
        mistakes.append(
            f"--testset {testset.source}: records call its prompts {testset.name}/0 and so on, as they call those of "
            "--canary-every: give the file another name, or choose another set."
        )
    return mistakes


def _out_of_place(options: Options, testset: Testset) -> list[str]:
    return [why for name in options.dialects for why in _refused_roles(name, testset)]


def _refused_roles(name: str, testset: Testset) -> list[str]:
    refused = dialect_of(name).refused_roles
    for prompt in testset.prompts:
        role = next((message.role for message in prompt.messages if message.role in refused), None)
        if role is not None:
            what = f"--dialect {name} has no place for a message of the role {role!r}"
            return [f"{what}, and {testset.name}/{prompt.index} has one; choose another dialect, or a set without."]
    return []


def _look_up(options: Options, ways: Mapping[str, Way]) -> list[TargetInfo]:
    """Ask each target for its models. Raises UsageMistakes with those of all of them."""
    found: list[TargetInfo] = []
    mistakes: list[str] = []
    for target in options.all_targets:
        try:
            found.append(_known(target, ways[target.name], probe=options.probe))
        except UsageMistakes as error:
            about = f"--target {target.name}: " if options.targets else ""
            mistakes += [about + mistake for mistake in error.mistakes]
    if mistakes:
        raise UsageMistakes(mistakes)
    return found


def _known(target: Target, way: Way, *, probe: bool) -> TargetInfo:
    """A target as the manifest keeps it, with the model to ask for."""
    asked = _ask_for_models(target, way) if probe else None
    if asked is None and target.model is None:
        raise UsageMistakes([f"--model is missing, and --dialect {target.dialect} knows no list of models: name one."])
    return TargetInfo(
        name=target.name,
        url=dialect_of(target.dialect).endpoint(target.host),
        model=str(target.model) if asked is None else _choose(target, asked.models),
        dialect=target.dialect,
        probe=None if asked is None else f"GET {asked.url}: {asked.models.answer}",
        weight=target.weight,
        network=way.network.describe(),
    )


class _Asked(NamedTuple):
    url: str
    models: Models


def _ask_for_models(target: Target, way: Way) -> _Asked | None:
    dialect = dialect_of(target.dialect)
    url = dialect.models(target.host)
    if url is None:
        return None
    headers = dialect.admission(way.secrets.key, way.secrets.headers)
    return _Asked(url, list_models(url, headers, PROBE_TIMEOUT_S, way.network, target.api_key_env, read=dialect.names))


def _choose(target: Target, models: Models) -> str:
    names = models.names
    if target.model is not None:
        if names and not dialect_of(target.dialect).offers(names, target.model):
            raise UsageMistakes([f"--model {target.model!r}: {_UNLISTED.format(names=_some(names))}"])
        return target.model
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

"""May two runs be compared, and what is not the same in them? Pure.

An obstacle makes the same word mean two things: other prompts, another protocol, other lengths of answers, another
kind of window. What may differ is usually what the comparison is about: model, server, versions, machine.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from reports.report import Report


class Change(msgspec.Struct, frozen=True):
    """Something that is not the same in the two runs; values as text, empty where a run has none."""

    name: str
    base: str
    candidate: str


class _Trait(NamedTuple):
    name: str
    read: Callable[[Report], Any]
    advice: str = ""


def _option(name: str) -> Callable[[Report], Any]:
    """None also for one that is empty, as it is in a run of a version that did not have it."""

    def read(report: Report) -> Any:
        value = report.run["options"].get(name)
        return None if value in ({}, []) else value

    return read


def _bound(report: Report) -> str:
    return "a number of requests" if report.run["options"].get("requests") is not None else "a time"


def _dialects(report: Report) -> str:
    targets = report.run.get("targets") or [report.run]
    return ", ".join(sorted({target["dialect"] for target in targets}))


def _mode(report: Report) -> str:
    """Whether targets had the machine to themselves, one after another, or shared it."""
    return "mixed" if report.run["options"].get("target_mode") == "mixed" else "one at a time"


def _canaries(report: Report) -> str | None:
    asked = report.run.get("canaries")
    return None if asked is None else str(asked["digest"])


_MUST_BE_EQUAL = (
    _Trait("report schema", lambda report: report.schema, "rebuild both reports with one version of llocust"),
    _Trait("test set digest", lambda report: report.run["testset"]["digest"], "send the same prompts in both"),
    _Trait("dialect", _dialects, "use one API in both"),
    _Trait("--max-tokens", _option("max_tokens"), "ask for answers of the same length in both"),
    _Trait(
        "--stream", lambda report: report.run["options"].get("stream", True), "stream the answers in both or in neither"
    ),
    _Trait("--conversations", _option("conversations"), "hold conversations in the same way in both, or in neither"),
    _Trait("--min-tokens", _option("min_tokens"), "have answers of the same length in both"),
    _Trait(
        "--ignore-eos", lambda report: bool(report.run["options"].get("ignore_eos")), "have it in both or in neither"
    ),
    _Trait("--stop", _option("stop"), "end answers in the same way in both"),
    _Trait("--target-mode", _mode, "share the machine among the targets in the same way in both"),
    _Trait("bound of the window", _bound, "use --run-time in both, or --requests in both"),
    _Trait("--canary-every", _option("canary_every"), "ask canaries as often in both, or in neither"),
    _Trait("digest of the canaries", _canaries, "ask the same canaries in both"),
    _Trait(
        "--logprobs", lambda report: bool(report.run["options"].get("logprobs")), "ask for them in both or in neither"
    ),
    _Trait("--salt", lambda report: bool(report.run["options"].get("salt")), "salt the prompts in both or in neither"),
)

_OPTIONS = (
    "run_time_s",
    "requests",
    "settle_s",
    "drain_s",
    "spawn_rate",
    "think_time",
    "max_turns",
    "seed",
    "slo",
    "locustfile",
    "connect_timeout_s",
    "first_byte_timeout_s",
    "idle_timeout_s",
    "timeout_s",
    "keep_text",
    "temperature",
    "top_p",
    "sampling_seed",
    "extra_body",
)

_MAY_DIFFER = (
    _Trait("model", lambda report: report.run["model"]),
    _Trait("url", lambda report: report.run["url"]),
    _Trait("stamps", lambda report: report.run["stamps"]),
    _Trait("commit", lambda report: (report.run["git"] or {}).get("commit")),
    *(_Trait(f"--{name.removesuffix('_s').replace('_', '-')}", _option(name)) for name in _OPTIONS),
    *(
        _Trait(f"machine {name}", lambda report, name=name: report.run["machine"][name])  # type: ignore[misc]
        for name in ("name", "system", "kernel", "machine", "cpu", "cores", "memory_bytes")
    ),
)


def obstacles(base: Report, candidate: Report) -> list[str]:
    """A sentence for each thing that must be equal and is not."""
    return [
        f"The runs differ in their {trait.name} ({_text(trait.read(base))} and {_text(trait.read(candidate))}); "
        f"{trait.advice}."
        for trait in _MUST_BE_EQUAL
        if trait.read(base) != trait.read(candidate)
    ]


def differences(base: Report, candidate: Report) -> list[Change]:
    """What differs among what may."""
    found = [
        Change(trait.name, _text(trait.read(base)), _text(trait.read(candidate)))
        for trait in _MAY_DIFFER
        if trait.read(base) != trait.read(candidate)
    ]
    was, is_now = base.run["versions"], candidate.run["versions"]
    return [*found, *_scorers(base, candidate)] + [
        Change(f"{name} version", was.get(name, ""), is_now.get(name, ""))
        for name in sorted(was.keys() | is_now.keys())
        if was.get(name) != is_now.get(name)
    ]


def _scorers(base: Report, candidate: Report) -> Iterator[Change]:
    """Those that scored both runs, and not alike: such scores are not compared."""
    was, is_now = _settings(base), _settings(candidate)
    for name in sorted(was.keys() & is_now.keys()):
        if was[name] != is_now[name]:
            yield Change(f"scorer {name}", was[name], is_now[name])


def _settings(report: Report) -> dict[str, str]:
    scorers = report.quality.scorers if report.quality is not None else []
    return {scorer.name: _text({"version": scorer.version} | scorer.settings) for scorer in scorers}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return str(value)

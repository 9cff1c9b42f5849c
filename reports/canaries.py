"""Canaries: whether a prompt that is always asked in the same way gets another answer under load. Pure.

What a target answered at its point of fewest users, warm-up and cooldown included, is what its answers are held against.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from harness.outcome import Outcome
from harness.run import Manifest
from reports.frames import Events, Floats, Frames, PointFrames
from reports.intervals import wilson
from reports.quality import finding
from reports.report import CanaryReport, Difference, PointKey
from reports.stats import distribution, share
from reports.strata import Stratified, compare_strata, holm
from reports.window import Flags, is_request_bounded, place

Reports = dict[PointKey, CanaryReport]


class _Answered(NamedTuple):
    """The canaries of a point; the lists have an entry for each that was answered, in the order in which they were sent."""

    key: PointKey
    users: int
    is_done: bool
    sent: int
    """In the window, however they ended."""
    prompts: list[str]
    texts: list[str]
    in_window: Flags


class _Compared(NamedTuple):
    """Those of a point's window that there was something to hold against; an entry each."""

    point: _Answered
    base: _Answered | None
    prompts: list[str]
    changed: Floats
    """1 where the answer is another one."""
    same_chars: list[int]
    """Of those: how many characters are the same before the first that differs."""


def canaries(run: Frames) -> Reports:
    """A report for each point; empty for a run without canaries."""
    if not run.manifest.options.get("canary_every"):
        return {}
    points = [_answered(run.manifest, point) for point in run.points]
    compared = [_compare(point, _base(point, points)) for point in points]
    of_key = {each.point.key: each for each in compared}
    tests = [_test(each, of_key) for each in compared]
    ps = holm([None if test is None else test.p for test in tests])
    return {
        each.point.key: _report(each, of_key, _difference(each, test, p))
        for each, test, p in zip(compared, tests, ps, strict=True)
    }


def _answered(manifest: Manifest, frames: PointFrames) -> _Answered:
    requests = frames.requests[frames.requests["canary"].to_numpy(bool)].reset_index(drop=True)
    placed = place(_without_events(frames, requests), request_bounded=is_request_bounded(manifest))
    went = placed.in_window & (requests["outcome"] != Outcome.DROPPED.value).to_numpy(bool)
    told: Flags = ((requests["outcome"] == Outcome.OK.value) & requests["text"].notna()).to_numpy(bool)
    return _Answered(
        key=PointKey(frames.point.index, frames.point.target),
        users=frames.point.users,
        is_done=frames.point.state == "done",
        sent=int(went.sum()),
        prompts=list(requests["prompt"][told]),
        texts=list(requests["text"][told]),
        in_window=placed.in_window[told],
    )


def _without_events(frames: PointFrames, requests: pd.DataFrame) -> PointFrames:
    nothing = np.zeros(0, np.int64)
    events = Events(np.zeros(len(requests) + 1, np.int64), nothing, nothing, nothing.astype(np.uint8))
    return replace(frames, requests=requests, events=events, whole=frames.entire)


def _base(point: _Answered, points: Sequence[_Answered]) -> _Answered | None:
    """The point of fewest users of the same target with answers; of those that are equal in it a finished one, the last."""
    fit = [each for each in points if each.key.target == point.key.target and each.prompts]
    return min(fit, key=lambda each: (each.users, not each.is_done, -each.key.point), default=None)


def _compare(point: _Answered, base: _Answered | None) -> _Compared:
    known = _answers_of(base)
    prompts, changed, same_chars = [], [], []
    for prompt, text, inside in zip(point.prompts, point.texts, point.in_window, strict=True):
        others = known.get(prompt, Counter())
        if base is point:
            others = others - Counter([text])  # at the base itself an answer is held against the others
        if not inside or not others:
            continue
        usual = others.most_common(1)[0][0]
        prompts.append(prompt)
        changed.append(float(text != usual))
        if text != usual:
            same_chars.append(first_difference(text, usual))
    return _Compared(point, base, prompts, np.array(changed), same_chars)


def _answers_of(base: _Answered | None) -> dict[str, Counter[str]]:
    """By prompt, how often each answer was given; of equally frequent ones the first to be given comes first."""
    found: dict[str, Counter[str]] = {}
    for prompt, text in zip(base.prompts, base.texts, strict=True) if base is not None else ():
        found.setdefault(prompt, Counter())[text] += 1
    return found


def first_difference(one: str, other: str) -> int:
    """How many characters two texts have in common before the first that differs, or before the shorter one ends."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _test(each: _Compared, of_key: dict[PointKey, _Compared]) -> Stratified | None:
    if each.base is None or each.base is each.point or not each.prompts:
        return None
    base = of_key[each.base.key]
    return compare_strata(base.prompts, base.changed, each.prompts, each.changed)


def _difference(each: _Compared, test: Stratified | None, p: float | None) -> Difference | None:
    if test is None or each.base is None:
        return None
    return Difference(
        users=each.base.users,
        point=each.base.key.point,
        prompts=test.prompts,
        difference=test.difference,
        p=p,
        found=finding(test.difference, p),
    )


def _report(each: _Compared, of_key: dict[PointKey, _Compared], difference: Difference | None) -> CanaryReport:
    changed, compared = int(each.changed.sum()), len(each.changed)
    base = None if each.base is None else of_key[each.base.key]
    return CanaryReport(
        sent=each.point.sent,
        compared=compared,
        changed=changed,
        changed_ratio=share(changed, compared),
        interval=wilson(changed, compared),
        first_difference_chars=distribution(np.array(each.same_chars, np.float64)),
        reference_point=None if base is None else base.point.key.point,
        reference_users=None if base is None else base.point.users,
        reference_changed_ratio=None if base is None else share(float(base.changed.sum()), len(base.changed)),
        difference=difference,
    )

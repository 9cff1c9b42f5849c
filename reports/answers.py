"""The answers of a point that a scorer gave a value to. Pure."""

from typing import NamedTuple

import numpy as np

from harness.outcome import FAILED, Outcome
from harness.run import Manifest
from harness.score import Score
from reports.frames import Floats, PointFrames
from reports.report import PointKey
from reports.strata import Side
from reports.window import is_request_bounded, place


class Asked(NamedTuple):
    """The requests of a point's window, canaries left out."""

    key: PointKey
    users: int
    is_done: bool
    ok: list[str]
    """Ids of the ok ones."""
    prompts: list[str]
    """What each of them asked; a turn of a conversation is a prompt of its own."""
    turns: list[int]
    judged: int
    """ok + failed."""


class Valued(NamedTuple):
    """What one scorer says of one point; an entry a value."""

    asked: Asked
    prompts: list[str]
    turns: list[int]
    values: Floats
    labels: list[str]
    whys: list[str]
    """One for each answer without a value."""

    @property
    def side(self) -> Side:
        """To be compared with another point's."""
        return Side(self.prompts, self.turns, self.values)


def asked(manifest: Manifest, frames: PointFrames) -> Asked:
    """The requests of the window."""
    placed = place(frames, request_bounded=is_request_bounded(manifest))
    rows = frames.requests[placed.in_window & ~frames.requests["canary"].to_numpy(bool)]
    ok = rows[rows["outcome"] == Outcome.OK.value]
    return Asked(
        key=PointKey(frames.point.index, frames.point.target),
        users=frames.point.users,
        is_done=frames.point.state == "done",
        ok=list(ok["id"]),
        prompts=[f"{prompt} {turn}" for prompt, turn in zip(ok["prompt"], ok["turn"], strict=True)],
        turns=[int(turn) for turn in ok["turn"]],
        judged=len(ok) + int(rows["outcome"].isin([outcome.value for outcome in FAILED]).sum()),
    )


def valued(point: Asked, scores: dict[str, Score]) -> Valued:
    """`scores`: of one scorer, by the id of the request."""
    asked_for = zip(point.prompts, point.turns, point.ok, strict=True)
    lines = [(prompt, turn, scores[name]) for prompt, turn, name in asked_for if name in scores]
    seen = [(prompt, turn, score) for prompt, turn, score in lines if score.value is not None]
    return Valued(
        asked=point,
        prompts=[prompt for prompt, _, _ in seen],
        turns=[turn for _, turn, _ in seen],
        values=np.array([score.value for _, _, score in seen], dtype=np.float64),
        labels=[score.label for _, _, score in seen if score.label is not None],
        whys=[score.why or "It is not said why." for _, _, score in lines if score.value is None],
    )

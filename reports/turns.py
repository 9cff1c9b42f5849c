"""Conversations: how they went, and what each turn of them took. Pure."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from harness.metrics import seconds
from harness.outcome import FAILED, Outcome
from harness.run import Manifest
from reports.measure import Measured
from reports.report import Conversations, TurnReport
from reports.stats import distribution
from reports.window import Flags

_FAILED = [outcome.value for outcome in FAILED]


def conversations(manifest: Manifest, point: Measured) -> Conversations | None:
    """Those of which a turn was sent in the window, each followed to the end of the point; None without conversations."""
    if not manifest.options.get("conversations"):
        return None
    sent = point.facts[point.placed.in_window & is_turn(point.facts)]
    ends = point.facts[is_last(point.facts)]
    ends = ends[ends["conversation"].isin(sent["conversation"])]
    finished, abandoned = is_end(ends), is_abandoned(manifest, ends)
    return Conversations(
        seen=len(ends),
        begun=int((sent["turn"] == 0).sum()),
        finished=int(finished.sum()),
        abandoned=int(abandoned.sum()),
        unfinished=int((~finished & ~abandoned).sum()),
        turns=len(sent),
        by_turn=list(_by_turn(point)),
    )


def is_turn(requests: pd.DataFrame) -> Flags:
    """The requests that are turns of conversations and went on their way."""
    held: Flags = requests["conversation"].notna().to_numpy(bool)
    return held & (requests["outcome"] != Outcome.DROPPED.value).to_numpy(bool)


def is_last(requests: pd.DataFrame) -> Flags:
    """The last turn of each conversation that there is a record of."""
    earlier = requests.sort_values("turn").duplicated("conversation", keep="last").sort_index()
    last: Flags = is_turn(requests) & ~earlier.to_numpy(bool)
    return last


def is_end(turns: pd.DataFrame) -> Flags:
    """The turns with which a conversation was over as planned."""
    whole: Flags = _went_well(turns) & (turns["turn"] + 1 == turns["turns"]).to_numpy(bool)
    return whole


def is_abandoned(manifest: Manifest, turns: pd.DataFrame) -> Flags:
    """The turns after which there was nothing to go on with: they failed, or a live answer had no text."""
    silent = _went_well(turns) & turns["first_text_us"].isna().to_numpy(bool) & ~is_end(turns)
    failed: Flags = turns["outcome"].isin(_FAILED).to_numpy(bool)
    return failed | silent if manifest.options.get("conversations") == "live" else failed


def goes_on(manifest: Manifest, turns: pd.DataFrame) -> Flags:
    """The turns after which another was to come."""
    return _went_well(turns) & ~is_end(turns) & ~is_abandoned(manifest, turns)


def _went_well(turns: pd.DataFrame) -> Flags:
    well: Flags = (turns["outcome"] == Outcome.OK.value).to_numpy(bool)
    return well


def _by_turn(point: Measured) -> Iterator[TurnReport]:
    turn = point.facts["turn"].to_numpy(np.int64)
    sent = point.placed.in_window & is_turn(point.facts)
    for number in np.unique(turn[sent]):
        these = sent & (turn == number)
        ok = these & point.ok
        yield TurnReport(
            turn=int(number),
            sent=int(these.sum()),
            ttft_s=distribution(seconds(point.fact("first_us", ok))),
            e2e_s=distribution(seconds(point.fact("ended_us", ok))),
            prompt_tokens=distribution(point.fact("usage_prompt", ok)),
        )

"""Scoring as it is shown: a bar or JSON while it goes on, then what could not be scored."""

import sys

from harness.quality.asking import Asking
from harness.quality.scoring import Scored, score_run
from harness.quality.screen import ScoreScreen
from harness.screen import JsonScreen, QuietScreen, Screen


def score(asking: Asking, *, quiet: bool, json_progress: bool, again: bool = False) -> Scored:
    """Score a run; what could not be is said on stderr."""
    screen = _screen(quiet=quiet, json_progress=json_progress)
    try:
        scored = score_run(asking, screen.show, again=again)
    finally:
        screen.close()
    for gap in scored.gaps:
        of_target = "" if gap.target is None else f", {gap.target}"
        sys.stderr.write(f"{gap.scorer}{of_target}: {gap.text}\n")
    if scored.trouble:
        sys.stderr.write(f"{scored.trouble}\n")
    return scored


def _screen(*, quiet: bool, json_progress: bool) -> Screen:
    if quiet:
        return QuietScreen()
    return JsonScreen() if json_progress else ScoreScreen()

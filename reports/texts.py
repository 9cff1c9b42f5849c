"""What each target makes of the reference texts. Pure."""

import math
from collections import Counter

import numpy as np

from harness.run import Manifest
from harness.score import Score
from reports.frames import Floats, Scores
from reports.intervals import bootstrap_ratio
from reports.report import Bounds, TextScore
from reports.stats import share

_MOST_NATS = 700.0


def text_scores(manifest: Manifest, scores: Scores) -> list[TextScore]:
    """A row for each target, of each scorer that had texts scored."""
    return [
        _row(name, target.name, target.model, mine)
        for name, lines in scores.of_texts.items()
        for target in manifest.all_targets
        if (mine := [line for line in lines if line.target == target.name])
    ]


def _row(scorer: str, target: str, model: str, lines: list[Score]) -> TextScore:
    seen = [line for line in lines if line.value is not None and _told(line, "tokens")]
    tokens, n_bytes = (np.array([_told(line, name) for line in seen], dtype=np.float64) for name in ("tokens", "bytes"))
    surprise = -np.array([_told(line, "sum") for line in seen], dtype=np.float64)
    mean = share(float(surprise.sum()), float(tokens.sum()))
    return TextScore(
        scorer=scorer,
        target=target,
        model=model,
        texts=len(seen),
        unscored=len(lines) - len(seen),
        tokens=int(tokens.sum()) if seen else None,
        value=_perplexity(mean),
        interval=_interval(surprise, tokens),
        # A text whose bytes are not known would count as having none.
        bits_per_byte=share(float(surprise.sum()) / math.log(2), float(n_bytes.sum())) if n_bytes.all() else None,
        whys=dict(Counter(line.why or "It is not said why." for line in lines if line.value is None).most_common()),
    )


def _told(line: Score, name: str) -> float:
    """`sum` of all log-probabilities in nats, `tokens` that have one, and `bytes` of them."""
    return float(line.detail.get(name) or 0)


def _interval(surprise: Floats, tokens: Floats) -> Bounds | None:
    found = bootstrap_ratio(surprise, tokens)
    low, high = (None, None) if found is None else (_perplexity(found.low), _perplexity(found.high))
    return None if low is None or high is None else Bounds(low, high)


def _perplexity(mean: float | None) -> float | None:
    """None also where it is more than a number can hold: a server's way to say that a token could not be."""
    return None if mean is None or mean > _MOST_NATS else math.exp(mean)

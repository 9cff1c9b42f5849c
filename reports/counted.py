"""Tokens by a tokenizer of the user's, beside those of the server's usage. Pure."""

import numpy as np

from reports.frames import Counts, Floats
from reports.measure import Measured
from reports.report import Counted
from reports.stats import distribution, share


def counted(point: Measured, counts: Counts | None) -> Counted | None:
    """None where no tokenizer was given."""
    if counts is None:
        return None
    tokens, usage = point.fact("counted_output", point.ok), point.fact("usage_output", point.ok)
    both = ~np.isnan(tokens) & ~np.isnan(usage)
    return Counted(
        tokenizer=counts.tokenizer,
        digest=counts.digest,
        output=distribution(tokens),
        tpot_s=point.spread("counted_tpot_s"),
        per_usage=share(float(tokens[both].sum()), float(usage[both].sum())),
        off_ratio=_off_ratio(tokens[both], usage[both]),
    )


def _off_ratio(tokens: Floats, usage: Floats) -> float | None:
    # Most servers count the token that ends an answer, which is not in its text.
    off = np.maximum(np.abs(tokens - usage) - 1, 0)
    return share(float(off.sum()), float(usage.sum()))

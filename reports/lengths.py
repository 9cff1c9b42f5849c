"""The lengths that requests were made for, beside those that they had. Pure."""

import numpy as np

from reports.frames import Floats
from reports.measure import Measured
from reports.report import Length, Lengths
from reports.stats import distribution, median, share


def lengths(point: Measured) -> Lengths | None:
    """Over the ok requests sent in the window; None where no lengths were asked for."""
    prompt, output = point.fact("wanted_prompt", point.ok), point.fact("wanted_output", point.ok)
    if np.isnan(prompt).all() and np.isnan(output).all():
        return None
    return Lengths(
        prompt=None if np.isnan(prompt).all() else _of_prompts(point, prompt),
        output=None if np.isnan(output).all() else _length(output, point.fact("usage_output", point.ok)),
    )


def _of_prompts(point: Measured, wanted: Floats) -> Length:
    units = point.facts["wanted_unit"][point.ok & point.facts["wanted_prompt"].notna().to_numpy(bool)]
    if (units == "characters").all():
        return _length(wanted, point.fact("prompt_chars", point.ok), in_characters=True)
    return _length(wanted, point.fact("usage_prompt", point.ok))


def _length(wanted: Floats, actual: Floats, *, in_characters: bool = False) -> Length:
    both = ~np.isnan(wanted) & ~np.isnan(actual)
    return Length(
        unit="characters" if in_characters else "tokens",
        source="request" if in_characters else "usage",
        wanted=distribution(wanted),
        actual=distribution(actual),
        ratio=median(actual[both] / wanted[both]),
        exact_ratio=share(int((actual[both] == wanted[both]).sum()), int(both.sum())),
    )

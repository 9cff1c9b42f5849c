"""A note on what canaries got to hear: it does not make the latencies wrong. Pure."""

from reports.facts import Facts
from reports.limits import CANARIES_CHANGED_RATIO
from reports.render.numbers import ratio
from reports.report import CanaryReport, Reason
from reports.rules.reason import above, reason


def canaries_changed(facts: Facts) -> Reason | None:
    """Not asked of the point that the others are held against, nor where that disagrees with itself no less."""
    found = facts.point.canaries
    if found is None or found.difference is None or not found.changed or _is_usual(found):
        return None
    return reason(
        "canaries_changed",
        found.changed_ratio,
        above(found.changed_ratio, CANARIES_CHANGED_RATIO),
        f"{found.changed} of {found.compared} canaries ({ratio(found.changed_ratio)}) got another answer than at "
        f"{_users(found)}; {_where(found)}.{_among_themselves(found)}",
        "Read them side by side (text in requests.csv). Larger batches round differently, and then an answer goes on in "
        "other words from some token on; one that is wrong from its first words points to a mix-up of caches, to a stream "
        "that was cut, or to another model.",
    )


def _is_usual(found: CanaryReport) -> bool:
    return bool(found.reference_changed_ratio) and found.difference is not None and found.difference.found != "higher"


def _users(found: CanaryReport) -> str:
    return "1 user" if found.reference_users == 1 else f"{found.reference_users} users"


def _where(found: CanaryReport) -> str:
    if found.changed == 1:
        return f"the two part after {_chars(found.first_difference_chars.p50)}"
    return f"the median one parts from it after {_chars(found.first_difference_chars.p50)}"


def _chars(value: float | None) -> str:
    return "1 character" if value == 1 else f"{value or 0:g} characters"


def _among_themselves(found: CanaryReport) -> str:
    if found.reference_changed_ratio is None:
        return f" No prompt was asked twice at {_users(found)}, so that these may differ among themselves as well."
    if not found.reference_changed_ratio:
        return ""
    return f" At {_users(found)} {ratio(found.reference_changed_ratio)} differ from each other."

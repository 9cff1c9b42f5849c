"""Takes what looks like a secret out of words that somebody else wrote, such as the text of an exception."""

import re
from collections.abc import Collection

HIDDEN = "***"
_SHORTEST_SECRET = 6
"""A shorter value is no secret, and would be found in the midst of words."""
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(?i)([\w-]*(?:api[-_]?key|token|secret|passw(?:or)?d|authorization)[\"']?\s*[:=]\s*[\"']?)(?!bearer|basic)[^\s\"',;&})]+"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(?:(?:sk|pk|gsk|xai|hf)[-_]|AIza)[\w-]*\d[\w-]*"), HIDDEN),
    (re.compile(r"//[^/\s@]+@"), f"//{HIDDEN}@"),
)


def scrubbed(text: str, secrets: Collection[str] = ()) -> str:
    """`text` without what looks like a key, and without each of `secrets`, whatever that looks like."""
    # The longer first: one secret may be part of another.
    for secret in sorted((each for each in secrets if len(each) >= _SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name is likely to hold a secret."""
    return bool(re.search(r"(?i)key|token|secret|passw|credential", name))

"""Text from servers and strangers, made fit to be read: what would be invisible, or would turn the line around, is shown. Pure."""

import re

_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for tab and line feed
    "\u00ad\u200b\u2060-\u2064\ufeff"  # characters without a width
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"  # marks, separators and overrides of the direction
    "\ufff9-\ufffb\ud800-\udfff"  # annotations, and halves of characters, which no encoder takes
    "\U000e0000-\U000e007f"  # letters that nobody sees, and that models read
    "]"
)


MOST_BRIEF = 120


def brief(text: str) -> str:
    """A name, as long as a name may be on a page: one that was imported has whatever length."""
    return text if len(text) <= MOST_BRIEF else text[: MOST_BRIEF - 1] + "…"


def visible(text: str) -> str:
    """The same, with each such character as ⟨U+202E⟩. Joiners stay: emoji and whole scripts are written with them."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))

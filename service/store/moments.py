"""Moments as people and programs write them: ISO 8601, UTC where no zone is named. Pure."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

HOW = "write it as 2026-01-31T12:00:00Z, 2026-01-31T13:00:00+01:00 (the plus sign as %2B in a URL) or 2026-01-31"
_LOST_PLUS = re.compile(r"(.*:.*) (\d\d(?::?\d\d)?)$")
"""In the query of a URL a plus sign that is not encoded arrives as a space."""
_A_DAY = timedelta(days=1)
_US = timedelta(microseconds=1)


class NoMoment(ValueError):
    """Text that is no moment; the message is the end of a sentence."""


class Window(NamedTuple):
    """Both ends belong to it; None where it is open."""

    begin: datetime | None
    end: datetime | None


def read_moment(text: str) -> datetime:
    """UTC. A date alone is its first moment. Raises NoMoment."""
    return _read(text).begin


def read_window(start: str | None, end: str | None) -> Window:
    """From `start` to `end`; a date alone at the end is the last moment of that day. Raises NoMoment."""
    begin, last = _read_named("start", start), _read_named("end", end)
    if begin is not None and last is not None and begin.begin > last.end:
        raise NoMoment("the start of the window is after its end")
    return Window(None if begin is None else begin.begin, None if last is None else last.end)


def write_moment(moment: datetime) -> str:
    """ISO 8601, UTC."""
    return moment.isoformat().replace("+00:00", "Z")


class _Stretch(NamedTuple):
    """What is meant: a moment, or a day."""

    begin: datetime
    end: datetime


def _read_named(name: str, text: str | None) -> _Stretch | None:
    try:
        return None if text is None else _read(text)
    except NoMoment as error:
        raise NoMoment(f"{name}: {error}") from None


def _read(text: str) -> _Stretch:
    words = _LOST_PLUS.sub(r"\1+\2", text.strip().upper())
    try:
        moment = datetime.fromisoformat(words)
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return _Stretch(utc, utc + (_A_DAY - _US if _is_date(words) else timedelta()))
    except (ValueError, OverflowError):
        raise NoMoment(f"this is no moment; {HOW}") from None


def _is_date(words: str) -> bool:
    try:
        date.fromisoformat(words)
    except ValueError:
        return False
    return True

"""How the text of an option is read. Every reader raises ValueError with what is allowed, as the end of a sentence: "give …"."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from harness.formats.fields import FIELDS
from harness.metrics import SLO_METRICS

LONGEST_EXCHANGE_S = 3600.0
"""Stamps are kept in 32 bits of microseconds, which hold 71 minutes."""
LARGEST_IMAGE = 4096
"""Pixels wide or high, of images that are drawn."""
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_PIXELS = re.compile(r"(\d{1,5})x(\d{1,5})")
_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|passw|credential|signature|^sig$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"(bearer|basic)\s", re.IGNORECASE)
_LIKE_A_KEY = re.compile(r"(?=.*[a-z])(?=.*[A-Z0-9]).{20,}")
_OWN_HEADERS = frozenset({"x-request-id", "content-length", "transfer-encoding"})
_ON, _OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_HEADER = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*?)\s*")


def duration_s(text: str) -> float:
    """`90`, `1.5s`, `500ms`, `2m`, `1h20m10s` in seconds."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        match = _DURATION.fullmatch(text)
        if not text or match is None:
            raise ValueError("a time such as 30, 30s, 500ms, 2m or 1h20m") from None
        hours, minutes, rest, millis = (float(group or 0) for group in match.groups())
        seconds = hours * 3600 + minutes * 60 + rest + millis / 1000
    if not 0 <= seconds < float("inf"):
        raise ValueError("a time of zero or more")
    return seconds


def positive_s(text: str) -> float:
    """Like `duration_s`, but not zero."""
    seconds = duration_s(text)
    if seconds == 0:
        raise ValueError("a time longer than zero")
    return seconds


def whole_exchange_s(text: str) -> float:
    """Like `positive_s`, an hour at most."""
    seconds = positive_s(text)
    if seconds > LONGEST_EXCHANGE_S:
        raise ValueError("an hour at most")
    return seconds


def positive(text: str) -> int:
    """1, 2, 3 …"""
    if not text.strip().isdecimal() or int(text) == 0:
        raise ValueError("a whole number of one or more")
    return int(text)


def temperature(text: str) -> float:
    """Zero or more; where it ends, the servers do not agree."""
    value = _number(text)
    if value is None or value < 0:
        raise ValueError("a number of zero or more")
    return value


def probability(text: str) -> float:
    """Above zero, one at most."""
    value = _number(text)
    if value is None or not 0 < value <= 1:
        raise ValueError("a number above 0, and 1 at most")
    return value


def share(text: str) -> float:
    """0 to 1, both included."""
    value = _number(text)
    if value is None or not 0 <= value <= 1:
        raise ValueError("a share of 0 to 1, such as 0.5")
    return value


def tolerance(text: str) -> float:
    """Zero or more, below one."""
    value = _number(text)
    if value is None or not 0 <= value < 1:
        raise ValueError("a share of 0 or more, and less than 1, such as 0.01")
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def words(text: str) -> str:
    """Anything but nothing."""
    if not text:
        raise ValueError("one character or more")
    return text


def seed(text: str) -> int:
    """Any whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number") from None


def processes(text: str) -> int:
    """0, 1, 2 …"""
    if not text.strip().isdecimal():
        raise ValueError("a whole number: 0 for one process that does all, or how many workers to start")
    return int(text)


def port(text: str) -> int:
    """A TCP port."""
    if not text.strip().isdecimal() or not 0 < int(text) < 65536:
        raise ValueError("a port, 1 to 65535")
    return int(text)


def rate(text: str) -> float:
    """Users per second."""
    try:
        users_per_s = float(text)
    except ValueError:
        users_per_s = 0.0
    if not 0 < users_per_s < float("inf"):
        raise ValueError("users per second, above zero")
    return users_per_s


def per_second(text: str) -> float:
    """Of anything that is done again and again."""
    times = _number(text)
    if times is None or times <= 0:
        raise ValueError("a number above zero, of so many a second")
    return times


def switch(text: str) -> bool:
    """`on`, `off` and what else people write for them."""
    if text.lower() not in (*_ON, *_OFF):
        raise ValueError("on or off")
    return text.lower() in _ON


def one_of(*names: str) -> Callable[[str], str]:
    """A reader of one of these words."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError("one of " + ", ".join(names))
        return text

    return read


def url(text: str) -> str:
    """An http or https URL without credentials in it."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        port_is_readable = False
    if not port_is_readable or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as http://127.0.0.1:8000")
    if parts.username is not None or any(_SECRET_NAME.search(name) for name, _ in parse_qsl(parts.query)):
        raise ValueError('a URL without credentials; pass them with --header "Name: env:VARIABLE"')
    return text.rstrip("/")


def variable(text: str) -> str:
    """The name of an environment variable, and nothing that may be a key itself."""
    # Somebody may have put the key itself here, and some could pass for names: what looks like one would end up in the
    # manifest. It is not repeated.
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) or _LIKE_A_KEY.fullmatch(text):
        raise ValueError("the name of an environment variable, not a key")
    return text


def header(text: str) -> str:
    """`Name: value` or `Name: env:VARIABLE`; a secret goes by its variable only."""
    match = _HEADER.fullmatch(text)
    if match is None:
        raise ValueError('"Name: value" or "Name: env:VARIABLE"')
    name, value = match.groups()
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"another header: {name} is set by llocust itself")
    if value.startswith("env:"):
        return f"{name}: env:{variable(value.removeprefix('env:'))}"
    if _SECRET_NAME.search(name) or _SECRET_VALUE.match(value):
        raise ValueError(f'a secret by its environment variable: "{name}: env:VARIABLE"')
    return f"{name}: {value}"


def slo(text: str) -> tuple[str, float]:
    """`ttft=500ms` as its name and seconds."""
    name, equals, limit = text.partition("=")
    if not equals or name not in SLO_METRICS:
        raise ValueError("NAME=TIME with a name of " + ", ".join(SLO_METRICS) + ", such as ttft=500ms")
    return name, positive_s(limit)


def columns(text: str) -> dict[str, str]:
    """`prompt=question,expected=answer` as a map of fields to columns."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    told = {field.strip(): column.strip() for field, _, column in pairs}
    if len(told) < len(pairs) or not all(told.values()) or not told.keys() <= {*FIELDS}:
        raise ValueError(
            "FIELD=COLUMN, several with commas between them, each field once and one of " + ", ".join(FIELDS)
        )
    return told


def size(text: str) -> tuple[int, int]:
    """`512x512` as width and height in pixels."""
    match = _PIXELS.fullmatch(text.strip())
    width, height = (int(match[1]), int(match[2])) if match is not None else (0, 0)
    if not (0 < width <= LARGEST_IMAGE and 0 < height <= LARGEST_IMAGE):
        raise ValueError(f"width and height in pixels, {LARGEST_IMAGE} at most, such as 512x512")
    return width, height

"""How a request ended: a closed list, and the one place where it is decided.

    dropped                                                 never sent
    aborted                                                 ended by our own stop
    connect · tls · timeout_connect                         no connection
    timeout_total · timeout_first_byte · timeout_idle       a clock ran out
    refused_429 · refused_4xx · server_5xx · redirect       the status says so
    malformed · fault · cut · empty · truncated             the answer is not a whole one
    ok                                                      the rest

The wire reports how a transfer broke as a `Break`; nothing beyond the wire names a client library's exceptions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The end of one request, in the order in which `classify` asks."""

    DROPPED = "dropped"
    ABORTED = "aborted"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_TOTAL = "timeout_total"
    TIMEOUT_FIRST_BYTE = "timeout_first_byte"
    TIMEOUT_IDLE = "timeout_idle"
    REFUSED_429 = "refused_429"
    REFUSED_4XX = "refused_4xx"
    SERVER_5XX = "server_5xx"
    REDIRECT = "redirect"
    MALFORMED = "malformed"
    FAULT = "fault"
    CUT = "cut"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    OK = "ok"


class Unreadable(Exception):
    """An answer whose content type, SSE framing or JSON cannot be read; the message says which and why."""


class Break(StrEnum):
    """How a transfer ended where it did not end properly; each is an outcome of the same name."""

    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_TOTAL = "timeout_total"
    TIMEOUT_FIRST_BYTE = "timeout_first_byte"
    TIMEOUT_IDLE = "timeout_idle"
    MALFORMED = "malformed"
    FAULT = "fault"
    """What asked was a function of the user's own, and it raised."""
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Ending:
    """All that decides an outcome, gathered when an exchange is over."""

    dropped: bool = False
    aborted: bool = False
    broke: Break | None = None
    status: int | None = None
    unreadable: bool = False
    """The content type, SSE framing or JSON could not be read."""
    fault: bool = False
    """The server sent an error event inside a 200."""
    content_events: int = 0
    output_tokens: int | None = None
    finished: bool = False
    """The dialect's finish signal was seen: a finish reason or an end marker."""


def _status_between(low: int, high: int) -> Callable[[Ending], bool]:
    return lambda end: end.status is not None and low <= end.status <= high


def _broke(how: Break) -> Callable[[Ending], bool]:
    return lambda end: end.broke is how


# The first line that applies wins. A status outranks how its error body ended: a 503 whose body is cut is a 503.
_ORDER: tuple[tuple[Outcome, Callable[[Ending], bool]], ...] = (
    (Outcome.DROPPED, lambda end: end.dropped),
    (Outcome.ABORTED, lambda end: end.aborted),
    (Outcome.CONNECT, _broke(Break.CONNECT)),
    (Outcome.TLS, _broke(Break.TLS)),
    (Outcome.TIMEOUT_CONNECT, _broke(Break.TIMEOUT_CONNECT)),
    (Outcome.TIMEOUT_TOTAL, _broke(Break.TIMEOUT_TOTAL)),
    (Outcome.TIMEOUT_FIRST_BYTE, _broke(Break.TIMEOUT_FIRST_BYTE)),
    (Outcome.TIMEOUT_IDLE, _broke(Break.TIMEOUT_IDLE)),
    (Outcome.REFUSED_429, _status_between(429, 429)),
    (Outcome.REFUSED_4XX, _status_between(400, 499)),
    (Outcome.SERVER_5XX, _status_between(500, 599)),
    (Outcome.REDIRECT, _status_between(300, 399)),
    (Outcome.MALFORMED, lambda end: end.unreadable or end.broke is Break.MALFORMED),
    (Outcome.FAULT, lambda end: end.fault or end.broke is Break.FAULT),
    (Outcome.CUT, _broke(Break.CUT)),
    (Outcome.EMPTY, lambda end: end.content_events == 0 and not end.output_tokens),
    (Outcome.TRUNCATED, lambda end: not end.finished),
    (Outcome.OK, lambda _: True),
)


def classify(end: Ending) -> Outcome:
    """The outcome of an exchange: the first line of the table that applies."""
    return next(outcome for outcome, applies in _ORDER if applies(end))


NEVER_SENT = frozenset({Outcome.DROPPED})
NOT_JUDGED = frozenset({Outcome.DROPPED, Outcome.ABORTED})
"""Neither a success nor a failure of the server: no Locust event, not in success_ratio."""
FAILED = frozenset(Outcome) - NOT_JUDGED - {Outcome.OK}

"""Somebody who is asked beside the load, a judge or a server: by any dialect, over connections that are kept."""

import hashlib
import time
import uuid
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.call import Timeouts
from harness.dialects import Dialect
from harness.dialects.ask import Ask
from harness.exchange import Identity, Ledger, exchange
from harness.outcome import Outcome
from harness.quality.turnstile import Turnstile
from harness.record import Record
from harness.sampling import Sampling
from harness.scrub import HIDDEN, scrubbed
from harness.testset import Message
from harness.ways import Way
from harness.wire.kept import KeptWire, Patience

_ANSWERED = frozenset({Outcome.OK, Outcome.EMPTY, Outcome.TRUNCATED})
_WHY_CHARS = 300
_SHORTEST_SECRET = 6
_DIGITS = 12
# Of the refusals these are about who asks, or how often; the others are about what is asked, and stay what they are.
_ABOUT_THE_CALLER = frozenset({401, 402, 403, 404, 408, 429})


class Said(NamedTuple):
    """An answer, as a reader sees it: without reasoning and tool calls."""

    text: str
    finish: str | None


class Unanswered(Exception):
    """Nothing came that could be scored; the message is a sentence for the report, without any secret."""

    def __init__(self, why: str, *, passing: bool, status: int | None = None, reason: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.reason = reason
        """The outcome, and what the server said of it."""
        self.passing = passing
        """The next try may be answered."""
        self.status = status


class Correspondent:
    """One endpoint. May be asked by several threads at once."""

    def __init__(
        self,
        who: str,
        url: str,
        model: str,
        way: Way,
        *,
        timeouts: Timeouts,
        rate: float | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`who` is what sentences call it, `url` its endpoint, `rate` the most requests a second."""
        self.url = without_secrets(url)
        self.model = model
        self._who = who
        self._endpoint = url
        self._way = way
        self._timeouts = timeouts
        self._wire = KeptWire(way.network, patience, Turnstile(rate).wait)

    @property
    def whom(self) -> dict[str, str]:
        """Who is asked, as settings tell it: the address, and of a query, which may tell two deployments apart, its digest."""
        query = urlsplit(self._endpoint).query
        told = {"url": self.url}
        return told | {"query": hashlib.sha256(query.encode()).hexdigest()[:_DIGITS]} if query else told

    @property
    def address(self) -> str:
        """The same in one word, for the keys of what was said."""
        return "?".join(self.whom.values())

    def ask(
        self,
        messages: tuple[Message, ...],
        *,
        dialect: Dialect,
        max_tokens: int,
        sampling: Sampling,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """What it answers. Raises Unanswered."""
        ask = Ask(
            id=f"quality-{uuid.uuid4().hex}",
            url=self._endpoint,
            model=self.model,
            messages=messages,
            max_tokens=max_tokens,
            key=self._way.secrets.key,
            headers={**self._way.secrets.headers, **(headers or {})},
            timeouts=self._timeouts,
            stream=False,
            sampling=sampling,
        )
        record = self._exchange(ask, dialect)
        if record.outcome not in _ANSWERED:
            raise self._refusal(record)
        return Said(self._cleared(record.text or ""), record.finish)

    def _exchange(self, ask: Ask, dialect: Dialect) -> Record:
        identity = Identity(id=ask.id, run="", point=0, worker="", user=0, seq=0, prompt="quality")
        ledger = Ledger(identity, ask, dialect, time.monotonic_ns())
        return exchange(ledger, dialect.encode(ask), self._wire, time.monotonic_ns, _closed)

    def _refusal(self, record: Record) -> Unanswered:
        status = record.status
        whole = _without_stump(" ".join((record.fault or "").split()), self._secrets)
        words = printable(scrubbed(whole, self._secrets)[:_WHY_CHARS]).rstrip(".")
        reason = f"{record.outcome}: {words}" if words else str(record.outcome)
        why = f"{self._who} at {self.url} did not answer ({reason})."
        passing = record.outcome is not Outcome.REFUSED_4XX or status in _ABOUT_THE_CALLER
        return Unanswered(why, passing=passing, status=status, reason=reason)

    def _cleared(self, text: str) -> str:
        """Without our own secrets, should a server repeat them; all else stays as it was said."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    @property
    def _secrets(self) -> list[str]:
        # A short header is none, and would be found in the midst of words.
        secrets = self._way.secrets
        return [each for each in (secrets.key, *secrets.headers.values()) if each and len(each) >= _SHORTEST_SECRET]


def _closed(told: Ledger, now_ns: int) -> Record:
    return told.close(now_ns, "quality")


def _without_stump(words: str, secrets: list[str]) -> str:
    """A server's words are kept up to a bound, which may lie within a secret that they repeat."""
    for secret in secrets:
        for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
            words = words.removesuffix(secret[:length])
    return words


def printable(words: str) -> str:
    """What somebody else said, without what would steer a terminal that shows it."""
    return "".join(each if each.isprintable() else "\ufffd" for each in words)


def without_secrets(url: str) -> str:
    """The address alone: user, password and query stay behind."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()

"""The way of many requests that are not load: connections are kept, and a server that is busy is asked again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from harness.wire import fence
from harness.wire.network import Network
from harness.wire.plain import PlainWire

BUSY = (408, 429, 500, 502, 503, 504, 529)
"""Statuses after which the same request may well be answered; 529 is Anthropic's word for 503."""


class Patience(NamedTuple):
    """How often a busy server is asked again, and how long it is left alone before."""

    again: int = 5
    backoff_s: float = 0.5
    """Twice that before the second time, and double each time after; nothing before the first."""
    longest_s: float = 60.0
    """Of a wait, also of one that the server asks for by Retry-After."""


class KeptWire(PlainWire):
    """As PlainWire, for many calls of several threads; each thread has connections of its own."""

    def __init__(
        self, network: Network, patience: Patience | None = None, admit: Callable[[], None] = lambda: None
    ) -> None:
        """`admit` is called before each request, those that are sent again included, and may wait."""
        super().__init__(network)
        self._retry = _Courtesy.of(patience or Patience(), admit)
        self._admit = admit
        self._own = threading.local()

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = self._new_session()
        self._admit()
        yield session

    def _new_session(self) -> requests.Session:
        session = fence.session()
        session.trust_env = False
        for adapter in session.adapters.values():
            assert isinstance(adapter, HTTPAdapter)
            adapter.max_retries = self._retry
        return session


class _Courtesy(Retry):
    """Waits as the server wishes, but not for ever, and then for its turn."""

    @classmethod
    def of(cls, patience: Patience, admit: Callable[[], None]) -> "_Courtesy":
        return cls(
            total=patience.again,
            connect=min(patience.again, 2),
            # One: a kept connection may have been given up by the server in the very moment of asking.
            read=min(patience.again, 1),
            redirect=0,
            allowed_methods=None,
            status_forcelist=BUSY,
            backoff_factor=patience.backoff_s,
            backoff_max=patience.longest_s,
            backoff_jitter=patience.backoff_s,
            raise_on_status=False,
            admit=admit,
        )

    def __init__(self, *args: Any, admit: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._admit = admit

    def new(self, **kw: Any) -> "_Courtesy":
        return super().new(admit=self._admit, **kw)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            wanted_s = super().get_retry_after(response)
        except (InvalidHeader, ValueError, OverflowError):
            return None  # neither seconds nor a date, or none that there is: as if nothing were said
        return None if wanted_s is None else min(wanted_s, float(self.backoff_max))

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> "_Courtesy":
        retry = super().increment(method, url, response, *args, **kwargs)
        if response is not None:
            # It is asked again, and urllib3 would read the rest of this answer first, which may have no end.
            response.close()
        return retry

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        super().sleep(response)
        self._admit()

"""The way of the few requests that are not load: one session for each, in whatever process, its stamps of no account."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from harness.call import Arrival, Broken, Call, Head, Listener
from harness.outcome import Break
from harness.wire import fence
from harness.wire.breaks import Phase, translate
from harness.wire.network import Network

_LIMIT_BYTES = 64_000_000
_READ_BYTES = 65_536


class PlainWire:
    """Sends a call as harness.wire.Wire does, without gevent, and reads the answer whole. Redirects are not followed."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def send(self, call: Call, listener: Listener) -> None:
        """Raises Broken."""
        listener.sent(time.monotonic_ns(), len(call.body))
        try:
            with self._session() as session, self._exchange(session, call) as response:
                body = _whole(response, call)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            broken = translate(error, Phase.AWAITING, urlsplit(call.url).hostname or "")
            if broken is None:
                raise
            raise broken from error
        now_ns = time.monotonic_ns()
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        listener.opened(Head(now_ns, response.status_code, kind, response.headers.get("Location")))
        listener.arrived(Arrival(now_ns, body))
        listener.ended(now_ns)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with fence.session() as session:
            session.trust_env = False
            yield session

    def _exchange(self, session: requests.Session, call: Call) -> requests.Response:
        return session.request(
            call.method,
            call.url,
            data=call.body,
            headers=dict(call.headers),
            timeout=(call.timeouts.connect_s, call.timeouts.first_byte_s),
            proxies=dict(self._network.proxies),
            verify=self._network.verify,
            allow_redirects=False,
            stream=True,
        )


def _whole(response: requests.Response, call: Call) -> bytes:
    """The body. A time-out of requests lies between two reads; an answer that trickles for ever is ended here."""
    until_s = time.monotonic() + call.timeouts.total_s
    body = bytearray()
    # What is there, however little: `read` and `iter_content` wait until so many bytes have come, which may be never.
    while piece := response.raw.read1(_READ_BYTES, decode_content=True):
        body += piece
        if len(body) > _LIMIT_BYTES:
            raise Broken(Break.MALFORMED, f"The answer is longer than {_LIMIT_BYTES // 1_000_000} MB.")
        if time.monotonic() > until_s:
            raise Broken(Break.TIMEOUT_TOTAL, f"The answer was not over within {call.timeouts.total_s:g} s.")
    return bytes(body)

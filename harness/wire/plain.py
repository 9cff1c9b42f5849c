"""The way of the few requests that are not load: one session for each, in whatever process, its stamps of no account."""

import time
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from harness.call import Arrival, Call, Head, Listener
from harness.wire import fence
from harness.wire.breaks import Phase, translate
from harness.wire.network import Network


class PlainWire:
    """Sends a call as harness.wire.Wire does, without gevent, and reads the answer whole. Redirects are not followed."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def send(self, call: Call, listener: Listener) -> None:
        """Raises Broken."""
        listener.sent(time.monotonic_ns(), len(call.body))
        try:
            response = self._exchange(call)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            broken = translate(error, Phase.AWAITING, urlsplit(call.url).hostname or "")
            if broken is None:
                raise
            raise broken from error
        now_ns = time.monotonic_ns()
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        listener.opened(Head(now_ns, response.status_code, kind, response.headers.get("Location")))
        listener.arrived(Arrival(now_ns, response.content))
        listener.ended(now_ns)

    def _exchange(self, call: Call) -> requests.Response:
        with fence.session() as session:
            session.trust_env = False
            return session.request(
                call.method,
                call.url,
                data=call.body,
                headers=dict(call.headers),
                timeout=(call.timeouts.connect_s, call.timeouts.first_byte_s),
                proxies=dict(self._network.proxies),
                verify=self._network.verify,
                allow_redirects=False,
            )

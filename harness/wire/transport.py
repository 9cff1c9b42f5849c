"""Our adapter under `requests`: urllib3's own connections and pools, which let a trip set clocks and stamps.

One Wire has one session, one adapter and one trip at a time, so a connection finds its trip in a slot that the adapter
shares with it. With an empty slot everything behaves as urllib3 does, for whatever else a user does with the session.
"""

import functools
import http.client
import socket
import ssl
import time
from typing import Any, NamedTuple, cast

import gevent
import urllib3.exceptions
from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.proxy import connection_requires_http_tunnel
from urllib3.util.ssl_ import resolve_cert_reqs

from harness.call import Broken
from harness.outcome import Break
from harness.wire import fence, stamps
from harness.wire.breaks import Phase, translate
from harness.wire.network import DIRECT, Network
from harness.wire.tap import lives
from harness.wire.tls import make_context
from harness.wire.trip import Trip


class Slot:
    """Where the connections of an adapter find the trip that is on."""

    __slots__ = ("trip",)

    def __init__(self) -> None:
        self.trip: Trip | None = None


class _Answer:
    """What http.client takes for a response. It begins when it has ended: the trip reads all of it."""

    def __init__(self, trip: Trip, sock: Any, **_: Any) -> None:
        self._trip = trip
        self._sock = sock
        self.will_close = True

    def begin(self) -> None:
        reply = self._trip.complete(self._sock)
        # Only a connection whose answer was read to its end, with nothing behind it, carries another request.
        self.will_close = not (reply.complete and reply.reusable)

    def isclosed(self) -> bool:
        return True

    def close(self) -> None: ...


class _Connection(HTTPConnection):
    """A connection of urllib3 that tells the trip in the slot when it is there and when it sends."""

    def __init__(self, *args: Any, slot: Slot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slot = slot
        self._fresh = False
        self._held: list[bytes] | None = None
        self._target: str | None = None

    def set_tunnel(self, host: str, port: int | None = None, *args: Any, **kwargs: Any) -> None:
        super().set_tunnel(host, port, *args, **kwargs)
        self._target = _address(host, port)

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        fence.check(self, sock)
        stamps.enable(sock)
        return sock

    def connect(self) -> None:
        trip = self._slot.trip
        if trip is None:
            super().connect()
            return
        begun_ns = time.monotonic_ns()
        self._connect_in_time(trip.call.timeouts.connect_s)
        self._fresh = True
        trip.connected(self._where(), (time.monotonic_ns() - begun_ns) // 1000)

    def _connect_in_time(self, limit_s: float) -> None:
        where = self._where()
        late = f"No connection to {where} within {limit_s:g} s (--connect-timeout)."
        # One clock for the name look-up, TCP, a proxy's tunnel and TLS; urllib3's would begin anew with each.
        # What is raised has no name here: with one, it and this frame would keep each other and the socket alive.
        self.timeout = None
        try:
            with gevent.Timeout(limit_s, Broken(Break.TIMEOUT_CONNECT, late)):
                super().connect()
        except (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            secured = isinstance(self, HTTPSConnection) and self.sock is not None
            raise translate(error, Phase.SECURING if secured else Phase.CONNECTING, where) or error from error

    def _where(self) -> str:
        peer = _address(self.host, self.port)
        if self._target is not None:
            return f"{self._target} (through the proxy {peer})"
        return f"{peer} (a proxy)" if self.proxy else peer

    @property
    def is_connected(self) -> bool:
        """Whether the server has kept the idle connection. urllib3 polls for that, which under gevent takes a turn."""
        return self.sock is not None and lives(self.sock)

    def travel(self, trip: Trip, method: str, target: str, body: Any, headers: Any) -> None:
        """Send the request and have the trip read the answer, over a connection made for it or one that was there."""
        if self.sock is None:
            self.connect()
        elif not self._fresh:
            trip.connected(self._where(), None)
        self._fresh = False
        request = self._compose(method, target, body, headers)
        trip.sending(self.sock, len(request))
        self._put_out(request)
        self.response_class = functools.partial(_Answer, trip)  # type: ignore[assignment]
        try:
            # Not urllib3's, which makes a response of its own; this one keeps the connection's books.
            http.client.HTTPConnection.getresponse(self)
        finally:
            self.response_class = http.client.HTTPResponse

    def _compose(self, method: str, target: str, body: Any, headers: Any) -> bytes:
        """The bytes of a request as urllib3 would send them, head first, in two or more pieces."""
        held = self._held = []
        try:
            self.request(method, target, body=body, headers=headers, preload_content=False)
        finally:
            self._held = None
        return b"".join(held)

    def _put_out(self, request: bytes) -> None:
        try:
            self.sock.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            return  # the server may have answered before it closed; if not, reading says so
        except OSError as error:
            raise translate(error, Phase.AWAITING, self._where()) or error from error

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)


def _address(host: str, port: int | None) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        if self.ssl_context is None:
            # The user's session has certificates of its own; urllib3 loads them into what it is given here.
            self.ssl_context = make_context(verified=resolve_cert_reqs(self.cert_reqs) != ssl.CERT_NONE)
        super().connect()


class _Carrier(HTTPConnectionPool):
    """Carries trips beside what a pool of urllib3 does: as its `urlopen`, without retries and without a response."""

    def carry(self, trip: Trip, request: PreparedRequest, target: str) -> None:
        """One trip over the idle connection, or a new one; it is kept if it can carry another request."""
        headers: Any = request.headers
        connection: Any = self._get_conn()
        try:
            if self._tunnels():
                if connection.is_closed:
                    self._prepare_proxy(connection)
            elif self.proxy_headers:
                headers = {**headers, **self.proxy_headers}
            self._validate_conn(connection)
            connection.travel(trip, request.method, target, request.body, headers)
        except BaseException:
            connection.close()
            connection = None
            raise
        finally:
            self._put_conn(connection)

    def _tunnels(self) -> bool:
        return self.proxy is not None and connection_requires_http_tunnel(self.proxy, self.proxy_config, self.scheme)


class _Pool(_Carrier):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool, _Carrier):
    ConnectionCls = _SecureConnection


class _Route(NamedTuple):
    """Which pool leads to a URL, and what to ask it for; worked out once for all requests that go there."""

    way: tuple[object, ...]
    pool: _Carrier
    target: str


class Adapter(HTTPAdapter):
    """Keeps one connection for each host, tries nothing twice, and shares one TLS context with all others."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.slot = Slot()
        self._route: _Route | None = None
        super().__init__(pool_maxsize=1, max_retries=0)

    def carry(self, trip: Trip, request: PreparedRequest, session: Session) -> None:
        """Send a prepared request as `send` would, over the session's proxies and with its certificates.

        What goes wrong on the network is raised as Broken; what the listener raises passes through.
        """
        if self.slot.trip is not None:
            raise RuntimeError("A Wire carries one call at a time.")
        route = self._find(request, session)
        self.slot.trip = trip
        try:
            route.pool.carry(trip, request, route.target)
        finally:
            self.slot.trip = None

    def _find(self, request: PreparedRequest, session: Session) -> _Route:
        verify = True if session.verify is None else session.verify
        way = (request.url, verify, session.cert, tuple(session.proxies.items()))
        if self._route is None or self._route.way != way:
            pool = self.get_connection_with_tls_context(request, verify, proxies=session.proxies, cert=session.cert)
            self.cert_verify(pool, str(request.url), verify, session.cert)
            self._route = _Route(way, cast("_Carrier", pool), self.request_url(request, session.proxies))
        return self._route

    def close(self) -> None:
        """Close the connections: urllib3 does when nobody holds their pool any more."""
        self._route = None
        super().close()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._use_own_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        if proxy.startswith("https") and proxy not in self.proxy_manager:
            proxy_kwargs["proxy_ssl_context"] = self.network.tls_context()
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        self._use_own_pools(manager)
        return manager

    def _use_own_pools(self, manager: Any) -> None:
        # What a pool does not know among its keywords it hands to each of its connections.
        manager.pool_classes_by_scheme = {
            "http": functools.partial(_Pool, slot=self.slot),
            "https": functools.partial(_SecurePool, slot=self.slot),
        }

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, keywords = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify == self.network.verify and host["scheme"] == "https":
            keywords.pop("ca_certs", None)
            keywords.pop("ca_cert_dir", None)
            keywords["ssl_context"] = self.network.tls_context()
        return host, keywords

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if verify == self.network.verify:
            # The shared context has the bundle; with a path here every new connection would load it again.
            conn.ca_certs = conn.ca_cert_dir = None


def mount(session: Session, network: Network = DIRECT) -> Adapter:
    """The adapter of `session`, mounted if it is not there yet; from then on the session asks no environment."""
    there = session.adapters.get("http://")
    if isinstance(there, Adapter) and there.network == network:
        return there
    adapter = Adapter(network)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False
    session.proxies = dict(network.proxies)
    session.verify = network.verify
    return adapter

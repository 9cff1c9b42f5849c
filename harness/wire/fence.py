"""Addresses that a run must not connect to, as a service that makes runs for others says in their environment.

A name may lead elsewhere by the time a run connects than when somebody looked, and a redirect leads wherever it likes. So
the address itself is looked at, when the connection is there and before a byte is sent over it. What goes through a proxy
is the proxy's business.
"""

import errno
import functools
import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

REFUSED, ALLOWED = "LLOCUST_REFUSED_NETWORKS", "LLOCUST_ALLOWED_TARGETS"
"""Networks with blanks between them; networks and names of hosts that are allowed all the same."""
_WHY = "the service that makes this run does not ask addresses of that kind"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Fence:
    """What is refused, and what is allowed all the same."""

    refused: tuple[Network, ...]
    allowed: tuple[Network, ...]
    names: frozenset[str]

    def permits(self, host: str, address: str) -> bool:
        """Whether a connection to `host` may be one to `address`."""
        found = ipaddress.ip_address(address.partition("%")[0])
        plain = (found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None) or found
        if host.lower().rstrip(".") in self.names or any(plain in network for network in self.allowed):
            return True
        return not any(plain in network for network in self.refused)


def read(environment: Mapping[str, str]) -> Fence | None:
    """None where nothing is refused."""
    refused = environment.get(REFUSED, "").split()
    networks, names = [], []
    for word in environment.get(ALLOWED, "").split():
        try:
            networks.append(ipaddress.ip_network(word))
        except ValueError:
            names.append(word)
    return Fence(tuple(map(ipaddress.ip_network, refused)), tuple(networks), frozenset(names)) if refused else None


@functools.cache
def _fence() -> Fence | None:
    return read(os.environ)


def check(connection: HTTPConnection, sock: socket.socket) -> None:
    """Raises OSError, and closes `sock`, where it leads to an address that is refused."""
    fence = _fence()
    if fence is None or connection.proxy is not None:
        return
    if not fence.permits(connection.host, sock.getpeername()[0]):
        sock.close()
        raise PermissionError(errno.EACCES, _WHY)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        try:
            check(self, sock)
        except OSError as error:
            raise NewConnectionError(self, str(error.strerror)) from error
        return sock


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def session() -> Session:
    """One of `requests` that keeps to the fence, for a request beside the load."""
    made = Session()
    if _fence() is not None:
        made.mount("http://", _Adapter())
        made.mount("https://", _Adapter())
    return made

"""Whom a run may ask: a service that others reach must not become their way into its own network."""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from service.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str], Iterable[str]]
"""The addresses of a name. Raises OSError or UnicodeError where there are none."""

_NEVER = (
    # Where clouds tell a machine its own credentials: link-local, and what AWS, Alibaba and Azure have beside it.
    *("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32"),
    # What is no single machine's address.
    *("0.0.0.0/8", "::/128", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8"),
)
_INSIDE = (
    *("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"),
    *("192.0.0.0/24", "fc00::/7", "fec0::/10"),
    # An IPv4 address inside an IPv6 one, by translation or tunnel.
    *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0:0/96"),
)


class Rule(NamedTuple):
    """Networks that are refused, and what is allowed all the same."""

    refused: tuple[Network, ...]
    names: frozenset[str]
    networks: tuple[Network, ...]

    def permits(self, address: str) -> bool:
        """Whether a run may connect there."""
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
        return _within(found, self.networks) or not _within(found, self.refused)

    def as_words(self) -> dict[str, str]:
        """For the environment of a run, which keeps to it when it connects: a name may lead elsewhere by then."""
        return {
            "LLOCUST_REFUSED_NETWORKS": " ".join(map(str, self.refused)),
            "LLOCUST_ALLOWED_TARGETS": " ".join([*map(str, self.networks), *sorted(self.names)]),
        }


def rule(settings: Settings) -> Rule:
    """A service of one's own may ask its machine and its network; one that others reach asks what is public."""
    networks, names = [], []
    for allowed in settings.allowed_targets:
        try:
            networks.append(ipaddress.ip_network(allowed, strict=False))
        except ValueError:
            names.append(allowed.lower().rstrip("."))
    alone = settings.is_loopback and not settings.tokens
    refused = _NEVER if alone else (*_NEVER, *_INSIDE)
    return Rule(tuple(map(ipaddress.ip_network, refused)), frozenset(names), tuple(networks))


def refusals(rule: Rule, urls: Iterable[str], resolve: Resolve | None = None) -> Iterator[str]:
    """A sentence for each URL that a run must not ask. Names that lead nowhere are left to the run, which says so."""
    for url in urls:
        host = _host(url)
        if not host:
            yield "A host is not a URL with a name in it, such as http://127.0.0.1:8000."
        elif host not in rule.names and not all(map(rule.permits, _addresses(host, resolve or addresses_of))):
            yield (
                f"This service does not ask {host}: it is, or leads to, an address that is private or of a kind that "
                "holds credentials; whoever runs the service can allow it with --allow-target."
            )


def _host(url: str) -> str:
    try:
        return (urlsplit(url if "://" in url else f"//{url}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _addresses(host: str, resolve: Resolve) -> Iterable[str]:
    try:
        return resolve(host)
    except (OSError, UnicodeError):
        return ()


def addresses_of(host: str) -> list[str]:
    """By this machine's resolver, which also knows `localhost` and addresses in odd spellings, such as 0x7f.1."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)

"""Proxy and CA settings, taken from the environment once: Locust's sessions do not look there, and a look costs time."""

import functools
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from harness.wire.tls import make_context

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class NetworkError(Exception):
    """Settings that cannot be used; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Network:
    """How one URL is reached. `verify` is as in requests: True, False, or the path of a CA bundle."""

    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool | str = True
    proxy: str | None = field(default=None, repr=False)
    """The proxy that the URL goes through, if any; it may hold credentials, so it is kept out of every repr."""

    def describe(self) -> dict[str, str]:
        """For the manifest: where the bytes go and whose certificates count, without credentials."""
        words = {"ca": "bundled with requests" if self.verify is True else str(self.verify)}
        if self.verify is False:
            words["ca"] = "not verified"
        if self.proxy is not None:
            parts = urlsplit(self.proxy)
            words["proxy"] = f"{parts.scheme}://{parts.hostname}:{parts.port or 80}"
        return words

    def tls_context(self) -> ssl.SSLContext:
        """One context for all connections of the process: loading the bundle takes 15 ms of CPU each time."""
        return _tls_context(self.verify)


DIRECT = Network()
"""No proxy, and the CA bundle of requests."""


def resolve(url: str) -> Network:
    """What the environment says about reaching `url`. Raises NetworkError."""
    proxies = get_environ_proxies(url)
    proxy = select_proxy(url, proxies)
    if proxy is not None:
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        _check_proxy(proxy)
    return Network(proxies=proxies, verify=_ca_bundle(), proxy=proxy)


def _check_proxy(proxy: str) -> None:
    scheme = urlsplit(proxy).scheme.lower()
    if scheme not in ("http", "https"):
        raise NetworkError(
            f"The environment sets a {scheme} proxy, which is not supported. Set HTTP_PROXY or HTTPS_PROXY to an "
            "http:// or https:// address, or add the host to NO_PROXY."
        )


def _ca_bundle() -> bool | str:
    for variable in _CA_VARIABLES:
        path = os.environ.get(variable)
        if path:
            if not Path(path).exists():
                raise NetworkError(f"{variable} names {path}, which does not exist.")
            return path
    return True


@functools.cache
def _tls_context(verify: bool | str) -> ssl.SSLContext:
    if verify is False:
        return make_context(verified=False)
    path = DEFAULT_CA_BUNDLE_PATH if verify is True else verify
    context = make_context(verified=True)
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:
        raise NetworkError(f"{path} holds no CA certificates that can be read: {error}.") from error
    return context

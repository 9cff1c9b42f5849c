"""The one probe before a sweep: which models does the server offer? Runs in the plain parent, without gevent."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from harness.outcome import Outcome
from harness.wire import fence
from harness.wire.breaks import Phase, reason, translate
from harness.wire.network import Network

PROBE_HEADER = "X-Llocust-Probe"
_LIMIT_BYTES = 4_000_000
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Models:
    """What the probe found: the names, or why there are none."""

    names: tuple[str, ...] | None
    """None where the server gave no list."""
    answer: str
    """For the manifest: status and what came with it."""


class ProbeError(Exception):
    """The server cannot be used as it is; the message is a sentence for the user."""

    def __init__(self, kind: Outcome, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def list_models(
    url: str,
    headers: Mapping[str, str],
    timeout_s: float,
    network: Network,
    key_env: str,
    *,
    read: Callable[[bytes], tuple[str, ...] | None],
) -> Models:
    """Ask `url`, the full address of the list of models, which `read` reads as its API writes it.

    `key_env` names the variable that should hold the API key.

    A server that is there but gives no list is no error. Raises ProbeError where nobody answers, TLS fails, time runs
    out, or the key is refused.
    """
    try:
        status, body = _get(url, {**headers, PROBE_HEADER: "1"}, timeout_s, network)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        return _failed(error, url, timeout_s)
    if status in _REFUSED:
        raise ProbeError(
            Outcome.REFUSED_4XX,
            f"The server refuses the API key ({status}). Set {key_env}, or name another variable with --api-key-env.",
        )
    if status != 200:
        return Models(None, f"status {status}")
    names = read(body)
    return Models(names, "status 200, no list of models" if names is None else f"status 200, {len(names)} models")


def _get(url: str, headers: Mapping[str, str], timeout_s: float, network: Network) -> tuple[int, bytes]:
    until_s = time.monotonic() + timeout_s
    with fence.session() as session:
        session.trust_env = False
        response = session.get(
            url,
            headers=dict(headers),
            timeout=timeout_s,
            proxies=dict(network.proxies),
            verify=network.verify,
            allow_redirects=False,
            stream=True,
        )
        body = b""
        # A time-out of requests lies between two reads; this one ends a list that trickles for ever.
        for piece in response.iter_content(65_536):
            body += piece
            if len(body) > _LIMIT_BYTES or time.monotonic() > until_s:
                raise requests.ReadTimeout("the list of models does not end")
        return response.status_code, body


def _failed(error: Exception, url: str, timeout_s: float) -> Models:
    parts = urlsplit(url)
    where = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    origin = f"{parts.scheme}://{where}"
    broken = translate(error, Phase.AWAITING, where)
    if broken is None:
        raise error
    kind = Outcome(broken.how.value)
    if kind is Outcome.CONNECT:
        why = f"Nothing answers at {origin} ({reason(error)}). Is the server running, and is --host right?"
    elif kind is Outcome.TLS:
        why = f"{broken.why} Is https right, and does REQUESTS_CA_BUNDLE name the CA of {origin}?"
    elif kind in (Outcome.CUT, Outcome.MALFORMED):
        return Models(None, broken.why)
    else:
        why = f"{origin} gave no answer within {timeout_s:g} s. Is the server busy or still loading?"
    raise ProbeError(kind, why) from error

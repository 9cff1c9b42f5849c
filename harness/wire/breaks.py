"""The one table from what a client library or the system raises to how a transfer broke.

Sentences name hosts and ports, never a header, a path, a query or a credential.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import NamedTuple

import requests.exceptions
import urllib3.exceptions

from harness.call import Broken
from harness.outcome import Break


class Phase(Enum):
    """Where an exchange stood when something was raised."""

    CONNECTING = auto()
    """Name look-up, TCP, or asking a proxy for a tunnel."""
    SECURING = auto()
    """TLS handshake."""
    AWAITING = auto()
    """Sending, or waiting for the first byte of the answer."""
    READING = auto()
    """The first byte has arrived."""


class _Row(NamedTuple):
    kind: type[BaseException] | tuple[type[BaseException], ...]
    phases: frozenset[Phase]
    how: Break
    sentence: str


_ANY = frozenset(Phase)
_CONNECTING = frozenset({Phase.CONNECTING})
_SECURING = frozenset({Phase.SECURING})
_AWAITING = frozenset({Phase.AWAITING})
_READING = frozenset({Phase.READING})
_EXCHANGING = _AWAITING | _READING


class _OutOfTime(TimeoutError):
    """Stands in the table for a socket's own time-out, which Python gives the class of the kernel's ETIMEDOUT."""


# The first row that fits the phase and any error of the chain wins. Order matters: http.client's RemoteDisconnected
# is also a BadStatusLine, every ssl.SSLError is an OSError, and a refused connection comes wrapped in a timeout class.
_ROWS: tuple[_Row, ...] = (
    _Row(socket.gaierror, _ANY, Break.CONNECT, "The name in {where} cannot be resolved ({reason})."),
    _Row(urllib3.exceptions.NewConnectionError, _ANY, Break.CONNECT, "No connection to {where}: {reason}."),
    _Row(urllib3.exceptions.ConnectTimeoutError, _ANY, Break.TIMEOUT_CONNECT, "No connection to {where} in time."),
    _Row(_OutOfTime, _CONNECTING | _SECURING, Break.TIMEOUT_CONNECT, "No connection to {where} in time."),
    _Row(
        ssl.SSLCertVerificationError,
        _ANY,
        Break.TLS,
        "The certificate of {where} was not accepted: {reason}.",
    ),
    _Row((OSError, urllib3.exceptions.HTTPError), _SECURING, Break.TLS, "No TLS with {where}: {reason}."),
    _Row(
        (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException),
        _CONNECTING,
        Break.CONNECT,
        "No connection to {where}: {reason}.",
    ),
    _Row(_OutOfTime, _AWAITING, Break.TIMEOUT_FIRST_BYTE, "{where} sent no byte of an answer in time."),
    _Row(_OutOfTime, _READING, Break.TIMEOUT_IDLE, "{where} fell silent in the middle of its answer."),
    _Row(
        (ssl.SSLEOFError, ssl.SSLZeroReturnError, http.client.RemoteDisconnected),
        _EXCHANGING,
        Break.CUT,
        "{where} closed the connection before the end of its answer.",
    ),
    _Row(ssl.SSLError, _EXCHANGING, Break.TLS, "TLS with {where} broke: {reason}."),
    _Row(
        (OSError, http.client.IncompleteRead),
        _EXCHANGING,
        Break.CUT,
        "The connection to {where} broke before the end of the answer: {reason}.",
    ),
    _Row(http.client.HTTPException, _EXCHANGING, Break.MALFORMED, "{where} did not answer in valid HTTP."),
    _Row(
        (urllib3.exceptions.DecodeError, urllib3.exceptions.InvalidChunkLength, urllib3.exceptions.InvalidHeader),
        _EXCHANGING,
        Break.MALFORMED,
        "{where} did not answer in valid HTTP.",
    ),
    _Row(
        urllib3.exceptions.ProtocolError,
        _EXCHANGING,
        Break.CUT,
        "{where} closed the connection before the end of its answer.",
    ),
)


def translate(error: BaseException, phase: Phase, where: str) -> Broken | None:
    """How the transfer with `where` (host:port) broke, or None if `error` is no network error at all."""
    chain = [_told_apart(link) for link in links(error)]
    row = _row_for(chain, phase)
    return None if row is None else Broken(row.how, row.sentence.format(where=where, reason=_words(chain)))


def _row_for(chain: list[BaseException], phase: Phase) -> _Row | None:
    fitting = (row for row in _ROWS if phase in row.phases)
    return next((row for row in fitting if any(isinstance(link, row.kind) for link in chain)), None)


# What clients say in a word of their own, or the system in the only one it has.
_BY_NAME: tuple[tuple[type[BaseException], Break], ...] = (
    (requests.exceptions.ConnectTimeout, Break.TIMEOUT_CONNECT),
    (requests.exceptions.SSLError, Break.TLS),
    (ConnectionRefusedError, Break.CONNECT),
)
_OF_THE_NETWORK = (
    *(requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError),
    *(requests.exceptions.ContentDecodingError, urllib3.exceptions.HTTPError, http.client.HTTPException),
    *(ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError),
)
"""Of the many kinds of OSError those that tell of a connection; a file that is missing is one as well."""


def how_broken(error: BaseException, phase: Phase) -> Break | None:
    """How a transfer broke that a client of somebody else's made, or None if `error` tells of no such thing."""
    chain = list(links(error))
    for kind, how in _BY_NAME:
        if any(isinstance(link, kind) for link in chain):
            return how
    for link in chain:
        timed_out = isinstance(link, requests.exceptions.Timeout)
        if timed_out or isinstance(link, _OF_THE_NETWORK):
            behind: list[BaseException] = [_OutOfTime()] if timed_out else [_told_apart(each) for each in links(link)]
            row = _row_for(behind, phase)
            if row is not None:
                return row.how
    return None


def reason(error: BaseException) -> str:
    """Why, in a few words such as `connection refused`."""
    return _words(list(links(error)))


def _told_apart(error: BaseException) -> BaseException:
    ran_out = isinstance(error, TimeoutError) and not isinstance(error, ssl.SSLError) and error.errno is None
    return _OutOfTime() if ran_out or isinstance(error, urllib3.exceptions.ReadTimeoutError) else error


def links(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it was made from, however it was hidden in it."""
    # urllib3 and requests hide the cause in an argument, in `reason`, or behind `from`; look everywhere, once.
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]


def _words(chain: list[BaseException]) -> str:
    # The innermost error that has words of its own. Those of urllib3 and requests hold whole URLs: never theirs.
    for tell in _TELLERS:
        for link in chain:
            words = tell(link)
            if words:
                return words
    return "it was closed"


def _certificate_words(error: BaseException) -> str | None:
    return error.verify_message.rstrip(".") if isinstance(error, ssl.SSLCertVerificationError) else None


def _tls_words(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLEOFError):
        return "the connection was closed during the handshake"
    # Only those that OpenSSL raised itself have a reason at all.
    code = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    return code.replace("_", " ").lower() if code else None


def _system_words(error: BaseException) -> str | None:
    if not isinstance(error, OSError) or isinstance(error, ssl.SSLError):
        return None
    # http.client says in a bare OSError that a proxy refused a tunnel.
    words = error.strerror or (str(error).rstrip(".") if type(error) is OSError else "")
    return words[:1].lower() + words[1:]


_TELLERS: tuple[Callable[[BaseException], str | None], ...] = (_certificate_words, _tls_words, _system_words)

"""The whole table, one line for each thing that can be raised."""

import errno
import http.client
import socket
import ssl

import pytest
import requests
import urllib3.exceptions as u3

from harness.outcome import Break
from harness.wire.breaks import Phase, reason, translate


def caused(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


def certificate() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate."
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
RESET = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
NEW = caused(u3.NewConnectionError(None, "http://secret"), REFUSED)
GONE = TimeoutError(errno.ETIMEDOUT, "Connection timed out")

TABLE = [
    (socket.gaierror(-2, "Name or service not known"), Phase.CONNECTING, Break.CONNECT),
    (REFUSED, Phase.CONNECTING, Break.CONNECT),
    (NEW, Phase.CONNECTING, Break.CONNECT),
    (requests.ConnectionError(u3.MaxRetryError(None, "/secret", NEW)), Phase.AWAITING, Break.CONNECT),
    (OSError("Tunnel connection failed: 407 no"), Phase.CONNECTING, Break.CONNECT),
    (http.client.BadStatusLine("x"), Phase.CONNECTING, Break.CONNECT),
    (GONE, Phase.CONNECTING, Break.CONNECT),
    (TimeoutError("timed out"), Phase.CONNECTING, Break.TIMEOUT_CONNECT),
    (TimeoutError("timed out"), Phase.SECURING, Break.TIMEOUT_CONNECT),
    (u3.ConnectTimeoutError(None, "x"), Phase.AWAITING, Break.TIMEOUT_CONNECT),
    (certificate(), Phase.SECURING, Break.TLS),
    (requests.exceptions.SSLError(u3.MaxRetryError(None, "/", u3.SSLError(certificate()))), Phase.AWAITING, Break.TLS),
    (RESET, Phase.SECURING, Break.TLS),
    (ssl.SSLEOFError(8, "EOF"), Phase.SECURING, Break.TLS),
    (u3.SSLError("no"), Phase.SECURING, Break.TLS),
    (ssl.SSLError(1, "bad record mac"), Phase.READING, Break.TLS),
    (TimeoutError("timed out"), Phase.AWAITING, Break.TIMEOUT_FIRST_BYTE),
    (requests.ReadTimeout(u3.ReadTimeoutError(None, "/", "x")), Phase.AWAITING, Break.TIMEOUT_FIRST_BYTE),
    (TimeoutError("timed out"), Phase.READING, Break.TIMEOUT_IDLE),
    (GONE, Phase.READING, Break.CUT),
    (RESET, Phase.AWAITING, Break.CUT),
    (RESET, Phase.READING, Break.CUT),
    (ssl.SSLEOFError(8, "EOF"), Phase.READING, Break.CUT),
    (http.client.RemoteDisconnected("x"), Phase.AWAITING, Break.CUT),
    (u3.ProtocolError("x", http.client.IncompleteRead(b"")), Phase.READING, Break.CUT),
    (u3.ProtocolError("Response ended prematurely"), Phase.READING, Break.CUT),
    (u3.ProtocolError("x", http.client.BadStatusLine("x")), Phase.AWAITING, Break.MALFORMED),
    (u3.DecodeError("x"), Phase.READING, Break.MALFORMED),
    (ValueError("a bug"), Phase.READING, None),
    (KeyError("a bug"), Phase.CONNECTING, None),
]


@pytest.mark.parametrize(("error", "phase", "how"), TABLE)
def test_the_table(error, phase, how):
    broken = translate(error, phase, "host:1")
    assert (broken.how if broken else None) is how
    if broken:
        assert "host:1" in broken.why
        assert "secret" not in broken.why
        assert broken.why.endswith(".")


def test_an_error_that_is_its_own_cause_ends():
    error = OSError("x")
    error.__cause__ = error
    assert translate(error, Phase.READING, "host:1").how is Break.CUT


def test_reasons_are_the_systems_words():
    assert reason(requests.ConnectionError(u3.MaxRetryError(None, "/", NEW))) == "connection refused"
    assert reason(certificate()) == "self-signed certificate"
    assert reason(http.client.RemoteDisconnected("x")) == "it was closed"

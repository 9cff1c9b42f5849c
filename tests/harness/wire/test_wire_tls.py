"""TLS: whose certificates count, and what is said where it fails."""

import ssl
import subprocess
from dataclasses import replace

import gevent
import pytest
import requests
import trustme
from support.listening import PATIENT, a_call, a_wire, ask, break_on
from support.transcript import CHUNKED, UNTIL_CLOSE, TranscriptServer, chunk, close, pause, sized

from harness.outcome import Break
from harness.wire import Wire
from harness.wire.network import Network


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def server_context(authority, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_known_authority_is_trusted_and_the_connection_reused(authority, bundle):
    answer = [CHUNKED + chunk(b"a"), pause(0.02), chunk(b"b") + chunk(b"")]
    with TranscriptServer([answer, answer], tls=server_context(authority)) as server:
        wire = a_wire(Network(verify=bundle))
        first, second = ask(wire, a_call(server.url)), ask(wire, a_call(server.url))
        wire.close()
    assert first.pieces == second.pieces == [b"a", b"b"]
    assert first.heard == ["connected", "sent", "opened", "arrived", "arrived", "ended"]
    assert (first.reused, second.reused) == ([False], [True])
    assert server.connections == 1


def test_a_directory_of_certificates_is_a_bundle_too(authority, bundle, tmp_path):
    hashed = tmp_path / f"{subject_hash(bundle)}.0"
    hashed.write_bytes(authority.cert_pem.bytes())
    with TranscriptServer([[sized(b"ok")]], tls=server_context(authority)) as server:
        assert ask(a_wire(Network(verify=str(tmp_path))), a_call(server.url)).body == b"ok"


def subject_hash(bundle: str) -> str:
    command = ["openssl", "x509", "-noout", "-hash", "-in", bundle]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_unknown_authority_is_a_tls_failure(authority):
    with TranscriptServer([[sized(b"ok")]], tls=server_context(authority)) as server:
        broken, heard = break_on(a_wire(), a_call(server.url))
    assert broken.how is Break.TLS
    assert broken.why.startswith(
        f"The certificate of 127.0.0.1:{server.port} was not accepted: unable to get local issuer"
    )
    assert heard.heard == []
    assert server.requests == []


def test_a_certificate_for_another_name_is_a_tls_failure(authority, bundle):
    with TranscriptServer([[sized(b"ok")]], tls=server_context(authority, "example.org")) as server:
        broken, _ = break_on(a_wire(Network(verify=bundle)), a_call(server.url))
    assert broken.how is Break.TLS
    assert "not valid for '127.0.0.1'" in broken.why


def test_a_server_without_tls_is_a_tls_failure():
    with TranscriptServer(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        broken, heard = break_on(a_wire(), a_call(server.url.replace("http:", "https:")))
    assert broken.how is Break.TLS
    assert broken.why.startswith(f"No TLS with 127.0.0.1:{server.port}: ")
    assert heard.heard == []


def test_a_session_may_choose_not_to_verify(authority):
    with TranscriptServer([[sized(b"ok")]], tls=server_context(authority)) as server:
        session = requests.Session()
        wire = Wire(session)
        session.verify = False
        with pytest.warns(match="Unverified HTTPS"):
            assert ask(wire, a_call(server.url)).body == b"ok"


def test_a_cut_over_tls_is_a_cut(authority, bundle):
    with TranscriptServer([[CHUNKED + chunk(b"a"), pause(0.02), close]], tls=server_context(authority)) as server:
        broken, heard = break_on(a_wire(Network(verify=bundle)), a_call(server.url))
    assert broken.how is Break.CUT
    assert heard.body == b"a"


def test_closing_ends_a_body_over_tls(authority, bundle):
    with TranscriptServer([[UNTIL_CLOSE + b"a", pause(0.02), close]], tls=server_context(authority)) as server:
        assert ask(a_wire(Network(verify=bundle)), a_call(server.url)).heard[-1] == "ended"


def test_a_stale_connection_over_tls_is_tried_once_more(authority, bundle):
    scripts = [[[sized(b"a")], [close]], [[sized(b"b")]]]
    with TranscriptServer(scripts=scripts, tls=server_context(authority)) as server:
        wire = a_wire(Network(verify=bundle))
        ask(wire, a_call(server.url))
        heard = ask(wire, a_call(server.url))
    assert heard.reused == [True, False]
    assert heard.body == b"b"
    assert server.connections == 2


def test_silence_over_tls_is_a_timeout(authority, bundle):
    with TranscriptServer([[], []], tls=server_context(authority)) as server:
        broken, _ = break_on(a_wire(Network(verify=bundle)), a_call(server.url, replace(PATIENT, first_byte_s=0.1)))
    assert broken.how is Break.TIMEOUT_FIRST_BYTE


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_handshake_that_hangs_is_a_connect_timeout():
    with TranscriptServer([[]]) as server:
        url = server.url.replace("http:", "https:")
        # The server waits for the end of a request that never is one; nothing ends the handshake but our clock.
        broken, heard = break_on(a_wire(), a_call(url, replace(PATIENT, connect_s=0.1)))
        gevent.sleep(0)
    assert broken.how is Break.TIMEOUT_CONNECT
    assert heard.heard == []

"""Through a proxy: plain HTTP is forwarded, HTTPS goes through a tunnel."""

import base64
import socket
import ssl
import threading

import gevent
import pytest
import trustme
from support.listening import a_call, a_wire, ask, break_on
from support.transcript import TranscriptServer, read_request, sized

from harness.outcome import Break
from harness.wire.network import Network


class TunnelServer:
    """A proxy that knows CONNECT only, and keeps what it was asked; `tls` is how it is spoken to."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n", tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listening]

    def __enter__(self):
        self._thread = gevent.spawn(self._accept)
        return self

    def __exit__(self, *_):
        self._thread.kill()
        for sock in self._sockets:
            sock.close()

    def _accept(self):
        while True:
            sock, _ = self._listening.accept()
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._sockets.append(sock)
            request = read_request(sock)
            self.requests.append(request)
            sock.sendall(self._answer)
            if b"200 OK" in self._answer:
                host, port = request.split()[1].decode().rsplit(":", 1)
                far = socket.create_connection((host, int(port)))
                self._sockets.append(far)
                threading.Thread(target=_carry, args=(sock, far), daemon=True).start()
                threading.Thread(target=_carry, args=(far, sock), daemon=True).start()


def _carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def bundle(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_plain_http_is_sent_to_the_proxy_with_the_whole_address():
    with TranscriptServer([[sized(b"a")], [sized(b"b")]]) as proxy:
        wire = a_wire(Network(proxies={"http": f"http://me:pw@127.0.0.1:{proxy.port}"}))
        first = ask(wire, a_call("http://model.test:8000/v1/x"))
        second = ask(wire, a_call("http://model.test:8000/v1/x"))
    assert proxy.requests[0].startswith(b"POST http://model.test:8000/v1/x HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic " + base64.b64encode(b"me:pw") in proxy.requests[0]
    assert (first.body, second.body) == (b"a", b"b")
    assert (first.reused, second.reused) == ([False], [True])
    assert first.request_bytes == [len(proxy.requests[0])]
    assert proxy.connections == 1


def test_a_proxy_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    wire = a_wire(Network(proxies={"http": f"http://me:s3cret@127.0.0.1:{port}"}))
    broken, heard = break_on(wire, a_call("http://model.test/x"))
    assert broken.how is Break.CONNECT
    assert broken.why == f"No connection to 127.0.0.1:{port} (a proxy): connection refused."
    assert heard.heard == []


def test_https_goes_through_a_tunnel_that_counts_as_connecting(bundle, tls):
    with TranscriptServer([[sized(b"a")], [sized(b"b")]], tls=tls) as server, TunnelServer() as proxy:
        wire = a_wire(Network(proxies={"https": f"http://127.0.0.1:{proxy.port}"}, verify=bundle))
        first, second = ask(wire, a_call(server.url)), ask(wire, a_call(server.url))
        wire.close()
    assert first.heard == ["connected", "sent", "opened", "arrived", "ended"]
    assert (first.body, second.body) == (b"a", b"b")
    assert (first.reused, second.reused) == ([False], [True])
    assert first.request_bytes == [len(server.requests[0])]
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [b"CONNECT 127.0.0.1:%d HTTP/1.0" % server.port]


def test_tls_within_tls(bundle, tls):
    with TranscriptServer([[sized(b"a")], [sized(b"b")]], tls=tls) as server, TunnelServer(tls=tls) as proxy:
        wire = a_wire(Network(proxies={"https": f"https://127.0.0.1:{proxy.port}"}, verify=bundle))
        assert ask(wire, a_call(server.url)).body == b"a"
        assert ask(wire, a_call(server.url)).reused == [True]
        wire.close()


def test_a_tunnel_refused_is_no_connection(bundle):
    with TunnelServer(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
        wire = a_wire(Network(proxies={"https": f"http://127.0.0.1:{proxy.port}"}, verify=bundle))
        broken, heard = break_on(wire, a_call("https://model.test/x"))
    assert broken.how is Break.CONNECT
    assert broken.why == (
        f"No connection to model.test:443 (through the proxy 127.0.0.1:{proxy.port}): "
        "tunnel connection failed: 407 Proxy Authentication Required."
    )
    assert heard.heard == []

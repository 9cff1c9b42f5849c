"""Addresses that a run must not connect to."""

import socket

import pytest
import requests
from urllib3.connection import HTTPConnection

from harness.wire import fence
from harness.wire.fence import ALLOWED, REFUSED, check, read, session


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def fenced(monkeypatch):
    monkeypatch.setenv(REFUSED, "127.0.0.0/8 ::1/128")
    fence._fence.cache_clear()
    yield
    fence._fence.cache_clear()


def test_without_a_word_there_is_no_fence():
    assert read({}) is None
    assert read({REFUSED: " ", ALLOWED: "10.0.0.0/8"}) is None


@pytest.mark.parametrize(
    ("host", "address", "permitted"),
    [
        ("h", "10.1.2.3", False),
        ("h", "11.1.2.3", True),
        ("h", "10.9.0.1", True),
        ("LLM.internal.", "10.1.2.3", True),
        ("h", "::ffff:10.1.2.3", False),
        ("h", "fe80::1%eth0", False),
        ("h", "2001:db8::1", True),
    ],
)
def test_what_is_refused_and_what_is_allowed_all_the_same(host, address, permitted):
    found = read({REFUSED: "10.0.0.0/8 fe80::/10", ALLOWED: "10.9.0.0/16 llm.internal"})
    assert found.permits(host, address) is permitted


def test_a_connection_beyond_the_fence_is_closed_before_a_byte_is_sent(fenced, server):
    port = server.getsockname()[1]
    with session() as asking, pytest.raises(requests.ConnectionError, match="does not ask addresses of that kind"):
        asking.get(f"http://127.0.0.1:{port}/", timeout=5)
    accepted, _ = server.accept()
    with accepted:
        assert accepted.recv(100) == b""


def test_a_proxy_is_not_looked_at(fenced, server):
    connection = HTTPConnection("target.example", proxy=object())
    with socket.create_connection(server.getsockname()) as sock:
        check(connection, sock)
        assert sock.fileno() > 0
        connection.proxy = None
        with pytest.raises(PermissionError):
            check(connection, sock)
        assert sock.fileno() == -1


def test_without_a_fence_a_session_is_an_ordinary_one():
    with session() as asking:
        assert type(asking.get_adapter("http://h")) is requests.adapters.HTTPAdapter

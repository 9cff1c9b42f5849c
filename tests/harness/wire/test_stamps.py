"""Kernel receive stamps: how they are asked for, read from ancillary bytes, and what they say of a real socket."""

import platform
import socket
import struct
import sys
import time
from contextlib import contextmanager

import pytest

from harness.wire import stamps

KERNEL = pytest.mark.skipif(not stamps.supported(), reason="only Linux stamps")
SO_TIMESTAMPNS, SCM_RIGHTS = 35, 1


def a_stamp(seconds: int, nanoseconds: int) -> bytes:
    return struct.pack("@ll", seconds, nanoseconds)


READINGS = {
    "nothing": ([], None),
    # 1,700,000,000 s × 10⁹ + 7 ns
    "a stamp": ([(socket.SOL_SOCKET, SO_TIMESTAMPNS, a_stamp(1_700_000_000, 7))], 1_700_000_000_000_000_007),
    "with padding behind": ([(socket.SOL_SOCKET, SO_TIMESTAMPNS, a_stamp(2, 5) + b"\0" * 8)], 2_000_000_005),
    "cut short": ([(socket.SOL_SOCKET, SO_TIMESTAMPNS, a_stamp(2, 5)[:-1])], None),
    "empty": ([(socket.SOL_SOCKET, SO_TIMESTAMPNS, b"")], None),
    "another kind": ([(socket.SOL_SOCKET, SCM_RIGHTS, a_stamp(2, 5))], None),
    "another level": ([(socket.IPPROTO_TCP, SO_TIMESTAMPNS, a_stamp(2, 5))], None),
    "behind another": (
        [(socket.SOL_SOCKET, SCM_RIGHTS, b"\0" * 16), (socket.SOL_SOCKET, SO_TIMESTAMPNS, a_stamp(0, 9))],
        9,
    ),
}


@pytest.mark.parametrize(("ancillary", "stamp_ns"), READINGS.values(), ids=READINGS)
def test_reading_ancillary_data(ancillary, stamp_ns):
    assert stamps.read(ancillary) == stamp_ns


def test_where_there_are_stamps(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert stamps.supported()
    monkeypatch.setattr(platform, "machine", lambda: "sparc64")
    assert not stamps.supported()
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not stamps.supported()
    assert stamps.kind() == "user"


def test_a_socket_that_cannot_be_stamped():
    sock = socket.socket()
    sock.close()
    assert stamps.enable(sock) is False


@KERNEL
def test_this_system_stamps():
    assert stamps.kind() == "kernel"


@contextmanager
def tcp_pair():
    """Two ends of a connection over loopback, the second one stamped.

    The kernel begins to stamp some time after the first socket of the system has asked for it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with near, far:
        assert stamps.enable(far)
        for _ in range(1000):
            near.sendall(b"x")
            if received(far)[1] is not None:
                break
            time.sleep(0.001)
        yield near, far


def received(sock) -> tuple[bytes, int | None]:
    data, ancillary, _, _ = sock.recvmsg(1000, stamps.ANCILLARY_BYTES)
    return data, stamps.read(ancillary)


@KERNEL
def test_a_stamp_lies_between_the_send_and_the_read():
    with tcp_pair() as (near, far):
        before_ns = time.time_ns()
        near.sendall(b"x")
        data, stamp_ns = received(far)
        after_ns = time.time_ns()
    assert data == b"x"
    # Both are CLOCK_REALTIME; the kernel may read it from a coarser place, by microseconds.
    assert before_ns - 100_000 <= stamp_ns <= after_ns + 100_000


@KERNEL
def test_what_is_read_late_has_the_stamp_of_its_coming():
    with tcp_pair() as (near, far):
        near.sendall(b"x")
        sent_ns = time.time_ns()
        time.sleep(0.03)
        _, stamp_ns = received(far)
        age_ns = time.time_ns() - stamp_ns
    assert age_ns >= 25_000_000
    assert stamp_ns < sent_ns + 5_000_000


@KERNEL
def test_segments_read_together_have_the_stamp_of_the_last():
    with tcp_pair() as (near, far):
        near.sendall(b"a")
        time.sleep(0.02)
        before_ns = time.time_ns()
        near.sendall(b"b")
        data, stamp_ns = received(far)
    assert data == b"ab"
    assert stamp_ns >= before_ns - 100_000


@KERNEL
def test_the_end_of_a_connection_has_no_stamp():
    with tcp_pair() as (near, far):
        near.close()
        assert received(far) == (b"", None)


@KERNEL
def test_without_asking_there_is_no_stamp():
    near, far = socket.socketpair()
    with near, far:
        near.sendall(b"x")
        assert received(far) == (b"x", None)

"""One connection read in the event loop: its stamps while the loop is prompt and while it is not, and TLS undone.

The peer writes from a thread of the system, not from a greenlet, and the loop is blocked by a sleep that gevent has
not patched: nothing in this process reads meanwhile.
"""

import os
import socket
import ssl
import struct
import time
from contextlib import contextmanager

import gevent
import pytest
import trustme
from gevent import monkey

from harness.exchange import BOUND_NS
from harness.wire import stamps
from harness.wire.tap import Reading, Tap
from harness.wire.tls import make_context

MS = 1_000_000
block = monkey.get_original("time", "sleep")
KERNEL = pytest.mark.skipif(not stamps.supported(), reason="only Linux stamps")


class Glass:
    """Keeps what a tap pours."""

    def __init__(self):
        self.poured = []

    def __call__(self, reading):
        self.poured.append(reading)

    def wait(self, count=1):
        """What was poured, once there are so many."""
        for _ in range(2000):
            if len(self.poured) >= count:
                break
            gevent.sleep(0.001)
        assert len(self.poured) == count
        return self.poured

    @property
    def data(self):
        return [reading.data for reading in self.poured]


@contextmanager
def tcp_pair(*, stamped=True):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with near, far:
        if stamped:
            await_stamps(near, far)
        yield near, far


def await_stamps(near, far):
    """The kernel begins to stamp some time after the first socket of the system has asked for it."""
    for _ in range(1000 if stamps.enable(far) else 0):
        near.sendall(b"x")
        if stamps.read(far.recvmsg(10, stamps.ANCILLARY_BYTES)[1]) is not None:
            break
        gevent.sleep(0.001)


@contextmanager
def tapped(sock):
    glass = Glass()
    tap = Tap(sock, glass)
    # The loop begins to wait.
    gevent.sleep(0.005)
    try:
        yield glass
    finally:
        tap.close()


def write_from_outside(sock, *steps):
    """Start a thread that writes and sleeps; the result has the moments just before each write."""
    fd = sock.fileno()

    def play():
        moments = []
        for step in steps:
            if isinstance(step, bytes):
                moments.append(time.monotonic_ns())
                os.write(fd, step)
            else:
                block(step)
        return moments

    return gevent.get_hub().threadpool.spawn(play)


@KERNEL
def test_while_the_loop_is_blocked_what_comes_shares_a_read_and_the_bound_reaches_back_to_the_first():
    with tcp_pair() as (near, far), tapped(far) as glass:
        writer = write_from_outside(near, b"a", 0.01, b"b")
        block(0.04)
        (reading,) = glass.wait()
        first_ns, second_ns = writer.get()
    assert reading.data == b"ab"
    # The stamp is the second's, from the kernel; both clocks are read within microseconds of each other.
    assert second_ns - MS // 10 <= reading.at_ns
    assert reading.age_ns >= 20 * MS
    assert reading.at_ns - reading.unseen_ns <= first_ns


@KERNEL
def test_a_bound_holds_for_whoever_is_read_last():
    # Two connections are readable at once; the first reader works for 20 ms, and more comes for the other meanwhile.
    with tcp_pair() as (near, far), tcp_pair() as (other_near, other_far):
        glass = Glass()
        held = []

        def work(reading):
            held.append(reading)
            if len(held) == 1:
                block(0.03)

        taps = [Tap(far, work), Tap(other_far, work)]
        gevent.sleep(0.005)
        writer = write_from_outside(near, b"a")
        other = write_from_outside(other_near, b"a", 0.01, b"b", 0.015, b"c")
        for _ in range(100):
            if sum(len(reading.data) for reading in held) == 4:
                break
            gevent.sleep(0.001)
        for tap in taps:
            tap.close()
        writer.get()
        first_ns, _, _ = other.get()
        del glass
    # Whichever was read first: nothing of a later read came before its bound, and the shared one reaches the first.
    shared = [reading for reading in held if reading.data.startswith(b"a") and len(reading.data) > 1]
    assert all(reading.at_ns - reading.unseen_ns <= first_ns + MS // 10 for reading in shared)


def test_while_the_loop_is_prompt_what_was_sent_together_is_not_bounded():
    # On a busy machine a wake-up may be late now and then; ten in a row are not.
    with tcp_pair() as (near, far), tapped(far) as glass:
        for count in range(1, 11):
            write_from_outside(near, b"ab").get()
            reading = glass.wait(count)[-1]
            assert reading.data == b"ab"
            if reading.unseen_ns < BOUND_NS:
                return
            gevent.sleep(0.005)
    raise AssertionError(f"all bounded: {glass.poured}")


def test_without_a_kernel_stamp_the_moment_is_the_readers_and_the_age_unknown():
    with tcp_pair(stamped=False) as (near, far), tapped(far) as glass:
        before_ns = time.monotonic_ns()
        near.sendall(b"a")
        (reading,) = glass.wait()
        after_ns = time.monotonic_ns()
    assert before_ns <= reading.at_ns <= after_ns
    assert (reading.data, reading.age_ns) == (b"a", None)


def test_without_a_kernel_stamp_a_blocked_loop_is_still_noticed():
    with tcp_pair(stamped=False) as (near, far), tapped(far) as glass:
        writer = write_from_outside(near, b"a", 0.01, b"b")
        block(0.03)
        (reading,) = glass.wait()
        first_ns, _ = writer.get()
    assert (reading.data, reading.age_ns) == (b"ab", None)
    assert reading.at_ns - reading.unseen_ns <= first_ns


class Stepped:
    """The time module after somebody has set the wall clock."""

    monotonic_ns = staticmethod(time.monotonic_ns)

    def __init__(self, by_s):
        self.by_ns = by_s * 1_000_000_000

    def time_ns(self):
        return time.time_ns() + self.by_ns


@pytest.mark.parametrize("by_s", [-3600, -1, 3600], ids=["an hour behind", "a second behind", "an hour ahead"])
def test_a_wall_clock_that_is_not_the_kernels_is_not_believed(monkeypatch, by_s):
    with tcp_pair() as (near, far), tapped(far) as glass:
        monkeypatch.setattr("harness.wire.offset.time", Stepped(by_s))
        gevent.sleep(0.03)
        before_ns = time.monotonic_ns()
        near.sendall(b"a")
        (reading,) = glass.wait()
        assert before_ns <= reading.at_ns <= time.monotonic_ns()
        monkeypatch.undo()
        gevent.sleep(0.03)
    assert reading.age_ns is None


def test_the_peer_has_closed():
    with tcp_pair() as (near, far), tapped(far) as glass:
        near.sendall(b"a")
        glass.wait(1)
        near.shutdown(socket.SHUT_WR)
        while len(glass.poured) < 2:
            gevent.sleep(0.001)
        # Again and again, until the tap is closed.
        assert glass.data[:2] == [b"a", b""]
        assert set(glass.data[2:]) <= {b""}


def test_an_error_of_the_socket_is_handed_on():
    with tcp_pair() as (near, far), tapped(far) as glass:
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        near.close()
        while not glass.poured:
            gevent.sleep(0.001)
        assert isinstance(glass.poured[0], ConnectionResetError)


@pytest.mark.parametrize("error", [BlockingIOError(), InterruptedError()])
def test_a_socket_that_had_nothing_after_all_is_asked_again(error):
    class Fickle:
        """Says once that there is nothing."""

        def __init__(self, sock):
            self.sock = sock
            self.asked = 0

        def recvmsg(self, *sizes):
            self.asked += 1
            if self.asked == 1:
                raise error
            return self.sock.recvmsg(*sizes)

    with tcp_pair() as (near, far):
        glass = Glass()
        tap = Tap(far, glass)
        tap._raw = Fickle(tap._raw)
        near.sendall(b"a")
        assert glass.wait()[0].data == b"a"
        tap.close()


def test_nothing_is_poured_after_close():
    with tcp_pair() as (near, far), tapped(far) as glass:
        near.sendall(b"a")
        glass.wait()
    # `tapped` has closed the tap.
    with tcp_pair() as (near, far):
        tap = Tap(far, glass)
        near.sendall(b"b")
        tap.close()
        gevent.sleep(0.02)
    assert glass.data == [b"a"]


def test_a_tap_may_be_closed_by_what_it_pours_and_leaves_the_rest_in_the_socket():
    with tcp_pair() as (near, far):
        poured = []

        def pour(reading):
            poured.append(reading)
            tap.close()

        tap = Tap(far, pour)
        near.sendall(b"a")
        gevent.sleep(0.01)
        near.sendall(b"b")
        gevent.sleep(0.02)
        assert [reading.data for reading in poured] == [b"a"]
        assert far.recv(10) == b"b"


# TLS


class TlsPeer:
    """The server's side by hand: what it seals is sent when and as the test likes. May lie within another one."""

    def __init__(self, sock, context):
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def handshake(self):
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._sock.sendall(self._outgoing.read())
                self._incoming.write(self._sock.recv(65536))
            else:
                self._sock.sendall(self._outgoing.read())
                return

    def sealed(self, data):
        """One record."""
        self._tls.write(data)
        return self._outgoing.read()

    def farewell(self):
        with pytest.raises(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._outgoing.read()

    def sendall(self, data):
        self._sock.sendall(self.sealed(data))

    def recv(self, size):
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._incoming.write(self._sock.recv(65536))


@pytest.fixture(scope="module")
def context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("server.test").configure_cert(context)
    return context


@contextmanager
def tls_pair(context, layers=1):
    """(the raw socket of the peer, its innermost TLS, the client's socket)."""
    with tcp_pair() as (near, far):
        peer, ours = near, far
        for _ in range(layers):
            peer = TlsPeer(peer, context)
            shaking = gevent.spawn(peer.handshake)
            ours = make_context(verified=False).wrap_socket(ours, server_hostname="server.test")
            shaking.get(timeout=5)
        yield near, peer, ours


@pytest.mark.parametrize("layers", [1, 2], ids=["TLS", "TLS within TLS"])
def test_what_comes_over_tls_has_the_stamp_of_its_ciphertext(context, layers):
    with tls_pair(context, layers) as (_, peer, ours), tapped(ours) as glass:
        peer.sendall(b"a")
        glass.wait()
        peer.sendall(b"b")
        (_, reading) = glass.wait(2)
    assert glass.data == [b"a", b"b"]
    assert (reading.age_ns is not None) is stamps.supported()


@KERNEL
def test_a_blocked_loop_shows_over_tls_too(context):
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        writer = write_from_outside(near, peer.sealed(b"a"), 0.01, peer.sealed(b"b"))
        block(0.04)
        (reading,) = glass.wait()
        first_ns, second_ns = writer.get()
    assert reading.data == b"ab"
    assert second_ns - MS // 10 <= reading.at_ns
    assert reading.at_ns - reading.unseen_ns <= first_ns


def test_a_record_split_over_reads_comes_with_its_last_part(context):
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        record = peer.sealed(b"abc")
        for part in (record[:3], record[3:-1]):
            near.sendall(part)
            gevent.sleep(0.01)
            assert glass.poured == []
        before_ns = time.monotonic_ns()
        near.sendall(record[-1:])
        (reading,) = glass.wait()
    assert reading.data == b"abc"
    assert reading.at_ns >= before_ns - MS // 10


def test_a_record_and_a_half_is_one_and_then_the_other(context):
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        first, second = peer.sealed(b"a"), peer.sealed(b"b")
        near.sendall(first + second[:5])
        assert glass.wait()[0].data == b"a"
        near.sendall(second[5:])
        glass.wait(2)
    assert glass.data == [b"a", b"b"]


def test_several_records_in_one_read_come_together(context):
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        near.sendall(peer.sealed(b"a") + peer.sealed(b"b") + peer.sealed(b"c"))
        assert glass.wait()[0].data == b"abc"


def test_more_than_a_read_holds(context):
    data = os.urandom(200_000)
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        near.sendall(b"".join(peer.sealed(data[at : at + 16_000]) for at in range(0, len(data), 16_000)))
        for _ in range(2000):
            if len(b"".join(glass.data)) == len(data):
                break
            gevent.sleep(0.001)
    assert b"".join(glass.data) == data


def test_a_farewell_is_a_close(context):
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        near.sendall(peer.farewell())
        assert glass.wait()[0].data == b""


def test_a_farewell_behind_data_in_the_same_read_is_a_close_too(context):
    # The peer keeps its socket open until it is answered, as asyncio's servers do for half a minute.
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        near.sendall(peer.sealed(b"a") + peer.farewell())
        while len(glass.poured) < 2:
            gevent.sleep(0.001)
    assert glass.data == [b"a", b""]


def test_a_peer_that_goes_without_farewell_has_closed(context):
    with tls_pair(context) as (near, peer, ours), tapped(ours) as glass:
        near.sendall(peer.sealed(b"a"))
        glass.wait()
        near.shutdown(socket.SHUT_WR)
        while len(glass.poured) < 2:
            gevent.sleep(0.001)
    assert glass.data[:2] == [b"a", b""]


def test_what_is_no_tls_is_an_error(context):
    with tls_pair(context) as (near, _, ours), tapped(ours) as glass:
        near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not glass.poured:
            gevent.sleep(0.001)
    assert isinstance(glass.poured[0], ssl.SSLError)
    assert not isinstance(glass.poured[0], Reading)

"""How the wire says that a transfer broke, what it had told by then, and when it tries again."""

import socket
from dataclasses import replace

import gevent
import pytest
from support.listening import PATIENT, a_call, a_wire, ask, break_on
from support.transcript import (
    CHUNKED,
    UNTIL_CLOSE,
    TranscriptServer,
    await_close,
    chunk,
    close,
    half_close,
    pause,
    reset,
    sized,
)

from harness.call import Timeouts
from harness.outcome import Break

ASKED = ["connected", "sent"]
SHORT_S = 0.1


def a_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_nobody_listens():
    port = a_closed_port()
    broken, heard = break_on(a_wire(), a_call(f"http://127.0.0.1:{port}/secret?key=s3cret"))
    assert broken.how is Break.CONNECT
    assert broken.why == f"No connection to 127.0.0.1:{port}: connection refused."
    assert heard.heard == []


def test_a_name_that_does_not_exist():
    broken, heard = break_on(a_wire(), a_call("http://no-such-host.invalid:81/x"))
    assert broken.how is Break.CONNECT
    assert broken.why.startswith("The name in no-such-host.invalid:81 cannot be resolved")
    assert heard.heard == []


CUTS = {
    "before any byte": ([close], ASKED),
    "before any byte, by a reset": ([reset], ASKED),
    "in the status line": ([b"HTTP/1.1 20", close], ASKED),
    "in the head": ([b"HTTP/1.1 200 OK\r\nContent-Le", close], ASKED),
    "in a chunk": ([CHUNKED + b"5\r\nab", pause(0.02), close], [*ASKED, "opened", "arrived"]),
    "between chunks": ([CHUNKED + chunk(b"ab"), pause(0.02), close], [*ASKED, "opened", "arrived"]),
    "in a chunk size": ([CHUNKED + chunk(b"ab") + b"1", pause(0.02), close], [*ASKED, "opened", "arrived"]),
    "in the trailers": ([CHUNKED + chunk(b"ab") + b"0\r\nX: 1\r\n", pause(0.02), close], [*ASKED, "opened", "arrived"]),
    "by a half-close": ([CHUNKED + chunk(b"ab"), pause(0.02), half_close], [*ASKED, "opened", "arrived"]),
    "short of the length": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", pause(0.02), close],
        [*ASKED, "opened", "arrived"],
    ),
    "by a reset in a chunked body": ([CHUNKED + chunk(b"ab"), pause(0.02), reset], [*ASKED, "opened", "arrived"]),
    "by a reset where closing is the end": ([UNTIL_CLOSE + b"ab", pause(0.02), reset], [*ASKED, "opened", "arrived"]),
}


@pytest.mark.parametrize(("steps", "told"), CUTS.values(), ids=CUTS)
def test_a_new_connection_that_ends_too_early_is_a_cut_and_not_tried_again(steps, told):
    with TranscriptServer([steps]) as server:
        broken, heard = break_on(a_wire(), a_call(server.url))
    assert broken.how is Break.CUT
    assert f"127.0.0.1:{server.port}" in broken.why
    assert heard.heard == told
    assert heard.body == (b"ab" if "arrived" in told else b"")
    assert server.connections == 1
    assert len(server.requests) == 1


OK = b"HTTP/1.1 200 OK\r\n"
MALFORMED = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", 0),
    "HTTP/2": (b"HTTP/2 200 OK\r\n\r\n", 0),
    "status line": (b"HTTP/1.1 2x0 OK\r\n\r\n", 0),
    "header without a colon": (OK + b"nothing\r\n\r\n", 0),
    "two lengths": (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 0),
    "length in letters": (OK + b"Content-Length: two\r\n\r\nab", 0),
    "endless head": (OK + b"X: " + b"y" * 70_000, 0),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 0),
    "transfer encoding": (OK + b"Transfer-Encoding: gzip\r\n\r\nab", 2),
    "chunk size": (CHUNKED + chunk(b"ab") + b"zz\r\n", 2),
    "negative chunk size": (CHUNKED + chunk(b"ab") + b"-2\r\nab\r\n", 2),
    "chunk without its end": (CHUNKED + b"2\r\nabXX0\r\n\r\n", 2),
    "gzip": (sized(b"this is no gzip", "Content-Encoding: gzip"), 0),
    "content encoding": (sized(b"ab", "Content-Encoding: sdch"), 0),
    "too many content encodings": (sized(b"ab", "Content-Encoding: " + ",".join(["gzip"] * 9)), 0),
}


@pytest.mark.parametrize(("answer", "body_bytes"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_http_is_malformed_and_the_connection_closed(answer, body_bytes):
    with TranscriptServer([[answer, await_close]]) as server:
        broken, heard = break_on(a_wire(), a_call(server.url))
        assert server.seen_closed.acquire(timeout=5)
    assert broken.how is Break.MALFORMED
    assert broken.why.startswith(f"The answer of 127.0.0.1:{server.port} cannot be read: ")
    assert len(heard.body) == body_bytes
    assert "ended" not in heard.heard
    assert server.connections == 1


STALE = {"closed": close, "reset": reset}


@pytest.mark.parametrize("end", STALE.values(), ids=STALE)
def test_a_reused_connection_that_fails_before_the_first_byte_is_tried_once_more(end):
    # The second request is read and then refused, so the client cannot have noticed before it sent.
    with TranscriptServer(scripts=[[[sized(b"a")], [end]], [[sized(b"b")]]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        heard = ask(wire, a_call(server.url))
    assert heard.heard == [*ASKED, "again", *ASKED, "opened", "arrived", "ended"]
    assert heard.reused == [True, False]
    assert heard.body == b"b"
    assert (server.connections, len(server.requests)) == (2, 3)
    assert server.requests[1] == server.requests[2]


def test_the_second_try_is_the_last():
    with TranscriptServer(scripts=[[[sized(b"a")], [close]], [[close]]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        broken, heard = break_on(wire, a_call(server.url))
    assert broken.how is Break.CUT
    assert heard.heard == [*ASKED, "again", *ASKED]
    assert (server.connections, len(server.requests)) == (2, 3)


def test_a_second_try_that_finds_nobody_is_told_all_the_same():
    def leave(connection):
        connection.server.stop_listening()
        close(connection)

    with TranscriptServer([[sized(b"a")], [leave]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        broken, heard = break_on(wire, a_call(server.url))
    assert broken.how is Break.CONNECT
    assert heard.heard == [*ASKED, "again"]


def test_a_reused_connection_is_not_tried_again_once_a_byte_has_come():
    with TranscriptServer([[sized(b"a")], [b"H", pause(0.02), close]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        broken, heard = break_on(wire, a_call(server.url))
    assert broken.how is Break.CUT
    assert heard.heard == ASKED
    assert (server.connections, len(server.requests)) == (1, 2)


def test_a_connection_seen_closed_before_sending_is_simply_a_new_one():
    with TranscriptServer([[sized(b"a"), close]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        # Reading from the same server in another way gives the close time to arrive.
        ask(a_wire(), a_call(server.url))
        heard = ask(wire, a_call(server.url))
    assert heard.heard == [*ASKED, "opened", "arrived", "ended"]
    assert heard.reused == [False]


def test_a_silent_reused_connection_is_a_timeout_and_not_tried_again():
    with TranscriptServer([[sized(b"a")], [await_close]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        broken, heard = break_on(wire, a_call(server.url, replace(PATIENT, first_byte_s=SHORT_S)))
        assert server.seen_closed.acquire(timeout=5)
    assert broken.how is Break.TIMEOUT_FIRST_BYTE
    assert heard.heard == ASKED
    assert server.connections == 1


CLOCKS = {
    "nothing comes": (replace(PATIENT, first_byte_s=SHORT_S), [], Break.TIMEOUT_FIRST_BYTE),
    "silence in the head": (replace(PATIENT, idle_s=SHORT_S), [b"HTTP/1.1 200 "], Break.TIMEOUT_IDLE),
    "silence in the body": (replace(PATIENT, idle_s=SHORT_S), [CHUNKED + chunk(b"a")], Break.TIMEOUT_IDLE),
    "total before the first byte": (replace(PATIENT, total_s=SHORT_S), [], Break.TIMEOUT_TOTAL),
    "total in the body": (
        Timeouts(connect_s=5, first_byte_s=5, idle_s=5, total_s=0.2),
        [CHUNKED, *[step for _ in range(200) for step in (chunk(b"a"), pause(0.02))]],
        Break.TIMEOUT_TOTAL,
    ),
}


@pytest.mark.parametrize(("timeouts", "steps", "how"), CLOCKS.values(), ids=CLOCKS)
def test_the_clock_that_ran_out_is_named_and_the_connection_closed(timeouts, steps, how):
    with TranscriptServer([[*steps, await_close]]) as server:
        wire = a_wire()
        broken, heard = break_on(wire, a_call(server.url, timeouts))
        assert ask_again_is_new(wire, server)
    assert broken.how is how
    assert heard.heard[:2] == ASKED
    assert "ended" not in heard.heard
    assert len(heard.body) == heard.heard.count("arrived")


def ask_again_is_new(wire, server) -> bool:
    _, heard = break_on(wire, a_call(server.url, replace(PATIENT, total_s=SHORT_S, first_byte_s=SHORT_S / 2)))
    return heard.reused == [False]


def test_a_request_that_the_server_does_not_take_is_a_first_byte_timeout():
    # Nobody reads; what the sockets' buffers do not hold cannot leave.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
        timeouts = replace(PATIENT, first_byte_s=SHORT_S)
        broken, heard = break_on(a_wire(), a_call(url, timeouts, body=b"x" * 30_000_000))
    assert broken.how is Break.TIMEOUT_FIRST_BYTE
    assert heard.heard == ASKED


def test_idle_counts_from_the_last_byte_and_first_byte_does_not_reach_into_the_body():
    # Five reads 0.06 s apart: longer in all than any one clock of 0.15 s.
    steps = [CHUNKED, *[step for _ in range(5) for step in (pause(0.06), chunk(b"a"))], chunk(b"")]
    with TranscriptServer([steps]) as server:
        heard = ask(a_wire(), a_call(server.url, Timeouts(connect_s=0.15, first_byte_s=0.15, idle_s=0.15, total_s=5)))
    assert heard.body == b"aaaaa"


@pytest.fixture
def full_backlog():
    """An address that takes no connection: its queue is full, so the kernel drops every SYN."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = []
        for _ in range(8):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listening.getsockname())
            waiting.append(sock)
        yield listening.getsockname()[1]
        for sock in waiting:
            sock.close()


# urllib3 does not close the socket that it was connecting; it dies with the exception, once the hub lets go of that.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("timeouts", "how"),
    [
        (replace(PATIENT, connect_s=SHORT_S), Break.TIMEOUT_CONNECT),
        (replace(PATIENT, total_s=SHORT_S), Break.TIMEOUT_TOTAL),
    ],
)
def test_a_connection_that_does_not_come_about(full_backlog, timeouts, how):
    broken, heard = break_on(a_wire(), a_call(f"http://127.0.0.1:{full_backlog}/x", timeouts))
    gevent.sleep(0)
    assert broken.how is how
    assert heard.heard == []


def test_a_server_that_answers_before_it_has_read_all_is_heard():
    # The request is larger than the socket's buffers; the answer comes and then the door is shut.
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def serve():
        sock, _ = listening.accept()
        sock.recv(1000)
        sock.sendall(sized(b"too large", "Connection: close", status="413 Content Too Large"))
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
        sock.close()

    server = gevent.spawn(serve)
    heard = ask(a_wire(), a_call(f"http://127.0.0.1:{port}/x", body=b"x" * 5_000_000))
    server.join(5)
    listening.close()
    assert heard.head.status == 413
    assert heard.body == b"too large"


def test_sentences_hold_no_secrets():
    with TranscriptServer([[close]]) as server:
        url = server.url.replace("http://", "http://me:passw0rd@") + "?key=s3cret"
        broken, _ = break_on(a_wire(), a_call(url, headers={"Authorization": "Bearer tok3n"}))
    assert not any(secret in str(broken) for secret in ("passw0rd", "s3cret", "tok3n"))

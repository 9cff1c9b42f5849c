"""What the wire makes of every way to frame a body."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.listening import a_call, a_wire, ask
from support.transcript import CHUNKED, UNTIL_CLOSE, TranscriptServer, chunk, close, half_close, pause, sized, split

from harness.call import Head

WHOLE = ["connected", "sent", "opened", "arrived", "ended"]


def test_a_chunked_body_arrives_read_by_read_and_the_connection_is_reused():
    answer = [CHUNKED + chunk(b"one"), pause(0.02), chunk(b"two") + chunk(b"three"), pause(0.02), chunk(b"")]
    with TranscriptServer([answer, answer]) as server:
        wire = a_wire()
        first, second = ask(wire, a_call(server.url)), ask(wire, a_call(server.url))
        wire.close()
    assert first.heard == ["connected", "sent", "opened", "arrived", "arrived", "ended"]
    assert second.heard == first.heard
    assert first.pieces == [b"one", b"twothree"]
    assert first.head == Head(first.head.at_ns, 200, "text/event-stream", None)
    assert (first.reused, second.reused) == ([False], [True])
    assert (server.connections, len(server.requests)) == (1, 2)


def test_stamps_never_run_backwards_and_are_of_the_reads():
    with TranscriptServer([[CHUNKED + chunk(b"a"), pause(0.02), chunk(b"b"), pause(0.02), chunk(b"")]]) as server:
        heard = ask(a_wire(), a_call(server.url))
    sent, head, first, second, end = heard.stamps
    # The first chunk came in the same read as the head, so it has its stamp; the rest came in reads of their own.
    assert sent < head == first < second < end


def test_request_bytes_are_what_the_server_received():
    with TranscriptServer([[sized(b"ok")]]) as server:
        heard = ask(a_wire(), a_call(server.url, body=b"x" * 100_000))
    assert heard.request_bytes == [len(server.requests[0])]


def test_identity_is_asked_for_unless_the_call_says_otherwise():
    with TranscriptServer([[sized(b"")], [sized(b"")]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        ask(wire, a_call(server.url, headers={"accept-encoding": "gzip"}))
    assert b"\r\nAccept-Encoding: identity\r\n" in server.requests[0]
    assert b"\r\naccept-encoding: gzip\r\n" in server.requests[1]


def test_a_body_is_sent_and_a_call_without_one_has_none():
    with TranscriptServer([[sized(b"")], [sized(b"")]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url, body=b"{}"))
        ask(wire, a_call(server.url, body=b"", method="GET"))
    assert server.requests[0].startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"\r\n\r\n{}")
    assert server.requests[1].startswith(b"GET /v1/x HTTP/1.1\r\n")
    assert server.requests[1].endswith(b"\r\n\r\n")


def test_chunk_extensions_and_trailers_are_no_part_of_the_body():
    last = b'0;why="so"\r\nX-Checksum: 12\r\nX-More: 1\r\n\r\n'
    with TranscriptServer([[CHUNKED + chunk(b"ab", b";x=1") + chunk(b"cd") + last]] * 2) as server:
        wire = a_wire()
        bodies = [ask(wire, a_call(server.url)).body for _ in range(2)]
    assert bodies == [b"abcd", b"abcd"]
    assert server.connections == 1


def test_bare_line_feeds_in_a_head_and_padded_chunk_sizes_are_read():
    with TranscriptServer([[b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2  \r\nhi\r\n0\r\n\r\n"]]) as server:
        assert ask(a_wire(), a_call(server.url)).body == b"hi"


@pytest.mark.parametrize("end", [close, half_close])
def test_closing_is_the_proven_end_of_a_body_without_other_framing(end):
    with TranscriptServer([[UNTIL_CLOSE + b"data", pause(0.02), b" more", end]]) as server:
        wire = a_wire()
        first, second = ask(wire, a_call(server.url)), ask(wire, a_call(server.url))
    assert first.body == b"data more"
    assert first.heard[-1] == "ended"
    assert second.reused == [False]
    assert server.connections == 2


def test_http_1_0_without_a_length_ends_when_the_server_closes():
    with TranscriptServer([[b"HTTP/1.0 200 OK\r\n\r\nold", close]]) as server:
        assert ask(a_wire(), a_call(server.url)).body == b"old"


def test_a_length_ends_the_body_though_the_connection_stays_open():
    with TranscriptServer([[sized(b"four")], [sized(b"five!")]]) as server:
        wire = a_wire()
        assert ask(wire, a_call(server.url)).heard == WHOLE
        assert ask(wire, a_call(server.url)).body == b"five!"
    assert server.connections == 1


def test_no_body_is_told_as_no_arrival():
    with TranscriptServer([[b"HTTP/1.1 204 No Content\r\n\r\n"], [sized(b"")]]) as server:
        wire = a_wire()
        first, second = ask(wire, a_call(server.url)), ask(wire, a_call(server.url))
    assert first.heard == second.heard == ["connected", "sent", "opened", "ended"]
    assert first.head.status == 204
    assert first.head.content_type == ""
    assert server.connections == 1


def test_a_server_that_wants_to_close_is_asked_on_a_new_connection():
    with TranscriptServer([[sized(b"ok", "Connection: close")]]) as server:
        wire = a_wire()
        assert ask(wire, a_call(server.url)).heard == WHOLE
        assert ask(wire, a_call(server.url)).reused == [False]
    assert server.connections == 2


def test_bytes_after_the_body_forbid_to_use_the_connection_again():
    with TranscriptServer([[sized(b"ok") + b"HTTP/1.1 200 OK\r\n"]]) as server:
        wire = a_wire()
        assert ask(wire, a_call(server.url)).body == b"ok"
        assert ask(wire, a_call(server.url)).reused == [False]
    assert server.connections == 2


def test_interim_answers_are_skipped():
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with TranscriptServer(
        [[interim, pause(0.02), sized(b"ok", "Content-Type: Application/JSON ; charset=utf-8")]]
    ) as server:
        heard = ask(a_wire(), a_call(server.url))
    assert heard.heard == WHOLE
    assert heard.head[1:] == (200, "application/json", None)


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "429 Too Many Requests", "503 Service Unavailable", "201 Created"]
)
def test_the_body_of_any_status_is_delivered(status):
    with TranscriptServer([[sized(b"why", status=status)]] * 2) as server:
        wire = a_wire()
        heard = [ask(wire, a_call(server.url)) for _ in range(2)]
    assert [one.body for one in heard] == [b"why", b"why"]
    assert heard[0].head.status == int(status[:3])
    assert server.connections == 1


def test_an_error_body_is_not_awaited_beyond_64_kib():
    # The rest of the million bytes never comes, and nobody waits for it.
    with TranscriptServer([[b"HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 70_000]]) as server:
        wire = a_wire()
        heard = ask(wire, a_call(server.url))
        assert server.seen_closed.acquire(timeout=5)
    assert heard.heard[-1] == "ended"
    assert 65_536 < len(heard.body) <= 70_000


def test_a_long_answer_with_status_200_is_read_to_its_end():
    with TranscriptServer([[sized(b"x" * 300_000)]]) as server:
        assert len(ask(a_wire(), a_call(server.url)).body) == 300_000


def test_cookies_go_back_to_the_server_that_set_them():
    with TranscriptServer([[sized(b"", "Set-Cookie: node=b; Path=/")], [sized(b"")]]) as server:
        wire = a_wire()
        ask(wire, a_call(server.url))
        ask(wire, a_call(server.url))
    assert b"\r\nCookie: node=b\r\n" in server.requests[1]


def _raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", _raw_deflate),
        ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
        ("identity", bytes),
        ("gzip, identity", gzip.compress),
    ],
)
def test_an_encoded_body_is_decoded(encoding, encode):
    body = b"data: hello\n\n" * 50
    with TranscriptServer([[sized(encode(body), f"Content-Encoding: {encoding}")]]) as server:
        assert ask(a_wire(), a_call(server.url)).body == body


def test_a_compressed_stream_is_decoded_as_it_comes():
    squeeze = zlib.compressobj(wbits=31)
    parts = [squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH) for text in (b"first", b"second")]
    head = CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n"
    steps = [head, chunk(parts[0]), pause(0.03), chunk(parts[1]), pause(0.03), chunk(squeeze.flush()) + chunk(b"")]
    with TranscriptServer([steps]) as server:
        assert ask(a_wire(), a_call(server.url)).pieces == [b"first", b"second"]


STREAM = CHUNKED + chunk(b"data: caf\xc3\xa9\n\n", b";e") + chunk(b"data: [DONE]\n\n") + b"0\r\nT: 1\r\n\r\n"


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(1, len(STREAM) - 1), max_size=6))
def test_the_body_is_the_same_wherever_the_network_cuts_it(cuts):
    pieces = [step for piece in split(STREAM, sorted(cuts)) for step in (piece, pause(0.001))]
    with TranscriptServer([pieces]) as server:
        heard = ask(a_wire(), a_call(server.url))
    assert heard.body == b"data: caf\xc3\xa9\n\ndata: [DONE]\n\n"
    assert heard.head[1:] == (200, "text/event-stream", None)
    assert heard.heard[-1] == "ended"


def test_an_answer_may_come_byte_by_byte():
    with TranscriptServer([split(STREAM, range(1, len(STREAM)))]) as server:
        assert ask(a_wire(), a_call(server.url)).body == b"data: caf\xc3\xa9\n\ndata: [DONE]\n\n"

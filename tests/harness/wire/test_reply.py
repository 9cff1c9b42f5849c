"""The parser alone, without a socket."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.reply import Header, Reply

CHUNKED = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
)
ZIPPED = gzip.compress(b"hello hello hello")
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(ZIPPED), ZIPPED)
BROKEN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n"
OPEN = b"HTTP/1.1 404 Not Found\r\nX: 1\r\n\r\nsome text"


def outcome(pieces: list[bytes], *, closes: bool = False) -> tuple[object, ...]:
    reply = Reply()
    body = b"".join(reply.feed(piece) for piece in pieces)
    if closes:
        reply.close()
    return body, reply.status, reply.headers, reply.complete, reply.reusable, reply.flaw


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("answer", [CHUNKED, GZIPPED, BROKEN, OPEN])
@given(data=st.data())
def test_it_does_not_matter_where_the_bytes_are_cut(answer, closes, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer) - 1))))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert outcome(pieces, closes=closes) == outcome([answer], closes=closes)


def test_a_chunked_reply():
    headers = [Header("content-type", "a/b"), Header("transfer-encoding", "chunked")]
    assert outcome([CHUNKED]) == (b"abc0123456789", 200, headers, True, True, None)


def test_what_came_before_a_flaw_is_kept():
    body, _, _, complete, _, flaw = outcome([BROKEN])
    assert (body, complete, flaw) == (b"hi", False, "Invalid character in chunk size")


@pytest.mark.parametrize(("closes", "complete"), [(False, False), (True, True)])
def test_only_closing_completes_a_body_without_framing(closes, complete):
    body, status, _, is_complete, reusable, _ = outcome([OPEN], closes=closes)
    assert (body, status, is_complete, reusable) == (b"some text", 404, complete, False)


def test_closing_completes_nothing_else():
    assert outcome([CHUNKED[:-2]], closes=True)[3] is False
    assert outcome([GZIPPED[:-1]], closes=True)[3] is False
    assert outcome([b"HTTP/1.1 200 OK\r\n"], closes=True)[3] is False


def test_the_last_of_several_headers_counts():
    reply = Reply()
    reply.feed(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n")
    assert reply.header("x-a") == "2"
    assert reply.header("x-b") is None


def test_a_finished_reply_takes_no_more():
    reply = Reply()
    reply.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert reply.reusable
    assert reply.feed(b"more") == b""
    assert not reply.reusable


def test_more_content_encodings_than_the_decoder_takes_are_a_flaw_with_a_name():
    reply = Reply()
    encoding = ", ".join(["gzip"] * 9)
    reply.feed(b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: 1\r\n\r\nx" % encoding.encode())
    assert reply.flaw == f"its content encoding {encoding!r} is unknown"

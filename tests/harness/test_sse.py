import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sseclient import SSEClient

from harness.sse import Event, SseDecoder

BOM = b"\xef\xbb\xbf"

# Name, bytes, and what they say.
TRANSCRIPTS = {
    "nothing": (b"", []),
    "line feeds": (b"data: a\n\ndata: b\n\n", [Event("message", "a"), Event("message", "b")]),
    "carriage return and line feed": (
        b"data: a\r\n\r\ndata: b\r\n\r\n",
        [Event("message", "a"), Event("message", "b")],
    ),
    "carriage returns": (b"data: a\r\rdata: b\r\r", [Event("message", "a"), Event("message", "b")]),
    "LF then CRLF": (b"data: a\n\r\ndata: b\n\r\n", [Event("message", "a"), Event("message", "b")]),
    "CRLF then LF": (b"data: a\r\n\ndata: b\r\n\n", [Event("message", "a"), Event("message", "b")]),
    "CR then CRLF": (b"data: a\r\r\ndata: b\r\r\n", [Event("message", "a"), Event("message", "b")]),
    "byte order mark": (BOM + b"data: a\n\n", [Event("message", "a")]),
    "byte order mark in the middle": (b"data: a\n\n" + BOM + b"data: b\n\n", [Event("message", "a")]),
    "nothing but a byte order mark": (BOM, []),
    "comments": (b": ping\n\n:\n\ndata: a\n: in between\ndata: b\n\n", [Event("message", "a\nb")]),
    "a named event": (
        b'event: error\ndata: {"m":1}\n\ndata: b\n\n',
        [Event("error", '{"m":1}'), Event("message", "b")],
    ),
    "several data lines": (b"data: a\ndata:\ndata: b\n\n", [Event("message", "a\n\nb")]),
    "no space after the colon": (b"data:a\n\ndata:  b\n\n", [Event("message", "a"), Event("message", " b")]),
    "no data": (b"event: ping\n\nid: 7\nretry: 10\n\ndata: a\n\n", [Event("message", "a")]),
    "empty data": (b"data:\n\ndata\n\n", [Event("message", ""), Event("message", "")]),
    "unknown fields": (b"foo: bar\ndata: a\nbaz\n\n", [Event("message", "a")]),
    "blank lines in plenty": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [Event("message", "a"), Event("message", "b")]),
    "U+2028, U+0085 and U+000B in data": (
        "data: a\u2028b\u0085c\x0bd\n\n".encode(),
        [Event("message", "a\u2028b\u0085c\x0bd")],
    ),
    "characters beyond the first plane": ("data: 你好🎉\r\n\r\n".encode(), [Event("message", "你好🎉")]),
    "an unterminated tail": (b"data: a\n\ndata: [DONE]", [Event("message", "a"), Event("message", "[DONE]")]),
    "a tail with one line end": (b"data: a\n\ndata: [DONE]\r\n", [Event("message", "a"), Event("message", "[DONE]")]),
}


def decode(*reads: bytes) -> list[Event]:
    decoder = SseDecoder()
    return [event for read in reads for event in decoder.feed(read)] + decoder.flush()


def cut(data: bytes, places) -> list[bytes]:
    return [data[start:end] for start, end in itertools.pairwise([0, *sorted(places), len(data)])]


every_transcript = pytest.mark.parametrize(("data", "events"), TRANSCRIPTS.values(), ids=TRANSCRIPTS)


@every_transcript
def test_fed_whole(data, events):
    assert decode(data) == events


@every_transcript
def test_fed_byte_by_byte(data, events):
    assert decode(*(bytes([byte]) for byte in data)) == events


@every_transcript
def test_cut_in_two_at_every_place(data, events):
    for place in range(len(data) + 1):
        assert decode(data[:place], data[place:]) == events, place


@given(st.sampled_from([data for data, _ in TRANSCRIPTS.values()]), st.data())
def test_cut_anywhere(data, draw):
    places = draw.draw(st.lists(st.integers(0, len(data)), max_size=8))
    assert decode(*cut(data, places)) == decode(data)


LINES = st.sampled_from([b"data: a", b"data:", b"data: \xe2\x80\xa8", b"event: x", b": c", b"id: 1", b"", b"nonsense"])
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=12), st.booleans(), st.data())
def test_any_stream_with_any_line_ends_cut_anywhere(lines, marked, draw):
    data = (BOM if marked else b"") + b"".join(line + end for line, end in lines)
    places = draw.draw(st.lists(st.integers(0, len(data)), max_size=8))
    assert decode(*cut(data, places)) == decode(data)


@given(st.lists(st.tuples(LINES, ENDS), max_size=12))
def test_line_ends_of_every_kind_mean_the_same(lines):
    # CR before a line that is empty and ended by LF would be one CRLF; such a pair is another stream.
    pairs = itertools.pairwise(lines)
    if any(end == b"\r" and line == b"" and following == b"\n" for (_, end), (line, following) in pairs):
        return
    mixed = b"".join(line + end for line, end in lines)
    assert decode(mixed) == decode(b"".join(line + b"\n" for line, _ in lines))


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n", b"\n\r", b"\r\n\r"])
def test_an_event_comes_with_the_read_that_completed_it(end):
    decoder = SseDecoder()
    assert decoder.feed(b"data: a" + end) == [Event("message", "a")]


def test_a_line_feed_after_a_carriage_return_that_ended_an_event_is_not_a_line_of_its_own():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [Event("message", "a")]
    assert decoder.feed(b"\ndata: b\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: c\r\n\r\n") == [Event("message", "b\nc")]


def test_events_come_with_their_own_reads():
    decoder = SseDecoder()
    reads = [b"data: a", b"\n", b"\ndata: b\n\ndata: c\n\nda", b"ta: d\n\n"]
    assert [[event.data for event in decoder.feed(read)] for read in reads] == [[], [], ["a", "b", "c"], ["d"]]


def test_a_flush_says_it_once():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a") == []
    assert decoder.flush() == [Event("message", "a")]
    assert decoder.flush() == []


def test_what_is_before_invalid_utf_8_is_still_said():
    decoder = SseDecoder()
    events = decoder.feed(b"data: a\n\ndata: b\n\ndata: \xff\n\ndata: c\n\n")
    assert events == [Event("message", "a"), Event("message", "b")]
    assert decoder.flaw == "an event is not UTF-8 (invalid start byte)"


def test_invalid_utf_8_in_the_tail():
    decoder = SseDecoder()
    assert decoder.feed(b"data: \xe4\xbd") == []
    assert decoder.flaw is None
    assert decoder.flush() == []
    assert decoder.flaw == "an event is not UTF-8 (unexpected end of data)"


@given(st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\n\n"])), max_size=12))
def test_the_same_as_another_parser(lines):
    # sseclient-py reads whole streams only, and no last event without its blank line; both have one here.
    data = b"".join(line + end for line, end in lines) + b"\n\n"
    assert decode(data) == [Event(event.event, event.data) for event in SSEClient([data]).events()]

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.framing import decoder_for
from harness.lines import LineDecoder
from harness.sse import Event, SseDecoder

# Name, bytes, and what they say.
TRANSCRIPTS = {
    "nothing": (b"", []),
    "lines": (b'{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']),
    "carriage returns before the line feeds": (b"a\r\nb\r\n", ["a", "b"]),
    "a last line without an end": (b"a\nb", ["a", "b"]),
    "blank lines": (b"\n\r\n  \na\n\n\nb\n\n", ["a", "b"]),
    "byte order mark": (b"\xef\xbb\xbfa\n", ["a"]),
    "U+2028, U+0085 and U+000B in a line": ("a\u2028b\u0085c\x0bd\n".encode(), ["a\u2028b\u0085c\x0bd"]),
    "characters beyond the first plane": ("你好🎉\n".encode(), ["你好🎉"]),
}
every_transcript = pytest.mark.parametrize(("data", "said"), TRANSCRIPTS.values(), ids=TRANSCRIPTS)


def decode(*reads: bytes) -> list[str]:
    decoder = LineDecoder()
    events = [event for read in reads for event in decoder.feed(read)] + decoder.flush()
    assert {event.name for event in events} <= {"message"}
    return [event.data for event in events]


@every_transcript
def test_fed_whole(data, said):
    assert decode(data) == said


@every_transcript
def test_cut_in_two_at_every_place(data, said):
    for place in range(len(data) + 1):
        assert decode(data[:place], data[place:]) == said, place


@given(st.sampled_from([data for data, _ in TRANSCRIPTS.values()]), st.data())
def test_cut_anywhere(data, draw):
    places = draw.draw(st.lists(st.integers(0, len(data)), max_size=8))
    reads = [data[begin:end] for begin, end in itertools.pairwise([0, *sorted(places), len(data)])]
    assert decode(*reads) == decode(data)


def test_a_line_is_pending_until_its_line_feed():
    decoder = LineDecoder()
    assert (decoder.feed(b"a"), decoder.pending) == ([], True)
    assert (decoder.feed(b"b\n"), decoder.pending) == ([Event("message", "ab")], False)


def test_what_came_before_a_flaw_counts():
    decoder = LineDecoder()
    assert decoder.feed(b"a\n\xff\nb\n") == [Event("message", "a")]
    assert decoder.flaw == "a line is not UTF-8 (invalid start byte)"


@pytest.mark.parametrize(
    ("content_type", "decoder"),
    [
        ("text/event-stream", SseDecoder),
        ("", SseDecoder),
        ("application/x-ndjson", LineDecoder),
        ("application/jsonl", LineDecoder),
    ],
)
def test_a_stream_is_told_by_its_content_type(content_type, decoder):
    first, second = decoder_for(content_type), decoder_for(content_type)
    assert isinstance(first, decoder)
    assert first is not second


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "application/octet-stream"])
def test_what_is_no_stream_has_no_decoder(content_type):
    assert decoder_for(content_type) is None

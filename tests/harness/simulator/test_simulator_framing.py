from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.faults import Fault
from harness.simulator.framing import Write, framing_for

EVENT = 'data: {"x":"é"}\n\n'.encode()


def lay(fault, events):
    framing = framing_for(fault, b": keep-alive\n\n")
    return [write for event, tokens in events for write in framing.frame(event, tokens)] + framing.flush()


def test_plain_events_leave_as_they_are():
    assert lay(None, [(EVENT, 1)]) == [Write(EVENT, 1)]
    assert lay(Fault.NO_DONE, [(EVENT, 1)]) == [Write(EVENT, 1)]


def test_crlf_ends_every_line():
    assert lay(Fault.CRLF, [(b"data: x\n\n", 1)]) == [Write(b"data: x\r\n\r\n", 1)]


def test_comments_come_between_events():
    assert lay(Fault.COMMENTS, [(b"data: x\n\n", 1)]) == [Write(b": keep-alive\n\ndata: x\n\n", 1)]


def test_a_comment_is_what_the_api_says_without_a_word():
    framing = framing_for(Fault.COMMENTS, b"\n")
    assert framing.frame(b"{}\n", 1) == [Write(b"\n{}\n", 1)]


def test_bundles_hold_four_events_and_the_rest_at_the_end():
    events = [(b"0", 0), (b"1", 1), (b"2", 1), (b"3", 1), (b"4", 1), (b"5", 1)]
    assert lay(Fault.BUNDLE, events) == [Write(b"0123", 3), Write(b"45", 2)]


def test_splits_fall_in_the_field_name_in_a_character_and_in_the_blank_line():
    # The first byte of é (0xC3 0xA9) is the 12th of the event, so that a piece ends after it.
    assert lay(Fault.SPLIT, [(EVENT, 1)]) == [
        Write(b"dat", 0),
        Write(b'a: {"x":"\xc3', 0),
        Write(b'\xa9"}\n', 0),
        Write(b"\n", 1),
    ]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), min_size=1), max_size=20))
def test_nothing_is_lost_or_doubled(texts):
    events = [(f"data: {text}\n\n".encode(errors="replace"), 1) for text in texts]
    for fault in (None, Fault.BUNDLE, Fault.SPLIT):
        writes = lay(fault, events)
        assert b"".join(write.body for write in writes) == b"".join(event for event, _ in events)
        assert sum(write.tokens for write in writes) == len(events)

from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import ChunkDecoder

TEXT = "Zürich – 好 🎈"


def fed(pieces):
    decoder = ChunkDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [event.data for event in (*events, *decoder.flush())], decoder


def test_each_read_is_an_event():
    assert fed([b"Hello", b", ", b"world"])[0] == ["Hello", ", ", "world"]


@given(st.lists(st.integers(0, len(TEXT.encode())), max_size=6))
def test_the_text_is_the_same_wherever_it_is_cut(cuts):
    data, places = TEXT.encode(), sorted(cuts)
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    said, decoder = fed(pieces)
    assert "".join(said) == TEXT
    assert decoder.flaw is None
    assert "" not in said


def test_half_a_character_waits_for_its_other_half():
    decoder = ChunkDecoder()
    first, second = "好".encode()[:2], "好".encode()[2:]
    assert decoder.feed(first) == []
    assert decoder.pending
    assert [event.data for event in decoder.feed(second)] == ["好"]
    assert not decoder.pending


def test_half_a_surrogate_pair_is_let_through():
    assert fed(["\ud83d".encode("utf-8", "surrogatepass")])[0] == ["\ud83d"]


def test_what_is_not_utf8_is_a_flaw_and_what_came_before_it_counts():
    said, decoder = fed([b"well", b"\xff"])
    assert said == ["well"]
    assert decoder.flaw == "the text is not UTF-8 (invalid start byte)"


def test_half_a_character_at_the_end_is_a_flaw():
    assert fed(["好".encode()[:2]])[1].flaw == "the text is not UTF-8 (unexpected end of data)"

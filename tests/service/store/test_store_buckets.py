from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.store.buckets import LEVELS_S, US_PER_S, Span, bucket_us, lay_out

S = US_PER_S
DAY = 86_400


def test_a_window_is_laid_out_with_the_widest_buckets_that_fit():
    # From 3 s before 23:59:50 of one day to 00:10:05 of the day after the next: 3 s of rows, one bucket of ten seconds,
    # a day, one of ten minutes, 5 s of rows.
    begin, end = DAY - 13, 2 * DAY + 605
    assert list(lay_out(begin * S, end * S)) == [
        Span(0, begin * S, (DAY - 10) * S),
        Span(10, (DAY - 10) * S, DAY * S),
        Span(86_400, DAY * S, 2 * DAY * S),
        Span(600, 2 * DAY * S, (2 * DAY + 600) * S),
        Span(0, (2 * DAY + 600) * S, end * S),
    ]


def test_a_window_within_a_bucket_is_read_from_rows():
    assert list(lay_out(11 * S, 19 * S)) == [Span(0, 11 * S, 19 * S)]


def test_an_empty_window_has_no_spans():
    assert list(lay_out(5, 5)) == []
    assert list(lay_out(6, 5)) == []


def test_before_1970_buckets_begin_before_their_moments():
    assert bucket_us(-1, 10) == -10 * S
    assert list(lay_out(-15 * S, 0)) == [Span(0, -15 * S, -10 * S), Span(10, -10 * S, 0)]


@given(st.integers(-10 * DAY * S, 10 * DAY * S), st.integers(0, 5 * DAY * S))
def test_the_spans_are_the_window_and_nothing_twice(begin, length):
    spans = list(lay_out(begin, begin + length))
    assert sum(span.end_us - span.begin_us for span in spans) == length
    at = begin
    for span in spans:
        assert span.begin_us == at
        at = span.end_us
        if span.level_s:
            assert span.begin_us % (span.level_s * S) == span.end_us % (span.level_s * S) == 0
    assert sum((span.end_us - span.begin_us) // (span.level_s * S) for span in spans if span.level_s == 10) <= 2 * 60
    assert sum((span.end_us - span.begin_us) // (span.level_s * S) for span in spans if span.level_s == 600) <= 2 * 144
    assert sum(span.end_us - span.begin_us for span in spans if not span.level_s) < 2 * 10 * S


def test_each_width_is_a_multiple_of_the_one_before():
    assert all(wide % narrow == 0 for narrow, wide in pairwise(LEVELS_S))

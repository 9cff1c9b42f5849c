"""The comparison of what was seen with what was sent: every sum by hand, in milliseconds."""

import pytest
from support.folders import MS, health, record

from harness.accuracy import (
    Seen,
    Sent,
    Span,
    bounded_ratio,
    compare,
    concurrency,
    cpu_ratio,
    seen,
    spread,
    unmarked_ratio,
)

WINDOW = Span(1000 * MS, 2000 * MS)


def ns(*moments_ms):
    return [round(ms * MS) for ms in moments_ms]


def sent(request_id="a", received_ms=1000, at_ms=(1100, 1120, 1140), last_ms=1141, ended_ms=1142, late_us=None):
    return Sent(
        id=request_id,
        received_ns=round(received_ms * MS),
        sent_ns=ns(*at_ms),
        last_send_ns=None if last_ms is None else round(last_ms * MS),
        ended_ns=None if ended_ms is None else round(ended_ms * MS),
        late_us=[0] * len(at_ms) if late_us is None else late_us,
    )


def saw(request_id="a", sent_ms=1000, at_ms=(1100, 1120, 1140), ended_ms=1141):
    return Seen(request_id, round(sent_ms * MS), ns(*at_ms), None if ended_ms is None else round(ended_ms * MS))


def compared(one, other, span=WINDOW):
    return compare([one], {other.id: other}, span)


def ms(figures):
    return figures.n, *(None if each is None else each * 1000 for each in figures[1:])


def test_errors_are_differences_of_stamps():
    # First token 0.5 late; gaps seen 20.5 and 19 against 20 and 20; the end 2 after the last send.
    found = compared(saw(at_ms=(1100.5, 1121, 1140), ended_ms=1143), sent())
    assert ms(found.ttft_error_s) == pytest.approx((1, 0.5, 0.5, 0.5))
    # Absolute: 0.5 and 1. The median lies half way, p99 at 0.5 + 0.99 * 0.5.
    assert ms(found.itl_error_s) == pytest.approx((2, 0.75, 0.995, 1))
    assert ms(found.e2e_error_s) == pytest.approx((1, 2, 2, 2))


def test_an_error_is_as_bad_when_it_is_early():
    found = compared(saw(at_ms=(1099, 1120, 1140)), sent())
    assert ms(found.ttft_error_s) == pytest.approx((1, 1, 1, 1))


def test_figures_stand_side_by_side():
    # The client: 1100.5 - 999 = 101.5. The server: 1100 - 1000 = 100.
    found = compared(saw(sent_ms=999, at_ms=(1100.5,)), sent(), Span(900 * MS, 2000 * MS))
    assert [each * 1000 for each in found.ttft] == pytest.approx([101.5, 100, 101.5, 100])


def test_only_what_lies_in_the_span_counts():
    # Sent before it: no TTFT. Gaps end at 1120 and 1140, of which the span holds the first. The end comes after it.
    found = compared(saw(), sent(), Span(1110 * MS, 1130 * MS))
    assert (found.ttft_error_s.n, found.itl_error_s.n, found.e2e_error_s.n) == (0, 1, 0)
    assert found.tokens == 1


def test_the_begin_belongs_to_the_span_and_the_end_does_not():
    assert compared(saw(), sent(), Span(1000 * MS, 1141 * MS))[0].n == 1
    assert compared(saw(), sent(), Span(1001 * MS, 1141 * MS))[0].n == 0
    assert compared(saw(), sent(), Span(1000 * MS, 1141 * MS)).e2e_error_s.n == 0


def test_requests_are_joined_by_id_and_others_left_out():
    found = compare([saw("a"), saw("lost", at_ms=(1300,))], {"a": sent("a"), "b": sent("b")}, WINDOW)
    assert (found.ttft_error_s.n, found.itl_error_s.n) == (1, 2)
    assert found.tokens == 6  # both were sent


def test_an_answer_that_was_broken_off_is_compared_as_far_as_it_was_seen():
    found = compared(saw(at_ms=(1100, 1121), ended_ms=None), sent())
    assert (found.ttft_error_s.n, found.e2e_error_s.n) == (1, 0)
    assert ms(found.itl_error_s) == pytest.approx((1, 1, 1, 1))


def test_nothing_seen_is_nothing_compared():
    found = compare([], {}, WINDOW)
    assert found.ttft_error_s == found.itl_error_s == found.late_s == (0, None, None, None)
    assert (found.tokens, found.concurrency) == (0, 0)


def test_lateness_is_of_the_sends_in_the_span():
    found = compared(saw(), sent(at_ms=(900, 1100, 1200), late_us=[9000, 100, 300]))
    assert ms(found.late_s) == pytest.approx((2, 0.2, 0.298, 0.3))


def test_concurrency_is_time_in_hand_over_the_span():
    rows = [
        sent("a", received_ms=900, last_ms=1250, ended_ms=1300),  # 1000 to 1250: 250
        sent("b", received_ms=1500, last_ms=2500, ended_ms=2500),  # 1500 to 2000: 500
        sent("c", received_ms=1900, last_ms=None, ended_ms=None),  # still going: 100
        sent("d", received_ms=1000, last_ms=None, ended_ms=1100),  # broken off: 100
        sent("e", received_ms=2000, last_ms=2100, ended_ms=2100),  # after it: 0
    ]
    assert concurrency(rows, WINDOW) == pytest.approx(0.95)


def test_percentiles_are_interpolated():
    # Of 1 to 5 µs: rank 0.99 * 4 = 3.96 lies 0.96 from 4 to 5.
    assert spread([1000, 2000, 3000, 4000, 5000]) == pytest.approx((5, 3e-6, 4.96e-6, 5e-6))


def test_a_record_as_seen():
    row = record(0, (100, 120), seq=7, e2e_ms=125, t0_ns=1000 * MS)
    assert seen(row) == Seen(row.id, 1000 * MS, ns(1100, 1120), 1125 * MS)
    assert seen(record(0, outcome="aborted")).ended_ns is None


def test_bounded_ratio_is_of_the_events_in_the_span():
    rows = [
        record(0, (100, 120), t0_ns=1000 * MS, bound_us=[(0, 1500)]),
        # Of these the span holds the last: the bounded one came before it.
        record(0, (100, 300), t0_ns=800 * MS, bound_us=[(0, 1500)]),
        record(0, (), outcome="connect", sent_ns=None),
    ]
    assert bounded_ratio(rows, WINDOW) == pytest.approx(1 / 3)
    assert bounded_ratio([], WINDOW) == 0


def test_what_is_later_than_its_record_admits_is_unmarked():
    truth = sent("r-w0-000001", at_ms=(1100, 1120, 1140, 1160, 2000))
    # Late by 1, 1.5, 5 and 5 ms; the record admits 1 ms of all, and 4 and 3.9 ms more of the last two. The fifth was
    # sent after the span. So the second and the fourth are unmarked.
    row = record(0, (101, 121.5, 145, 165, 1900), seq=1, t0_ns=1000 * MS, bound_us=[(2, 4000), (3, 3900)])
    assert unmarked_ratio([row], {truth.id: truth}, WINDOW) == pytest.approx(2 / 4)
    assert unmarked_ratio([row, record(0, seq=2)], {}, WINDOW) == 0


def test_cpu_ratio_is_of_the_lines_within_the_span():
    # Lines end at 1000, 2000, 3000, 4000 ms; the span holds the second and third whole: 0.3 s and 0.5 s of 2 s.
    lines = [
        each
        for second, share in enumerate((0.9, 0.3, 0.5, 0.9))
        for each in health(1, start_ns=second * 1000 * MS, cpu_ratio=share)
    ]
    assert cpu_ratio(lines, Span(1000 * MS, 3500 * MS)) == pytest.approx(0.4)
    assert cpu_ratio([], WINDOW) is None

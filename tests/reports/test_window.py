import numpy as np
import pytest
from support.folders import MS, T0, S, health, manifest, phases, point, record, refused, write_run

from harness.run import Phases
from reports.load import load
from reports.window import gaps, is_request_bounded, mean_concurrency, owners, place


def placed(folder, records, row=None, *, request_bounded=False, **fields):
    return place(load(write_run(folder, records, row, **fields)).points[0], request_bounded=request_bounded)


def test_a_request_belongs_to_the_window_in_which_it_was_sent(tmp_path):
    # The window is [0 s, 10 s): its first moment is in it, the first of the cooldown is not.
    found = placed(tmp_path, [record(at_ms, seq=at_ms + 5) for at_ms in (-1, 0, 9_999, 10_000)])
    assert found.in_window.tolist() == [False, True, True, False]
    assert found.window_us == 10_000_000
    assert found.last_send_us == 9_999_000


def test_what_could_not_be_sent_counts_by_when_it_was_begun(tmp_path):
    found = placed(
        tmp_path,
        [
            refused(0, "connect", seq=1, sent_ns=None, begun_ns=T0 + 5 * S, status=None, ended_us=None),
            refused(0, "connect", seq=2, sent_ns=None, begun_ns=T0 - 5, status=None, ended_us=None),
        ],
    )
    assert found.frames.requests["seq"].tolist() == [2, 1]
    assert found.in_window.tolist() == [False, True]
    assert np.isnan(found.sent_us).all()


def test_arrivals_count_by_their_own_moment(tmp_path):
    # Sent 110 ms before the window, events 100, 120 and 140 ms later: -10, 10 and 30 ms.
    # Sent 130 ms before its end: 9970, 9990 ms and 10,010 ms, which is outside.
    found = placed(tmp_path, [record(-110, seq=1), record(9_870, seq=2)])
    assert found.event_us.tolist() == [-10_000, 10_000, 30_000, 9_970_000, 9_990_000, 10_010_000]
    assert found.event_in_window.tolist() == [False, True, True, True, True, False]


def test_a_gap_counts_where_both_its_events_arrived_in_the_window(tmp_path):
    found = gaps(placed(tmp_path, [record(-110, seq=1), record(9_870, seq=2)]))
    assert found.gap_us.tolist() == [20_000] * 4
    assert found.in_window.tolist() == [False, True, True, False]
    assert found.owner.tolist() == [0, 0, 1, 1]


def test_a_gap_is_never_negative_and_never_between_requests(tmp_path):
    found = gaps(placed(tmp_path, [record(0, (100, 99.999), seq=1), record(500, (50,), seq=2), refused(600, seq=3)]))
    assert (found.gap_us.tolist(), found.owner.tolist()) == ([0], [0])


def test_owners_skip_requests_without_events(tmp_path):
    found = placed(tmp_path, [record(0, seq=1), refused(10, seq=2), record(20, (1,), seq=3)])
    assert owners(found.frames.events).tolist() == [0, 0, 0, 2]


def test_concurrency_is_the_overlap_with_the_window(tmp_path):
    # 145 ms each (140 + 5). -100: 45 ms inside. 0: 145. 9,900: 100 of them inside. Before and after: nothing.
    # 290 ms of 10 s.
    found = placed(tmp_path, [record(at_ms, seq=at_ms + 600) for at_ms in (-500, -100, 0, 9_900, 10_500)])
    assert mean_concurrency(found) == pytest.approx(0.0290)


def test_an_exchange_without_an_end_lasts_to_the_end_of_the_window(tmp_path):
    assert mean_concurrency(placed(tmp_path, [record(5_000, ended_us=None)])) == pytest.approx(0.5)


def test_every_worker_has_its_own_clock(tmp_path):
    # The second machine was started 500,000 s ago; both windows are 10 s.
    other_ns = 500_000 * S
    row = point(users=2, phases={"w0": phases(), "w1": phases(start_ns=other_ns)})
    found = placed(
        tmp_path,
        [
            record(0, seq=1),
            record(0, seq=2, worker="w1", t0_ns=other_ns),
            record(9_000, seq=3, worker="w1", t0_ns=other_ns),
            record(10_000, seq=4, worker="w1", t0_ns=other_ns),
        ],
        row,
    )
    assert found.in_window.tolist() == [True, True, True, False]
    assert found.sent_us.tolist() == [0, 0, 9_000_000, 10_000_000]
    assert mean_concurrency(found) == pytest.approx(3 * 0.145 / 10)


def test_a_worker_that_never_came_to_its_window_is_outside(tmp_path):
    row = point(phases={"w0": phases(), "w1": Phases(spawn_ns=T0)})
    found = placed(tmp_path, [record(0, seq=1), record(0, seq=2, worker="w1")], row)
    assert found.in_window.tolist() == [True, False]
    assert mean_concurrency(found) == pytest.approx(0.0145)


@pytest.mark.parametrize("row", [point(phases={}), point(phases={"w0": Phases(spawn_ns=T0, settle_ns=T0 + S)})])
def test_without_a_window_nothing_is_in_it(tmp_path, row):
    found = placed(tmp_path, [record(0)], row)
    assert (found.window_us, found.in_window.tolist(), found.event_in_window.any()) == (None, [False], False)
    assert mean_concurrency(found) is None


def test_a_window_that_was_cut_off_ends_with_the_last_thing_known(tmp_path):
    # Killed in its window. The last request ended 4,145 ms after the window began, the last health line at 3 s.
    row = point(state="interrupted", phases={"w0": Phases(spawn_ns=T0 - S, settle_ns=T0 - S, window_ns=T0)})
    found = placed(tmp_path, [record(0, seq=1), record(4_000, seq=2)], row, lines=health(3))
    assert found.window_us == 4_145_000


def test_a_window_that_was_ended_early_ends_there(tmp_path):
    cut = Phases(spawn_ns=T0 - S, settle_ns=T0 - S, window_ns=T0, end_ns=T0 + 2 * S)
    assert placed(tmp_path, [record()], point(state="interrupted", phases={"w0": cut})).window_us == 2_000_000


def test_a_request_bounded_window_is_first_send_to_last_end(tmp_path):
    # The manifest's own times are a little wider. First sent at 20 ms, last end at 500 + 145 ms.
    found = placed(tmp_path, [record(20, seq=1), record(500, seq=2), refused(30, seq=3)], request_bounded=True)
    assert found.window_us == 625_000
    assert found.in_window.all()
    assert found.last_send_us == 480_000
    assert found.event_in_window.all()
    # 145 + 145 + 1 ms of 625; up to the last send, of 480 ms: 145 + 1.
    assert mean_concurrency(found) == pytest.approx(291 / 625)
    assert mean_concurrency(found, found.last_send_us) == pytest.approx(146 / 480)


def test_a_request_bounded_window_of_nothing_is_none(tmp_path):
    dropped = record(outcome="dropped", sent_ns=None, ended_us=None, events_ms=())
    assert placed(tmp_path, [dropped], request_bounded=True).window_us is None
    lone = record(outcome="connect", sent_ns=None, ended_us=None, events_ms=(), begun_ns=T0 + 5 * MS)
    assert placed(tmp_path / "lone", [lone], request_bounded=True).window_us is None


@pytest.mark.parametrize(("requests", "expected"), [(None, False), (40, True)])
def test_the_options_say_what_bounds_a_point(requests, expected):
    assert is_request_bounded(manifest(options={"requests": requests})) is expected

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.histogram import Histogram
from harness.live import RECENT_WIDTH_S, WHOLE_WIDTH_S, Board, Counts, Slice, Stretch, Timeline

S = 1_000_000_000


def histogram(*values):
    made = Histogram()
    made.add(values)
    return made


def piece(begin_s, end_s, *, run="r", point=1, phase="window", outcomes=None, ttft_s=(), told=(0, 0), **facts):
    counts = Counts(ttft_s=histogram(*ttft_s), outcomes=outcomes or {}, told_chars=told[0], told_tokens=told[1])
    return Slice(
        run=run, point=point, phase=phase, begin_ns=int(begin_s * S), end_ns=int(end_s * S), counts=counts, **facts
    )


def test_rates_are_means_over_time_and_sums_over_processes():
    stretch = Stretch()
    # a: 100 + 300 characters in 1 + 1 s: 200 a second. b: 90 in 1.5 s: 60. Together 260.
    stretch.add("a", piece(0, 1, chars=100, in_flight=4, waiting=1, users=4))
    stretch.add("a", piece(1, 2, chars=300, in_flight=2, waiting=1, users=4))
    stretch.add("b", piece(0.2, 1.7, chars=90, in_flight=6, waiting=6, users=6))
    row = stretch.row(0.25)
    assert row["chars_per_s"] == pytest.approx(260)
    assert row["tokens_per_s"] == pytest.approx(65)
    # a: (4 × 1 + 2 × 1) / 2 = 3 in flight, 1 waiting; b: 6 and 6.
    assert (row["in_flight"], row["waiting"], row["users"]) == (9, 7, 10)
    # 260 characters a second over the 2 streams past their first token.
    assert row["open_chars_per_s"] == pytest.approx(130)
    assert row["elapsed_s"] == 2


def test_the_busiest_process_is_the_one_that_counts():
    stretch = Stretch()
    stretch.add("a", piece(0, 2, cpu_ns=S))
    stretch.add("b", piece(0, 1, cpu_ns=S * 9 // 10))
    assert stretch.row(None)["cpu_ratio"] == pytest.approx(0.9)


def test_ends():
    stretch = Stretch()
    stretch.add("a", piece(0, 2, outcomes={"ok": 7, "cut": 1, "aborted": 4, "dropped": 5}))
    stretch.add("a", piece(2, 4, outcomes={"cut": 1, "refused_429": 3}))
    row = stretch.row(None)
    assert (row["ok"], row["failed"], row["aborted"]) == (7, 5, 4)
    assert row["requests_per_s"] == 3  # 12 that were judged in 4 s
    assert row["outcomes"] == {"aborted": 4, "cut": 2, "dropped": 5, "refused_429": 3}


def test_what_was_not_observed_is_none():
    row = Stretch().row(None)
    kept = {key for key, value in row.items() if value is not None}
    assert kept == {
        "elapsed_s",
        "chars_per_s",
        "in_flight",
        "waiting",
        "users",
        "ok",
        "failed",
        "aborted",
        "outcomes",
    }


def test_a_row_follows_what_is_added_later():
    stretch = Stretch()
    stretch.add("a", piece(0, 1, chars=10))
    assert stretch.row(None)["chars_per_s"] == 10
    stretch.add("a", piece(1, 2, chars=30))
    assert stretch.row(None)["chars_per_s"] == 20


def test_a_slice_belongs_to_the_bucket_of_its_middle():
    line = Timeline(2, 10)
    line.add(1.9, "a", piece(0, 1, chars=100))
    line.add(2.1, "a", piece(1, 2, chars=300))
    line.close(4.0, None)
    assert [(row["index"], row["at_s"], row["chars_per_s"]) for row in line.rows()] == [
        (0, 1.0, 100),
        (1, 3.0, 300),
    ]


def test_a_bucket_is_shown_when_it_is_complete_and_never_changes():
    line = Timeline(2, 10)
    line.add(1.0, "a", piece(0, 1, chars=100))
    line.close(1.9, None)
    assert line.rows() == []
    line.close(2.0, None)
    shown = line.rows()
    line.add(1.0, "b", piece(0, 1, chars=100))
    line.close(9.0, None)
    assert line.rows() == shown


def test_only_the_newest_are_kept_and_only_the_new_are_told():
    line = Timeline(2, 3)
    for index in range(5):
        line.add(index * 2 + 1.0, "a", piece(0, 1))
    line.close(10.0, None)
    assert [row["index"] for row in line.rows()] == [2, 3, 4]
    assert [row["index"] for row in line.rows(3)] == [4]


def test_a_gap_in_time_leaves_no_bucket():
    line = Timeline(2, 10)
    line.add(1.0, "a", piece(0, 1))
    line.add(9.0, "a", piece(8, 9))
    line.close(20.0, None)
    assert [row["index"] for row in line.rows()] == [0, 4]


def new_board():
    return Board("r", 1000 * S)


def test_clocks_of_workers_need_not_agree():
    board = new_board()
    # One worker's clock is at 5 s, the other's at 9,000 s, and both have just ended the second before 1,002 s of ours.
    board.take("a", [piece(4, 5, chars=100)], 1002 * S)
    board.take("b", [piece(8999, 9000, chars=50)], 1002 * S)
    rows = board.snapshot(1002 * S)["recent"]["rows"]
    assert [(row["index"], row["chars_per_s"]) for row in rows] == [(0, 150)]


def test_the_fastest_message_places_a_clock():
    board = new_board()
    board.take("a", [piece(10, 11)], 1001 * S)
    board.take("a", [piece(13, 14)], 1006 * S)  # two seconds late: it began at 1,003 all the same
    assert board.windows[1].span.end_s == pytest.approx(4)


def test_a_bucket_waits_for_the_slowest_worker_but_not_for_a_silent_one():
    board = new_board()
    board.take("a", [piece(10, 11)], 1001 * S)
    board.take("b", [piece(70, 71)], 1001 * S)
    board.take("a", [piece(11, 12), piece(12, 13)], 1003 * S)
    assert board.snapshot(1003 * S)["recent"]["rows"] == []
    board.take("b", [piece(71, 72), piece(72, 73)], 1003 * S + 1)
    assert [row["index"] for row in board.snapshot(1003 * S + 1)["recent"]["rows"]] == [0]
    board.take("a", [piece(13, 14), piece(14, 22)], 1012 * S)
    assert [row["index"] for row in board.snapshot(1014 * S)["recent"]["rows"]] == [0, 1, 4]


def test_slices_of_another_run_are_not_counted():
    board = new_board()
    board.take("a", [piece(0, 1, run="before", chars=9)], 1001 * S)
    assert board.snapshot(1002 * S)["processes"] == 0


def test_windows_are_counted_by_point_and_the_whole_run_has_everything():
    board = new_board()
    board.take("a", [piece(0, 1, phase="settle", ttft_s=[9.0]), piece(1, 2, ttft_s=[1.0])], 1002 * S)
    board.take("a", [piece(2, 3, phase="cooldown"), piece(3, 4, point=2, ttft_s=[3.0])], 1004 * S)
    told = board.snapshot(1004 * S)
    assert [row["point"] for row in told["windows"]] == [1, 2]
    assert told["windows"][0]["ttft_s_p50"] == pytest.approx(1, rel=0.01)
    assert (told["windows"][0]["begin_s"], told["windows"][0]["end_s"]) == (1, 2)
    assert told["window"]["ttft_s_p50"] == pytest.approx(3, rel=0.01)  # the point that is on
    assert told["total"]["ttft_s_p99"] == pytest.approx(9, rel=0.01)


def test_before_a_window_opens_there_is_none():
    board = new_board()
    board.take("a", [piece(0, 1, phase="settle")], 1001 * S)
    assert board.snapshot(1001 * S)["window"] is None


def test_after_the_last_point_its_window_stays_the_current_one():
    board = new_board()
    board.take("a", [piece(0, 1), piece(1, 2, point=0, phase="cooldown")], 1002 * S)
    assert board.snapshot(1002 * S)["window"]["point"] == 1


def test_reset_begins_the_whole_run_anew_and_leaves_the_windows():
    board = new_board()
    board.take("a", [piece(0, 1, outcomes={"ok": 3})], 1001 * S)
    board.reset(1002 * S)
    board.take("a", [piece(1, 2, outcomes={"ok": 1}), piece(2, 3, outcomes={"ok": 1})], 1003 * S)
    told = board.snapshot(1010 * S)
    assert told["since_s"] == 2
    assert told["total"]["ok"] == 1  # what had ended before the reset and came in after it is left out, too
    assert told["window"]["ok"] == 5


def test_tokens_are_characters_times_what_ended_requests_had():
    board = new_board()
    board.take("a", [piece(0, 2, chars=800)], 1002 * S)
    assert board.snapshot(1002 * S)["total"]["tokens_per_s"] is None
    board.take("a", [piece(2, 4, chars=800, told=(400, 100))], 1004 * S)
    # 1,600 characters in 4 s are 400 a second, at 100 tokens for 400 characters: 100 a second.
    assert board.snapshot(1004 * S)["total"]["tokens_per_s"] == 100


def test_a_run_that_is_over_is_shown_to_its_end():
    board = new_board()
    board.take("a", [piece(0, 1, chars=10)], 1001 * S)
    assert board.snapshot(1001 * S)["recent"]["rows"] == []
    board.over = True
    told = board.snapshot(1001 * S)
    assert len(told["recent"]["rows"]) == len(told["whole"]["rows"]) == 1
    assert (told["recent"]["width_s"], told["whole"]["width_s"]) == (RECENT_WIDTH_S, WHOLE_WIDTH_S)


def test_a_snapshot_is_plain_json_without_infinities():
    board = new_board()
    board.take("a", [piece(0, 3, ttft_s=[0.0, 1.5], outcomes={"ok": 1}, in_flight=2)], 1003 * S)
    told = board.snapshot(1003 * S)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


PIECES = st.lists(
    st.builds(
        lambda begin_s, length_s, chars, ttft_s: piece(begin_s, begin_s + length_s, chars=chars, ttft_s=ttft_s),
        st.floats(0, 50),
        st.floats(0.1, 2),
        st.integers(0, 1000),
        st.lists(st.floats(0, 60), max_size=3),
    ),
    max_size=12,
)


@given(PIECES)
def test_slices_survive_the_way_to_the_master(pieces):
    packed = msgspec.msgpack.encode(pieces)
    assert msgspec.msgpack.decode(packed, type=list[Slice]) == pieces


@given(PIECES, st.lists(st.sampled_from("abc"), min_size=12, max_size=12))
def test_however_requests_are_spread_over_workers_the_percentiles_are_the_same(pieces, workers):
    alone, spread = Stretch(), Stretch()
    for each, worker in zip(pieces, workers, strict=False):
        alone.add("a", each)
        spread.add(worker, each)
    assert spread.counts == alone.counts

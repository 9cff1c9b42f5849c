"""Conversations in a report: how they went, what each turn took, and users who pause on purpose."""

import csv
import io
import json

import pytest
from msgspec.structs import replace
from support.charts import valid_figures
from support.folders import MS, T0, full_window, point, record, refused, write_run

from reports.build import build
from reports.charts import figures, page_spec
from reports.comparable import differences, obstacles
from reports.load import load
from reports.render import csv as csv_renderer
from reports.render import html, markdown
from reports.render import json as json_renderer

LIVE = {"conversations": "live", "think_time": {"shape": "constant", "pause_s": 1.0}}
REPLAY = LIVE | {"conversations": "replay"}
TALK = {"conversations": "replay", "think_time": None}


def turn(at_ms, number, of=3, name="a", think_ms=None, **fields):
    """A turn sent `at_ms` after the window began, events 100, 120 and 140 ms later, over after 145 ms."""
    due = {} if think_ms is None else {"due_ns": T0 + round((at_ms - 0.5) * MS), "think_us": round(think_ms * 1000)}
    seq = round(at_ms) + 100_000
    return record(at_ms, seq=seq, turn=number, turns=of, conversation=name, **(due | fields))


def reported(tmp_path, records, row=None, options=LIVE, **fields):
    return build(load(write_run(tmp_path, records, row or point(), options=options, **fields))).points[0]


@pytest.fixture
def held(tmp_path):
    """Counts of the conversations of a run: seen, begun, finished, abandoned, unfinished, turns."""

    def counts(records, **options):
        found = reported(tmp_path, records, **options).conversations
        whole = (found.seen, found.begun, found.finished, found.abandoned, found.unfinished, found.turns)
        assert found.seen == found.finished + found.abandoned + found.unfinished
        return whole

    return counts


def test_a_run_of_single_requests_has_none(tmp_path):
    single = reported(tmp_path, [record()], options={})
    assert (single.conversations, single.concurrency.thinking) == (None, None)


def test_a_conversation_that_comes_to_its_end_is_finished(held):
    assert held([turn(0, 0), turn(1000, 1), turn(2000, 2)]) == (1, 1, 1, 0, 0, 3)


@pytest.mark.parametrize("outcome", ["cut", "server_5xx", "truncated", "empty", "timeout_idle"])
def test_one_whose_turn_fails_is_abandoned(held, outcome):
    assert held([turn(0, 0), turn(1000, 1, outcome=outcome)]) == (1, 1, 0, 1, 0, 2)


def test_the_last_turn_can_fail_too(held):
    assert held([turn(0, 0), turn(1000, 1), turn(2000, 2, outcome="cut")]) == (1, 1, 0, 1, 0, 3)


def test_one_that_could_not_be_begun_is_abandoned(held):
    refusal = refused(1, "connect", turn=0, turns=3, conversation="a", sent_ns=None, status=None, ended_us=None)
    assert held([refusal]) == (1, 1, 0, 1, 0, 1)


def test_a_live_one_that_says_nothing_is_abandoned_and_a_replayed_one_is_not(held):
    called = [turn(0, 0, kinds="ccc")]
    assert held(called) == (1, 1, 0, 1, 0, 1)
    assert held(called, options=REPLAY) == (1, 1, 0, 0, 1, 1)
    # Nothing was to be gone on with after the last turn.
    assert held([turn(0, 0, of=1, kinds="rrr")]) == (1, 1, 1, 0, 0, 1)


def test_one_that_our_own_stop_cuts_is_unfinished(held):
    assert held([turn(0, 0), turn(1000, 1, outcome="aborted")]) == (1, 1, 0, 0, 1, 2)
    assert held([turn(0, 0), turn(1000, 1)]) == (1, 1, 0, 0, 1, 2)


def test_those_count_of_which_a_turn_was_sent_in_the_window_each_to_its_end(held):
    # The window has 10 s. Before it "a" began; after it "b" ended, "c" failed and "d" began.
    records = [
        *(turn(-500, 0, phase="settle"), turn(500, 1), turn(1500, 2)),
        *(turn(8000, 0, name="b"), turn(9000, 1, name="b"), turn(10_500, 2, name="b", phase="cooldown")),
        *(turn(9500, 0, name="c"), turn(10_600, 1, name="c", phase="cooldown", outcome="cut")),
        turn(10_700, 0, name="d", phase="cooldown"),
        record(3000),
    ]
    assert held(records) == (3, 2, 2, 1, 0, 5)


def test_a_single_request_beside_them_is_no_conversation(held):
    assert held([record(0), turn(1000, 0, of=1)]) == (1, 1, 1, 0, 0, 1)


def test_each_turn_has_its_own_figures(tmp_path):
    records = [
        turn(0, 0, events_ms=(100, 120), prompt_tokens=10),
        turn(1000, 1, events_ms=(200, 220), prompt_tokens=40),
        turn(2000, 0, of=2, name="b", events_ms=(300, 320), prompt_tokens=20),
        turn(3000, 1, of=2, name="b", outcome="cut", output=None),
        turn(9999, 2, events_ms=(400,), prompt_tokens=70),
        turn(10_001, 2, name="c", phase="cooldown"),
    ]
    first, second, third = reported(tmp_path, records).conversations.by_turn
    assert (first.turn, first.sent, first.ttft_s.n, first.ttft_s.p50, first.prompt_tokens.mean) == (0, 2, 2, 0.2, 15)
    # What failed was sent and has no latency.
    assert (second.turn, second.sent, second.ttft_s.n, second.ttft_s.p50) == (1, 2, 1, 0.2)
    # Its end lies 5 ms after its last event.
    assert (third.turn, third.sent, third.e2e_s.max, third.prompt_tokens.max) == (2, 1, 0.405, 70)


def test_without_a_window_nothing_was_seen(tmp_path):
    idle = reported(tmp_path, [], point(phases={}, state="planned"))
    assert (idle.conversations.seen, idle.conversations.by_turn, idle.concurrency.thinking) == (0, [], None)


# Pauses


def thinking(tmp_path, records, row=None, **options):
    return reported(tmp_path, records, row, **options).concurrency.thinking


def test_a_pause_is_counted_from_the_end_of_a_turn_until_the_next_is_due(tmp_path):
    # Ended at 145 ms, due 1 s later, sent 0.5 ms after that: 1 s of 10 s.
    assert thinking(tmp_path, [turn(0, 0, of=2), turn(1145.5, 1, of=2, think_ms=1000)]) == pytest.approx(0.1)


def test_a_pause_is_counted_as_far_as_it_lies_in_the_window(tmp_path):
    # 600 ms of a pause that began before the window, and of one that ended after it from 9,745 ms on.
    before = [turn(-545, 0, of=2, phase="settle"), turn(600.5, 1, of=2, think_ms=1000)]
    after = [turn(9600, 0, of=2, name="b"), turn(10_745.5, 1, of=2, name="b", think_ms=1000, phase="cooldown")]
    assert thinking(tmp_path, before) == pytest.approx(0.06)
    assert thinking(tmp_path, after) == pytest.approx(0.0255)


def test_a_pause_that_outlasts_the_point_has_no_record_and_counts_all_the_same(tmp_path):
    # Over at 4,145 ms, and nothing more was heard: 5,855 ms of 10 s.
    assert thinking(tmp_path, [turn(4000, 0)]) == pytest.approx(0.5855)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param({"number": 2}, id="finished"),
        pytest.param({"number": 1, "outcome": "cut"}, id="abandoned"),
        pytest.param({"number": 1, "outcome": "aborted"}, id="aborted"),
        pytest.param({"number": 1, "kinds": "ccc"}, id="said nothing"),
    ],
)
def test_nobody_pauses_where_nothing_is_to_follow(tmp_path, last):
    assert thinking(tmp_path, [turn(4000, **last)]) == 0


def test_without_pauses_nobody_is_looked_for(tmp_path):
    assert thinking(tmp_path, [turn(4000, 0)], options=TALK) is None


def test_in_a_window_of_requests_nobody_pauses_beyond_the_last_one(tmp_path):
    # "a" and "b" are over at 145 ms, and "b" is sent again at 1,145.5 ms, the last of all, over at 1,290.5 ms.
    records = [turn(0, 0), turn(0.25, 0, of=2, name="b"), turn(1145.75, 1, of=2, name="b", think_ms=1000)]
    counted = reported(tmp_path, records, options=LIVE | {"requests": 3})
    # "a" from 145 to 1,145.75, "b" from 145.25 to 1,145.25, of 1,290.75 ms.
    assert counted.window_s == pytest.approx(1.29075)
    assert counted.concurrency.thinking == pytest.approx((1000.75 + 1000) / 1290.75)


def pausing(users, think_ms):
    """Users who ask for 145 ms at each whole second and pause in between; ten turns each."""
    return [
        turn(1000 * number, number, of=20, name=f"u{user}", user=user, think_ms=think_ms if number else None)
        for user in range(users)
        for number in range(10)
    ]


def numbered(records):
    return [replace(each, seq=number, id=f"r-{number:06d}") for number, each in enumerate(records)]


def codes(found):
    return {reason.code: reason for reason in found.reasons}


def test_users_who_pause_are_missed_by_nobody(tmp_path):
    # In flight 0.145 of each second, pausing for 854.5 ms until half a millisecond before the next: 0.9995 together.
    found = reported(tmp_path, numbered(pausing(8, 854.5)), point(users=8))
    assert found.concurrency.mean == pytest.approx(8 * 0.145)
    assert found.concurrency.thinking == pytest.approx(8 * (0.8545 * 9 + 0.855) / 10)
    assert "concurrency_not_reached" not in codes(found)


def test_users_who_are_neither_in_flight_nor_pausing_are_missed(tmp_path):
    # Of 10 users 8 pause; the others do nothing.
    found = codes(reported(tmp_path, numbered(pausing(8, 854.5)), point(users=10)))["concurrency_not_reached"]
    assert (found.level, found.figure) == ("invalid", pytest.approx(0.8, abs=0.001))
    assert (
        found.text
        == "On average 1.16 requests were in flight and 6.84 users paused between two turns, 80 % of the 10 users."
    )


def test_without_pauses_the_rule_says_what_it_always_said(tmp_path):
    found = codes(reported(tmp_path, full_window(4), point(users=8), options={}))["concurrency_not_reached"]
    assert found.text == "On average 3.99 requests were in flight, 49.9 % of the 8 users."


def test_a_late_wake_up_after_a_pause_is_lateness_of_ours(tmp_path):
    # Due 60 ms before it was sent, begun 100 µs before.
    late = [replace(each, due_ns=each.sent_ns - 60 * MS) if each.turn else each for each in pausing(8, 800)]
    found = reported(tmp_path, numbered(late), point(users=8))
    assert found.client.late_s.max == pytest.approx(0.06)
    assert codes(found)["late_dispatch"].level == "invalid"


def test_what_a_server_remembers_of_a_conversation_is_no_doubt(tmp_path):
    cached = [
        turn(500 * n, n % 3, name=str(n // 3), prompt=f"chat/{n // 3}", prompt_tokens=10, cached=9) for n in range(18)
    ]
    assert "prompt_reuse" not in codes(reported(tmp_path, cached))
    single = [record(500 * n, seq=n, cached=9) for n in range(18)]
    assert "prompt_reuse" in codes(reported(tmp_path, single, options={}))


# Shown


@pytest.fixture
def shown(tmp_path):
    records = numbered(pausing(2, 854.5)[:-1])
    frames = load(write_run(tmp_path, records, point(users=2), options=LIVE))
    return build(frames), frames


def test_tables_say_how_conversations_went(shown):
    text = markdown.render(*shown)
    # Seventeen pauses of 854.5 ms, and two open ones, 855 ms and, the last turn of one user being missing, 1,855 ms long.
    assert "| 2 users | 2 | 2 | 0 | 0 | 2 | 19 | 1.72 |" in text
    assert "| Turn | 2 users |\n| --- | ---: |\n| 1 | 100 ms |\n| 2 | 100 ms |" in text
    page = html.render(*shown, figures(*shown))
    assert "<h2>Conversations</h2>" in page
    assert "<h2>Conversations, turn by turn</h2>" in page


def test_nothing_is_shown_of_conversations_that_nobody_held(tmp_path):
    frames = load(write_run(tmp_path, full_window(2), point(users=2)))
    report = build(frames)
    assert "onversation" not in markdown.render(report, frames)
    assert "<h2>Conversation" not in html.render(report, frames, figures(report, frames))


def test_the_chart_is_vega_lite(shown):
    assert "turns" in valid_figures(*shown)


def test_a_line_a_point_goes_through_its_turns(shown):
    (figure,) = (each for each in figures(*shown) if each.name == "turns")
    spec = page_spec(figure.panels[0])
    (rows,) = spec["datasets"].values()
    assert [(row["turn"], row["value"], row["sent"]) for row in rows] == [
        *((n, 100, 2) for n in range(1, 10)),
        (10, 100, 1),
    ]
    (prompt_rows,) = page_spec(figure.panels[1])["datasets"].values()
    assert {row["value"] for row in prompt_rows} == {10}


def test_long_conversations_are_cut_on_the_page_and_whole_in_json(tmp_path):
    records = [turn(300 * n, n, of=25) for n in range(25)]
    frames = load(write_run(tmp_path, records, options=TALK))
    report = build(frames)
    text = markdown.render(report, frames)
    assert "Of 25 turns the first 20 are shown." in text
    assert "\n| 20 | 100 ms |\n\n" in text
    assert len(json.loads(json_renderer.render(report))["points"][0]["conversations"]["by_turn"]) == 25


def test_points_csv_has_the_counts(shown):
    (row,) = csv.DictReader(io.StringIO(csv_renderer.render_points(shown[0]).decode()))
    assert (row["conversations.seen"], row["conversations.unfinished"]) == ("2", "2")
    assert not any("by_turn" in column for column in row)


def test_replayed_and_live_conversations_are_not_compared(tmp_path):
    runs = {
        name: build(load(write_run(tmp_path / name, [turn(0, 0)], options=options)))
        for name, options in {"replay": REPLAY, "live": LIVE, "slower": LIVE | {"max_turns": 2}}.items()
    }
    assert obstacles(runs["replay"], runs["live"]) == [
        "The runs differ in their --conversations (replay and live); hold conversations in the same way in both, or in neither."
    ]
    assert obstacles(runs["live"], runs["slower"]) == []
    assert [change.name for change in differences(runs["live"], runs["slower"])] == ["--max-turns"]

import json

import pytest

from harness.screen import BarScreen, JsonScreen, QuietScreen, done_ratio, status_line

TICK = {
    "event": "tick",
    "phase": "window",
    "elapsed_s": 7.5,
    "limit_s": 30.0,
    "users": 4,
    "in_flight": 4,
    "ended": 31,
    "requests": None,
    "ok": 31,
    "failed": 0,
    "latency_s": 1.3249,
    "chars_per_s_stream": 56.44,
    "chars_per_s_total": 225.06,
    "ttft_p95_s": 0.2051,
}
NOTHING = {"latency_s": None, "chars_per_s_stream": None, "chars_per_s_total": None, "ttft_p95_s": None}


def test_a_status_line():
    assert status_line(TICK, "23:16:06", "en") == (
        "23:16:06 [users] 4 [ok/failed] 31/0 [latency] 1.32 s [chars/s per stream] 56.4 "
        "[total chars/s] 225.1 [TTFT p95] 0.21 s"
    )


def test_a_status_line_in_chinese():
    assert status_line(TICK, "23:16:06", "zh") == (
        "23:16:06 [并发] 4 [问答/错误] 31/0 [平均延迟] 1.32 s [出字均速] 56.4 [总吞吐] 225.1 [首字延迟 p95] 0.21 s"
    )


def test_what_was_not_observed_is_a_dash():
    assert status_line(TICK | NOTHING | {"ok": 0, "failed": 3}, "00:00:00", "en") == (
        "00:00:00 [users] 4 [ok/failed] 0/3 [latency] – [chars/s per stream] – [total chars/s] – [TTFT p95] –"
    )


def test_zero_is_a_figure():
    line = status_line(TICK | dict.fromkeys(NOTHING, 0.0), "00:00:00", "en")
    assert line.endswith("[latency] 0.00 s [chars/s per stream] 0.0 [total chars/s] 0.0 [TTFT p95] 0.00 s")


@pytest.mark.parametrize(
    ("phase", "elapsed_s", "limit_s", "done"),
    [
        # Spawning has no limit and stands at its beginning.
        ("spawn", 3, None, 0.0),
        # A tenth of the bar for settling, from 0.05 on.
        ("settle", 0, 30, 0.05),
        ("settle", 15, 30, 0.1),
        ("settle", 0, 0, 0.05),
        # Eight tenths for the window, from 0.15 on: 0.15 + 0.8 / 4.
        ("window", 0, 30, 0.15),
        ("window", 7.5, 30, 0.35),
        ("window", 30, 30, 0.95),
        ("window", 31, 30, 0.95),
        # The rest for the cooldown: 0.95 + 0.05 / 2.
        ("cooldown", 60, 120, 0.975),
        ("cooldown", 120, 120, 1.0),
    ],
)
def test_how_much_is_done(phase, elapsed_s, limit_s, done):
    event = TICK | {"phase": phase, "elapsed_s": elapsed_s, "limit_s": limit_s}
    assert done_ratio(event) == pytest.approx(done)


@pytest.mark.parametrize(("ended", "done"), [(0, 0.15), (25, 0.35), (100, 0.95), (101, 0.95)])
def test_a_window_of_so_many_requests_is_done_by_their_number(ended, done):
    event = TICK | {"requests": 100, "ended": ended, "limit_s": None}
    assert done_ratio(event) == pytest.approx(done)


def test_json_for_programs(capsys):
    screen = JsonScreen()
    screen.show({"event": "point", "users": 4})
    screen.show(TICK)
    screen.close()
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"event": "point", "users": 4}, TICK]


def test_quiet(capsys):
    screen = QuietScreen()
    screen.show(TICK)
    screen.close()
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_there_are_lines_and_no_bar(capsys):
    screen = BarScreen("en")
    screen.show({"event": "point", "number": 2, "of": 5, "index": 2, "users": 4})
    screen.show(TICK)
    screen.show({"event": "end", "trouble": None})
    screen.close()
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Point 2 of 5: 4 users"
    assert second[8:] == status_line(TICK, "", "en")

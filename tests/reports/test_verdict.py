"""Each doubt with its planted cause, and a clean run without any."""

import pytest
from msgspec.structs import replace
from support.folders import (
    T0,
    S,
    full_window,
    health,
    locust_stats,
    manifest,
    phases,
    point,
    process,
    record,
    refused,
    write_point,
    write_run,
)

from harness.run import Phases, records_path, write_manifest
from reports.build import build
from reports.limits import Limit
from reports.load import load
from reports.report import Reason
from reports.rules.reason import above, below
from reports.verdict import verdict_of

USERS = 8


@pytest.fixture
def judged(tmp_path):
    """The report of a run: clean, but for what is given."""

    def report(records=None, row=None, **fields):
        users = row.users if row else USERS
        return build(
            load(write_run(tmp_path, full_window(users) if records is None else records, row or clean(), **fields))
        )

    return report


def clean(**fields):
    return point(users=USERS, **fields)


def reasons(report):
    return {reason.code: reason for reason in report.points[0].reasons}


def levels(report):
    return {code: reason.level for code, reason in reasons(report).items()}


def test_a_clean_run_has_no_reason(judged):
    report = judged()
    assert (report.verdict, report.reasons) == ("trusted", [])
    assert (report.points[0].verdict, report.points[0].reasons) == ("trusted", [])


@pytest.mark.parametrize(
    ("cpu_ratio", "expected"), [(0.8, {}), (0.81, {"client_cpu": "doubtful"}), (0.96, {"client_cpu": "invalid"})]
)
def test_client_cpu(judged, cpu_ratio, expected):
    report = judged(lines=health(cpu_ratio=cpu_ratio))
    assert levels(report) == expected
    assert report.verdict == (expected.get("client_cpu") or "trusted")


def test_a_reason_has_figure_threshold_text_and_remedy(judged):
    reason = reasons(judged(lines=health(cpu_ratio=0.87)))["client_cpu"]
    assert (reason.figure, reason.threshold) == (pytest.approx(0.87), 0.8)
    assert reason.text == "The busiest load process used 87 % of a CPU core."
    assert reason.remedy.endswith(".")


# The median ITL is 10 ms: doubtful beyond 5 ms, invalid beyond 20 ms.
@pytest.mark.parametrize(
    ("lag_us", "expected"), [(5_000, {}), (5_001, {"loop_lag": "doubtful"}), (20_001, {"loop_lag": "invalid"})]
)
def test_loop_lag(judged, lag_us, expected):
    assert levels(judged(lines=health(lag_us=[lag_us]))) == expected


def test_loop_lag_is_at_most_ten_milliseconds_however_slow_the_stream(judged):
    # One event every 400 ms: half of it would be 200 ms.
    slow = [
        record(n * 1000 + user, (100, 500, 900), seq=user * 100 + n, user=user, e2e_ms=999)
        for user in range(100)
        for n in range(10)
    ]
    row = point(users=100)
    assert levels(judged(slow, row, lines=health(lag_us=[10_001]))) == {"loop_lag": "doubtful"}
    assert levels(judged(slow, row, lines=health(lag_us=[10_000]))) == {}


def test_loop_lag_without_any_gap(judged):
    one_event = [
        record(n * 100, (90,), seq=user * 1000 + n, user=user, e2e_ms=99.8) for user in range(USERS) for n in range(100)
    ]
    assert levels(judged(one_event, lines=health(lag_us=[9_000]))) == {}
    assert levels(judged(one_event, lines=health(lag_us=[99_000]))) == {"loop_lag": "doubtful"}


def bounded(every, first=0):
    """Of 800 requests with nine events each, `every` with one bounded event, the first event in `first` of them."""
    records = full_window(USERS)
    for index in range(every):
        records[index] = replace(records[index], bound_us=[(0 if index < first else 4, 100)])
    return records


@pytest.mark.parametrize(
    ("every", "first", "expected"),
    [
        (72, 0, {}),  # 1 % of 7,200 events
        (73, 0, {"bounded_stamps": "doubtful"}),
        (9, 9, {"bounded_stamps": "doubtful"}),  # 1.1 % of 800 first events
        (81, 81, {"bounded_stamps": "invalid"}),  # 10.1 % of the first
        (721, 0, {"bounded_stamps": "invalid"}),
    ],
)
def test_bounded_stamps(judged, every, first, expected):
    assert levels(judged(bounded(every, first))) == expected


def test_bounded_stamps_are_asked_of_kernel_stamps_only(judged):
    assert levels(judged(bounded(800, 800), stamps="user")) == {"unstamped": "note"}


@pytest.mark.parametrize(("lag_us", "level"), [(1_000, "note"), (1_001, "doubtful")])
def test_unstamped(judged, lag_us, level):
    report = judged(stamps="user", lines=health(lag_us=[lag_us]))
    assert levels(report) == {"unstamped": level}
    assert report.verdict == ("trusted" if level == "note" else "doubtful")


@pytest.mark.parametrize(
    ("stamps", "taken", "remedy"),
    [("user", "by the load process", "on Linux"), ("yield", "where query_model() yields", "by a dialect")],
)
def test_unstamped_says_where_the_stamps_were_taken_and_what_to_do(judged, stamps, taken, remedy):
    (reason,) = judged(stamps=stamps).points[0].reasons
    assert f"The times were taken {taken}" in reason.text
    assert remedy in reason.remedy


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (32, {}),
        (33, {"concurrency_not_reached": "doubtful"}),  # 32 * 0.998 = 31.94 of 33: 0.968
        (36, {"concurrency_not_reached": "invalid"}),  # of 36: 0.887
    ],
)
def test_concurrency_not_reached(judged, users, expected):
    assert levels(judged(full_window(32), point(users=users))) == expected


def test_concurrency_is_not_asked_in_open_loop(judged):
    half = full_window(USERS // 2)
    assert "concurrency_not_reached" in levels(judged(half))
    assert "concurrency_not_reached" not in levels(judged([replace(each, due_ns=each.sent_ns) for each in half]))


@pytest.mark.parametrize(
    ("late_us", "expected"),
    [(5_000, {}), (5_100, {"late_dispatch": "doubtful"}), (51_000, {"late_dispatch": "invalid"})],
)
def test_late_dispatch(judged, late_us, expected):
    assert levels(judged(full_window(USERS, late_us=late_us))) == expected


def test_connecting_is_not_lateness(judged):
    report = judged(full_window(USERS, late_us=60_000, connect_us=59_000, reused=False))
    assert levels(report) == {}
    assert report.points[0].client.late_s.p99 == pytest.approx(0.06)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (29, ("doubtful", 30)),
        (30, ("note", 500)),
        (499, ("note", 500)),
        (500, None),
    ],
)
def test_too_few_requests(judged, count, expected):
    # One user after the other, so that concurrency is another matter.
    found = reasons(judged(full_window(1, 100 * count), point(phases={"w0": phases(count / 10)}))).get(
        "too_few_requests"
    )
    assert (found and (found.level, found.threshold)) == expected


def test_which_percentiles_have_too_few_requests(judged):
    text = reasons(judged(full_window(1, 6_000), point(phases={"w0": phases(6.0)})))["too_few_requests"].text
    assert text == "60 requests are few for p95 and p99; p99 needs 500."


# 99.8 ms each.
@pytest.mark.parametrize(
    ("window_s", "level"), [(0.2995, None), (0.29, "doubtful"), (0.1, "doubtful"), (0.09, "invalid")]
)
def test_window_too_short(judged, window_s, level):
    row = point(users=600, phases={"w0": phases(window_s)})
    found = reasons(judged(full_window(600, 300), row)).get("window_too_short")
    assert (found.level if found else None) == level


def shifted(second_half_ms):
    """Twenty users; from the middle of the window their first event comes later, or they answer slower."""
    records = []
    for user in range(20):
        for n in range(100):
            ttft_ms = (10 if n < 50 else second_half_ms) + user % 3
            records.append(
                record(n * 100, range(ttft_ms, 99, 8), seq=user * 1000 + n, user=user, e2e_ms=99.8, output=None)
            )
    return records


@pytest.mark.parametrize(("second_half_ms", "level"), [(10, None), (11, None), (13, "doubtful")])
def test_ttft_that_moves(judged, second_half_ms, level):
    # The medians are 11 and 11, 12 or 14 ms: 0, 9 and 27 %.
    found = reasons(judged(shifted(second_half_ms), point(users=20))).get("not_steady")
    assert (found.level if found else None) == level


@pytest.mark.parametrize(("chars", "level"), [(4, None), (5, "doubtful")])
def test_throughput_that_moves(judged, chars, level):
    records = full_window(USERS)
    for index, each in enumerate(records):
        if each.sent_ns >= T0 + 5 * S:
            records[index] = replace(each, chars=[chars] * len(each.at_us))
    found = reasons(judged(records)).get("not_steady")
    assert (found.level if found else None) == level
    if found:
        # Eight streams of nine events in 100 ms: 2,880 and 3,600 characters a second.
        assert found.figure == pytest.approx(0.25)
        assert found.text.startswith(
            "Throughput went from 2,880 chars/s in the first half of the window to 3,600 chars/s"
        )


def test_throughput_in_step_is_steady(judged):
    """All users in step: all silence, then all text. The halves differ by where the window cuts, which is no drift."""
    records = [
        record(n * 700, range(350, 650, 10), seq=user * 100 + n, user=user, e2e_ms=699)
        for user in range(USERS)
        for n in range(15)
    ]
    assert "not_steady" not in levels(judged(records))


def failing(count, of=1000):
    """Users in a row without a pause; every so often one fails."""
    step = of // count if count else of + 1
    return [
        refused(n * 10, "server_5xx", seq=n, e2e_ms=9.98)
        if n % step == 0 and n // step < count
        else record(n * 10, range(1, 9, 2), seq=n, e2e_ms=9.98)
        for n in range(of)
    ]


@pytest.mark.parametrize(
    ("count", "level"), [(0, None), (10, None), (11, "doubtful"), (200, "doubtful"), (201, "invalid")]
)
def test_high_errors(judged, count, level):
    found = reasons(judged(failing(count), point())).get("high_errors")
    assert (found.level if found else None) == level
    if found:
        assert found.text.startswith(f"{count} of 1000 requests failed (")
        assert found.text.endswith(f": server_5xx {count}.")


@pytest.mark.parametrize(
    ("stats", "text"),
    [
        (None, "Locust left no statistics to check the records against."),
        (locust_stats(801, 0), "Locust counted 801 requests with 0 failures; the records hold 800 with 0."),
        (locust_stats(800, 1), "Locust counted 800 requests with 1 failures; the records hold 800 with 0."),
    ],
)
def test_counts_disagree(judged, stats, text):
    report = judged(locust=stats)
    assert levels(report) == {"counts_disagree": "invalid"}
    assert report.points[0].reasons[0].text == text


def test_a_record_that_was_torn_is_named_where_counts_disagree(tmp_path):
    folder = write_run(tmp_path, full_window(USERS), clean())
    path = records_path(folder, clean(), "w0")
    path.write_bytes(path.read_bytes()[:-30])
    found = reasons(build(load(folder)))["counts_disagree"]
    assert found.text.endswith("the records hold 799 with 0. 1 lines could not be read.")


def test_an_interrupted_point_is_not_asked_for_locusts_statistics(judged):
    report = judged(row=clean(state="interrupted"), locust=None)
    assert levels(report) == {"interrupted": "invalid"}
    assert report.points[0].locust.agrees is False


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (clean(state="planned", phases={}), "The point was never begun."),
        (clean(state="running", phases={"w0": Phases(spawn_ns=T0)}), "The point was interrupted before its window."),
        (clean(state="interrupted"), "The point was interrupted in the midst of it."),
    ],
)
def test_interrupted(judged, row, text):
    report = judged([] if row.state == "planned" else None, row, locust=None)
    assert levels(report)["interrupted"] == "invalid"
    assert reasons(report)["interrupted"].text == text


def test_a_worker_lost_in_the_midst_of_a_point(judged):
    half = Phases(spawn_ns=T0 - S, settle_ns=T0 - S, window_ns=T0, cooldown_ns=T0 + 10 * S)
    row = clean(phases={"w0": phases(), "w1": half})
    report = judged(row=row, processes=[process(), process("w1", lost=True)], lines={"w0": health()})
    assert levels(report)["worker_lost"] == "invalid"
    assert reasons(report)["worker_lost"].text == "Load was missing, because the master lost worker w1."


def test_a_worker_that_was_lost_before_a_point_is_not_missed_there(judged):
    # The others had all of its users from the beginning.
    report = judged(processes=[process(), process("w1", lost=True)], lines={"w0": health()})
    assert report.points[0].verdict == "trusted"
    assert (report.verdict, [reason.code for reason in report.reasons]) == ("invalid", ["worker_lost"])


def test_a_worker_lost_after_a_point_leaves_it_standing(judged):
    report = judged(processes=[process(lost=True)])
    assert report.points[0].verdict == "trusted"
    assert (report.verdict, [reason.code for reason in report.reasons]) == ("invalid", ["worker_lost"])


def test_disk_full(judged):
    assert levels(judged(row=clean(disk_full=True))) == {"disk_full": "invalid"}


@pytest.mark.parametrize(("step_ns", "expected"), [(1_000_000, {}), (1_000_001, {"clock_step": "doubtful"})])
def test_clock_step(judged, step_ns, expected):
    lines = health(5) + health(5, start_ns=T0 + 5 * S, wall_minus_monotonic_ns=7 * S - step_ns)
    assert levels(judged(lines=lines)) == expected


def test_a_clock_that_differs_between_workers_is_no_step(judged):
    row = clean(phases={"w0": phases(), "w1": phases()})
    lines = {"w0": health(), "w1": health(wall_minus_monotonic_ns=99 * S)}
    assert levels(judged(row=row, lines=lines, processes=[process(), process("w1")])) == {}


# Nine events a request.
@pytest.mark.parametrize(("output", "expected"), [(10, {}), (11, {"bundled": "note"})])
def test_several_tokens_in_an_event(judged, output, expected):
    assert levels(judged(full_window(USERS, output=output))) == expected


@pytest.mark.parametrize(("reads", "expected"), [(8, {}), (7, {"bundled": "note"})])
def test_several_events_in_a_read(judged, reads, expected):
    assert levels(judged(full_window(USERS, reads=reads))) == expected


def test_events_that_share_a_read_because_we_were_late_are_not_bundled(judged):
    assert levels(judged(full_window(USERS, reads=3), lines=health(lag_us=[6_000]))) == {"loop_lag": "doubtful"}


@pytest.mark.parametrize(
    ("prompts", "options", "expected"),
    [
        (400, {}, {}),
        (399, {}, {"prompt_reuse": "note"}),
        (399, {"salt": True}, {}),
    ],
)
def test_prompts_that_were_sent_again(judged, prompts, options, expected):
    records = [replace(each, prompt=f"chat/{n % prompts}") for n, each in enumerate(full_window(USERS))]
    assert levels(judged(records, options=options)) == expected


@pytest.mark.parametrize(
    ("cached", "salt", "expected"),
    [(1, False, {}), (2, False, {"prompt_reuse": "note"}), (2, True, {"prompt_reuse": "note"})],
)
def test_prompts_from_the_servers_cache(judged, cached, salt, expected):
    assert levels(judged(full_window(USERS, cached=cached), options={"salt": salt})) == expected


def test_no_usage(judged):
    report = judged(full_window(USERS, output=None))
    assert levels(report) == {"no_usage": "note"}
    assert report.verdict == "trusted"


def test_usage_for_some_only(judged):
    records = full_window(USERS // 2) + [
        record(n * 100, range(10, 99, 10), seq=900_000 + user * 1000 + n, user=user, e2e_ms=99.8, output=None)
        for user in range(USERS // 2)
        for n in range(100)
    ]
    found = reasons(judged(records))["no_usage"]
    assert (found.level, found.figure) == ("note", 0.5)
    assert "400 of 800 requests" in found.text


def test_a_request_bounded_point_is_judged_up_to_its_last_send(judged):
    """Two users; one draws the last request, which takes as long as fifty others: nobody kept the other busy."""
    records = [*full_window(2), record(10_000, range(10, 4999, 500), seq=9_000_000, e2e_ms=5_000)]
    report = judged(records, point(users=2, phases={"w0": phases(15.0)}), options={"requests": 201})
    assert report.points[0].concurrency.mean / 2 < 0.9
    assert "concurrency_not_reached" not in levels(report)
    assert "not_steady" not in levels(report)


@pytest.mark.parametrize(("answer_ms", "level"), [(1_600, "doubtful"), (1_700, None)])
def test_throughput_is_not_judged_on_fewer_than_three_answers_a_half(judged, answer_ms, level):
    # Events every 10 ms, of 4 characters in the first 5 s and of 8 after; blocks are as long as an answer.
    records = [
        record(
            start,
            range(10, answer_ms - 9, 10),
            [4 if start + at_ms < 5_000 else 8 for at_ms in range(10, answer_ms - 9, 10)],
            seq=user * 100 + start,
            user=user,
            e2e_ms=answer_ms,
        )
        for user in range(USERS)
        for start in range(0, 10_000, answer_ms)
    ]
    found = reasons(judged(records)).get("not_steady")
    assert (found.level if found else None) == level


def test_remedies_name_the_option_that_bounds_the_window(judged):
    assert "--run-time" in reasons(judged([record()]))["too_few_requests"].remedy
    assert "--requests" in reasons(judged([record()], options={"requests": 1}))["too_few_requests"].remedy


def test_an_empty_window_is_doubtful(judged):
    assert levels(judged([])) == {"too_few_requests": "doubtful", "concurrency_not_reached": "invalid"}


def sweep(folder, *points):
    """Each point: its row, its records, its health."""
    write_manifest(folder, manifest([row for row, _, _ in points]))
    for row, records, lines in points:
        write_point(folder, row, records, lines)
    return build(load(folder))


def test_the_run_takes_its_worst_point(tmp_path):
    report = sweep(
        tmp_path,
        (point(1, USERS), full_window(USERS), None),
        (point(2, 9), full_window(9), health(cpu_ratio=0.9)),
        (point(3, 10), full_window(10), health(cpu_ratio=0.99)),
    )
    assert [each.verdict for each in report.points] == ["trusted", "doubtful", "invalid"]
    assert report.verdict == "invalid"
    assert len(report.reasons) == 1
    assert report.reasons[0].level == "invalid"
    assert report.reasons[0].text == "At 10 users: The busiest load process used 99 % of a CPU core. (Also at 9.)"


def test_a_point_that_was_run_again_does_not_count(tmp_path):
    first = point(1, USERS, state="interrupted", phases={"w0": Phases(spawn_ns=T0)})
    report = sweep(tmp_path, (first, [], None), (point(2, USERS), full_window(USERS), None))
    assert [each.verdict for each in report.points] == ["invalid", "trusted"]
    assert (report.verdict, report.reasons) == ("trusted", [])


def test_a_point_that_was_run_again_in_vain_does_count(tmp_path):
    again = point(2, USERS, state="interrupted", phases={"w0": Phases(spawn_ns=T0)})
    assert sweep(tmp_path, (point(1, USERS, state="interrupted"), [], None), (again, [], None)).verdict == "invalid"


@pytest.mark.parametrize(
    ("figure", "level"),
    [(None, None), (1.0, None), (1.1, "note"), (2.1, "doubtful"), (3.0, "doubtful"), (3.1, "invalid")],
)
def test_a_figure_meets_its_worst_limit(figure, level):
    crossed = above(figure, Limit(1.0, 2.0, 3.0))
    assert (crossed and crossed.level) == level
    mirrored = below(None if figure is None else -figure, Limit(-1.0, -2.0, -3.0))
    assert (mirrored and mirrored.level) == level


@pytest.mark.parametrize(
    ("found", "verdict"),
    [((), "trusted"), (("note",), "trusted"), (("note", "doubtful"), "doubtful"), (("invalid", "note"), "invalid")],
)
def test_notes_leave_a_point_trusted(found, verdict):
    reasons = [Reason(code="x", level=level, figure=None, threshold=None, text="", remedy="") for level in found]
    assert verdict_of(reasons) == verdict

import json

import numpy as np
import pytest
from support.folders import T0, S, full_window, health, phases, point, record, refused, write_run

from harness.record import Lag
from harness.run import RunError, health_path, locust_path, records_path
from reports.load import load


def loaded(folder, records, row=None, **fields):
    return load(write_run(folder, records, row, **fields)).points[0]


def test_every_field_is_a_column(tmp_path):
    frames = loaded(
        tmp_path,
        [
            record(
                1,
                (100, 120),
                (3, 5),
                seq=7,
                cached=4,
                kinds="rt",
                bound_us=[(0, 10), (1, 20)],
                lag_us=Lag(p50=3, max=9),
                text="text",
                connect_us=500,
                reused=False,
                due_ns=T0,
            )
        ],
    )
    row = frames.requests.iloc[0].to_dict()
    assert row["sent_ns"] == T0 + 1_000_000
    assert (row["usage_prompt"], row["usage_output"], row["usage_cached"]) == (10, 2, 4)
    assert np.isnan(row["usage_reasoning"])
    assert (row["n_events"], row["n_chars"], row["first_us"], row["last_us"]) == (2, 8, 100_000, 120_000)
    assert row["first_text_us"] == 120_000
    assert (row["bounded"], row["first_bounded"]) == (2, True)
    assert (row["lag_p50_us"], row["lag_max_us"]) == (3, 9)
    assert (row["connect_us"], row["reused"], row["due_ns"]) == (500, False, T0)
    assert (row["text"], row["outcome"], row["prompt"]) == ("text", "ok", "chat/7")
    assert frames.events.kinds.tobytes() == b"rt"


def test_what_was_not_observed_is_missing_and_not_zero(tmp_path):
    row = loaded(tmp_path, [refused(sent_ns=None, ended_us=None, status=None, reused=None, lag_us=None)]).requests.iloc[
        0
    ]
    missing = (
        "sent_ns ended_us status reused lag_p50_us usage_output first_us last_us first_text_us connect_us text fault"
    )
    assert {name for name in missing.split() if not (row[name] is None or row.isna()[name])} == set()


def test_requests_are_in_order_and_events_follow_them(tmp_path):
    frames = loaded(
        tmp_path,
        [
            record(300, (10, 20, 30), (1, 2, 3), seq=3),
            refused(200, seq=2, sent_ns=None),  # by when it was begun
            record(100, (40,), (4,), seq=1),
            record(100, (50, 60), (5, 6), seq=0),  # sent at the same moment: by id
        ],
    )
    assert frames.requests["seq"].tolist() == [0, 1, 2, 3]
    assert frames.events.offsets.tolist() == [0, 2, 3, 3, 6]
    assert frames.events.at_us.tolist() == [50_000, 60_000, 40_000, 10_000, 20_000, 30_000]
    assert frames.events.chars.tolist() == [5, 6, 4, 1, 2, 3]


@pytest.mark.parametrize(
    "tail",
    [
        b'{"id":"r-w0-0000',
        b"\n",
        b'{"id":"\xff"}\n',
        b'{"schema":1}\n',
        b"[]\n",
        b"\x00\x00\x00",
    ],
)
def test_a_torn_line_is_skipped_and_counted(tmp_path, tail):
    folder = write_run(tmp_path, [record(seq=1)])
    with records_path(folder, point(), "w0").open("ab") as file:
        file.write(tail)
    frames = load(folder).points[0]
    assert (len(frames.requests), frames.torn_lines) == (1, 1)


def test_a_torn_line_in_the_middle_and_in_health_is_counted_too(tmp_path):
    folder = write_run(tmp_path, [record(seq=1), record(200, seq=2)])
    path = records_path(folder, point(), "w0")
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + first[:40] + b"\n" + second)
    with health_path(folder, point(), "w0").open("ab") as file:
        file.write(b'{"at_ns":')
    frames = load(folder).points[0]
    assert (frames.requests["seq"].tolist(), len(frames.health), frames.torn_lines) == ([1, 2], 10, 2)


def test_a_record_whose_columns_do_not_match_is_not_taken(tmp_path):
    frames = loaded(tmp_path, [record(seq=1), record(seq=2, kinds="t"), record(seq=3, kinds="tté")])
    assert (frames.requests["seq"].tolist(), frames.torn_lines) == ([1], 2)


def test_a_point_without_files_is_empty(tmp_path):
    folder = write_run(tmp_path, [record()], point())
    for path in (folder / point().folder).iterdir():
        path.unlink()
    frames = load(folder).points[0]
    assert (len(frames.requests), len(frames.health), frames.locust, frames.torn_lines) == (0, 0, None, 0)
    assert frames.events.offsets.tolist() == [0]
    assert {"worker", "lag_us", "cpu_ns"} <= set(frames.health.columns)


def test_health_lines_know_their_worker(tmp_path):
    row = point(workers=("w0", "w1"), phases={"w0": phases(), "w1": phases()})
    frames = loaded(tmp_path, [record()], row, lines={"w0": health(2), "w1": health(1, start_ns=5 * S)})
    assert frames.health["worker"].tolist() == ["w0", "w0", "w1"]
    assert frames.health["lag_us"].iloc[2] == [50] * 50


def test_what_is_no_run_folder_is_said_in_a_sentence(tmp_path):
    with pytest.raises(RunError, match=r"is not a run folder: it holds no run\.json\.$"):
        load(tmp_path)


def test_statistics_that_cannot_be_read_are_said(tmp_path):
    folder = write_run(tmp_path, [record()])
    locust_path(folder, point()).write_text("{}")
    with pytest.raises(RunError, match=r"locust\.json is not Locust's statistics of a point: "):
        load(folder)


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    folder = write_run(tmp_path, [record()])
    path = records_path(folder, point(), "w0")
    path.unlink()
    path.mkdir()
    with pytest.raises(RunError, match=r"records-w0\.jsonl cannot be read: Is a directory\."):
        load(folder)


def test_keys_of_a_later_version_are_passed_over(tmp_path):
    folder = write_run(tmp_path, [record()])
    path = records_path(folder, point(), "w0")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"new": {"key": 1}}) + "\n")
    assert len(load(folder).points[0].requests) == 1


def test_a_whole_run_keeps_its_points_apart(tmp_path):
    frames = load(write_run(tmp_path, full_window(users=2), point(users=2)))
    assert [len(each.requests) for each in frames.points] == [200]
    # Ten events would fit in 100 ms; they come at 10, 20 .. 90 ms.
    assert frames.points[0].events.offsets[-1] == 200 * 9

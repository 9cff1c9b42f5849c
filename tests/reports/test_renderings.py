"""What is written: goldens small enough to read, and what tables hold. UPDATE_GOLDEN=1 writes the goldens anew."""

import csv
import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from msgspec.structs import replace
from rich.console import Console
from support.folders import T0, S, full_window, health, manifest, phases, point, record, refused, write_point, write_run
from support.golden import check
from support.mixed import mixed

from harness.run import write_manifest
from reports.build import build
from reports.compare import compare
from reports.load import load
from reports.render import csv as csv_renderer
from reports.render import json as json_renderer
from reports.render import markdown, requests, screen


def sweep(folder, **fields):
    """A clean point, an invalid one with failures, and one that was never begun."""
    folder.mkdir(exist_ok=True)
    rows = [point(1, 8), point(2, 16), point(3, 32, state="planned", phases={})]
    write_manifest(folder, manifest(rows, state="interrupted", options={"slo": {"ttft": 0.05}}, **fields))
    write_point(folder, rows[0], full_window(8))
    failing = [
        refused((each.sent_ns - T0) / 1e6, seq=each.seq, user=each.user, e2e_ms=99.8) if n % 4 == 0 else each
        for n, each in enumerate(full_window(16))
    ]
    write_point(folder, rows[1], failing, health(cpu_ratio=0.9))
    write_point(folder, rows[2], [], [], locust=None)
    return load(folder)


def test_report_json_is_its_golden(tmp_path):
    folder = write_run(tmp_path, mixed(), options={"slo": {"ttft": 0.1}}, description="One of everything.")
    check("report.json", json_renderer.render(build(load(folder))).decode())


def test_report_md_is_its_golden(tmp_path):
    frames = sweep(tmp_path, description="Three points | one of them good.", notes=["The probe listed two models."])
    check("report.md", markdown.render(build(frames), frames))


def test_compare_md_is_its_golden(tmp_path):
    base = load(write_run(tmp_path / "base", full_window(2), point(users=2), name="before"))
    slower = [
        replace(each, at_us=[at_us + 5_000 for at_us in each.at_us[:-1]], chars=[4] * 8, kinds="t" * 8)
        for each in full_window(2)
    ]
    candidate = load(write_run(tmp_path / "candidate", slower, point(users=2), name="after", model="tiny*2"))
    check("compare.md", markdown.render_comparison(compare(build(base), build(candidate), base, candidate)))


def test_the_screen_is_its_golden(tmp_path):
    frames = sweep(tmp_path)
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(screen.summary(build(frames)))
    check("screen.txt", console.export_text())


def test_the_screen_fits_eighty_columns(tmp_path):
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(screen.summary(build(load(write_run(tmp_path, full_window(8), point(users=8))))))
    upper, lower, _, row, *_ = console.export_text().splitlines()
    assert "…" not in upper + lower + row
    assert row.split() == [
        "8",
        "800/0",
        "10.0",
        "ms",
        "10.0",
        "ms",
        "10.0",
        "ms",
        "99.8",
        "ms",
        "361",
        "2,880",
        "trusted",
    ]


def test_the_screen_names_targets_where_there_are_several(tmp_path):
    rows = [point(1, 1, target="a"), point(2, 1, target="b")]
    write_manifest(tmp_path, manifest(rows))
    for row in rows:
        write_point(tmp_path, row, full_window())
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(screen.summary(build(load(tmp_path))))
    assert "target" in console.export_text().splitlines()[1]


def test_the_screen_of_a_comparison(tmp_path):
    base = build(load(write_run(tmp_path / "base", full_window(2), point(users=2))))
    other = build(load(write_run(tmp_path / "other", full_window(2), point(users=2), model="large")))
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(screen.comparison_summary(compare(base, other)))
    text = console.export_text()
    assert "model: tiny → large" in text
    assert "2 users (trusted → trusted)" in text
    assert any(
        line.split() == ["TTFT", "p50", "10.0", "ms", "10.0", "ms", "0", "s", "–", "×1.00"]
        for line in text.splitlines()
    )


def test_markdown_keeps_what_comes_from_outside_as_text(tmp_path):
    evil = "a|b`c`<img src=x>\n## not a heading [x](http://evil.example) *x*"
    frames = load(write_run(tmp_path, [record()], model=evil, description=evil, name=evil, notes=[evil]))
    text = markdown.render(build(frames), frames)
    assert "<img" not in text.replace("\\<img", "")
    assert not any(line.startswith("## not") for line in text.splitlines())
    assert "a\\|b\\`c\\`" in text


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_points_csv_names_columns_by_their_path(tmp_path):
    report = build(sweep(tmp_path))
    first, second, third = rows_of(csv_renderer.render_points(report))
    assert (first["run"], first["users"], first["latency.ttft_s.p50"]) == ("20260131T120000Z-sweep", "8", "0.01")
    assert float(first["throughput.chars_per_s"]) == report.points[0].throughput.chars_per_s
    assert json.loads(second["requests.outcomes"]) == {"ok": 1200, "server_5xx": 400}
    assert second["reasons"] == "high_errors client_cpu"
    assert (third["latency.ttft_s.p50"], third["window_s"], third["goodput.ratio"]) == ("", "", "")


def test_points_csv_of_no_points_is_empty(tmp_path):
    write_manifest(tmp_path, manifest([]))
    assert csv_renderer.render_points(build(load(tmp_path))) == b""


def test_compare_csv_has_a_row_a_metric(tmp_path):
    base = build(load(write_run(tmp_path, full_window(2), point(users=2))))
    rows = rows_of(csv_renderer.render_comparison(compare(base, base)))
    found = next(row for row in rows if row["key"] == "latency.ttft_s.p50")
    assert (found["users"], found["base"], found["difference"], found["ratio"], found["low"]) == (
        "2",
        "0.01",
        "0.0",
        "1.0",
        "",
    )


@pytest.fixture
def table(tmp_path):
    return requests.requests_table(load(write_run(tmp_path, mixed(), options={"slo": {"ttft": 0.1}})))


def test_a_row_a_request_with_facts_and_what_follows(table):
    rows = {row["seq"]: row for row in table.to_pylist()}
    assert len(rows) == 7
    b = rows[2]
    assert (b["users"], b["in_window"], b["meets_slo"], b["outcome"]) == (1, True, False, "ok")
    assert (b["ttft_s"], b["e2e_s"], b["usage_output"], b["first_us"]) == (0.2, 0.3, 4, 200_000)
    assert b["tpot_s"] == pytest.approx(0.02)
    assert b["itl_p95_s"] == pytest.approx(0.039)
    assert rows[1]["in_window"] is False
    assert (rows[3]["usage_output"], rows[3]["tpot_s"], rows[3]["tokens_per_s"]) == (None, None, None)
    assert (rows[6]["sent_ns"], rows[6]["e2e_s"], rows[6]["outcome"]) == (None, None, "dropped")
    assert (rows[7]["ttft_s"], rows[7]["status"], rows[7]["e2e_s"]) == (None, 429, 0.001)
    assert rows[4]["meets_slo"] is True


def test_parquet_and_csv_hold_the_same(table):
    parquet = pa.parquet.read_table(io.BytesIO(requests.render_parquet(table)))
    assert parquet.equals(table)
    frame = pd.read_csv(io.BytesIO(requests.render_csv(table)))
    assert list(frame.columns) == table.column_names
    assert frame["ttft_s"].tolist() == pytest.approx(table["ttft_s"].to_pandas().tolist(), nan_ok=True)


def test_text_stays_whole_in_csv(tmp_path):
    text = 'a "quoted", line\nand 中文 \u2028 too'
    found = requests.requests_table(load(write_run(tmp_path, [record(text=text)])))
    assert rows_of(requests.render_csv(found))[0]["text"] == text


def test_stamps_stay_exact_however_long_the_machine_is_up(tmp_path):
    # 3 years of uptime: beyond what a float holds to the nanosecond; the rest is even, which it does hold.
    late_ns = 94_608_000 * S
    row = point(phases={"w0": phases(start_ns=late_ns)})
    found = requests.requests_table(load(write_run(tmp_path, [record(0, t0_ns=late_ns)], row)))
    assert found["sent_ns"].to_pylist() == [late_ns]
    assert found["in_window"].to_pylist() == [True]


def test_points_with_and_without_requests_make_one_table(tmp_path):
    frames = sweep(tmp_path)
    assert len(requests.requests_table(frames)) == 800 + 1600


def test_no_points_make_an_empty_table(tmp_path):
    write_manifest(tmp_path, manifest([]))
    found = requests.requests_table(load(tmp_path))
    assert len(found) == 0
    assert requests.render_csv(found).strip() == b""
    assert requests.render_parquet(found)

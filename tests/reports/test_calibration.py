"""A calibration made before the sweep is told with the facts of the run."""

import msgspec
from support.folders import full_window, manifest, write_run

from harness.run import Calibration, ErrorBar
from reports.build import build
from reports.load import load
from reports.render import json as json_renderer
from reports.render.sections import facts

BAR = ErrorBar(n=100, p50=0.00006, p99=0.0004, max=0.0012)
CALIBRATION = Calibration(
    users=64,
    ttft_s=0.1,
    itl_s=0.02,
    tokens=64,
    window_s=8.0,
    ttft_error_s=BAR,
    itl_error_s=msgspec.structs.replace(BAR, p50=0.00002, p99=0.0003),
    e2e_error_s=BAR,
    server_late_s=BAR,
    concurrency_ratio=0.998,
    cpu_ratio=0.31,
    bounded_ratio=0.001,
    verdict="trusted",
)


def calibrations(folder, **fields):
    frames = load(write_run(folder, full_window(2), **fields))
    return frames, {fact.name: fact.value for fact in facts(frames.manifest, build(frames))}


def test_the_facts_tell_it(tmp_path):
    _, told = calibrations(tmp_path, calibration=CALIBRATION)
    assert told["Calibration"] == (
        "trusted at 64 users × 50.0 tokens/s against the embedded server: TTFT 60.0 µs late at the median and 400 µs at "
        "p99, gaps off by 20.0 µs and 300 µs; 99.8 % of the streams kept open"
    )


def test_a_run_without_one_has_no_such_fact(tmp_path):
    _, told = calibrations(tmp_path)
    assert "Calibration" not in told
    assert manifest().calibration is None


def test_the_report_holds_it_as_it_is(tmp_path):
    frames, _ = calibrations(tmp_path, calibration=CALIBRATION)
    report = msgspec.json.decode(json_renderer.render(build(frames)))
    assert report["run"]["calibration"] == msgspec.to_builtins(CALIBRATION)

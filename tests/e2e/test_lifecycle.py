"""A run from its first word to its last: interrupted, killed, resumed, bounded, begun by Locust's own command."""

import json
import os
import signal
import socket
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import Run, latest, llocust, started
from support.simulator import running_simulator

from harness.run import RunError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.05", "--itl", "0.005", "--tokens", "20") as running:
        yield running


def wait_for(condition, what, timeout_s=30):
    for _ in range(int(timeout_s / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s} s in vain for {what}")


def in_window(work_dir: Path, index: int) -> bool:
    try:
        point = latest(work_dir).manifest.points[index]
    except (OSError, RunError, IndexError):
        return False
    return any(phases.window_ns is not None for phases in point.phases.values())


class Web:
    def __init__(self, url):
        self._url = url

    def get(self, path):
        with urllib.request.urlopen(self._url + path, timeout=10) as answer:
            return answer.read().decode()

    def post(self, path, **form):
        with urllib.request.urlopen(self._url + path, urllib.parse.urlencode(form).encode(), timeout=10) as answer:
            told = json.loads(answer.read())
        assert told["success"], told


@contextmanager
def running_web(work_dir, host):
    """Locust's own page, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = (
        *("locust", "-f", str(ROOT / "locustfiles" / "chat.py"), "--host", host, "--work-dir", str(work_dir)),
        *("--web-host", "127.0.0.1", "--web-port", str(port)),
    )
    web = Web(f"http://127.0.0.1:{port}")
    with started(*words, cwd=work_dir) as process:
        wait_for(lambda: answers(web), "Locust's page")
        yield web
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def answers(web):
    try:
        web.get("/")
    except OSError:
        return False
    return True


def sweep_words(url, work_dir, *more):
    return (
        *("llocust", "sweep", "--host", url, "--users", "1", "3", "--run-time", "6s", "--spawn-rate", "50"),
        *("--settle", "2s", "--work-dir", str(work_dir), *more),
    )


def test_ctrl_c_ends_cleanly_is_reported_and_can_be_resumed(simulator, tmp_path):
    simulator.reset()
    with started(*sweep_words(simulator.url, tmp_path), cwd=tmp_path) as process:
        wait_for(lambda: in_window(tmp_path, 1), "the second window")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "interrupted" in output
    assert "Traceback" not in output
    run = latest(tmp_path)
    assert run.manifest.state == "interrupted"
    assert [point.state for point in run.manifest.points] == ["done", "interrupted"]
    assert {record.id for record in run.records()} == {row["id"] for row in simulator.requests()}
    assert run.report["verdict"] != "trusted"

    done = llocust("sweep", "--resume", str(run.folder), cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    points = run.manifest.points
    assert run.manifest.state == "done"
    assert [(point.index, point.users, point.state) for point in points] == [
        (1, 1, "done"),
        (2, 3, "interrupted"),
        (3, 3, "done"),
    ]
    ids = [record.id for record in run.records()]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["id"] for row in simulator.requests()}
    again = llocust("sweep", "--resume", str(run.folder), cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "nothing is left to resume" in again.stderr


def test_a_killed_load_process_loses_no_more_than_its_last_second(simulator, tmp_path):
    simulator.reset()
    with started(*sweep_words(simulator.url, tmp_path), cwd=tmp_path) as process:
        wait_for(lambda: in_window(tmp_path, 0), "the first window")
        time.sleep(2)
        os.kill(latest(tmp_path).manifest.processes[0].pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "ended before the sweep did" in output
    run = latest(tmp_path)
    assert [point.state for point in run.manifest.points] == ["interrupted", "planned"]
    assert run.report["verdict"] == "invalid"
    true = simulator.requests()
    lost = {row["id"] for row in true} - {record.id for record in run.records()}
    newest_kept = max(record.sent_ns for record in run.records())
    assert all(row["received_ns"] > newest_kept - 1_500_000_000 for row in true if row["id"] in lost)


def test_a_bounded_point_sends_exactly_so_many(simulator, tmp_path):
    simulator.reset()
    done = llocust(
        *("sweep", "--host", simulator.url, "--users", "1", "4", "--requests", "10", "--spawn-rate", "50"),
        *("--work-dir", str(tmp_path)),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    run = latest(tmp_path)
    assert [point["requests"]["sent"] for point in run.report["points"]] == [10, 10]
    assert [point["requests_all"]["ok"] for point in run.report["points"]] == [10, 10]
    assert len(simulator.requests()) == 20
    for point in run.manifest.points:
        records = run.records(point)
        phases = point.phases["w0"]
        assert phases.window_ns == min(record.sent_ns for record in records)
        assert all(record.sent_ns + record.ended_us * 1000 <= phases.cooldown_ns for record in records)


def test_a_sweep_sends_the_same_prompts_again(simulator, tmp_path):
    prompts = []
    for name in ("a", "b"):
        done = llocust(
            *("sweep", "--host", simulator.url, "--users", "3", "--requests", "12", "--spawn-rate", "50"),
            *("--seed", "7", "--name", name, "--work-dir", str(tmp_path)),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        prompts.append(sorted((r.user, r.prompt) for r in latest(tmp_path).records() if r.seq <= 3))
    assert prompts[0] == prompts[1]


def test_locusts_own_command_writes_a_run_and_reports_it(simulator, tmp_path):
    simulator.reset()
    words = (
        *("locust", "-f", str(ROOT / "locustfiles" / "chat.py"), "--headless", "-u", "3", "-r", "3", "-t", "5s"),
        *("--host", simulator.url, "--settle", "2s", "--work-dir", str(tmp_path), "--only-summary"),
    )
    with started(*words, cwd=tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    run = latest(tmp_path)
    assert (run.manifest.kind, run.manifest.state) == ("plain", "done")
    (point,) = run.report["points"]
    assert (point["users"], point["locust"]["agrees"]) == (3, True)
    assert point["requests"]["aborted"] == 0 < point["requests"]["ok"]
    assert {record.id for record in run.records()} == {row["id"] for row in simulator.requests()}
    assert (run.folder / "report.html").exists()


def test_locusts_web_page_drives_a_run(simulator, tmp_path):
    simulator.reset()
    with running_web(tmp_path, simulator.url) as web:
        web.post("/swarm", user_count=2, spawn_rate=2, host=simulator.url, settle_s="2s")
        wait_for(lambda: in_window(tmp_path, 0), "the window")
        time.sleep(1)
        rows = {row["name"]: row for row in json.loads(web.get("/stats/requests"))["stats"]}
        assert rows["chat"]["num_requests"] == rows["Aggregated"]["num_requests"] > 0
        assert rows["TTFT (ms)"]["num_requests"] > 0
        web.post("/swarm", user_count=4, spawn_rate=4, host=simulator.url)
        wait_for(lambda: in_window(tmp_path, 1), "the second window")
        web.post("/stop")
        run = latest(tmp_path)
        wait_for((run.folder / "report.html").exists, "the report")
    assert [(point.users, point.state) for point in run.manifest.points] == [(2, "done"), (4, "done")]
    assert all(point["locust"]["agrees"] for point in run.report["points"])
    assert {record.id for record in run.records()} == {row["id"] for row in simulator.requests()}


def test_a_folder_reported_twice_gives_the_same_bytes(simulator, tmp_path):
    done = llocust(
        *("sweep", "--host", simulator.url, "--users", "2", "--requests", "6", "--work-dir", str(tmp_path)),
        cwd=tmp_path,
        LLOCUST_PLOTS="true",
    )
    assert done.returncode == 0, done.stderr
    run: Run = latest(tmp_path)
    assert {"latency.svg", "latency.png"} <= {path.name for path in (run.folder / "plots").iterdir()}
    names = ("report.json", "report.md", "report.html", "points.csv", "requests.csv")
    first = {name: (run.folder / name).read_bytes() for name in names}
    assert llocust("report", str(run.folder), cwd=tmp_path).returncode == 0
    assert {name: (run.folder / name).read_bytes() for name in names} == first

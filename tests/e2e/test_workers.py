"""Several load processes that are one: what they send, what they count, and what is left when one of them is killed."""

import json
import os
import signal
import socket
import urllib.parse
import urllib.request
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from support.command import latest, llocust, started
from support.simulator import running_simulator
from support.workers import assert_counts_agree, free_port, in_window, manifest_of, phases_of, wait_for

ROOT = Path(__file__).parents[2]
FAST = ("--spawn-rate", "50", "--settle", "2s")


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.05", "--itl", "0.005", "--tokens", "20") as running:
        yield running


def sweep(simulator, work_dir, *more):
    return ("sweep", "--host", simulator.url, "--work-dir", str(work_dir), *FAST, *more)


def spools(work_dir):
    folder = work_dir / "output" / ".spools"
    return sorted(folder.iterdir()) if folder.exists() else []


def users_of(records):
    return {record.user for record in records}


def test_two_processes_count_as_one(simulator, tmp_path):
    simulator.reset()
    done = llocust(
        *sweep(simulator, tmp_path, "--users", "1", "5", "--run-time", "2s", "--processes", "2"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(tmp_path)
    assert_counts_agree(run, simulator)
    assert run.manifest.state == "done"
    for point in run.manifest.points:
        records = run.records(point)
        assert users_of(records) == set(range(point.users))
        # Worker 0 has the users 0, 2, 4, and worker 1 the users 1 and 3.
        assert all(record.worker == f"w{record.user % 2}" for record in records)
        assert set(point.phases) == {"w0", "w1"}
        for phases in point.phases.values():
            assert 2.0 <= (phases.cooldown_ns - phases.window_ns) / 1e9 < 2.5
    for process in run.manifest.processes:
        assert process.end.monotonic_ns > process.start.monotonic_ns
        assert not process.lost
        assert process.offset_within_ns is not None
        assert abs(process.offset_ns) <= process.offset_within_ns  # the clock of one and the same host
    assert len({process.pid for process in run.manifest.processes}) == 2
    assert spools(tmp_path) == []


def test_a_bounded_number_of_requests_is_shared_exactly(simulator, tmp_path):
    simulator.reset()
    done = llocust(
        *sweep(simulator, tmp_path, "--users", "2", "3", "--requests", "10", "--processes", "2"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr + done.stdout
    run = latest(tmp_path)
    assert_counts_agree(run, simulator)
    assert [point["requests"]["sent"] for point in run.report["points"]] == [10, 10]
    assert [point["requests"]["ok"] for point in run.report["points"]] == [10, 10]
    # 10 requests of 3 users: 4, 3 and 3, so worker 0 with the users 0 and 2 sends 7.
    counts = [sum(record.worker == worker for record in run.records(run.manifest.points[1])) for worker in ("w0", "w1")]
    assert counts == [7, 3]


def test_two_workers_send_what_one_would(simulator, tmp_path):
    asked = []
    for processes in ("0", "2"):
        words = ("--users", "4", "--requests", "40", "--seed", "7", "--processes", processes)
        done = llocust(*sweep(simulator, tmp_path, *words), cwd=tmp_path)
        assert done.returncode == 0, done.stderr + done.stdout
        prompts = defaultdict(list)
        for record in sorted(latest(tmp_path).records(), key=lambda record: (record.worker, record.seq)):
            prompts[record.user].append(record.prompt)
        # Which user gets the last tickets is a matter of milliseconds; the first eight of ten are everybody's.
        asked.append(sorted((user, prompt) for user, theirs in prompts.items() for prompt in theirs[:8]))
    assert len(asked[0]) == 32
    assert asked[0] == asked[1]


def test_a_master_conducts_workers_that_came_to_it(simulator, tmp_path):
    simulator.reset()
    port = str(free_port())
    with ExitStack() as stack:
        workers = [
            stack.enter_context(started("llocust", "worker", "--master-port", port, cwd=folder))
            for folder in (made(tmp_path / "one"), made(tmp_path / "two"))
        ]
        words = ("--users", "3", "--run-time", "2s", "--master", "--master-bind-port", port, "--expect-workers", "2")
        done = llocust(*sweep(simulator, tmp_path, *words), cwd=tmp_path)
        said = [worker.communicate(timeout=30)[0] for worker in workers]
    assert done.returncode == 0, done.stderr + done.stdout
    assert [(worker.returncode, text) for worker, text in zip(workers, said, strict=True)] == [(0, ""), (0, "")]
    run = latest(tmp_path)
    assert_counts_agree(run, simulator)
    assert users_of(run.records()) == {0, 1, 2}
    assert [spools(tmp_path / name) for name in ("one", "two")] == [[], []]


def made(folder):
    folder.mkdir()
    return folder


def kill_a_worker_in_the_window(work_dir, index=0, workers=2):
    wait_for(lambda: in_window(work_dir, index, workers), "the window")
    process = manifest_of(work_dir).processes[-1]
    os.kill(process.pid, signal.SIGKILL)
    return process.worker


def test_the_others_go_on_where_that_is_wanted(simulator, tmp_path):
    simulator.reset()
    words = ("--users", "4", "3", "--run-time", "7s", "--processes", "2", "--on-worker-loss", "continue")
    with started("llocust", *sweep(simulator, tmp_path, *words), cwd=tmp_path) as process:
        lost = kill_a_worker_in_the_window(tmp_path)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert f"The run lost {lost}" in output
    run = latest(tmp_path)
    first, second = run.report["points"]
    assert (first["verdict"], next(reason["code"] for reason in first["reasons"])) == ("invalid", "worker_lost")
    assert second["verdict"] != "invalid", second["reasons"]
    assert [point.state for point in run.manifest.points] == ["done", "done"]
    # All the users of the second point are with the one worker that is left.
    left = run.records(run.manifest.points[1])
    assert users_of(left) == {0, 1, 2}
    assert {record.worker for record in left} == {"w0", "w1"} - {lost}
    assert second["locust"]["agrees"] is True
    assert_only_the_last_second_is_missing(run, simulator, lost)


def assert_only_the_last_second_is_missing(run, simulator, worker):
    """Of a worker that was killed: what it sent until 1.5 s before its last kept request is there."""
    ids = {record.id for record in run.records()}
    mine = [record for record in run.records() if record.worker == worker]
    assert mine
    newest_kept_ns = max(record.sent_ns for record in mine)
    missing = [row for row in simulator.requests() if row["id"] not in ids]
    assert all(row["received_ns"] > newest_kept_ns - 1_500_000_000 for row in missing)
    assert all(f"-{worker}-" in row["id"] for row in missing)


def test_a_lost_worker_ends_the_run(simulator, tmp_path):
    simulator.reset()
    words = ("--users", "4", "2", "--run-time", "8s", "--processes", "2")
    with started("llocust", *sweep(simulator, tmp_path, *words), cwd=tmp_path) as process:
        lost = kill_a_worker_in_the_window(tmp_path)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert f"Worker {lost} (process " in output
    assert "--on-worker-loss continue" in output
    assert "Traceback" not in output
    run = latest(tmp_path)
    assert [point.state for point in run.manifest.points] == ["interrupted", "planned"]
    assert "worker_lost" in [reason["code"] for reason in run.report["points"][0]["reasons"]]
    assert_only_the_last_second_is_missing(run, simulator, lost)

    done = llocust("sweep", "--resume", str(run.folder), "--quiet", cwd=tmp_path, timeout_s=120)
    assert done.returncode == 0, done.stderr + done.stdout
    assert {process.worker for process in run.manifest.processes} == {"w0", "w1", "w0r2", "w1r2"}
    assert [point.state for point in run.manifest.points] == ["interrupted", "done", "done"]


def test_workers_end_when_their_master_is_killed(simulator, tmp_path):
    simulator.reset()
    port = str(free_port())
    with ExitStack() as stack:
        workers = [
            stack.enter_context(started("llocust", "worker", "--master-port", port, cwd=tmp_path)) for _ in range(2)
        ]
        words = ("--users", "4", "--run-time", "60s", "--master", "--master-bind-port", port, "--expect-workers", "2")
        sweeping = stack.enter_context(started("llocust", *sweep(simulator, tmp_path, *words), cwd=tmp_path))
        wait_for(lambda: in_window(tmp_path, 0, 2), "the window")
        (master,) = children_of(sweeping.pid)
        os.kill(master, signal.SIGKILL)
        said = [worker.communicate(timeout=40)[0] for worker in workers]
        output, _ = sweeping.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [1, 1]
    assert all("The master is gone." in text and str(tmp_path) in text for text in said), said
    assert sweeping.returncode == 1, output
    assert llocust("report", str(latest(tmp_path).folder), cwd=tmp_path).returncode == 0
    # What was sent after the master was gone is here, too, as the workers spool beside the run.
    run = latest(tmp_path)
    assert {record.id for record in run.records()} == {row["id"] for row in simulator.requests()}


def children_of(pid):
    return [child.pid for child in psutil.Process(pid).children()]


def test_ctrl_c_once_follows_what_is_in_flight(tmp_path):
    with running_simulator("--ttft", "0.5", "--itl", "0.1", "--tokens", "20") as slow:
        words = ("--users", "2", "--run-time", "60s", "--processes", "2")
        with started("llocust", *sweep(slow, tmp_path, *words), cwd=tmp_path) as process:
            wait_for(lambda: in_window(tmp_path, 0, 2), "the window")
            wait_for(lambda: len(slow.requests()) >= 5, "a request in the window")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 1, output
        assert "interrupted" in output
        assert "Traceback" not in output
        run = latest(tmp_path)
        assert_counts_agree(run, slow)
    (point,) = run.report["points"]
    assert (point["requests"]["aborted"], point["requests"]["ok"] > 0) == (0, True)
    assert [row.state for row in run.manifest.points] == ["interrupted"]


def test_ctrl_c_twice_aborts_it_and_reports(tmp_path):
    with running_simulator("--ttft", "0.2", "--itl", "0.5", "--tokens", "60") as slow:
        words = ("--users", "2", "--run-time", "60s", "--processes", "2")
        with started("llocust", *sweep(slow, tmp_path, *words), cwd=tmp_path) as process:
            wait_for(lambda: phases_of(tmp_path, 0) and len(slow.requests()) == 2, "two requests", 30)
            wait_for(lambda: in_window(tmp_path, 0, 2), "the window", 40)
            process.send_signal(signal.SIGINT)
            wait_for(lambda: all(each.cooldown_ns for each in phases_of(tmp_path, 0)), "the drain")
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=40)
        assert process.returncode == 1, output
        assert "Traceback" not in output
        run = latest(tmp_path)
        assert_counts_agree(run, slow)
    assert {record.outcome.value for record in run.records()} == {"aborted"}
    assert (run.folder / "report.html").exists()


def master_words(simulator, work_dir, port, *more):
    return sweep(simulator, work_dir, "--run-time", "2s", "--master", "--master-bind-port", str(port), *more)


def refused_worker(*words, cwd, timeout_s=40, **variables):
    done = llocust("worker", *words, cwd=cwd, timeout_s=timeout_s, **variables)
    assert "Traceback" not in done.stderr
    return done


def test_a_worker_with_another_testset_is_refused(simulator, tmp_path):
    simulator.reset()
    port, other = str(free_port()), made(tmp_path / "other")
    (tmp_path / "set.jsonl").write_text('{"prompt": "one"}\n')
    (other / "set.jsonl").write_text('{"prompt": "another"}\n')
    words = master_words(simulator, tmp_path, port, "--users", "2", "--testset", "set.jsonl")
    with started("llocust", *words, cwd=tmp_path) as process:
        done = refused_worker("--master-port", port, cwd=other)
        assert done.returncode == 2, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("--testset set: ")
        right = llocust("worker", "--master-port", port, cwd=tmp_path)
        output, _ = process.communicate(timeout=60)
    assert (right.returncode, process.returncode) == (0, 0), output + right.stderr
    assert "cannot take part. --testset set" in output
    run = latest(tmp_path)
    assert_counts_agree(run, simulator)
    assert [process.worker for process in run.manifest.processes] == ["w0"]


def test_a_worker_that_comes_late_is_refused_and_moves_nobody(simulator, tmp_path):
    simulator.reset()
    port = str(free_port())
    words = master_words(simulator, tmp_path, port, "--users", "3", "--run-time", "4s")
    with (
        started("llocust", *words, cwd=tmp_path) as process,
        started("llocust", "worker", "--master-port", port, cwd=tmp_path) as first,
    ):
        wait_for(lambda: in_window(tmp_path, 0, 1), "the window")
        late = refused_worker("--master-port", port, cwd=tmp_path)
        output, _ = process.communicate(timeout=60)
        first.communicate(timeout=30)
    assert late.returncode == 2
    (line,) = late.stderr.splitlines()
    assert line.startswith("A run is on that began without the worker on ")
    assert process.returncode == 0, output
    run = latest(tmp_path)
    assert_counts_agree(run, simulator)
    assert {record.worker for record in run.records()} == {"w0"}
    assert {record.outcome.value for record in run.records() if record.phase == "window"} == {"ok"}


def test_a_worker_without_the_key_is_refused(tmp_path):
    key = "sk-not-to-be-seen-anywhere"
    variables = {"SIMULATOR_KEY": key}
    port = str(free_port())
    with running_simulator("--api-key-env", "SIMULATOR_KEY", env={**os.environ, **variables}) as guarded:
        words = master_words(guarded, tmp_path, port, "--users", "1", "--expect-workers-max-wait", "8s")
        with started("llocust", *words, cwd=tmp_path, OPENAI_API_KEY=key) as process:
            done = refused_worker("--master-port", port, cwd=tmp_path)
            output, _ = process.communicate(timeout=60)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "OPENAI_API_KEY" in line
    assert process.returncode == 1
    assert "0 of 1 workers came within 8 s" in output
    written = [path.read_bytes() for path in (tmp_path / "output").rglob("*") if path.is_file()]
    assert not any(key.encode() in text for text in written)
    assert key not in output + done.stderr


def test_workers_that_never_come(simulator, tmp_path):
    words = master_words(simulator, tmp_path, free_port(), "--expect-workers", "2", "--expect-workers-max-wait", "1s")
    done = llocust(*words, cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "0 of 2 workers came within 1 s" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(simulator, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = llocust(*master_words(simulator, tmp_path, port), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"--master-bind-port {port}: ")
    assert not (tmp_path / "output").exists()


def test_a_master_that_is_not_there(tmp_path):
    port = str(free_port())
    done = refused_worker("--master-port", port, "--max-wait", "0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "--master-host" in line


def test_mistakes_of_a_worker_are_told_together(tmp_path):
    words = ("--master-port", "0", "--max-wait", "soon", "--processes", "none", "--locustfile", "mine.py")
    done = refused_worker(*words, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 4)
    unknown = refused_worker("--host", "x", cwd=tmp_path)
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (2, 1)


def locust_words(simulator, work_dir, *more):
    return (
        *("locust", "-f", str(ROOT / "locustfiles" / "chat.py"), "--host", simulator.url, "--settle", "2s"),
        *("--work-dir", str(work_dir), *more),
    )


def test_locusts_own_processes_lose_nothing(simulator, tmp_path):
    simulator.reset()
    port = str(free_port())
    words = locust_words(
        *(simulator, tmp_path, "--headless", "-u", "3", "-r", "3", "-t", "4s", "--processes", "2", "--only-summary"),
        *("--master-bind-port", port, "--master-port", port),
    )
    with started(*words, cwd=tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    run = latest(tmp_path)
    assert (run.manifest.kind, run.manifest.state) == ("plain", "done")
    assert_counts_agree(run, simulator)
    assert {record.worker for record in run.records()} == {"w0", "w1"}
    assert users_of(run.records()) == {0, 1, 2}
    (point,) = run.report["points"]
    assert (point["users"], point["requests"]["aborted"]) == (3, 0)


def test_locusts_page_drives_workers(simulator, tmp_path):
    simulator.reset()
    port, web = str(free_port()), str(free_port())
    master = locust_words(
        *(simulator, tmp_path, "--master", "--master-bind-port", port, "--web-host", "127.0.0.1", "--web-port", web)
    )
    worker = locust_words(simulator, tmp_path, "--worker", "--master-port", port)
    with started(*master, cwd=tmp_path) as process, started(*worker, cwd=tmp_path), started(*worker, cwd=tmp_path):
        page = Web(f"http://127.0.0.1:{web}")
        wait_for(lambda: page.answers() and page.workers() == 2, "two workers")
        for number, users in enumerate((3, 5)):
            page.post("/swarm", user_count=users, spawn_rate=50, host=simulator.url)
            wait_for(lambda number=number: in_window(tmp_path, number, 2), "the window")
        page.post("/stop")
        run = latest(tmp_path)
        wait_for((run.folder / "report.html").exists, "the report")
        assert_counts_agree(run, simulator)
        assert [(point.users, point.state) for point in run.manifest.points] == [(3, "done"), (5, "done")]
        # A second run of the same house, with the same workers.
        page.post("/swarm", user_count=2, spawn_rate=50, host=simulator.url)
        wait_for(lambda: latest(tmp_path).folder != run.folder and in_window(tmp_path, 0, 2), "the second run's window")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)
    second = latest(tmp_path)
    assert second.manifest.state == "done"
    ids = {record.id for each in (run, second) for record in each.records()}
    assert ids == {row["id"] for row in simulator.requests()}


class Web:
    """Locust's own page."""

    def __init__(self, url):
        self._url = url

    def get(self, path):
        with urllib.request.urlopen(self._url + path, timeout=30) as answer:
            return answer.read().decode()

    def post(self, path, **form):
        with urllib.request.urlopen(self._url + path, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
            told = json.loads(answer.read())
        assert told["success"], told

    def answers(self):
        try:
            self.get("/")
        except OSError:
            return False
        return True

    def workers(self):
        return len(json.loads(self.get("/stats/requests"))["workers"])


def test_ctrl_c_at_locusts_own_processes_loses_nothing(simulator, tmp_path):
    simulator.reset()
    port = str(free_port())
    words = locust_words(
        *(simulator, tmp_path, "--headless", "-u", "3", "-r", "3", "--processes", "2", "--only-summary"),
        *("--master-bind-port", port, "--master-port", port),
    )
    with started(*words, cwd=tmp_path) as process:
        wait_for(lambda: in_window(tmp_path, 0, 2), "the window")
        for pid in (process.pid, *children_of(process.pid)):  # as a terminal does
            os.kill(pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    run = latest(tmp_path)
    assert run.manifest.state == "done"
    assert_counts_agree(run, simulator)
    assert not any(process.lost for process in run.manifest.processes)


def test_ctrl_c_at_a_worker_ships_what_it_has(simulator, tmp_path):
    simulator.reset()
    port, far = str(free_port()), made(tmp_path / "far")
    words = master_words(simulator, tmp_path, port, "--users", "4", "--run-time", "30s", "--expect-workers", "2")
    with ExitStack() as stack:
        sweeping = stack.enter_context(started("llocust", *words, cwd=tmp_path))
        near = stack.enter_context(started("llocust", "worker", "--master-port", port, cwd=tmp_path))
        leaver = stack.enter_context(started("llocust", "worker", "--master-port", port, cwd=far))
        wait_for(lambda: in_window(tmp_path, 0, 2), "the window")
        for pid in children_of(leaver.pid):
            os.kill(pid, signal.SIGINT)
        said, _ = leaver.communicate(timeout=40)
        output, _ = sweeping.communicate(timeout=60)
        near.communicate(timeout=40)
    assert (leaver.returncode, said) == (1, "Interrupted.\n")
    assert (sweeping.returncode, near.returncode) == (1, 0), output
    run = latest(tmp_path)
    assert_counts_agree(run, simulator)
    assert "worker_lost" in [reason["code"] for reason in run.report["points"][0]["reasons"]]
    assert spools(far) == []


def test_what_is_killed_all_at_once_can_be_reported(simulator, tmp_path):
    simulator.reset()
    words = ("--users", "4", "--run-time", "30s", "--processes", "2")
    with started("llocust", *sweep(simulator, tmp_path, *words), cwd=tmp_path) as process:
        wait_for(lambda: in_window(tmp_path, 0, 2), "the window")
        wait_for(lambda: len(simulator.requests()) > 60, "some requests")
        workers = [each.pid for each in manifest_of(tmp_path).processes]
        for pid in (process.pid, *children_of(process.pid), *workers):
            os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=30)
    done = llocust("report", str(latest(tmp_path).folder), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = latest(tmp_path)
    for worker in ("w0", "w1"):
        newest_kept_ns = max(record.sent_ns for record in run.records() if record.worker == worker)
        ids = {record.id for record in run.records()}
        missing = [row for row in simulator.requests() if row["id"] not in ids and f"-{worker}-" in row["id"]]
        assert all(row["received_ns"] > newest_kept_ns - 1_500_000_000 for row in missing)
    assert run.report["points"][0]["verdict"] == "invalid"


def test_a_worker_that_hangs_is_lost_and_does_not_come_back(simulator, tmp_path):
    simulator.reset()
    words = ("--users", "4", "--run-time", "14s", "--processes", "2", "--on-worker-loss", "continue")
    with started("llocust", *sweep(simulator, tmp_path, *words), cwd=tmp_path) as process:
        wait_for(lambda: in_window(tmp_path, 0, 2), "the window")
        worker = psutil.Process(manifest_of(tmp_path).processes[-1].pid)
        worker.suspend()
        lines = iter(process.stdout.readline, "")
        assert any("was lost" in line for line in lines)
        worker.resume()
        wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, "its end")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    run = latest(tmp_path)
    # It shipped what it had, so that nothing is missing but the trust.
    assert {record.id for record in run.records()} == {row["id"] for row in simulator.requests()}
    assert next(reason["code"] for reason in run.report["points"][0]["reasons"]) == "worker_lost"

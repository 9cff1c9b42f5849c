"""A cable is pulled in the middle of a point: what is lost is said, and what was recorded is kept."""

import time

import pytest
from support.command import llocust
from support.hosts import WORKERS, Ended, sweeping
from support.networks import await_line, simulator_on
from support.workers import assert_counts_agree, wait_for

FAST = ("--ttft", "0.05", "--itl", "0.005", "--tokens", "20")
SLOW = ("--ttft", "0.05", "--itl", "0.05", "--tokens", "40")


@pytest.fixture
def simulator(net):
    with simulator_on(net, "server", *FAST) as running:
        yield running


def await_shipped_in_window(sweep, host):
    """The window is open, and records of it have come from a host."""
    wait_for(sweep.in_window, "the window", 40)
    wait_for(lambda: any(record.phase == "window" for record in sweep.records(host)), "records of the window")


def reasons(point):
    return {reason["code"] for reason in point["reasons"]}


def assert_shipped_part(sweep, host):
    """What has come from a host is the beginning of what it kept, byte for byte, and not nothing."""
    (spool,) = sweep.spools(host)
    (name,) = {path.name for path in spool.rglob("records-*.jsonl")}
    for kept in spool.rglob(name):
        shipped = sweep.run.folder / kept.relative_to(spool)
        assert kept.read_bytes().startswith(shipped.read_bytes())
    assert sweep.records(host)


def bring_over(sweep, host):
    """What its worker kept comes to the master's folder, as a user does it who has copied the spool there."""
    (spool,) = sweep.spools(host)
    return llocust("report", str(sweep.run.folder), "--spool", str(spool), cwd=sweep.work_dir)


def assert_all_is_there(sweep, simulator):
    ids = [record.id for record in sweep.run.records()]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["id"] for row in simulator.requests()}


def test_a_worker_that_is_cut_off_ends_the_run(net, simulator):
    with sweeping(net, simulator.url, "--users", "4", "2", "--run-time", "60s") as sweep:
        await_shipped_in_window(sweep, "beta")
        net.cut("beta", "control")
        ended = {host: Ended(process) for host, process in sweep.workers.items()}
        master = Ended(sweep.master)
        lost = sweep.label("beta")
    assert master.code == 1, master.said
    assert f"Worker {lost} (process " in master.said
    assert "on beta) was lost" in master.said
    assert "Traceback" not in master.said
    first, second = sweep.run.manifest.points
    assert (first.state, second.state) == ("interrupted", "planned")
    assert "worker_lost" in reasons(sweep.run.report["points"][0])
    assert sweep.run.report["verdict"] == "invalid"
    # The other one was sent home. The one that was cut off noticed it by itself, stopped its load, and says where its part is.
    assert (ended["alpha"].code, ended["alpha"].said) == (0, "")
    assert ended["beta"].code == 1
    assert "The master is gone." in ended["beta"].said
    assert str(net.mount_point) in ended["beta"].said
    assert sweep.spools("alpha") == []
    assert_shipped_part(sweep, "beta")
    before = len(sweep.run.records())
    assert before < len(simulator.requests())
    done = bring_over(sweep, "beta")
    assert done.returncode == 0, done.stderr
    assert f"of worker {lost}" in done.stderr
    assert_all_is_there(sweep, simulator)
    assert "worker_lost" in reasons(sweep.run.report["points"][0])


def test_a_worker_that_comes_back_too_late_is_sent_away(net, simulator):
    words = ("--users", "4", "3", "--run-time", "9s", "--on-worker-loss", "continue")
    with sweeping(net, simulator.url, *words) as sweep:
        await_shipped_in_window(sweep, "beta")
        lost = sweep.label("beta")
        net.cut("beta", "control")
        await_line(sweep.master, f"Worker {lost} ")
        net.mend("beta", "control")
        beta, alpha, master = (
            Ended(process) for process in (sweep.workers["beta"], sweep.workers["alpha"], sweep.master)
        )
    assert "lost sight of worker" in beta.said, beta.said
    assert (beta.code, alpha.code, alpha.said) == (2, 0, "")
    assert master.code == 1, master.said
    assert f"The run lost {lost}" in master.said
    first, second = sweep.run.report["points"]
    assert "worker_lost" in reasons(first)
    assert "worker_lost" not in reasons(second)
    assert second["locust"]["agrees"] is True
    # All users of the second point are with the one that is left.
    left = sweep.run.records(sweep.run.manifest.points[1])
    assert ({record.user for record in left}, {record.worker for record in left}) == ({0, 1, 2}, {sweep.label("alpha")})
    if sweep.spools("beta"):
        assert bring_over(sweep, "beta").returncode == 0
    assert_all_is_there(sweep, simulator)


def test_a_short_cut_loses_nothing(net, simulator):
    with sweeping(net, simulator.url, "--users", "4", "--run-time", "6s") as sweep:
        await_shipped_in_window(sweep, "beta")
        net.cut("beta", "control")
        time.sleep(1)  # three seconds without a heartbeat would be a loss, and TCP asks again only after 1.4 s
        net.mend("beta", "control")
        master, *workers = [Ended(process) for process in (sweep.master, *sweep.workers.values())]
    assert master.code == 0, master.said
    assert [(worker.code, worker.said) for worker in workers] == [(0, ""), (0, "")]
    assert_counts_agree(sweep.run, simulator)
    assert not any(process.lost for process in sweep.run.manifest.processes)
    assert [sweep.spools(host) for host in WORKERS] == [[], []]


def test_a_server_that_is_cut_off_from_a_worker(net):
    clocks = ("--connect-timeout", "1s", "--first-byte-timeout", "2s", "--idle-timeout", "2s", "--timeout", "30s")
    with (
        simulator_on(net, "server", *SLOW) as simulator,
        sweeping(net, simulator.url, "--users", "4", "--run-time", "14s", *clocks) as sweep,
    ):
        wait_for(sweep.in_window, "the window", 40)
        wait_for(lambda: in_mid_stream(net, simulator, "beta"), "an answer that has begun")
        net.cut("beta", "service")
        wait_for(lambda: failed(sweep, "timeout_connect"), "an attempt to connect")
        net.mend("beta", "service")
        wait_for(lambda: sweep.records("beta")[-1].outcome.value == "ok", "an answer after the cut")
        master, *workers = [Ended(process) for process in (sweep.master, *sweep.workers.values())]
        received = {row["id"] for row in simulator.requests()}
    assert master.code == 0, master.said
    assert [(worker.code, worker.said) for worker in workers] == [(0, ""), (0, "")]
    assert {record.outcome.value for record in sweep.records("alpha") if record.phase == "window"} == {"ok"}
    outcomes = {record.outcome.value for record in sweep.records("beta")}
    assert {"ok", "timeout_idle", "timeout_connect"} <= outcomes
    # An answer may have been cut off in its first 50 ms, when nothing has come. A host that does not say within three seconds
    # where it is, the kernel calls unreachable. And the end of the point aborts what is in flight.
    assert outcomes <= {"ok", "timeout_idle", "timeout_first_byte", "timeout_connect", "connect", "aborted"}
    for record in failed(sweep, "timeout_idle"):
        assert 0 < len(record.at_us) < 40
        # The clock runs from the last read on, which had the last event.
        assert record.ended_us - record.at_us[-1] >= 2_000_000
    # What never had a connection did not reach the server, and everything else did.
    unsent = {record.id for record in sweep.run.records() if record.outcome.value in ("timeout_connect", "connect")}
    ids = [record.id for record in sweep.run.records()]
    assert len(ids) == len(set(ids))
    assert set(ids) - unsent == received
    (point,) = sweep.run.report["points"]
    assert point["locust"]["agrees"] is True


def in_mid_stream(net, simulator, host):
    """Whether a host is being answered, with much of it still to come."""
    mine = [row for row in simulator.requests() if row["connection"].startswith(f"{net.address(host, 'service')}:")]
    return any(row["ended_ns"] is None and 3 <= len(row["sent_ns"]) < 20 for row in mine)


def failed(sweep, outcome):
    return [record for record in sweep.records("beta") if record.outcome.value == outcome]

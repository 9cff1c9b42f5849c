"""A disk is full in the middle of a point, a worker's or the master's: the run ends, and no record is lost that had a place."""

import pytest
from support.command import llocust
from support.hosts import WORKERS, Ended, sweeping
from support.networks import simulator_on
from support.workers import wait_for

FAST = ("--ttft", "0.05", "--itl", "0.005", "--tokens", "20")
DISK_BYTES = 16 << 20


@pytest.fixture
def simulator(net):
    with simulator_on(net, "server", *FAST) as running:
        yield running


def fill(disk):
    """To the last byte; what is to be deleted to have room again."""
    rest = disk / "rest"
    with rest.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return rest


def in_mid_window(sweep):
    shipped = all(any(record.phase == "window" for record in sweep.records(host)) for host in WORKERS)
    return sweep.in_window() and shipped


def await_window(sweep):
    wait_for(sweep.in_window, "the window", 40)
    wait_for(lambda: in_mid_window(sweep), "records of the window")


def reasons(run):
    return {reason["code"] for point in run.report["points"] for reason in point["reasons"]}


def test_a_workers_disk_is_full(net, simulator):
    net.shrink("beta", DISK_BYTES)
    with sweeping(net, simulator.url, "--users", "4", "2", "--run-time", "40s") as sweep:
        await_window(sweep)
        fill(net.disk("beta"))
        master, alpha, beta = (Ended(process) for process in (sweep.master, *sweep.workers.values()))
        received = {row["id"] for row in simulator.requests()}
    assert master.code == 1, master.said
    assert not any("Traceback" in each.said for each in (master, alpha, beta)), [
        each.said for each in (master, alpha, beta)
    ]
    assert "No space left on device" in master.said
    assert [point.state for point in sweep.run.manifest.points] == ["interrupted", "planned"]
    assert "disk_full" in reasons(sweep.run)
    assert (alpha.code, alpha.said) == (0, "")
    assert (beta.code, beta.said) == (0, "")
    # All that alpha saw, and of beta what found a place; its last line may be torn.
    assert {record.id for record in sweep.records("beta")} < received
    assert {record.id for record in sweep.records("alpha")} == {
        one for one in received if f"-{sweep.label('alpha')}-" in one
    }


def test_the_masters_disk_is_full(net, simulator):
    net.shrink("master", DISK_BYTES)
    with sweeping(net, simulator.url, "--users", "4", "2", "--run-time", "40s") as sweep:
        await_window(sweep)
        rest = fill(net.disk("master"))
        ended = [Ended(process) for process in (sweep.master, *sweep.workers.values())]
        received = {row["id"] for row in simulator.requests()}
    master, *workers = ended
    assert master.code == 1, master.said
    assert not any("Traceback" in each.said for each in ended), [each.said for each in ended]
    assert "No space left on device" in master.said
    # The workers kept what the master could not, and said so.
    assert all(str(net.mount_point) in worker.said for worker in workers), [worker.said for worker in workers]
    rest.unlink()
    spools = [word for host in WORKERS for spool in sweep.spools(host) for word in ("--spool", str(spool))]
    done = llocust("report", str(sweep.run.folder), *spools, cwd=sweep.work_dir)
    assert done.returncode == 0, done.stderr
    ids = [record.id for record in sweep.run.records()]
    assert len(ids) == len(set(ids))
    assert set(ids) == received
    assert {"disk_full", "interrupted"} & reasons(sweep.run)
